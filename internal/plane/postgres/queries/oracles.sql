-- Constraints of tables of the protected schemas ($1) that look at rows of all tenants: unique and exclusion indexes, and
-- foreign keys. Columns are those of the table, Parents those referred to, in the same order; an expression is ''.
WITH tables AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
)
SELECT i.indrelid::bigint AS "table", ic.relname AS "name", false AS "reference", 0 AS "parent",
  (SELECT json_agg(coalesce(a.attname, '') ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0 WHERE k.n <= i.indnkeyatts) AS "columns", NULL::json AS "parents"
FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE i.indrelid IN (SELECT oid FROM tables) AND (i.indisunique OR i.indisexclusion) AND NOT ic.relispartition
UNION ALL
SELECT k.conrelid::bigint, k.conname, true, k.confrelid::bigint,
  (SELECT json_agg(a.attname ORDER BY x.n) FROM unnest(k.conkey) WITH ORDINALITY AS x (attnum, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum),
  (SELECT json_agg(a.attname ORDER BY x.n) FROM unnest(k.confkey) WITH ORDINALITY AS x (attnum, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum)
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid IN (SELECT oid FROM tables) AND k.confrelid IN (SELECT oid FROM tables)
ORDER BY 1, 2
