-- From roles of ours or of the application ($1) to roles that row-level security does not hold, or that can switch it off
-- on tables of the protected schemas ($2).
WITH strong AS (
  SELECT r.oid, r.rolname, CASE WHEN r.rolsuper THEN 'superuser' ELSE 'BYPASSRLS' END AS why FROM pg_roles r WHERE r.rolsuper OR r.rolbypassrls
  UNION ALL
  SELECT r.oid, r.rolname, 'the server''s files and programs' FROM pg_roles r
  WHERE r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
  UNION ALL
  SELECT r.oid, r.rolname, 'it may write every table, those that say who is which tenant included' FROM pg_roles r WHERE r.rolname = 'pg_write_all_data'
  UNION ALL
  SELECT r.oid, r.rolname, 'it may copy tables to and from other servers' FROM pg_roles r WHERE r.rolname = 'pg_create_subscription'
  UNION ALL
  SELECT r.oid, r.rolname, 'CREATEROLE, which before PostgreSQL 16 gives itself any role' FROM pg_roles r
  WHERE r.rolcreaterole AND NOT r.rolsuper AND r.rolname <> current_user AND current_setting('server_version_num')::int < 160000
  UNION ALL
  SELECT n.nspowner, pg_get_userbyid(n.nspowner), 'owner of schema tenantry' FROM pg_namespace n WHERE n.nspname = 'tenantry'
  UNION ALL
  SELECT c.relowner, pg_get_userbyid(c.relowner), 'owner of ' || min(n.nspname || '.' || c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($2::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' GROUP BY c.relowner
)
SELECT w.rolname AS "role", s.rolname AS "to", s.why AS "why"
FROM pg_roles w JOIN strong s ON pg_has_role(w.oid, s.oid, 'MEMBER')
WHERE w.rolname = ANY ($1::text[]) AND (w.oid = s.oid OR NOT w.rolsuper)
ORDER BY 1, 2, 3
