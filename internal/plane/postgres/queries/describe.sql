-- Version, place and rights of the operator. Schema: '' where tenantry does not stand, else its owner.
SELECT current_setting('server_version_num')::int AS "number", current_setting('server_version') AS "version",
  d.datname AS "database", r.rolname AS "operator", r.rolsuper AS "super", r.rolcreaterole OR r.rolsuper AS "createRole",
  has_database_privilege(d.oid, 'CREATE') AS "createSchema", pg_has_role('pg_signal_backend', 'USAGE') AS "signal",
  coalesce((SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE n.nspname = 'tenantry'), '') AS "schemaOwner",
  coalesce((SELECT pg_has_role(n.nspowner, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'tenantry'), false) AS "ownsSchema",
  EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'tenantry' AND c.relname = 'plane' AND c.relkind = 'r') AS "marked"
FROM pg_database d JOIN pg_roles r ON r.rolname = current_user
WHERE d.datname = current_database()
