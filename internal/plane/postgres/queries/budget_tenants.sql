-- Limits and counters, of all tenants ($1 NULL) or of some.
SELECT b.tenant_id AS "tenantID", b.uid AS "uid", b.tier AS "tier", b.period AS "period", b.time_zone AS "timeZone", b.enforcement AS "enforcement",
  coalesce(b.degrade_percent, 0) AS "degradePercent", b.units AS "units", b.models AS "models", b.amounts AS "amounts", b.used AS "used",
  b.reserved AS "reserved", b.period_start AS "periodStart", b.period_end AS "periodEnd",
  tenantry.budget_calendar(b.period_start, b.period_end, b.period, b.time_zone) AS "calendar", b.open_requests AS "open", b.next_expiry AS "nextExpiry", tenantry.budget_now() AS "now",
  (SELECT coalesce(json_agg(json_build_object('at', m.marked_at, 'used', m.used) ORDER BY m.marked_at), '[]')
     FROM tenantry.budget_marks m WHERE m.tenant_id = b.tenant_id) AS "marks"
FROM tenantry.tenant_budgets b
WHERE $1::text[] IS NULL OR b.tenant_id = ANY ($1::text[])
