-- The event trigger ($1) and the function behind it. Safe: everything about it belongs to superusers, and the operator is
-- no member of them.
SELECT true AS "installed", t.evtenabled IN ('O', 'A') AND t.evtevent = 'ddl_command_end' AND t.evttags IS NULL AS "enabled",
  coalesce(bool_and(o.rolsuper AND NOT pg_has_role(o.oid, 'MEMBER')), false) OR me.rolsuper AS "safe",
  md5(concat_ws('|', l.lanname, CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END, p.provolatile, p.proparallel,
    coalesce(array_to_string(p.proconfig, ','), ''), format_type(p.prorettype, NULL), p.prosrc)) AS "digest",
  coalesce(has_table_privilege(c.oid, 'SELECT')
    AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'DELETE')
    AND has_schema_privilege(n.oid, 'USAGE'), false) AS "mayList"
FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_language l ON l.oid = p.prolang
JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'protected' AND c.relkind = 'r'
JOIN pg_roles o ON o.oid IN (t.evtowner, p.proowner, n.nspowner, c.relowner) JOIN pg_roles me ON me.rolname = current_user
WHERE t.evtname = $1
GROUP BY t.oid, t.evtenabled, t.evtevent, t.evttags, p.oid, p.prosecdef, p.provolatile, p.proparallel, p.proconfig, p.prorettype, p.prosrc,
  l.lanname, n.oid, c.oid, me.rolsuper
