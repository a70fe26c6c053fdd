    -- The lock on the tenant's row comes first: each statement after it sees everything that was committed before.
{{load}}
    IF NOT FOUND OR holder = '' THEN
      IF (SELECT s.without_budget FROM tenantry.budget_settings s WHERE s.only_row) = 'Refuse' THEN
        holder := NULL;
      ELSIF holder IS NULL THEN
        INSERT INTO tenantry.tenant_budgets (tenant_id, uid, period, time_zone, units, models, amounts, used, reserved, period_start, period_end)
          SELECT tenant, '', 'Month', 'UTC', '{}', '{}', '{}', '{}', '{}', p.period_start, p.period_end
            FROM tenantry.budget_period(tenantry.budget_now(), 'Month', 'UTC') p
          ON CONFLICT DO NOTHING;
{{load}}
      END IF;
    END IF;
    IF at >= ends THEN
      PERFORM tenantry.budget_roll(tenant, at);
{{load}}
    END IF;
