-- Recorded logins, of all tenants ($1 NULL) or of some, and records of roles by name ($2), whosever they are.
SELECT l.role_name::text AS "role", l.tenant_id AS "tenantID", l.slot AS "slot", l.fingerprint AS "fingerprint"
FROM tenantry.logins l
WHERE $1::text[] IS NULL OR l.tenant_id = ANY ($1::text[]) OR l.role_name = ANY ($2::name[])
