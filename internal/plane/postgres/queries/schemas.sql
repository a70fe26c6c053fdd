-- The protected schemas ($1), and all others but the system's and tenantry in which PUBLIC may create objects. Default rights: what tables to come will give to PUBLIC or to
-- the groups ($2), made by roles that may make some there: every tenant can declare default rights for tables that it cannot make.
SELECT n.nspname AS "name", pg_has_role(n.nspowner, 'USAGE') AS "mayGrant", pg_get_userbyid(n.nspowner) AS "owner",
  EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x WHERE x.grantee = 0 AND x.privilege_type = 'USAGE') AS "publicUsage",
  EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x WHERE x.grantee = 0 AND x.privilege_type = 'CREATE') AS "publicCreate",
  (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('owner', pg_get_userbyid(d.defaclrole), 'grantee', coalesce(g.rolname, ''), 'everywhere', d.defaclnamespace = 0)), '[]')
     FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
    WHERE d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, n.oid) AND has_schema_privilege(d.defaclrole, n.oid, 'CREATE') AND (x.grantee = 0 OR g.rolname = ANY ($2::text[]))) AS "defaultRights"
FROM pg_namespace n
WHERE n.nspname = ANY ($1::text[])
   OR (n.nspname NOT IN ('information_schema', 'tenantry') AND NOT starts_with(n.nspname, 'pg_')
       AND EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x WHERE x.grantee = 0 AND x.privilege_type = 'CREATE'))
