-- Rights of the groups ($1) on anything; of PUBLIC on tables of the protected schemas ($2), on this database and on the
-- schema tenantry; of the application's roles ($3) on the schema tenantry, and what policies do not hold on tables of the
-- protected schemas; of anybody to write in the schema tenantry. Temporary objects are left out, and all large
-- objects but a few: every tenant can make and share any number of them, and holds nobody else's rows in them.
WITH acls AS (
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, n.nspname AS schema,
    '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"' AS object,
    '' AS "column", c.relacl AS acl, c.relowner AS owner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relacl IS NOT NULL AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'TABLE', n.nspname, '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"', a.attname, a.attacl, c.relowner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (
    SELECT a.attname, a.attacl FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped OFFSET 0) a
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL
  SELECT 'SCHEMA', n.nspname, '"' || replace(n.nspname, '"', '""') || '"', '', n.nspacl, n.nspowner
  FROM pg_namespace n WHERE n.nspacl IS NOT NULL
  UNION ALL
  SELECT 'FUNCTION', n.nspname, p.oid::regprocedure::text, '', coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE (p.proacl IS NOT NULL OR n.nspname = 'tenantry') AND NOT starts_with(n.nspname, 'pg_temp_')
  UNION ALL
  SELECT 'DATABASE', '', '"' || replace(d.datname, '"', '""') || '"', '', coalesce(d.datacl, acldefault('d', d.datdba)), d.datdba
  FROM pg_database d WHERE d.datname = current_database()
  UNION ALL SELECT 'TYPE', '', t.oid::regtype::text, '', t.typacl, t.typowner FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typacl IS NOT NULL AND NOT starts_with(n.nspname, 'pg_temp_')
  UNION ALL SELECT 'LANGUAGE', '', l.lanname, '', l.lanacl, l.lanowner FROM pg_language l WHERE l.lanacl IS NOT NULL
  UNION ALL (
    SELECT 'LARGE OBJECT', '', o.oid::text, '', o.lomacl, o.lomowner
    FROM (SELECT * FROM (SELECT * FROM pg_largeobject_metadata LIMIT 10000) x WHERE x.lomacl IS NOT NULL LIMIT 100) o
    WHERE EXISTS (SELECT FROM aclexplode(o.lomacl) x JOIN pg_roles g ON g.oid = x.grantee WHERE g.rolname = ANY ($1::text[])) LIMIT 20)
  UNION ALL SELECT 'FOREIGN SERVER', '', f.srvname, '', f.srvacl, f.srvowner FROM pg_foreign_server f WHERE f.srvacl IS NOT NULL
  UNION ALL SELECT 'TABLESPACE', '', t.spcname, '', t.spcacl, t.spcowner FROM pg_tablespace t WHERE t.spcacl IS NOT NULL
)
SELECT a.kind AS "kind", a.object AS "object", a.column AS "column", x.privilege_type AS "privilege", coalesce(g.rolname, '') AS "grantee",
  pg_get_userbyid(x.grantor) AS "grantor", x.is_grantable AS "grantable",
  a.kind IN ('TABLE', 'SEQUENCE', 'SCHEMA', 'FUNCTION', 'DATABASE') AND
    CASE WHEN pg_has_role(a.owner, 'USAGE') THEN x.grantor = a.owner ELSE pg_get_userbyid(x.grantor) = current_user END AS "mayRevoke"
FROM acls a CROSS JOIN LATERAL aclexplode(a.acl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
WHERE g.rolname = ANY ($1::text[])
   OR (x.grantee = 0 AND ((a.kind IN ('TABLE', 'SEQUENCE') AND a.schema = ANY ($2::text[])) OR a.kind = 'DATABASE' OR a.schema = 'tenantry'))
   OR (a.schema = 'tenantry' AND x.grantee <> a.owner AND g.rolname = ANY ($3::text[]))
   OR (a.schema = 'tenantry' AND x.grantee <> a.owner AND x.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'CREATE'))
   OR (a.kind = 'TABLE' AND a.schema = ANY ($2::text[]) AND x.grantee <> a.owner AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER') AND g.rolname = ANY ($3::text[]))
ORDER BY 1, 2, 3, 4, 5, 6
