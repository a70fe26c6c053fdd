-- Views over tables of the protected schemas ($1), through other views too, that one of the roles ($2) or PUBLIC may read.
WITH RECURSIVE direct AS (
  SELECT DISTINCT r.ev_class AS view, d.refobjid AS reads FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
  WHERE d.refobjid <> r.ev_class
), reached AS (
  SELECT view, reads FROM direct UNION SELECT x.view, d.reads FROM reached x JOIN direct d ON d.view = x.reads
), over AS (
  SELECT x.view, json_agg(DISTINCT x.reads::bigint) AS tables FROM reached x
  JOIN pg_class t ON t.oid = x.reads AND t.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE n.nspname = ANY ($1::text[]) GROUP BY x.view
)
SELECT n.nspname AS "schema", v.relname AS "name", v.relkind = 'm' AS "materialised", r.rolname AS "owner",
  r.rolsuper OR r.rolbypassrls AS "exempt",
  coalesce('security_invoker=true' = ANY (v.reloptions) OR 'security_invoker=on' = ANY (v.reloptions)
    OR 'security_invoker=1' = ANY (v.reloptions) OR 'security_invoker=yes' = ANY (v.reloptions), false) AS "invoker",
  over.tables AS "tables", readers.list AS "readers"
FROM over JOIN pg_class v ON v.oid = over.view JOIN pg_namespace n ON n.oid = v.relnamespace JOIN pg_roles r ON r.oid = v.relowner
CROSS JOIN LATERAL (
  SELECT json_agg(who.name ORDER BY who.name) AS list FROM (
    SELECT DISTINCT coalesce(g.rolname, '') AS name FROM aclexplode(v.relacl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
    WHERE x.privilege_type = 'SELECT' AND x.grantee <> v.relowner
      AND (x.grantee = 0 OR EXISTS (SELECT FROM pg_roles u WHERE u.rolname = ANY ($2::text[]) AND pg_has_role(u.oid, x.grantee, 'MEMBER')))
  ) who
) readers
WHERE readers.list IS NOT NULL
ORDER BY 1, 2
