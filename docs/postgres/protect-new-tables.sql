-- Protect new tables in the transaction that makes them, and close what only a superuser can close.
--
-- Run once as a superuser in the database of a DataPlane, after the DataPlane shows Claimed=True:
--
--     psql -v ON_ERROR_STOP=1 --single-transaction -f protect-new-tables.sql "$SUPERUSER_DSN"
--
-- It may be run again at any time, and has to be after an upgrade of Tenantry that says so. Without it everything works,
-- but a new table is protected by the next audit instead of in its own transaction, and changes made by hand are noticed
-- by the next audit instead of within seconds.
--
-- Why a superuser: only a superuser can make an event trigger, and its function runs in every session that makes a table,
-- a superuser's included. Whoever can change the function can become superuser, so it must belong to one. The operator
-- gets DML on the list of what to protect, and nothing else: the list is data, and no row of it is ever executed.

DO $do$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'run this script as a superuser: role % is none', current_user;
  END IF;
  IF pg_catalog.to_regclass('tenantry.plane') IS NULL THEN
    RAISE EXCEPTION 'this database belongs to no DataPlane yet: run this script after the DataPlane shows Claimed=True';
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
              WHERE n.nspname = 'tenantry_guard' AND NOT r.rolsuper) THEN
    RAISE EXCEPTION 'schema tenantry_guard belongs to a role that is no superuser: find out why, drop it, and run this script again';
  END IF;
END
$do$;

DROP EVENT TRIGGER IF EXISTS tenantry_protect_new_tables;
DROP EVENT TRIGGER IF EXISTS tenantry_tell_changes;
DROP EVENT TRIGGER IF EXISTS tenantry_tell_drops;
DROP FUNCTION IF EXISTS tenantry_guard.protect_new_table();
DROP FUNCTION IF EXISTS tenantry_guard.tell();

-- A list that is somebody else's may carry code of theirs. The operator fills a new one.
DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
              WHERE n.nspname = 'tenantry_guard' AND c.relname = 'protected' AND NOT r.rolsuper) THEN
    DROP TABLE tenantry_guard.protected;
  END IF;
END
$do$;

CREATE SCHEMA IF NOT EXISTS tenantry_guard;
REVOKE ALL ON SCHEMA tenantry_guard FROM PUBLIC;

CREATE TABLE IF NOT EXISTS tenantry_guard.protected (
  schema_name   text NOT NULL,
  table_name    text NOT NULL, -- '*' is every table of the schema that has the column
  tenant_column text NOT NULL,
  PRIMARY KEY (schema_name, table_name, tenant_column)
);
REVOKE ALL ON tenantry_guard.protected FROM PUBLIC;

CREATE FUNCTION tenantry_guard.protect_new_table() RETURNS event_trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
-- Puts row-level security on tables as they are made or changed, where the list asks for it.
DECLARE
  made record;
  entry record;
  condition text;
