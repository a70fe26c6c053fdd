
-- Reserves for many requests in one transaction. Tenants are locked in the order of their ids, so that two calls cannot wait
-- for each other, and each tenant's counters are written once. An element that is wrong says so and keeps no other back.
#variable_conflict use_variable
DECLARE
{{reserve_variables}}
  request text;
  wanted text;
  complexity text;
  tokens_in bigint;
  tokens_out bigint;
  standing text;
  places integer[];
BEGIN
  IF (cardinality(tenant_ids) <= 1000 AND cardinality(request_ids) = cardinality(tenant_ids) AND cardinality(models_wanted) = cardinality(tenant_ids)
      AND cardinality(input_tokens) = cardinality(tenant_ids) AND cardinality(max_output_tokens) = cardinality(tenant_ids)
      AND coalesce(cardinality(complexities), cardinality(tenant_ids)) = cardinality(tenant_ids)) IS NOT TRUE THEN
    RAISE EXCEPTION USING ERRCODE = 'TN010', MESSAGE = 'the arrays of reserve_many() have one length, at most 1000';
  END IF;
{{application}}
  FOR tenant, places, standing IN
    SELECT e.id, e.places, t.state
      FROM (SELECT u.id, array_agg(u.place::integer ORDER BY u.place) AS places FROM unnest(tenant_ids) WITH ORDINALITY u (id, place) GROUP BY 1) e
      LEFT JOIN tenantry.tenants t ON t.tenant_id = e.id ORDER BY e.id COLLATE "C"
  LOOP
    IF standing = 'Active' THEN
{{begin}}
    END IF;
    opened := 0;
    FOREACH ordinal IN ARRAY places LOOP
      request := request_ids[ordinal];
      wanted := models_wanted[ordinal];
      complexity := complexities[ordinal];
      tokens_in := input_tokens[ordinal];
      tokens_out := max_output_tokens[ordinal];
      already := opened;
      IF standing = 'Active' AND {{valid}} THEN
        IF wanted IS DISTINCT FROM priced THEN
{{price}}
          priced := wanted;
        END IF;
{{admit}}
      ELSE
{{complain_many}}
      END IF;
      IF problem IS NOT NULL THEN
{{blank_reserve}}
        decision := 'Failed';
        model := wanted;
        code := problem;
        message := concat_ws('. ', detail, hint);
        RETURN NEXT;
        code := NULL; message := NULL; problem := NULL; detail := NULL; hint := NULL;
      ELSE
        RETURN NEXT;
      END IF;
    END LOOP;
    IF opened > 0 THEN
{{store}}
    END IF;
  END LOOP;
END
