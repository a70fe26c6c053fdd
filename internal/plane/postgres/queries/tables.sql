-- Tables of the protected schemas ($1), and partitions and children of them elsewhere. A policy reaches those of the roles ($2)
-- that it applies to, or that can become one that it applies to. Bare are tables without row-level security that it asks.
WITH RECURSIVE inherited AS (
  SELECT i.inhrelid AS oid, i.inhparent AS ancestor, k.relispartition AS partition FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid AND k.relkind IN ('r', 'p', 'f') AND k.relpersistence <> 't'
  UNION
  SELECT i.inhrelid, a.ancestor, k.relispartition AND a.partition FROM inherited a JOIN pg_inherits i ON i.inhparent = a.oid
  JOIN pg_class k ON k.oid = i.inhrelid AND k.relkind IN ('r', 'p', 'f') AND k.relpersistence <> 't'
), wanted AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
), candidates AS (
  SELECT oid FROM wanted UNION SELECT i.oid FROM inherited i WHERE i.ancestor IN (SELECT oid FROM wanted)
), led AS (
  SELECT i.indrelid, array_agg(i.indkey[0]) AS columns FROM pg_index i
  WHERE i.indrelid IN (SELECT oid FROM candidates) AND i.indisvalid AND i.indpred IS NULL GROUP BY i.indrelid
), cols AS (
  SELECT a.attrelid AS oid, json_agg(json_build_object('name', a.attname, 'quoted', quote_ident(a.attname),
    'type', format_type(a.atttypid, NULL), 'notNull', a.attnotnull, 'drawn', a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%', false), 'fuzzy', NOT coalesce(l.collisdeterministic, true),
    'leads', coalesce(a.attnum = ANY (led.columns), false)) ORDER BY a.attnum) AS list
  FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN led ON led.indrelid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid IN (SELECT oid FROM candidates) AND a.attnum > 0 AND NOT a.attisdropped GROUP BY a.attrelid
), pols AS (
  SELECT p.polrelid AS oid, json_agg(json_build_object('name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
    'public', p.polroles = '{0}'::oid[],
    'roles', (SELECT json_agg(json_build_object('name', g.rolname, 'exempt', g.rolsuper OR g.rolbypassrls) ORDER BY g.rolname) FROM pg_roles g WHERE g.oid = ANY (p.polroles)),
    'reaches', (SELECT json_agg(u.rolname ORDER BY u.rolname) FROM pg_roles u WHERE u.rolname = ANY ($2::text[])
       AND (p.polroles = '{0}'::oid[] OR EXISTS (SELECT FROM unnest(p.polroles) g WHERE g = 0 OR pg_has_role(u.oid, g, 'MEMBER')))),
    'bare', (SELECT json_agg(DISTINCT b.oid::regclass::text) FROM pg_depend d JOIN pg_class b ON b.oid = d.refobjid AND b.relkind IN ('r', 'p') AND NOT b.relrowsecurity
       WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND b.oid <> p.polrelid),
    'volatile', (SELECT json_agg(DISTINCT f.oid::regprocedure::text) FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid AND f.provolatile = 'v'
       WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass),
    'using', coalesce(pg_get_expr(p.polqual, p.polrelid), ''),
    'check', coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')) ORDER BY p.polname) AS list
  FROM pg_policy p WHERE p.polrelid IN (SELECT oid FROM candidates) GROUP BY p.polrelid
), seqs AS (
  -- Sequences that defaults draw from. Identity columns need no right on theirs.
  SELECT d.adrelid AS oid, json_agg(DISTINCT '"' || replace(sn.nspname, '"', '""') || '"."' || replace(s.relname, '"', '""') || '"') AS list
  FROM pg_attrdef d JOIN pg_depend x ON x.classid = 'pg_attrdef'::regclass AND x.objid = d.oid AND x.refclassid = 'pg_class'::regclass
  JOIN pg_class s ON s.oid = x.refobjid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
  WHERE d.adrelid IN (SELECT oid FROM candidates) AND pg_has_role(s.relowner, 'USAGE') GROUP BY d.adrelid
), ancestors AS (
  SELECT oid, json_agg(ancestor::bigint ORDER BY ancestor) FILTER (WHERE partition) AS list,
    json_agg(ancestor::bigint ORDER BY ancestor) FILTER (WHERE NOT partition) AS children
  FROM inherited WHERE ancestor IN (SELECT oid FROM candidates) GROUP BY oid
)
SELECT c.oid::bigint AS "oid", n.nspname AS "schema", c.relname AS "name", c.relkind = 'f' AS "foreign", ancestors.list AS "partitionOf", ancestors.children AS "childOf",
  r.rolname AS "owner", r.rolsuper AS "ownerSuper", pg_has_role(c.relowner, 'USAGE') AS "mayAlter", c.relrowsecurity AS "rls",
  c.relforcerowsecurity AS "force", cols.list AS "columns", pols.list AS "policies", seqs.list AS "sequences"
FROM candidates x JOIN pg_class c ON c.oid = x.oid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
LEFT JOIN cols ON cols.oid = x.oid LEFT JOIN pols ON pols.oid = x.oid LEFT JOIN seqs ON seqs.oid = x.oid
LEFT JOIN ancestors ON ancestors.oid = x.oid
ORDER BY n.nspname, c.relname
