-- Counters of running periods beside the sums of the ledger. Everything is read at one moment.
WITH sums AS (
  SELECT b.tenant_id, l.model, sum(l.input_tokens + l.output_tokens) AS tokens, sum(l.cost_micros) AS micros,
    coalesce(sum(l.reserved_input + l.reserved_output) FILTER (WHERE l.state = 'Reserved'), 0) AS held_tokens,
    coalesce(sum(l.reserved_micros) FILTER (WHERE l.state = 'Reserved'), 0) AS held_micros
  FROM tenantry.tenant_budgets b JOIN tenantry.ai_usage_logs l ON l.tenant_id = b.tenant_id
    AND l.created_at >= b.period_start AND l.created_at < b.period_end
  WHERE l.created_at >= (SELECT min(x.period_start) FROM tenantry.tenant_budgets x)
  GROUP BY 1, 2
), ledger AS (
  SELECT tenant_id, json_agg(json_build_object('model', model, 'tokens', tokens, 'micros', micros, 'reservedTokens', held_tokens,
    'reservedMicros', held_micros) ORDER BY model) AS list
  FROM sums GROUP BY 1
), open AS (
  SELECT b.tenant_id, count(*) AS n FROM tenantry.tenant_budgets b JOIN tenantry.ai_usage_logs l ON l.tenant_id = b.tenant_id AND l.state = 'Reserved'
  WHERE l.created_at >= (SELECT least(min(x.period_start), min(x.open_since), clock_timestamp() - interval '2 days') FROM tenantry.tenant_budgets x)
  GROUP BY 1
)
SELECT b.tenant_id AS "tenantID", b.units AS "units", b.models AS "models", b.amounts AS "amounts", b.used AS "used", b.reserved AS "reserved",
  b.open_requests AS "open", b.period_start AS "periodStart", b.period_end AS "periodEnd", coalesce(ledger.list, '[]') AS "ledger", coalesce(open.n, 0) AS "ledgerOpen"
FROM tenantry.tenant_budgets b LEFT JOIN ledger USING (tenant_id) LEFT JOIN open USING (tenant_id)
ORDER BY 1
