-- Roles by name ($1), by prefix ($2, '' for none), and those recorded for tenants ($3). Members and holdings are read for
-- roles that start with $4 and are not in $5, the groups: a group's members are counted in thousands.
WITH here AS (
  SELECT d.oid FROM pg_database d WHERE d.datname = current_database()
), chosen AS (
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
), things AS MATERIALIZED (
  -- What stands in this database and cannot be made by a tenant. Rights on it are all read, so that nothing hides them.
  SELECT here.oid AS dbid, 'pg_class'::regclass AS classid, c.oid AS objid FROM pg_class c, here
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
  UNION ALL SELECT here.oid, 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid AND c.relpersistence <> 't', here
  UNION ALL SELECT here.oid, 'pg_namespace'::regclass, n.oid FROM pg_namespace n, here WHERE NOT starts_with(n.nspname, 'pg_t')
  UNION ALL SELECT here.oid, 'pg_proc'::regclass, p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, here
  WHERE NOT starts_with(n.nspname, 'pg_temp_') AND (p.proacl IS NOT NULL OR p.proowner IN (SELECT oid FROM ours WHERE login))
  UNION ALL SELECT here.oid, 'pg_type'::regclass, t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace, here
  WHERE NOT starts_with(n.nspname, 'pg_temp_') AND t.typacl IS NOT NULL
  UNION ALL SELECT here.oid, 'pg_default_acl'::regclass, d.oid FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole, here WHERE NOT starts_with(r.rolname, $4)
  UNION ALL SELECT here.oid, 'pg_foreign_server'::regclass, f.oid FROM pg_foreign_server f, here
  UNION ALL SELECT here.oid, 'pg_foreign_data_wrapper'::regclass, f.oid FROM pg_foreign_data_wrapper f, here
  UNION ALL SELECT here.oid, 'pg_language'::regclass, l.oid FROM pg_language l, here
  UNION ALL SELECT 0, 'pg_database'::regclass, d.oid FROM pg_database d
  UNION ALL SELECT 0, 'pg_tablespace'::regclass, t.oid FROM pg_tablespace t
), found AS (
  SELECT d.refobjid AS oid, d.deptype = 'o' AS owned, t.dbid, t.classid, t.objid
  FROM things t CROSS JOIN LATERAL (
    SELECT d.refobjid, d.deptype FROM pg_shdepend d
    WHERE d.dbid = t.dbid AND d.classid = t.classid AND d.objid = t.objid AND d.refclassid = 'pg_authid'::regclass OFFSET 0) d
  WHERE EXISTS (SELECT FROM ours WHERE login) AND d.refobjid IN (SELECT oid FROM ours WHERE login)
), sampled AS MATERIALIZED (
  -- All else, such as large objects and temporary tables, a tenant can make, and share with any role, by the million: of the
  -- records of each role the first 50 are looked at. Their order makes the index stop there, whatever lies behind.
  SELECT ours.oid, s.deptype, s.dbid, s.classid, s.objid
  FROM ours CROSS JOIN LATERAL (
    SELECT d.refobjid, d.deptype, d.dbid, d.classid, d.objid FROM pg_shdepend d
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid >= ours.oid ORDER BY d.refobjid LIMIT 50) s
  WHERE ours.login AND s.refobjid = ours.oid
), crowds AS (
  SELECT oid FROM sampled GROUP BY oid HAVING count(*) = 50
), others AS MATERIALIZED (
  -- Of an object that is shared with so many that its owner is not among the first 50, nobody but a tenant is the owner.
  SELECT o.*, k.owner, k.shared FROM (
    SELECT DISTINCT s.dbid, s.classid, s.objid FROM sampled s
    WHERE s.classid <> 'pg_auth_members'::regclass AND (s.dbid, s.classid, s.objid) NOT IN (SELECT t.dbid, t.classid, t.objid FROM things t)) o
  CROSS JOIN LATERAL (
    SELECT count(*) = 50 OR coalesce(bool_or(d.deptype = 'o' AND starts_with(r.rolname, $4)), false) AS owner,
      bool_or(d.deptype <> 'o') AS shared
    FROM (
      SELECT d.deptype, d.refobjid FROM pg_shdepend d
      WHERE d.dbid = o.dbid AND d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_authid'::regclass LIMIT 50) d
    LEFT JOIN pg_roles r ON r.oid = d.refobjid) k
), loose AS (
  SELECT s.oid, s.deptype = 'o' AS owned, o.owner AS by_tenant, o.shared, s.dbid, s.classid, s.objid FROM sampled s JOIN others o USING (dbid, classid, objid)
), sharing AS (
  SELECT oid, bool_or(owned AND shared) AS shares, bool_or(NOT owned AND by_tenant) AS shared FROM loose GROUP BY oid
), held AS (
  SELECT s.*, s.dbid NOT IN (0, here.oid) AS elsewhere FROM here, (
    SELECT f.*, row_number() OVER (PARTITION BY f.oid, f.owned ORDER BY f.objid) AS n FROM found f
    UNION
    SELECT l.oid, l.owned, l.dbid, l.classid, l.objid, row_number() OVER (PARTITION BY l.oid, l.owned ORDER BY l.objid)
    FROM loose l WHERE l.owned OR NOT l.by_tenant) s
  WHERE s.n <= 20 OR NOT s.owned
), named AS (
  -- Revoke is '' where the right is not the operator's to take away: in another database, on an object whose owner it is not
  -- a member of, or given by somebody else than the owner.
  SELECT h.oid, h.owned,
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
  SELECT oid, json_agg(json_build_object('owned', owned, 'object', object, 'relation', relation, 'revoke', revoke) ORDER BY object, owned) AS list
  FROM named GROUP BY oid
), live AS (
  SELECT a.usesysid AS oid, count(*) AS sessions FROM pg_stat_activity a
  WHERE a.usesysid IN (SELECT oid FROM ours WHERE login) GROUP BY a.usesysid
)
SELECT o.oid::bigint AS "oid", o.rolname AS "name", o.rolsuper AS "super", o.rolbypassrls AS "bypassRLS",
  o.rolcreaterole AS "createRole", o.rolcreatedb AS "createDB", o.rolreplication AS "replication", o.rolinherit AS "inherit",
  o.rolcanlogin AS "login", o.rolconnlimit AS "connLimit", coalesce(o.rolvaliduntil <> 'infinity', false) AS "expires",
  up.names AS "memberOf", up.admin AS "admin", down.names AS "members", settings.names AS "settingsIn",
  holdings.list AS "holdings", coalesce(sharing.shares, false) AS "shares", coalesce(sharing.shared, false) AS "shared",
  crowds.oid IS NOT NULL AS "crowded", coalesce(live.sessions, 0) AS "sessions"
FROM ours o LEFT JOIN up USING (oid) LEFT JOIN down USING (oid) LEFT JOIN settings USING (oid)
LEFT JOIN holdings USING (oid) LEFT JOIN sharing USING (oid) LEFT JOIN crowds USING (oid) LEFT JOIN live USING (oid)
ORDER BY o.rolname
