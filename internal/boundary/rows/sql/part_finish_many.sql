{{application}}
  FOR tenant, places, standing IN
    SELECT e.id, e.places, t.state
      FROM (SELECT u.id, array_agg(u.place::integer ORDER BY u.place) AS places FROM unnest(tenant_ids) WITH ORDINALITY u (id, place) GROUP BY 1) e
      LEFT JOIN tenantry.tenants t ON t.tenant_id = e.id ORDER BY e.id COLLATE "C"
  LOOP
    -- What a tenant used before it was suspended counts.
    IF standing IS NOT NULL THEN
{{begin}}
    END IF;
    closed := 0;
    touched := false;
    FOREACH ordinal IN ARRAY places LOOP
      request := request_ids[ordinal];
      tokens_in := input_used[ordinal];
      tokens_out := output_used[ordinal];
      already := closed;
      IF standing IS NOT NULL AND {{valid}} THEN
{{finish}}
      ELSE
{{complain_many}}
      END IF;
      IF problem IS NOT NULL THEN
{{blank_finish}}
        state := 'Failed';
        code := problem;
        message := concat_ws('. ', detail, hint);
        RETURN NEXT;
        code := NULL; message := NULL; problem := NULL; detail := NULL; hint := NULL;
      ELSE
        RETURN NEXT;
      END IF;
    END LOOP;
    IF touched THEN
{{close}}
    END IF;
  END LOOP;
