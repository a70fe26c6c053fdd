  IF {{valid}} IS NOT TRUE THEN
{{complain}}
{{raise}}
  END IF;
  -- All at once for a tenant's own login, which has a budget and is in its running period.
  SELECT b.tenant_id, b.uid, b.units, b.models, b.period_start, b.period_end, b.used, b.reserved, greatest(tenantry.budget_now(), b.period_start), true
    INTO tenant, holder, units, models, starts, ends, spent, held, at, own
    FROM tenantry.logins l JOIN tenantry.tenants t ON t.tenant_id = l.tenant_id AND t.state = 'Active'
    JOIN tenantry.tenant_budgets b ON b.tenant_id = l.tenant_id
   WHERE l.role_name = session_user FOR NO KEY UPDATE OF b;
  IF holder IS NULL OR at >= ends THEN
{{identify}}
{{begin}}
  END IF;
{{finish}}
  IF touched THEN
{{close}}
  ELSIF problem IS NOT NULL THEN
{{raise}}
  END IF;
  RETURN NEXT;
