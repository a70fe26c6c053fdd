-- Ways to rows of tables of the protected schemas ($1) past their policies: views that read a table with the rights of an
-- owner whom row-level security does not hold, materialised views over one at any depth, and the views through which one of
-- the roles ($2, the group of tenants first) gets at them. What runs with the rights of whoever asks leads nowhere that he may not go himself.
WITH RECURSIVE direct AS (
  SELECT DISTINCT r.ev_class AS view, d.refobjid AS reads FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') AND v.relpersistence <> 't'
  WHERE d.refobjid <> r.ev_class
), reached AS (
  SELECT view, reads FROM direct UNION SELECT x.view, d.reads FROM reached x JOIN direct d ON d.view = x.reads
), kinds AS (
  SELECT v.oid, v.relname, v.relkind, v.relnamespace, v.relowner, v.relacl, r.rolname AS owner, r.rolsuper OR r.rolbypassrls AS exempt,
    coalesce('security_invoker=true' = ANY (v.reloptions) OR 'security_invoker=on' = ANY (v.reloptions)
      OR 'security_invoker=1' = ANY (v.reloptions) OR 'security_invoker=yes' = ANY (v.reloptions), false) AS invoker
  FROM pg_class v JOIN pg_roles r ON r.oid = v.relowner WHERE v.relkind IN ('v', 'm') AND v.relpersistence <> 't'
), tables AS (
  SELECT t.oid FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.relkind IN ('r', 'p') AND n.nspname = ANY ($1::text[])
), leaky AS (
  SELECT d.view, d.reads FROM direct d JOIN kinds k ON k.oid = d.view
  WHERE k.relkind = 'v' AND k.exempt AND NOT k.invoker AND d.reads IN (SELECT oid FROM tables)
  UNION
  SELECT r.view, r.reads FROM reached r JOIN kinds k ON k.oid = r.view WHERE k.relkind = 'm' AND r.reads IN (SELECT oid FROM tables)
), tops AS (
  SELECT l.view, l.view AS via, l.reads FROM leaky l
  UNION
  SELECT r.view, l.view, l.reads FROM leaky l JOIN reached r ON r.reads = l.view JOIN kinds k ON k.oid = r.view WHERE NOT k.invoker
), ways AS (
  SELECT view, via, json_agg(DISTINCT reads::bigint) AS tables FROM tops GROUP BY view, via
)
SELECT n.nspname AS "schema", k.relname AS "name", k.relkind = 'm' AS "materialised", k.owner AS "owner",
  CASE WHEN w.via <> w.view THEN format('%I.%I', vn.nspname, via.relname) ELSE '' END AS "via", via.relkind = 'm' AS "viaMaterialised", via.owner AS "viaOwner",
  w.tables AS "tables", readers.list AS "readers", grantees.list AS "grantees"
FROM ways w JOIN kinds k ON k.oid = w.view JOIN pg_namespace n ON n.oid = k.relnamespace
JOIN kinds via ON via.oid = w.via JOIN pg_namespace vn ON vn.oid = via.relnamespace
CROSS JOIN LATERAL (
  SELECT json_agg(u.rolname ORDER BY u.rolname) AS list, bool_or(u.rolname = ($2::text[])[1]) AS tenants FROM pg_roles u
  WHERE u.rolname = ANY ($2::text[]) AND NOT u.rolsuper AND u.oid <> k.relowner AND has_schema_privilege(u.oid, n.oid, 'USAGE')
    AND (has_any_column_privilege(u.oid, k.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(u.oid, k.oid, 'DELETE'))
) readers
CROSS JOIN LATERAL (
  SELECT json_agg(DISTINCT coalesce(g.rolname, '')) AS list
  FROM (SELECT k.relacl AS acl UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = k.oid AND a.attacl IS NOT NULL) acls
  CROSS JOIN LATERAL aclexplode(acls.acl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
  WHERE x.grantee = 0 OR EXISTS (SELECT FROM pg_roles u WHERE u.rolname = ANY ($2::text[]) AND x.grantee <> k.relowner AND pg_has_role(u.oid, x.grantee, 'MEMBER'))
) grantees
WHERE readers.list IS NOT NULL
ORDER BY readers.tenants DESC, 1, 2, 5
LIMIT 200
