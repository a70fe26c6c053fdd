    -- Never earlier than the period: the clock of another server after a failover may be behind.
    SELECT b.uid, b.tier, b.enforcement, b.degrade_percent, b.units, b.models, b.amounts, b.period_start, b.period_end, b.used, b.reserved,
        b.next_expiry, b.open_requests, greatest(tenantry.budget_now(), b.period_start)
      INTO holder, tier, enforcement, degrade, units, models, amounts, starts, ends, spent, held, first_expiry, already_open, at
      FROM tenantry.tenant_budgets b WHERE b.tenant_id = tenant FOR NO KEY UPDATE;
