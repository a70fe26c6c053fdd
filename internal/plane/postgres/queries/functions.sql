-- Functions of the schema tenantry, with the digest that rows.FunctionDigest describes.
SELECT p.proname || '(' || coalesce((SELECT string_agg(format_type(t.oid, NULL), ',' ORDER BY t.n)
         FROM unnest(p.proargtypes) WITH ORDINALITY AS t (oid, n)), '') || ')' AS "name",
  md5(concat_ws('|', l.lanname, CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END, p.provolatile, p.proparallel,
    coalesce(array_to_string(p.proconfig, ','), ''), format_type(p.prorettype, NULL), p.prosrc)) AS "definition",
  pg_get_userbyid(p.proowner) = current_user AS "owned"
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = to_regnamespace('tenantry')
ORDER BY 1
