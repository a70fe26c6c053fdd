package postgres_test

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// TestPlantedRolesAndRights: who may go past policies, and what they do not hold.
func TestPlantedRolesAndRights(t *testing.T) {
	setting := func(s *rows.Spec) { s.TenantContext = rows.Setting }
	plantAll(t, map[string]planted{
		"04 application owns":     {sql: "CREATE TABLE app.mine (x int); ALTER TABLE app.mine OWNER TO {app}", undo: "DROP TABLE app.mine", want: "Warning Hazard exempt-role owner of app.mine role {app}", says: "owner", remedy: "ALTER TABLE app.mine OWNER TO {owner}"},
		"05 member of the owner":  {sql: "GRANT {owner} TO {app}", want: "Warning Hazard reaches {owner} owner of app.documents role {app}", says: "can act as"},
		"05 group in the owner":   {sql: "GRANT {owner} TO {prefix}tenants", want: "Critical Unexpected - role {prefix}tenants", says: "{owner}"},
		"05 stranger in a group":  {sql: "GRANT {prefix}tenants TO {dump}", want: "Critical Unexpected - role {dump}", says: "{prefix}tenants"},
		"06 superuser":            {sql: "ALTER ROLE {app} SUPERUSER", want: "Warning Hazard exempt-role superuser role {app}", says: "superuser"},
		"06 bypass":               {sql: "ALTER ROLE {app} BYPASSRLS", want: "Warning Hazard exempt-role BYPASSRLS role {app}", says: "BYPASSRLS"},
		"06 group bypasses":       {sql: "ALTER ROLE {prefix}tenants BYPASSRLS", want: "Critical Hazard group-attributes role {prefix}tenants", says: "BYPASSRLS"},
		"06 somebody bypasses":    {sql: "ALTER ROLE {owner} BYPASSRLS", want: "Warning Hazard bypass-role role {owner}", says: "maintenanceRoles"},
		"07 way to bypass":        {sql: "GRANT {dump} TO {app}", want: "Warning Hazard reaches {dump} BYPASSRLS role {app}", says: "can act as"},
		"07 way to the operator":  {sql: "GRANT {op} TO {app}", want: "Warning Hazard reaches {op} owner of schema tenantry role {app}", says: "can act as"},
		"08 programs":             {sql: "GRANT pg_execute_server_program TO {app}", want: "Warning Hazard reaches pg_execute_server_program the server's files and programs role {app}", says: "programs"},
		"08 writes everything":    {sql: "GRANT pg_write_all_data TO {app}", want: "Warning Hazard reaches pg_write_all_data it may write every table, those that say who is which tenant included role {app}", says: "pg_write_all_data"},
		"08 makes roles":          {sql: "ALTER ROLE {app} CREATEROLE", want: "Warning Hazard exempt-role CREATEROLE, which before PostgreSQL 16 gives itself any role role {app}", says: "CREATEROLE"},
		"20 default tenant":       {spec: setting, sql: "ALTER ROLE {app} SET app.current_tenant = 'acme'", want: "Warning Hazard default-tenant  role {app}", says: "forgets", remedy: "ALTER ROLE {app} RESET app.current_tenant"},
		"36 PUBLIC truncates":     {sql: "GRANT TRUNCATE ON app.documents TO PUBLIC", want: "Critical Hazard public-rights " + documents, says: "TRUNCATE"},
		"39 PUBLIC reads columns": {sql: "GRANT SELECT (title) ON app.documents TO PUBLIC", want: "Warning Hazard public-rights " + documents, says: "SELECT"},
		"36 application":          {sql: "GRANT ALL ON app.documents TO {app}", undo: "REVOKE ALL ON app.documents FROM {app}", want: "Warning Hazard application-rights {app} " + documents, says: "TRUNCATE"},
		"40 PUBLIC sequence":      {sql: "GRANT SELECT ON SEQUENCE app.documents_id_seq TO PUBLIC", want: "Info Hazard public-sequence sequence app.documents_id_seq", says: "how fast"},
		"40 PUBLIC setval":        {sql: "GRANT UPDATE ON SEQUENCE app.documents_id_seq TO PUBLIC", want: "Warning Hazard public-sequence sequence app.documents_id_seq", says: "spoil"},
		"33 default rights":       {sql: "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC", want: "Warning Hazard default-rights {owner}  schema app", says: "before they are protected"},
		"33 default rights everywhere": {
			sql: "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {prefix}tenants", want: "Warning Hazard default-rights {owner} {prefix}tenants schema app", says: "before they are protected",
		},
		"45 PUBLIC creates":         {sql: "GRANT CREATE ON SCHEMA app TO PUBLIC", want: "Critical Hazard public-create schema app", says: "functions"},
		"45 PUBLIC creates schemas": {sql: "GRANT CREATE ON DATABASE {database} TO PUBLIC", undo: "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO PUBLIC", want: "Critical Hazard public-on-database database {database}", says: "CREATE"},
	})
}