BEGIN
  FOR made IN
    -- What a command changes in a table, it may change in those below it: ADD COLUMN in children, ATTACH in partitions.
    WITH RECURSIVE below AS (
      SELECT e.objid FROM pg_event_trigger_ddl_commands() e
       WHERE e.classid = 'pg_class'::regclass AND e.object_type IN ('table', 'table column')
      UNION
      SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.objid
    )
    SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity AND c.relforcerowsecurity AS forced, n.nspname
      FROM below b
      JOIN pg_class c ON c.oid = b.objid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      JOIN pg_namespace n ON n.oid = c.relnamespace
  LOOP
    SELECT quote_ident(a.attname) AS quoted, format_type(a.atttypid, NULL) AS type INTO entry
      FROM tenantry_guard.protected p
      JOIN pg_attribute a ON a.attrelid = made.oid AND a.attname = p.tenant_column AND a.attnum > 0 AND NOT a.attisdropped
     WHERE (p.schema_name = made.nspname AND p.table_name IN ('*', made.relname))
        OR (made.relispartition AND EXISTS (
             SELECT FROM pg_partition_ancestors(made.oid) x
               JOIN pg_class parent ON parent.oid = x.relid
               JOIN pg_namespace s ON s.oid = parent.relnamespace
              WHERE s.nspname = p.schema_name AND p.table_name IN ('*', parent.relname)))
     ORDER BY p.table_name DESC, p.tenant_column
     LIMIT 1;
    CONTINUE WHEN NOT FOUND;
    -- One statement: this function runs again for every ALTER that it makes, and two of them would never end.
    IF NOT made.forced THEN
      EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', made.nspname, made.relname);
    END IF;
    -- Without a policy nobody sees a row: where one cannot be made yet, that is how it stays until the operator comes.
    CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = made.oid AND polname = 'tenant_isolation')
      OR to_regprocedure('tenantry.current_tenant()') IS NULL;
    condition := CASE
      WHEN entry.type IN ('text', 'character varying') THEN entry.quoted || ' = (SELECT tenantry.current_tenant())'
      WHEN entry.type IN ('uuid', 'bigint', 'integer', 'smallint')
        THEN entry.quoted || ' = (SELECT tenantry.current_tenant()::' || entry.type || ')'
    END;
    CONTINUE WHEN condition IS NULL;
    EXECUTE format('CREATE POLICY tenant_isolation ON %I.%I AS PERMISSIVE FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
      made.nspname, made.relname, condition, condition);
  END LOOP;
END
$body$;
REVOKE ALL ON FUNCTION tenantry_guard.protect_new_table() FROM PUBLIC;

CREATE EVENT TRIGGER tenantry_protect_new_tables ON ddl_command_end EXECUTE FUNCTION tenantry_guard.protect_new_table();

-- Tells the operator to look early. What it sends is empty: every role may listen, and send the same. A transaction that
-- changes the schema cannot be prepared for a two-phase commit any more; where you need that, leave this part out.
CREATE FUNCTION tenantry_guard.tell() RETURNS event_trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
-- Sends a notification at commit, once a transaction, unless only temporary objects were touched: those are made all day.
BEGIN
  IF TG_EVENT = 'sql_drop' THEN
    PERFORM FROM pg_event_trigger_dropped_objects() o WHERE NOT o.is_temporary;
  ELSE
    PERFORM FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS DISTINCT FROM 'pg_temp';
  END IF;
  IF FOUND THEN
    PERFORM pg_notify('tenantry_ddl', '');
  END IF;
END
$body$;
REVOKE ALL ON FUNCTION tenantry_guard.tell() FROM PUBLIC;

CREATE EVENT TRIGGER tenantry_tell_changes ON ddl_command_end EXECUTE FUNCTION tenantry_guard.tell();
CREATE EVENT TRIGGER tenantry_tell_drops ON sql_drop EXECUTE FUNCTION tenantry_guard.tell();

-- The operator is whoever owns the schema tenantry.
DO $do$
DECLARE
  operator text := (SELECT r.rolname FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
                     WHERE n.nspname = 'tenantry');
BEGIN
  EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA tenantry_guard TO %I', operator);
  EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON tenantry_guard.protected TO %I', operator);
END
$do$;

-- Large objects have no row-level security, and PUBLIC may make them: tenants could hand each other data through them and
-- fill the disk. Roles that keep the right are named here; owners of what stands and superusers are not affected.
DO $do$
DECLARE
  keep text[] := ARRAY[]::text[];
  maker regprocedure;
  role text;
BEGIN
  FOREACH maker IN ARRAY ARRAY[
    'pg_catalog.lo_creat(integer)', 'pg_catalog.lo_create(oid)', 'pg_catalog.lo_from_bytea(oid, bytea)']::regprocedure[]
  LOOP
    EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', maker);
    FOREACH role IN ARRAY keep LOOP
      IF pg_catalog.to_regrole(pg_catalog.quote_ident(role)) IS NOT NULL THEN
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', maker, role);
      END IF;
    END LOOP;
  END LOOP;
END
$do$;
