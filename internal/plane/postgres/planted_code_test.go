package postgres_test

import "testing"

const reader = "CREATE FUNCTION app.reader() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM app.documents'"

// TestPlantedCode: views and functions that run with rights that policies do not hold.
func TestPlantedCode(t *testing.T) {
	plantAll(t, map[string]planted{
		"26 view":             {sql: "CREATE VIEW app.v AS SELECT * FROM app.documents; GRANT SELECT ON app.v TO PUBLIC", undo: "DROP VIEW app.v", want: "Critical Hazard view view app.v", says: "PUBLIC may use it"},
		"26 written through":  {sql: "CREATE VIEW app.v AS SELECT * FROM app.documents; GRANT DELETE ON app.v TO PUBLIC", undo: "DROP VIEW app.v", want: "Critical Hazard view view app.v", says: "writes"},
		"26 a column":         {sql: "CREATE VIEW app.v AS SELECT * FROM app.documents; GRANT SELECT (title) ON app.v TO PUBLIC", undo: "DROP VIEW app.v", want: "Critical Hazard view view app.v", says: "PUBLIC"},
		"26 for applications": {sql: "CREATE VIEW app.v AS SELECT * FROM app.documents; GRANT SELECT ON app.v TO {app}", undo: "DROP VIEW app.v", want: "Warning Hazard view view app.v", says: "{app} may use it"},
		"26 below another's":  {sql: "CREATE VIEW app.u AS SELECT * FROM app.documents; GRANT SELECT ON app.u TO {owner}; CREATE VIEW app.v AS SELECT * FROM app.u; ALTER VIEW app.v OWNER TO {owner}; GRANT SELECT ON app.v TO PUBLIC", undo: "DROP VIEW app.u CASCADE", want: "Critical Hazard view-on-view app.u view app.v", says: "through app.u"},
		"27 materialised":     {sql: "CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.documents; GRANT SELECT ON app.m TO PUBLIC", undo: "DROP MATERIALIZED VIEW app.m", want: "Critical Hazard matview materialised view app.m", says: "copy"},
		"27 under a view":     {sql: "CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.documents; GRANT SELECT ON app.m TO {owner}; CREATE VIEW app.v AS SELECT * FROM app.m; ALTER VIEW app.v OWNER TO {owner}; GRANT SELECT ON app.v TO PUBLIC", undo: "DROP MATERIALIZED VIEW app.m CASCADE", want: "Critical Hazard view-on-matview view app.v", says: "copy"},
		"28 definer":          {sql: reader, undo: "DROP FUNCTION app.reader()", want: "Critical Hazard definer-reads function app.reader()", says: "app.documents"},
		"28 an odd name": {
			sql:  `CREATE TABLE app."a+b(" (tenant_id text PRIMARY KEY); ALTER TABLE app."a+b(" OWNER TO {owner}; CREATE FUNCTION app.reader() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM app."a+b("'`,
			undo: `DROP FUNCTION app.reader(); DROP TABLE app."a+b("`, want: "Critical Hazard definer-reads function app.reader()", says: "app.a+b(",
		},
		"28 standard body":      {sql: "CREATE FUNCTION app.reader() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp RETURN (SELECT count(*) FROM app.documents)", undo: "DROP FUNCTION app.reader()", want: "Critical Hazard definer-reads function app.reader()", says: "app.documents"},
		"28 for applications":   {sql: reader + "; REVOKE ALL ON FUNCTION app.reader() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.reader() TO {app}", undo: "DROP FUNCTION app.reader()", want: "Warning Hazard definer-reads function app.reader()", says: "{app}"},
		"28 dynamic":            {sql: "CREATE FUNCTION app.run(what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN EXECUTE what; END'", undo: "DROP FUNCTION app.run(text)", want: "Warning Hazard definer-could-read function app.run(text)", says: "cannot be looked into"},
		"28 names nothing":      {sql: "CREATE FUNCTION app.clock() RETURNS timestamptz LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT now()'", undo: "DROP FUNCTION app.clock()", want: "Info Hazard definer-exempt function app.clock()", says: "no protected table"},
		"29 search_path":        {sql: "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION app.f() OWNER TO {owner}", undo: "DROP FUNCTION app.f()", want: "Warning Hazard definer-search-path function app.f()", says: "where its caller says"},
		"29 pg_temp comes last": {sql: "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = app AS 'SELECT 1'; ALTER FUNCTION app.f() OWNER TO {owner}", undo: "DROP FUNCTION app.f()", want: "Warning Hazard definer-search-path function app.f()", says: "temporary table"},
		"30 trigger": {
			sql: "CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN UPDATE app.documents SET title = NULL; RETURN NEW; END'; " +
				"CREATE TRIGGER note BEFORE INSERT ON app.documents FOR EACH ROW EXECUTE FUNCTION app.note()",
			undo: "DROP FUNCTION app.note() CASCADE", want: "Warning Hazard trigger-definer function app.note()", says: "app.documents",
		},
		"30 rule":      {sql: "CREATE RULE also AS ON INSERT TO app.documents DO ALSO NOTIFY documents", want: "Info Hazard rule also " + documents, says: "{owner}"},
		"25 leakproof": {sql: "CREATE FUNCTION app.leaky(text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF AS 'BEGIN RETURN true; END'", undo: "DROP FUNCTION app.leaky(text)", want: "Warning Hazard leakproof-function function app.leaky(text)", says: "every tenant"},
		"22 immutable": {sql: "CREATE FUNCTION app.me() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT current_setting(''app.current_tenant'')'", undo: "DROP FUNCTION app.me()", want: "Warning Hazard immutable-context function app.me()", says: "next"},
	})
}
