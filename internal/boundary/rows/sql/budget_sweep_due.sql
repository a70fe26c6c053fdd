
-- Sweeps and rolls over what is due, of at most so many tenants whose ids come after another, and ends soon after five thousand
-- reservations, so that a transaction stays short. Rows that somebody holds are left for the next time. A tenant that fails is
-- named and keeps nobody else waiting. Returns how many tenants were looked after, how many reservations expired, those that
-- failed, and the id to go on after, NULL at the end.
DECLARE
  tenant text;
  moment timestamptz := tenantry.budget_now();
  seen integer := 0;
BEGIN
  tenants := 0;
  expired := 0;
  failed := '{}';
  FOR tenant IN SELECT b.tenant_id FROM tenantry.tenant_budgets b WHERE (b.next_expiry <= moment OR b.period_end <= moment) AND b.tenant_id > after
    ORDER BY b.tenant_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    seen := seen + 1;
    next_after := tenant;
    BEGIN
      PERFORM tenantry.budget_roll(tenant, moment);
      expired := expired + tenantry.budget_sweep(tenant, moment);
      tenants := tenants + 1;
    EXCEPTION WHEN OTHERS THEN
      failed := failed || format('%s: %s (%s)', tenant, SQLERRM, SQLSTATE);
    END;
    EXIT WHEN expired >= 5000;
  END LOOP;
  IF seen < most AND expired < 5000 THEN
    next_after := NULL;
  END IF;
  RETURN NEXT;
END
