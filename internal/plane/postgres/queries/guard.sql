-- The event trigger ($1) with the function behind it, and those that tell of changes ($2). Safe: everything about it belongs
-- to superusers, and the operator is no member of them. One row, whatever stands.
WITH me AS (
  SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user
), trigger AS (
  SELECT t.oid, t.evtname, t.evtevent, t.evtowner, t.evtenabled IN ('O', 'A') AND t.evttags IS NULL AS enabled, p.proowner, n.oid AS schema, n.nspowner,
    md5(concat_ws('|', l.lanname, CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END, p.provolatile, p.proparallel,
      coalesce(array_to_string(p.proconfig, ','), ''), format_type(p.prorettype, NULL), p.prosrc)) AS digest
  FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE t.evtname = $1 OR t.evtname = ANY ($2::text[])
), list AS (
  SELECT c.oid, c.relowner, c.relnamespace FROM pg_class c WHERE c.relname = 'protected' AND c.relkind = 'r'
), judged AS (
  SELECT t.*, list.oid AS list, (SELECT me.rolsuper FROM me) OR
    (SELECT bool_and(o.rolsuper AND NOT pg_has_role(o.oid, 'MEMBER')) FROM pg_roles o WHERE o.oid IN (t.evtowner, t.proowner, t.nspowner, list.relowner)) AS safe
  FROM trigger t LEFT JOIN list ON list.relnamespace = t.schema AND t.evtname = $1
), guard AS (
  SELECT * FROM judged WHERE evtname = $1
)
SELECT guard.oid IS NOT NULL AS "installed", coalesce(guard.enabled AND guard.evtevent = 'ddl_command_end', false) AS "enabled",
  coalesce(guard.safe, false) AS "safe", coalesce(guard.digest, '') AS "digest",
  coalesce(has_table_privilege(guard.list, 'SELECT')
    AND has_table_privilege(guard.list, 'INSERT')
    AND has_table_privilege(guard.list, 'DELETE')
    AND has_schema_privilege(guard.schema, 'USAGE'), false) AS "mayList",
  (SELECT json_agg(json_build_object('name', j.evtname, 'event', j.evtevent, 'enabled', j.enabled, 'safe', j.safe, 'digest', j.digest))
     FROM judged j WHERE j.evtname = ANY ($2::text[])) AS "tells"
FROM me LEFT JOIN guard ON true
