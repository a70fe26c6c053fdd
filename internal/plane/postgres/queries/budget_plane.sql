-- What all budgets share: settings, prices and routes in effect, the tables with their protection, and what is left over.
SELECT clock_timestamp() AS "now", current_user AS "operator",
  (SELECT json_build_object('reservationSeconds', s.reservation_seconds, 'onExpiry', s.on_expiry, 'withoutBudget', s.without_budget)
     FROM tenantry.budget_settings s) AS "settings",
  (SELECT coalesce(json_agg(json_build_object('model', p.model, 'input', p.input_price, 'output', p.output_price) ORDER BY p.model), '[]') FROM (
     SELECT DISTINCT ON (x.model) x.* FROM tenantry.model_prices x WHERE x.valid_from <= clock_timestamp() ORDER BY x.model, x.valid_from DESC) p
    WHERE p.input_price IS NOT NULL) AS "prices",
  (SELECT coalesce(json_agg(json_build_object('tier', r.tier, 'complexity', r.complexity, 'model', r.model) ORDER BY r.tier, r.complexity), '[]')
     FROM tenantry.model_routing r) AS "routes",
  (SELECT coalesce(json_agg(json_build_object('name', c.relname, 'rls', c.relrowsecurity, 'force', c.relforcerowsecurity, 'partition', c.relispartition,
       'from', substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']+)''\)')::timestamptz,
       'to', substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz,
       'indexed', 2 = (SELECT count(DISTINCT a.attname) FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[1]
         WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indnatts = 2
           AND i.indkey[0] = (SELECT t.attnum FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
           AND ((a.attname = 'created_at' AND i.indcollation[0] = 'pg_catalog."POSIX"'::regcollation) OR (a.attname = 'request_id' AND i.indisunique))),
       'policies', (SELECT coalesce(json_agg(json_build_object('name', p.polname, 'definition', concat_ws(' ', p.polcmd,
             CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
             (SELECT string_agg(CASE WHEN o = 0 THEN 'public' ELSE pg_get_userbyid(o) END, ',') FROM unnest(p.polroles) o),
             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))) ORDER BY p.polname), '[]')
           FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY c.relname), '[]')
     FROM pg_class c WHERE c.oid IN ('tenantry.tenant_budgets'::regclass, 'tenantry.budget_periods'::regclass, 'tenantry.ai_usage_logs'::regclass)
       OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'tenantry.ai_usage_logs'::regclass)) AS "tables",
  (SELECT coalesce(json_agg(DISTINCT date_trunc('month', d.created_at, 'UTC')), '[]') FROM tenantry.ai_usage_logs_default d) AS "stray",
  (SELECT coalesce(json_agg(b.tenant_id ORDER BY b.tenant_id), '[]') FROM tenantry.tenant_budgets b JOIN tenantry.claims c USING (tenant_id)
    WHERE c.tombstone AND b.open_requests = 0) AS "gone"
