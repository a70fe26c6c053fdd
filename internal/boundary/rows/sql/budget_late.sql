
-- Adds what became known late to the period that it was reserved in. The tenant's row is locked.
DECLARE
  p tenantry.budget_periods%ROWTYPE;
BEGIN
  FOR p IN SELECT x.* FROM tenantry.budget_periods x WHERE x.tenant_id = tenant AND x.period_start <= made AND x.period_end > made LOOP
    FOR i IN 1 .. cardinality(p.units) LOOP
      CONTINUE WHEN p.models[i] <> '*' AND p.models[i] <> model;
      p.used[i] := p.used[i] + CASE p.units[i] WHEN 'Tokens' THEN tokens ELSE micros END;
      p.reserved[i] := p.reserved[i] - CASE p.units[i] WHEN 'Tokens' THEN held_tokens ELSE held_micros END;
    END LOOP;
    UPDATE tenantry.budget_periods x SET used = p.used, reserved = p.reserved WHERE x.tenant_id = tenant AND x.period_start = p.period_start;
  END LOOP;
END
