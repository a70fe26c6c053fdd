
-- Puts the counters of a period that ended away and begins the one that moment falls in. The tenant's row is locked.
DECLARE
  b tenantry.tenant_budgets%ROWTYPE;
  p record;
BEGIN
  SELECT x.* INTO b FROM tenantry.tenant_budgets x WHERE x.tenant_id = tenant FOR NO KEY UPDATE;
  IF moment < b.period_end THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM unnest(b.used || b.reserved) n WHERE n <> 0) THEN
    INSERT INTO tenantry.budget_periods (tenant_id, period_start, period_end, units, models, amounts, used, reserved)
      VALUES (b.tenant_id, b.period_start, b.period_end, b.units, b.models, b.amounts, b.used, b.reserved)
      ON CONFLICT (tenant_id, period_start) DO UPDATE SET period_end = excluded.period_end, units = excluded.units, models = excluded.models,
        amounts = excluded.amounts, used = excluded.used, reserved = excluded.reserved;
  END IF;
  SELECT * INTO p FROM tenantry.budget_period(moment, b.period, b.time_zone);
  UPDATE tenantry.tenant_budgets x SET period_start = p.period_start, period_end = p.period_end,
      used = array_fill(0::bigint, ARRAY[cardinality(b.units)]), reserved = array_fill(0::bigint, ARRAY[cardinality(b.units)])
   WHERE x.tenant_id = tenant;
END
