-- Functions that run with the rights of their owner, other than those of extensions and Tenantry's: which of the roles ($2)
-- may call them, on which tables of the protected schemas ($1) triggers call them, and which of those their text names.
WITH who AS (
  SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY ($2::text[]) AND NOT r.rolsuper
), tables AS (
  SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
), definers AS (
  SELECT p.oid, p.pronamespace, p.prosrc, p.proacl, p.proowner, p.proconfig, p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) AS fired,
    l.lanname, o.rolname AS owner, o.rolsuper OR o.rolbypassrls AS exempt
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles o ON o.oid = p.proowner
  WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenantry', 'tenantry_guard') AND NOT starts_with(n.nspname, 'pg_temp_')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
), judged AS (
  SELECT f.*,
    CASE WHEN NOT f.fired THEN (SELECT json_agg(w.rolname ORDER BY w.rolname) FROM who w
      WHERE has_function_privilege(w.oid, f.oid, 'EXECUTE') AND has_schema_privilege(w.oid, f.pronamespace, 'USAGE')) END AS callers,
    (SELECT json_agg(DISTINCT t.tgrelid::bigint) FROM pg_trigger t WHERE t.tgfoid = f.oid AND NOT t.tgisinternal AND t.tgrelid IN (SELECT oid FROM tables)) AS fires
  FROM definers f
), read AS (
  SELECT j.*, j.lanname NOT IN ('sql', 'plpgsql') OR (j.lanname = 'plpgsql' AND j.prosrc ~* '\mexecute\M') AS dynamic,
    CASE WHEN j.exempt THEN (
      SELECT json_agg(n.oid::bigint) FROM (
        SELECT t.oid FROM tables t
        WHERE (strpos(lower(j.prosrc), lower(t.relname)) > 0 AND j.prosrc ~* ('(?<!\w)' || regexp_replace(t.relname, '(\W)', '\\\1', 'g') || '(?!\w)'))
           OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = j.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)
        ORDER BY t.oid LIMIT 20) n) END AS reads
  FROM judged j WHERE j.callers IS NOT NULL OR j.fires IS NOT NULL
)
SELECT j.oid::regprocedure::text AS "name", j.owner AS "owner", j.exempt AS "exempt", j.callers AS "callers", j.fires AS "fires",
  coalesce((SELECT substr(c, length('search_path=') + 1) FROM unnest(j.proconfig) c WHERE starts_with(c, 'search_path=')), '-') AS "path",
  j.dynamic AS "dynamic", j.reads AS "reads",
  (SELECT json_agg(DISTINCT coalesce(g.rolname, '')) FROM aclexplode(coalesce(j.proacl, acldefault('f', j.proowner))) x LEFT JOIN pg_roles g ON g.oid = x.grantee
    WHERE x.grantee = 0 OR EXISTS (SELECT FROM who w WHERE x.grantee <> j.proowner AND pg_has_role(w.oid, x.grantee, 'MEMBER'))) AS "grantees"
FROM read j
ORDER BY j.exempt DESC, j.reads IS NULL, j.dynamic DESC, 1
LIMIT 200
