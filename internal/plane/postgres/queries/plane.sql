-- What is one of a kind: registered application roles, members of the groups ($1 tenants, $2 applications, $3 the prefix),
-- roles with BYPASSRLS, orphans, and settings of app.current_tenant.
SELECT
  (SELECT coalesce(json_agg(a.role_name ORDER BY a.role_name), '[]') FROM tenantry.app_roles a) AS "registered",
  (SELECT coalesce(json_agg(u.rolname ORDER BY u.rolname), '[]') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
     JOIN pg_roles u ON u.oid = m.member WHERE g.rolname = $1 AND NOT starts_with(u.rolname, $3) AND u.rolname <> current_user) AS "strangers",
  (SELECT coalesce(json_agg(u.rolname ORDER BY u.rolname), '[]') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
     JOIN pg_roles u ON u.oid = m.member WHERE g.rolname = $2 AND u.rolname <> current_user) AS "apps",
  (SELECT coalesce(json_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles r
    WHERE r.rolbypassrls AND NOT r.rolsuper AND NOT starts_with(r.rolname, $3)) AS "bypassers",
  (SELECT coalesce(json_agg(r.rolname ORDER BY r.rolname), '[]') FROM pg_roles r
    WHERE starts_with(r.rolname, $3) AND r.rolname NOT IN ($1, $2)
      AND NOT EXISTS (SELECT FROM tenantry.logins l WHERE l.role_name = r.rolname)) AS "orphans",
  (SELECT coalesce(json_agg(json_build_object('role', coalesce(r.rolname, ''), 'database', coalesce(d.datname, ''))
            ORDER BY r.rolname NULLS FIRST, d.datname NULLS FIRST), '[]')
     FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
    WHERE (s.setdatabase = 0 OR d.datname = current_database())
      AND (s.setrole = 0 OR r.rolname = ANY ($4::text[]))
      AND EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c LIKE 'app.current\_tenant=_%')) AS "settings"
