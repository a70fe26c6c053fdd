-- The database and what the operator may do there. Users: who beside Tenantry has something in this database, or is in it.
SELECT current_setting('server_version_num')::int AS "version", d.datname AS "database", current_user AS "operator",
  pg_get_userbyid(d.datdba) AS "databaseOwner", pg_has_role(d.datdba, 'USAGE') AS "mayAlterDatabase",
  has_database_privilege(d.oid, 'CONNECT WITH GRANT OPTION') AS "mayGrantConnect",
  (SELECT coalesce(json_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles r
    WHERE NOT r.rolsuper AND r.oid >= 16384 AND NOT starts_with(r.rolname, 'tenantry_') AND (
      EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype IN ('o', 'a')
               AND (s.dbid = d.oid OR (s.dbid = 0 AND s.classid = 'pg_database'::regclass AND s.objid = d.oid)))
      OR EXISTS (SELECT FROM pg_stat_activity a WHERE a.usesysid = r.oid AND a.datid = d.oid))) AS "users",
  (SELECT coalesce(json_agg(o.datname ORDER BY o.datname), '[]') FROM pg_database o
    WHERE o.oid <> d.oid AND o.datallowconn
      AND EXISTS (SELECT FROM aclexplode(coalesce(o.datacl, acldefault('d', o.datdba))) x
                   WHERE x.grantee = 0 AND x.privilege_type = 'CONNECT')) AS "openDatabases"
FROM pg_database d WHERE d.datname = current_database()
