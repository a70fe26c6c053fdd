
-- Notes where use stands, of tenants whose use changed and that have no mark of the last ten minutes. Of marks older than an
-- hour the last is kept: it is where that hour began.
DECLARE
  moment timestamptz := tenantry.budget_now();
BEGIN
  INSERT INTO tenantry.budget_marks (tenant_id, marked_at, used)
    SELECT b.tenant_id, moment, b.used FROM tenantry.tenant_budgets b
      LEFT JOIN LATERAL (SELECT m.marked_at, m.used FROM tenantry.budget_marks m WHERE m.tenant_id = b.tenant_id ORDER BY m.marked_at DESC LIMIT 1) m ON true
     WHERE b.uid <> '' AND (m.marked_at IS NULL OR (m.marked_at <= moment - interval '10 minutes' AND m.used <> b.used))
    ON CONFLICT DO NOTHING;
  DELETE FROM tenantry.budget_marks m
   WHERE EXISTS (SELECT FROM tenantry.budget_marks n WHERE n.tenant_id = m.tenant_id AND n.marked_at > m.marked_at AND n.marked_at <= moment - interval '1 hour');
END
