
-- Where the tenant that asks stands: one row a limit. A period that ended without a call since is shown as the new one.
#variable_conflict use_variable
DECLARE
  tenant text := tenantry.current_tenant();
  b tenantry.tenant_budgets%ROWTYPE;
  moment timestamptz := tenantry.budget_now();
BEGIN
  SELECT x.* INTO b FROM tenantry.tenant_budgets x WHERE x.tenant_id = tenant AND x.uid <> '';
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF moment >= b.period_end THEN
    SELECT p.period_start, p.period_end INTO b.period_start, b.period_end FROM tenantry.budget_period(moment, b.period, b.time_zone) p;
    b.used := array_fill(0::bigint, ARRAY[cardinality(b.units)]);
    b.reserved := b.used;
  END IF;
  tier := b.tier;
  enforcement := b.enforcement;
  period_start := b.period_start;
  resets_at := b.period_end;
  FOR i IN 1 .. cardinality(b.units) LOOP
    unit := b.units[i];
    model := b.models[i];
    used := b.used[i];
    reserved := b.reserved[i];
    limit_amount := b.amounts[i];
    percent := CASE limit_amount WHEN 0 THEN 100 ELSE least(floor((used + reserved) * 100.0 / limit_amount), 2000000000) END;
    RETURN NEXT;
  END LOOP;
END
