-- The operator's role in PostgreSQL: exactly what it needs, and why. It needs no superuser.
--
-- Run as a superuser, connected to the database that the DataPlane is for, once per owner of tables:
--
--     psql -v ON_ERROR_STOP=1 -v operator=tenantry -v owner=app_owner -v password="'…'" -f operator-role.sql "$SUPERUSER_DSN"
--
-- operator: the role of the connection string in dsnSecretRef. owner: the role that owns the tables to protect; for a
-- second owner run only the last GRANT again. What is missing shows on the DataPlane as MissingRights, with the GRANT.

-- Logs in, and makes the roles of tenants. It cannot make superusers, nor roles with BYPASSRLS or REPLICATION, nor alter
-- those that exist.
--
-- PostgreSQL 15 and older: CREATEROLE can grant itself any role but a superuser's, pg_execute_server_program included, and
-- reset other roles' passwords. There, guard this password like a superuser's.
-- PostgreSQL 16 and newer: CREATEROLE reaches only roles that it made, and this is no longer so. (Written from the
-- documentation of 16; tried on 15.)
CREATE ROLE :"operator" LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS PASSWORD :password;

-- Makes the schema "tenantry", once. It may be revoked after the DataPlane shows Claimed=True.
SELECT current_database() AS database \gset
GRANT CREATE ON DATABASE :"database" TO :"operator";

-- Lets the groups of tenants and applications connect where PUBLIC may not. Without it, and with CONNECT taken from PUBLIC,
-- a finding names the GRANT to run by hand.
GRANT CONNECT ON DATABASE :"database" TO :"operator" WITH GRANT OPTION;

-- Ends the sessions of suspended tenants: a role that may not log in any more keeps the sessions that it has.
GRANT pg_signal_backend TO :"operator";

-- Acts as the owner of the tables: only an owner can enable row-level security, make a policy and grant rights.
-- PostgreSQL 16 and newer: the operator uses the rights without SET ROLE, so it needs INHERIT, which is the default:
--     GRANT :"owner" TO :"operator" WITH INHERIT TRUE, SET FALSE;      -- not tried
GRANT :"owner" TO :"operator";

-- Optional. Where the operator's role owns the database, it takes CONNECT and TEMPORARY from PUBLIC by itself, after giving
-- them by name to the roles that use the database. Owning a database is also the right to drop it: decide. Without it, a
-- finding has the statements for you to run.
--     ALTER DATABASE :"database" OWNER TO :"operator";

-- Optional. Passwords never reach the server, but SCRAM verifiers do, in ALTER ROLE. Where statements are logged and the log is
-- read by more people than the database, leave the operator's out:
--     ALTER ROLE :"operator" SET log_statement = 'none';
--     ALTER ROLE :"operator" SET log_min_duration_statement = -1;

-- Optional. New tables are protected in the transaction that makes them once a superuser ran protect-new-tables.sql, after
-- the DataPlane shows Claimed=True.
