    -- Decides on one request. The row of its tenant is locked and loaded. What a call executes for the first time in
    -- a transaction costs ten times as much as later, so that the usual way through has few expressions, not few lines.
    <<deciding>>
    DECLARE
      chosen text := wanted;
      micros bigint := tenantry.budget_cost(tokens_in, tokens_out, price_in, price_out);
      full_at integer;
      share double precision;
      swept boolean;
      known record;
      cheaper record;
    BEGIN
      IF holder IS NULL OR price_in IS NULL OR already_open + opened >= 10000 THEN
{{known}}
{{blank_reserve}}
        IF holder IS NULL THEN
          again := false;
          decision := 'Refused';
          model := wanted;
          EXIT deciding;
        END IF;
        IF price_in IS NULL THEN
          problem := 'TN012';
          detail := format('model "%s" has no price', wanted);
          hint := 'Models are the DataPlane''s spec.models. One that costs nothing is listed with the price "0".';
          EXIT deciding;
        END IF;
        -- As many open as may be. What has expired does not count.
        IF first_expiry <= at THEN
{{sweep}}
        END IF;
        IF already_open + opened >= 10000 THEN
          problem := 'TN018';
          detail := format('tenant "%s" has %s open reservations, and no more may be open at once', tenant, already_open + opened);
          hint := 'Settle what was used and release what did not take place. What nobody settles ends by itself when it expires.';
          EXIT deciding;
        END IF;
      END IF;
      LOOP
        FOR i IN 1 .. cardinality(units) LOOP
          IF models[i] = '*' OR models[i] = chosen THEN
            held[i] := held[i] + CASE units[i] WHEN 'Tokens' THEN tokens_in + tokens_out ELSE micros END;
            IF spent[i] + held[i] > amounts[i] THEN
              full_at := coalesce(full_at, i);
            END IF;
            share := greatest(share, CASE amounts[i] WHEN 0 THEN 100 ELSE (spent[i] + held[i])::double precision * 100 / amounts[i] END);
          END IF;
        END LOOP;
        EXIT WHEN full_at IS NULL AND (share >= degrade AND chosen = wanted) IS NOT TRUE AND unit IS NULL;
        unit := NULL; limit_model := NULL; used := NULL; reserved := NULL; limit_amount := NULL; -- those of another request
        EXIT WHEN full_at IS NULL AND (share >= degrade AND chosen = wanted) IS NOT TRUE;
{{take_back}}
        IF share >= degrade AND chosen = wanted THEN
{{cheaper}}
          IF FOUND THEN
            chosen := cheaper.model;
            price_in := cheaper.input_price;
            price_out := cheaper.output_price;
            priced := NULL;
            micros := tenantry.budget_cost(tokens_in, tokens_out, price_in, price_out);
            full_at := NULL;
            share := NULL;
            CONTINUE;
          END IF;
        END IF;
        -- No refusal because of what has expired.
        IF full_at IS NOT NULL AND first_expiry <= at AND swept IS NULL THEN
{{sweep}}
          full_at := NULL;
          share := NULL;
          CONTINUE;
        END IF;
        IF full_at IS NOT NULL THEN
{{known}}
          expires_at := NULL;
          unit := units[full_at];
          limit_model := models[full_at];
          used := spent[full_at];
          reserved := held[full_at];
          limit_amount := amounts[full_at];
          IF enforcement <> 'Warn' THEN
            decision := 'Refused';
            again := false;
            model := wanted;
            percent := CASE limit_amount WHEN 0 THEN 100 ELSE least(floor((used + reserved) * 100.0 / limit_amount), 2000000000) END;
            resets_at := ends;
            EXIT deciding;
          END IF;
        END IF;
        -- It goes through all the same: with a warning, or because nothing is cheaper.
        FOR i IN 1 .. cardinality(units) LOOP
          IF models[i] = '*' OR models[i] = chosen THEN
            held[i] := held[i] + CASE units[i] WHEN 'Tokens' THEN tokens_in + tokens_out ELSE micros END;
          END IF;
        END LOOP;
        EXIT;
      END LOOP;
      INSERT INTO tenantry.ai_usage_logs AS n (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, output_price,
          tenant_id, request_id, model, asked_model)
        SELECT at, at + make_interval(secs => seconds), tokens_in, tokens_out, micros, price_in, price_out, tenant, request, chosen, NULLIF(wanted, chosen)
         WHERE NOT EXISTS (SELECT FROM tenantry.ai_usage_logs l WHERE l.tenant_id = tenant AND l.request_id = request
           AND l.created_at > at - interval '31 days' AND l.created_at < at + interval '1 day')
        RETURNING CASE WHEN full_at IS NULL THEN 'Granted' ELSE 'Warned' END, n.model, false, least(floor(share), 2000000000), ends, n.expires_at, opened + 1
          INTO decision, model, again, percent, resets_at, expires_at, opened;
      IF NOT FOUND THEN
        opened := coalesce(already, 0);
{{take_back}}
{{known}}
      END IF;
    END deciding;
