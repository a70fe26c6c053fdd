-- Claims and states, of all tenants ($1 NULL) or of some.
SELECT c.tenant_id AS "tenantID", c.uid AS "uid", c.tombstone AS "tombstone", coalesce(t.state, '') AS "state"
FROM tenantry.claims c LEFT JOIN tenantry.tenants t USING (tenant_id)
WHERE $1::text[] IS NULL OR c.tenant_id = ANY ($1::text[])
