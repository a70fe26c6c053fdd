
-- Sweeps and rolls over what is due, of at most so many tenants. Rows that somebody holds are left for the next time. Returns
-- how many tenants were looked after, and how many reservations expired.
DECLARE
  tenant text;
  moment timestamptz := tenantry.budget_now();
BEGIN
  tenants := 0;
  expired := 0;
  FOR tenant IN SELECT b.tenant_id FROM tenantry.tenant_budgets b WHERE b.next_expiry <= moment OR b.period_end <= moment
    ORDER BY b.tenant_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    PERFORM tenantry.budget_roll(tenant, moment);
    expired := expired + tenantry.budget_sweep(tenant, moment);
    tenants := tenants + 1;
  END LOOP;
  RETURN NEXT;
END
