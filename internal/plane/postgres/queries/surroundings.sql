-- What surrounds the protected schemas ($1), for the group of tenants ($2) and
-- the prefix of our roles ($3): one row of lists, each bounded. Functions of extensions are left to the extensions.
WITH functions AS (
  SELECT p.oid, p.proleakproof, p.provolatile, p.prosrc, p.pronamespace FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenantry', 'tenantry_guard') AND NOT starts_with(n.nspname, 'pg_temp_')
    AND (p.proleakproof OR (p.provolatile = 'i' AND p.prosrc ~* 'current_setting|current_tenant'))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
), tenants AS (
  SELECT r.oid FROM pg_roles r WHERE r.rolname = $2 AND NOT r.rolsuper
)
SELECT
  (SELECT coalesce(json_agg(x ORDER BY x->>'name'), '[]') FROM (
     SELECT json_build_object('name', p.pubname, 'tables', json_agg(p.schemaname || '.' || p.tablename ORDER BY p.schemaname, p.tablename)) AS x
     FROM pg_publication_tables p WHERE p.schemaname = ANY ($1::text[]) GROUP BY p.pubname ORDER BY p.pubname LIMIT 50) l) AS "publications",
  (SELECT coalesce(json_agg(l.rolname), '[]') FROM (SELECT r.rolname FROM pg_roles r
     WHERE r.rolreplication AND r.rolcanlogin AND NOT r.rolsuper AND NOT starts_with(r.rolname, $3) ORDER BY r.rolname LIMIT 50) l) AS "replicators",
  (SELECT coalesce(json_agg(l.name), '[]') FROM (SELECT f.oid::regprocedure::text AS name FROM functions f WHERE f.proleakproof ORDER BY 1 LIMIT 50) l) AS "leakproof",
  (SELECT coalesce(json_agg(l.name), '[]') FROM (SELECT f.oid::regprocedure::text AS name FROM functions f
     WHERE f.provolatile = 'i' AND f.prosrc ~* 'current_setting|current_tenant' ORDER BY 1 LIMIT 50) l) AS "immutable",
  (SELECT coalesce(json_agg(l.name), '[]') FROM (SELECT p.oid::regprocedure::text AS name
     FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
     JOIN pg_proc p ON p.oid = d.objid CROSS JOIN tenants t
     WHERE e.extname = 'dblink' AND (p.proname = 'dblink_connect' OR p.proname = 'dblink_connect_u'
         OR (p.proname IN ('dblink', 'dblink_exec') AND p.proargtypes[1] = 'text'::regtype))
       AND has_function_privilege(t.oid, p.oid, 'EXECUTE') AND has_schema_privilege(t.oid, p.pronamespace, 'USAGE') ORDER BY 1) l) AS "dblink",
  (SELECT coalesce(json_agg(x ORDER BY x->>'name'), '[]') FROM (
     SELECT json_build_object('oid', c.oid::bigint, 'name', n.nspname || '.' || c.relname, 'quoted', format('%I.%I', n.nspname, c.relname)) AS x
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN tenants t
     WHERE c.relkind = 'f' AND has_schema_privilege(t.oid, n.oid, 'USAGE')
       AND (has_any_column_privilege(t.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(t.oid, c.oid, 'DELETE'))
     ORDER BY n.nspname, c.relname LIMIT 50) l) AS "foreignTables",
  (SELECT coalesce(json_agg(x), '[]') FROM (
     SELECT json_build_object('table', r.ev_class::bigint, 'name', r.rulename) AS x
     FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class AND c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1::text[]) ORDER BY n.nspname, c.relname, r.rulename LIMIT 50) l) AS "rules",
  (SELECT coalesce(json_agg(x), '[]') FROM (
     SELECT json_build_object('tenantID', c.tenant_id, 'state', t.state, 'tombstone', c.tombstone) AS x
     FROM tenantry.claims c JOIN tenantry.tenants t USING (tenant_id)
     WHERE c.tombstone <> (t.state = 'Retained') ORDER BY c.tenant_id LIMIT 20) l) AS "claims",
  (SELECT coalesce(json_agg(x), '[]') FROM (
     SELECT json_build_object('role', l.role_name, 'tenantID', l.tenant_id) AS x
     FROM tenantry.logins l WHERE NOT starts_with(l.role_name::text, $3) ORDER BY l.role_name LIMIT 20) l) AS "strangers"
