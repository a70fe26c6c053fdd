SELECT l.role_name::text AS "role", l.tenant_id AS "tenantID", l.slot AS "slot", l.fingerprint AS "fingerprint"
FROM tenantry.logins l
WHERE $1::text[] IS NULL OR l.tenant_id = ANY ($1::text[])