// TestPlantedAround: what surrounds the tables, and the records of who is whose.
func TestPlantedAround(t *testing.T) {
	plantAll(t, map[string]planted{
		"41 publication":        {sql: "CREATE PUBLICATION feed FOR TABLE app.documents", want: "Info Hazard publication publication feed", says: "app.documents"},
		"41 of all tables":      {sql: "CREATE PUBLICATION feed FOR ALL TABLES", want: "Info Hazard publication publication feed", says: "app.documents"},
		"41 replication":        {sql: "ALTER ROLE {owner} REPLICATION", want: "Warning Hazard replication-role role {owner}", says: "whole server"},
		"42 maintenance, bound": {sql: "ALTER ROLE {dump} NOBYPASSRLS", want: "Info Hazard maintenance-role-bound role {dump}", says: "dumps"},
		"45 dblink":             {sql: "CREATE EXTENSION dblink SCHEMA app", undo: "DROP EXTENSION dblink", want: "Warning Hazard dblink extension dblink", says: "open connections"},
		"registered": {
			sql: "INSERT INTO tenantry.app_roles VALUES ('{owner}')", want: "Warning Unexpected - role {owner}", says: "registered",
		},
		"login of a stranger": {
			sql:  "INSERT INTO tenantry.claims (tenant_id, uid) VALUES ('acme', 'u'); INSERT INTO tenantry.logins VALUES ('{app}', 'acme', 0)",
			undo: "DELETE FROM tenantry.claims", want: "Critical Unexpected - role {app}", says: "recorded as the login of tenant acme",
		},
		"tombstone gone": {
			sql:  "INSERT INTO tenantry.claims (tenant_id, uid) VALUES ('gone', 'u'); INSERT INTO tenantry.tenants VALUES ('gone', 'Retained')",
			undo: "DELETE FROM tenantry.tenants; DELETE FROM tenantry.claims", want: "Warning Changed - claim on tenantID gone", says: "no tombstone",
		},
		"tombstone of the living": {
			sql:  "INSERT INTO tenantry.claims (tenant_id, uid, tombstone) VALUES ('gone', 'u', true); INSERT INTO tenantry.tenants VALUES ('gone', 'Active')",
			undo: "DELETE FROM tenantry.tenants; DELETE FROM tenantry.claims", want: "Warning Hazard tombstone-open claim on tenantID gone", says: "Active",
			remedy: "UPDATE tenantry.tenants SET state = 'Retained' WHERE tenant_id = 'gone'",
		},
		"written by a stranger": {sql: "GRANT INSERT ON tenantry.logins TO {dump}", want: "Critical Unexpected - table tenantry.logins", says: "INSERT"},
		"marker of another":     {sql: "UPDATE tenantry.plane SET installation = 'another'", want: "Warning Hazard marker-elsewhere marker of the plane", says: "belongs to"},
		"keys of another":       {sql: "UPDATE tenantry.plane SET key_fingerprint = 'another'", want: "Warning Hazard marker-keys marker of the plane", says: "keys Secret"},
		"from a newer manager":  {sql: "UPDATE tenantry.plane SET schema_version = 99", want: "Warning Hazard marker-newer marker of the plane", says: "newer", remedy: "UPDATE tenantry.plane SET schema_version = 2"},
	})
}
