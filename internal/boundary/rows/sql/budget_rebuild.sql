
-- Counts anew what the ledger says of the running period, and what is open.
DECLARE
  b tenantry.tenant_budgets%ROWTYPE;
  line record;
  n integer;
BEGIN
  SELECT x.* INTO b FROM tenantry.tenant_budgets x WHERE x.tenant_id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  n := cardinality(b.units);
  b.used := array_fill(0::bigint, ARRAY[n]);
  b.reserved := array_fill(0::bigint, ARRAY[n]);
  FOR line IN
    SELECT l.model, sum(l.input_tokens + l.output_tokens)::bigint AS tokens, sum(l.cost_micros)::bigint AS micros,
        coalesce(sum(l.reserved_input + l.reserved_output) FILTER (WHERE l.state = 'Reserved'), 0)::bigint AS held_tokens,
        coalesce(sum(l.reserved_micros) FILTER (WHERE l.state = 'Reserved'), 0)::bigint AS held_micros
      FROM tenantry.ai_usage_logs l WHERE l.tenant_id COLLATE "POSIX" = tenant AND l.created_at >= b.period_start AND l.created_at < b.period_end GROUP BY l.model
  LOOP
    FOR i IN 1 .. n LOOP
      CONTINUE WHEN b.models[i] <> '*' AND b.models[i] <> line.model;
      b.used[i] := b.used[i] + CASE b.units[i] WHEN 'Tokens' THEN line.tokens ELSE line.micros END;
      b.reserved[i] := b.reserved[i] + CASE b.units[i] WHEN 'Tokens' THEN line.held_tokens ELSE line.held_micros END;
    END LOOP;
  END LOOP;
  -- No reservation lives longer than a day; twice that is looked at, and whatever a sweep has left.
  SELECT count(*), min(l.created_at), min(l.expires_at) INTO b.open_requests, b.open_since, b.next_expiry FROM tenantry.ai_usage_logs l
   WHERE l.tenant_id COLLATE "POSIX" = tenant AND l.created_at >= least(b.period_start, b.open_since, tenantry.budget_now() - interval '2 days') AND l.state = 'Reserved';
  UPDATE tenantry.tenant_budgets x SET used = b.used, reserved = b.reserved, open_requests = b.open_requests, open_since = b.open_since,
      next_expiry = b.next_expiry
   WHERE x.tenant_id = tenant;
END
