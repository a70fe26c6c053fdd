        SELECT l.state, l.model, l.asked_model, l.reserved_input, l.reserved_output, l.expires_at INTO known FROM tenantry.ai_usage_logs l
         WHERE l.tenant_id = tenant AND l.request_id = request
           AND l.created_at > at - interval '31 days' AND l.created_at < at + interval '1 day';
        IF FOUND AND known.state <> 'Reserved' THEN
          problem := 'TN017';
          detail := format('request "%s" was %s already', request, lower(known.state));
          hint := 'Its reservation is gone. A new call to a model needs a new request id.';
          EXIT deciding;
        ELSIF FOUND AND (known.reserved_input <> tokens_in OR known.reserved_output <> tokens_out OR coalesce(known.asked_model, known.model) <> wanted) THEN
          problem := 'TN014';
          detail := format('request "%s" was reserved for %s and %s tokens of model "%s", not for %s and %s of "%s"', request,
            known.reserved_input, known.reserved_output, coalesce(known.asked_model, known.model), tokens_in, tokens_out, wanted);
          hint := 'A retry repeats its request unchanged. Another request needs an id of its own.';
          EXIT deciding;
        ELSIF FOUND THEN
{{blank_reserve}}
          decision := 'Granted';
          again := true;
          model := known.model;
          expires_at := known.expires_at;
          resets_at := ends;
          EXIT deciding;
        END IF;
