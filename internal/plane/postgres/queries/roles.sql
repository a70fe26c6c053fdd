-- Roles by name ($1), by prefix ($2, '' for none), and those recorded for tenants ($3). Members and holdings are read for
-- roles that start with $4 and are not in $5, the groups: a group's members are counted in thousands.
WITH chosen AS (
  SELECT r.oid FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
  UNION SELECT r.oid FROM pg_roles r WHERE $2 <> '' AND starts_with(r.rolname, $2)
  UNION SELECT r.oid FROM tenantry.logins l JOIN pg_roles r ON r.rolname = l.role_name WHERE l.tenant_id = ANY ($3::text[])
), ours AS (
  SELECT r.*, starts_with(r.rolname, $4) AND r.rolname <> ALL ($5::text[]) AS login FROM pg_roles r WHERE r.oid IN (SELECT oid FROM chosen)
), up AS (
  SELECT m.member AS oid, json_agg(r.rolname ORDER BY r.rolname) AS names,
    json_agg(r.rolname ORDER BY r.rolname) FILTER (WHERE m.admin_option) AS admin
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member IN (SELECT oid FROM ours) GROUP BY m.member
), down AS (
  -- From PostgreSQL 16 on, whoever makes a role is a member of it with ADMIN alone, which is how the operator alters it.
  SELECT m.roleid AS oid, json_agg(r.rolname ORDER BY r.rolname) AS names
  FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
  WHERE m.roleid IN (SELECT oid FROM ours WHERE login) AND r.rolname <> current_user GROUP BY m.roleid
), settings AS (
  SELECT s.setrole AS oid, json_agg(coalesce(d.datname, '') ORDER BY d.datname NULLS FIRST) AS names
  FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
  WHERE s.setrole IN (SELECT oid FROM ours) GROUP BY s.setrole
), shared AS (
  -- Of what a role can be given or make without limit, 20 are enough. Rights that others than tenants gave are all read, so
  -- that nothing hides them.
  SELECT ours.oid, true AS owned, false AS by_tenant, s.dbid, s.classid, s.objid
  FROM ours CROSS JOIN LATERAL (
    SELECT d.dbid, d.classid, d.objid FROM pg_shdepend d
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = ours.oid AND d.deptype = 'o' LIMIT 20) s
  WHERE ours.login
  UNION
  SELECT ours.oid, false, t.tenants, s.dbid, s.classid, s.objid
  FROM ours CROSS JOIN (VALUES (true, 20), (false, NULL)) t (tenants, most) CROSS JOIN LATERAL (
    SELECT d.dbid, d.classid, d.objid FROM pg_shdepend d
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = ours.oid AND d.deptype <> 'o'
      AND d.classid <> 'pg_auth_members'::regclass
      AND t.tenants = EXISTS (
        SELECT FROM pg_shdepend o JOIN pg_roles r ON r.oid = o.refobjid
        WHERE o.dbid = d.dbid AND o.classid = d.classid AND o.objid = d.objid AND o.objsubid = 0
          AND o.refclassid = 'pg_authid'::regclass AND o.deptype = 'o' AND starts_with(r.rolname, $4))
    LIMIT t.most) s
  WHERE ours.login
), held AS (
  SELECT s.*, s.dbid <> 0 AND s.dbid <> (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AS elsewhere FROM shared s
), named AS (
  -- Revoke is '' where the right is not the operator's to take away: in another database, on an object whose owner it is not
  -- a member of, or given by somebody else than the owner.
  SELECT h.oid, h.owned, h.by_tenant,
    CASE WHEN h.elsewhere THEN 'an object in database ' || coalesce((SELECT d.datname FROM pg_database d WHERE d.oid = h.dbid), '?')
         ELSE coalesce(pg_describe_object(h.classid, h.objid, 0), 'an object that is gone') END AS object,
    NOT h.elsewhere AND h.classid = 'pg_class'::regclass
      AND EXISTS (SELECT FROM pg_class c WHERE c.oid = h.objid AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relpersistence <> 't') AS relation,
    coalesce(CASE WHEN h.elsewhere THEN ''
      WHEN h.classid = 'pg_class'::regclass THEN (
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || format('%I.%I', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = h.objid AND pg_has_role(c.relowner, 'USAGE')
          AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = h.oid AND x.grantor <> c.relowner)
          AND NOT EXISTS (SELECT FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
                           WHERE a.attrelid = c.oid AND x.grantee = h.oid AND x.grantor <> c.relowner))
      WHEN h.classid = 'pg_namespace'::regclass THEN (
        SELECT format('SCHEMA %I', n.nspname) FROM pg_namespace n WHERE n.oid = h.objid AND pg_has_role(n.nspowner, 'USAGE')
          AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) x WHERE x.grantee = h.oid AND x.grantor <> n.nspowner))
      WHEN h.classid = 'pg_proc'::regclass THEN (
        SELECT 'ROUTINE ' || p.oid::regprocedure FROM pg_proc p WHERE p.oid = h.objid AND pg_has_role(p.proowner, 'USAGE')
          AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) x WHERE x.grantee = h.oid AND x.grantor <> p.proowner))
      WHEN h.classid = 'pg_database'::regclass THEN (
        SELECT format('DATABASE %I', d.datname) FROM pg_database d WHERE d.oid = h.objid AND pg_has_role(d.datdba, 'USAGE')
          AND NOT EXISTS (SELECT FROM aclexplode(d.datacl) x WHERE x.grantee = h.oid AND x.grantor <> d.datdba))
    END, '') AS revoke
  FROM held h
), holdings AS (
  SELECT oid, json_agg(json_build_object('owned', owned, 'byTenant', by_tenant, 'object', object, 'relation', relation, 'revoke', revoke) ORDER BY object, owned) AS list
  FROM named GROUP BY oid
), live AS (
  SELECT a.usesysid AS oid, count(*) AS sessions FROM pg_stat_activity a
  WHERE a.usesysid IN (SELECT oid FROM ours WHERE login) GROUP BY a.usesysid
)
SELECT o.oid::bigint AS "oid", o.rolname AS "name", o.rolsuper AS "super", o.rolbypassrls AS "bypassRLS",
  o.rolcreaterole AS "createRole", o.rolcreatedb AS "createDB", o.rolreplication AS "replication", o.rolinherit AS "inherit",
  o.rolcanlogin AS "login", o.rolconnlimit AS "connLimit", coalesce(o.rolvaliduntil <> 'infinity', false) AS "expires",
  up.names AS "memberOf", up.admin AS "admin", down.names AS "members", settings.names AS "settingsIn",
  holdings.list AS "holdings", coalesce(live.sessions, 0) AS "sessions"
FROM ours o LEFT JOIN up USING (oid) LEFT JOIN down USING (oid) LEFT JOIN settings USING (oid)
LEFT JOIN holdings USING (oid) LEFT JOIN live USING (oid)
ORDER BY o.rolname
