    -- Settles or releases one request. The row of its tenant is locked and loaded. Nearly all are of the running month, where
    -- one partition is looked at.
    <<finishing>>
    BEGIN
      UPDATE tenantry.ai_usage_logs l
         SET state = target, settled_at = at,
           input_tokens = CASE WHEN own THEN greatest(tokens_in, l.reserved_input) ELSE tokens_in END,
           output_tokens = CASE WHEN own THEN greatest(tokens_out, l.reserved_output) ELSE tokens_out END,
           cost_micros = tenantry.budget_cost(CASE WHEN own THEN greatest(tokens_in, l.reserved_input) ELSE tokens_in END,
             CASE WHEN own THEN greatest(tokens_out, l.reserved_output) ELSE tokens_out END, l.input_price, l.output_price)
       WHERE l.tenant_id = tenant AND l.request_id = request AND l.state = 'Reserved'
         AND l.created_at >= date_trunc('month', at, 'UTC') AND l.created_at < date_trunc('month', at, 'UTC') + interval '1 month'
       RETURNING l.created_at, l.model, l.input_tokens + l.output_tokens, l.cost_micros, l.reserved_input + l.reserved_output, l.reserved_micros,
         l.state, false, l.input_tokens, l.output_tokens, l.cost_micros, closed + 1
        INTO made, of_model, tokens, micros, held_tokens, held_micros, state, again, input_tokens, output_tokens, cost_micros, closed;
      IF NOT FOUND THEN
        closed := already;
        SELECT l.* INTO line FROM tenantry.ai_usage_logs l
         WHERE l.tenant_id = tenant AND l.request_id = request ORDER BY l.created_at DESC LIMIT 1;
        IF NOT FOUND THEN
          problem := 'TN013';
          detail := format('request "%s" was never reserved', request);
          hint := 'Reserve first. A reservation that was rolled back, or whose month''s ledger is gone, leaves nothing to settle.';
          EXIT finishing;
        END IF;
        input_tokens := CASE WHEN own THEN greatest(tokens_in, line.reserved_input) ELSE tokens_in END;
        output_tokens := CASE WHEN own THEN greatest(tokens_out, line.reserved_output) ELSE tokens_out END;
        IF line.state = target AND (target = 'Released' OR (line.input_tokens = input_tokens AND line.output_tokens = output_tokens)) THEN
          again := true;
          state := target;
          cost_micros := line.cost_micros;
          EXIT finishing;
        ELSIF line.state = 'Settled' THEN
          input_tokens := NULL;
          output_tokens := NULL;
          problem := 'TN014';
          detail := format('request "%s" was settled with %s and %s tokens already', request, line.input_tokens, line.output_tokens);
          hint := 'What was settled stays. A retry repeats the same figures.';
          EXIT finishing;
        END IF;
        -- It was reserved in another month, or it expired or was released before: what is known now counts.
        again := false;
        state := target;
        made := line.created_at;
        of_model := line.model;
        cost_micros := tenantry.budget_cost(input_tokens, output_tokens, line.input_price, line.output_price);
        tokens := input_tokens + output_tokens - line.input_tokens - line.output_tokens;
        micros := cost_micros - line.cost_micros;
        held_tokens := 0;
        held_micros := 0;
        IF line.state = 'Reserved' THEN
          held_tokens := line.reserved_input + line.reserved_output;
          held_micros := line.reserved_micros;
          closed := closed + 1;
        END IF;
        UPDATE tenantry.ai_usage_logs l
           SET state = target, settled_at = at, input_tokens = input_tokens, output_tokens = output_tokens, cost_micros = cost_micros
         WHERE l.tenant_id = tenant AND l.request_id = request AND l.created_at = made;
      END IF;
      touched := true;
      IF made < starts THEN
        PERFORM tenantry.budget_late(tenant, made, of_model, tokens, micros, held_tokens, held_micros);
        EXIT finishing;
      END IF;
      FOR i IN 1 .. coalesce(cardinality(units), 0) LOOP
        IF models[i] = '*' OR models[i] = of_model THEN
          spent[i] := spent[i] + CASE units[i] WHEN 'Tokens' THEN tokens ELSE micros END;
          held[i] := held[i] - CASE units[i] WHEN 'Tokens' THEN held_tokens ELSE held_micros END;
        END IF;
      END LOOP;
    END finishing;
