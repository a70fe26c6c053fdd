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

DROP EVENT TRIGGER IF EXISTS {{trigger}};
DROP EVENT TRIGGER IF EXISTS {{tell_changes}};
DROP EVENT TRIGGER IF EXISTS {{tell_drops}};
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
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body${{body}}$body$;
REVOKE ALL ON FUNCTION tenantry_guard.protect_new_table() FROM PUBLIC;

CREATE EVENT TRIGGER {{trigger}} ON ddl_command_end EXECUTE FUNCTION tenantry_guard.protect_new_table();

-- Tells the operator to look early. What it sends is empty: every role may listen, and send the same. A transaction that
-- changes the schema cannot be prepared for a two-phase commit any more; where you need that, leave this part out.
CREATE FUNCTION tenantry_guard.tell() RETURNS event_trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body${{tell}}$body$;
REVOKE ALL ON FUNCTION tenantry_guard.tell() FROM PUBLIC;

CREATE EVENT TRIGGER {{tell_changes}} ON ddl_command_end EXECUTE FUNCTION tenantry_guard.tell();
CREATE EVENT TRIGGER {{tell_drops}} ON sql_drop EXECUTE FUNCTION tenantry_guard.tell();

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
  keep text[] := {{keep}};
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
