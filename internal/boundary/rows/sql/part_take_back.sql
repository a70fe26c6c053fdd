        FOR i IN 1 .. cardinality(units) LOOP
          IF models[i] = '*' OR models[i] = chosen THEN
            held[i] := held[i] - CASE units[i] WHEN 'Tokens' THEN tokens_in + tokens_out ELSE micros END;
          END IF;
        END LOOP;
