
-- Reserves what one call to a model may use, for the tenant that asks.
#variable_conflict use_variable
DECLARE
{{reserve_variables}}
  request text := request_id;
  wanted text := model_wanted;
  tokens_in bigint := input_tokens;
  tokens_out bigint := max_output_tokens;
BEGIN
  IF {{valid}} IS NOT TRUE THEN
{{complain}}
{{raise}}
  END IF;
  -- All at once for a tenant's own login, which has a budget and is in its running period.
  SELECT b.tenant_id, b.uid, b.tier, b.enforcement, b.degrade_percent, b.units, b.models, b.amounts, b.period_start, b.period_end, b.used, b.reserved,
      b.next_expiry, b.open_requests, greatest(tenantry.budget_now(), b.period_start), p.input_price, p.output_price, s.reservation_seconds
    INTO tenant, holder, tier, enforcement, degrade, units, models, amounts, starts, ends, spent, held, first_expiry, already_open, at, price_in, price_out, seconds
    FROM tenantry.logins l JOIN tenantry.tenants t ON t.tenant_id = l.tenant_id AND t.state = 'Active'
    JOIN tenantry.tenant_budgets b ON b.tenant_id = l.tenant_id
    JOIN tenantry.budget_settings s ON s.only_row
    LEFT JOIN LATERAL (
      SELECT x.input_price, x.output_price FROM tenantry.model_prices x
       WHERE x.model = wanted AND x.valid_from <= tenantry.budget_now() ORDER BY x.valid_from DESC LIMIT 1) p ON true
   WHERE l.role_name = session_user FOR NO KEY UPDATE OF b;
  IF holder IS NULL OR holder = '' OR at >= ends THEN
{{identify}}
{{begin}}
{{price}}
  END IF;
{{admit}}
  IF opened > 0 THEN
{{store}}
  ELSIF problem IS NOT NULL THEN
{{raise}}
  END IF;
  RETURN NEXT;
END
