
-- Ends reservations of a tenant that have expired, charged in full or freed: a thousand at most, so that nobody waits for one
-- who lets many expire. What is left stays due. Returns how many.
DECLARE
  b tenantry.tenant_budgets%ROWTYPE;
  line record;
  charge boolean := (SELECT s.on_expiry = 'Charge' FROM tenantry.budget_settings s WHERE s.only_row);
  swept integer := 0;
BEGIN
  SELECT x.* INTO b FROM tenantry.tenant_budgets x WHERE x.tenant_id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND OR b.next_expiry IS NULL OR b.next_expiry > moment THEN
    RETURN 0;
  END IF;
  -- One by one, by the index of requests: a plan that joins a thousand may read the whole month.
  FOR line IN
    SELECT l.created_at, l.request_id, l.model, l.reserved_input, l.reserved_output, l.reserved_input + l.reserved_output AS tokens, l.reserved_micros AS micros
      FROM tenantry.ai_usage_logs l
     WHERE l.tenant_id COLLATE "POSIX" = tenant AND l.created_at >= b.open_since AND l.state = 'Reserved' AND l.expires_at <= moment
     ORDER BY l.created_at LIMIT 1000
  LOOP
    swept := swept + 1;
    UPDATE tenantry.ai_usage_logs l
       SET state = 'Expired', settled_at = moment,
         input_tokens = CASE WHEN charge THEN line.reserved_input ELSE 0 END,
         output_tokens = CASE WHEN charge THEN line.reserved_output ELSE 0 END,
         cost_micros = CASE WHEN charge THEN line.micros ELSE 0 END
     WHERE l.tenant_id = tenant AND l.request_id = line.request_id AND l.created_at = line.created_at;
    IF line.created_at < b.period_start THEN
      PERFORM tenantry.budget_late(tenant, line.created_at, line.model, CASE WHEN charge THEN line.tokens ELSE 0 END,
        CASE WHEN charge THEN line.micros ELSE 0 END, line.tokens, line.micros);
      CONTINUE;
    END IF;
    FOR i IN 1 .. cardinality(b.units) LOOP
      CONTINUE WHEN b.models[i] <> '*' AND b.models[i] <> line.model;
      b.reserved[i] := b.reserved[i] - CASE b.units[i] WHEN 'Tokens' THEN line.tokens ELSE line.micros END;
      IF charge THEN
        b.used[i] := b.used[i] + CASE b.units[i] WHEN 'Tokens' THEN line.tokens ELSE line.micros END;
      END IF;
    END LOOP;
  END LOOP;
  b.open_requests := greatest(b.open_requests - swept, 0);
  IF swept = 1000 THEN
    -- Not all were looked at: it stays due, and the next sweep begins where the first open one is.
    SELECT l.created_at INTO b.open_since FROM tenantry.ai_usage_logs l
     WHERE l.tenant_id COLLATE "POSIX" = tenant AND l.created_at >= b.open_since AND l.state = 'Reserved' ORDER BY l.created_at LIMIT 1;
  ELSE
    SELECT count(*), min(l.created_at), min(l.expires_at) INTO b.open_requests, b.open_since, b.next_expiry FROM tenantry.ai_usage_logs l
     WHERE l.tenant_id COLLATE "POSIX" = tenant AND l.created_at >= b.open_since AND l.state = 'Reserved';
  END IF;
  UPDATE tenantry.tenant_budgets x SET used = b.used, reserved = b.reserved, open_requests = b.open_requests, open_since = b.open_since,
      next_expiry = CASE WHEN b.open_since IS NOT NULL THEN b.next_expiry END
   WHERE x.tenant_id = tenant;
  RETURN swept;
END
