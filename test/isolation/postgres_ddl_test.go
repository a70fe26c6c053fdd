package isolation

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// meddling is what nobody may do but whoever is named: neither a tenant's login nor the application. {t} is a protected table.
var meddling = map[string]map[string]string{
	"owner": {
		"switch it off":            `ALTER TABLE {t} DISABLE ROW LEVEL SECURITY`,
		"do not force it":          `ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY`,
		"a policy":                 `CREATE POLICY mine ON {t} USING (true)`,
		"change the policy":        `ALTER POLICY tenant_isolation ON {t} USING (true)`,
		"drop the policy":          `DROP POLICY tenant_isolation ON {t}`,
		"a trigger":                `CREATE TRIGGER mine BEFORE INSERT ON {t} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
		"switch triggers off":      `ALTER TABLE {t} DISABLE TRIGGER USER`,
		"a rule":                   `CREATE RULE mine AS ON INSERT TO {t} DO ALSO NOTHING`,
		"an index":                 `CREATE INDEX mine ON {t} (tenant_id)`,
		"statistics":               `CREATE STATISTICS mine ON tenant_id, body FROM documents`,
		"a column":                 `ALTER TABLE {t} ADD COLUMN mine text`,
		"another tenant column":    `ALTER TABLE {t} RENAME COLUMN tenant_id TO mine`,
		"a default":                `ALTER TABLE {t} ALTER COLUMN tenant_id SET DEFAULT 'mine'`,
		"another name":             `ALTER TABLE {t} RENAME TO mine`,
		"truncate":                 `TRUNCATE {t} CASCADE`,
		"drop":                     `DROP TABLE {t} CASCADE`,
		"a comment":                `COMMENT ON TABLE {t} IS 'mine'`,
		"reindex":                  `REINDEX TABLE {t}`,
		"a child":                  `CREATE TABLE mine () INHERITS (documents)`,
		"a foreign key":            `CREATE TABLE mine (tenant_id text, id bigint, FOREIGN KEY (tenant_id, id) REFERENCES documents)`,
		"detach a partition":       `ALTER TABLE events DETACH PARTITION events_old`,
		"a table in public":        `CREATE TABLE mine (tenant_id text)`,
		"a view":                   `CREATE VIEW mine AS SELECT * FROM documents`,
		"replace the owner's view": `CREATE OR REPLACE VIEW all_documents AS SELECT * FROM documents WHERE true`,
		"a function":               `CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		"an operator":              `CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.texteq)`,
		"a type":                   `CREATE TYPE mine AS ENUM ('x')`,
		"a sequence":               `CREATE SEQUENCE mine`,
		"draw from a sequence":     `SELECT nextval('documents_id_seq')`,
		"read a sequence":          `SELECT last_value FROM documents_id_seq`,
		"default rights":           `ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO PUBLIC`,
	},
	"operator": {
		"the list of tenants":       `SELECT * FROM tenantry.tenants`,
		"the list of logins":        `SELECT * FROM tenantry.logins`,
		"the claims":                `SELECT * FROM tenantry.claims`,
		"the marker":                `SELECT * FROM tenantry.plane`,
		"the application's roles":   `SELECT * FROM tenantry.app_roles`,
		"open a tenant":             `UPDATE tenantry.tenants SET state = 'Active'`,
		"declare a tenant":          `INSERT INTO tenantry.claims (tenant_id, uid) VALUES ('mine', 'mine')`,
		"become an application":     `INSERT INTO tenantry.app_roles VALUES (session_user) ON CONFLICT DO NOTHING`,
		"forget a login":            `DELETE FROM tenantry.logins WHERE false`,
		"replace current_tenant":    `CREATE OR REPLACE FUNCTION tenantry.current_tenant() RETURNS text LANGUAGE sql AS 'SELECT ''acme'''`,
		"alter current_tenant":      `ALTER FUNCTION tenantry.current_tenant() SECURITY INVOKER`,
		"a function of ours":        `CREATE FUNCTION tenantry.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		"a table of ours":           `CREATE TABLE tenantry.mine ()`,
		"drop the schema":           `DROP SCHEMA tenantry`,
		"an overload of use_tenant": `CREATE FUNCTION tenantry.use_tenant(varchar) RETURNS void LANGUAGE sql AS ''`,
		"a schema":                  `CREATE SCHEMA mine`,
		"rename the schema":         `ALTER SCHEMA tenantry RENAME TO mine`,
		"another owner":             `ALTER DATABASE {db} OWNER TO CURRENT_USER`,
	},
	"superuser": {
		"the database's settings": `ALTER DATABASE {db} SET app.current_tenant = 'acme'`,
		"an event trigger":        `CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION tenantry_guard.protect_new_table()`,
		"a publication":           `CREATE PUBLICATION mine FOR ALL TABLES`,
		"an untrusted language":   `CREATE EXTENSION dblink`,
		"a foreign data wrapper":  `CREATE FOREIGN DATA WRAPPER mine`,
		"a file":                  `SELECT pg_read_file('PG_VERSION')`,
		"a directory":             `SELECT pg_ls_dir('.')`,
		"copy from a file":        `COPY {t} FROM '/etc/hostname'`,
		"copy to a file":          `COPY (SELECT 1) TO '/dev/null'`,
		"run a program":           `COPY (SELECT 1) TO PROGRAM 'true'`,
		"passwords":               `SELECT rolpassword FROM pg_authid`,
		"statistics of content":   `SELECT stavalues1 FROM pg_statistic`,
		"the configuration":       `SELECT pg_reload_conf()`,
		"replicate":               `SELECT pg_create_physical_replication_slot('mine')`,
		"set up a large object":   `SELECT lo_import('/etc/hostname')`,
		"end the others":          `SELECT pg_terminate_backend({pid})`,
		"cancel the others":       `SELECT pg_cancel_backend({pid})`,
		"another's memory":        `SELECT pg_log_backend_memory_contexts({pid})`,
		"change the catalog":      `UPDATE pg_catalog.pg_class SET relrowsecurity = relrowsecurity WHERE false`,
		"leakproof":               `CREATE FUNCTION pg_temp.mine(text) RETURNS bool LANGUAGE plpgsql LEAKPROOF AS 'BEGIN RETURN true; END'`,
		"a checkpoint by force":   `SELECT pg_switch_wal()`,
		"settings of the server":  `SET log_statement = 'none'`,
		"the guard's list":        `SELECT * FROM tenantry_guard.protected`,
		"the guard's own table":   `DELETE FROM tenantry_guard.protected WHERE false`,
		"security labels of all":  `SECURITY LABEL ON TABLE {t} IS 'mine'`,
		"subscribe":               `CREATE SUBSCRIPTION mine CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)`,
		"a cast for everybody":    `CREATE CAST (text AS int) WITH INOUT AS IMPLICIT`,
		"transform the functions": `ALTER FUNCTION pg_catalog.current_setting(text) STABLE`,
	},
}

// TestMeddling: neither a tenant nor the application may touch what the boundary is made of. Whoever is named may, which
// shows that it is the right that was missing.
func TestMeddling(t *testing.T) {
	w := theWorld(t)
	p := w.stamped
	untouched(t, p)
	victim := w.login(t, p.open[1])
	privileged := map[string]*pgx.Conn{
		"owner": p.db.Connect(t, p.db.Owner), "operator": p.db.Connect(t, p.db.Operator), "superuser": p.db.Superuser(t),
	}
	app, me := p.db.Connect(t, p.db.App), w.login(t, p.open[0])
	replace := strings.NewReplacer("{t}", "documents", "{owner}", p.db.Owner.Name, "{db}", p.db.Name, "{pid}", try(t, victim, "SELECT pg_backend_pid()"))
	for who, set := range meddling {
		for name, statement := range set {
			sql := replace.Replace(statement)
			if got := try(t, me, sql); !refusal(statement, got) {
				t.Errorf("a tenant: %s: %q", name, got)
			}
			if got := try(t, app, sql); !refusal(statement, got) {
				t.Errorf("the application: %s: %q", name, got)
			}
			if strings.Contains(statement, "{pid}") {
				continue // it would end the session that the next case needs
			}
			if got := try(t, privileged[who], sql); got == denied {
				t.Errorf("the control: %s may not, either: %s", who, name)
			}
		}
	}
	if got := try(t, victim, whose); got != p.open[1] {
		t.Errorf("the neighbour's session: %q", got)
	}
}

// refusal: everything is a missing right, but for what PostgreSQL asks about before that.
func refusal(statement, got string) bool {
	switch {
	case strings.HasPrefix(statement, "SECURITY LABEL"):
		return got == "22023" // no provider is loaded, for anybody
	case strings.HasPrefix(statement, "COPY {t} FROM"):
		return got == denied || got == "0A000"
	}
	return got == denied
}

// TestGrantsComeToNothing: whoever has a right but may not pass it on gets a warning instead of an error, and nothing happens.
func TestGrantsComeToNothing(t *testing.T) {
	w := theWorld(t)
	p := w.stamped
	untouched(t, p)
	owner, operator := p.db.Connect(t, p.db.Owner), p.db.Connect(t, p.db.Operator)
	for name, c := range map[string]struct {
		grant, effect string
		control       *pgx.Conn
	}{
		"a table to everybody":      {"GRANT SELECT ON documents TO PUBLIC", "SELECT has_table_privilege('pg_monitor', 'documents', 'SELECT')", owner},
		"a right it does not have":  {"GRANT TRUNCATE ON documents TO PUBLIC", "SELECT has_table_privilege('pg_monitor', 'documents', 'TRUNCATE')", owner},
		"the database to everybody": {"GRANT CONNECT ON DATABASE " + p.db.Name + " TO PUBLIC", "SELECT has_database_privilege('pg_monitor', current_database(), 'CONNECT')", operator},
		"a function of ours":        {"GRANT EXECUTE ON FUNCTION tenantry.use_tenant(text) TO PUBLIC", "SELECT has_function_privilege('pg_monitor', 'tenantry.use_tenant(text)', 'EXECUTE')", operator},
	} {
		for who, conn := range map[string]*pgx.Conn{"a tenant": w.login(t, p.open[0]), "the application": p.db.Connect(t, p.db.App)} {
			if got := try(t, conn, c.grant, c.effect); got != "f" && got != denied {
				t.Errorf("%s by %s: %q", name, who, got)
			}
		}
		if got := try(t, c.control, c.grant, c.effect); got != "t" {
			t.Errorf("the control of %s: %q", name, got)
		}
	}
}

// TestLocks: a tenant gets no lock on a table that stops another tenant from reading or writing, or maintenance from running.
func TestLocks(t *testing.T) {
	w := theWorld(t)
	p := w.stamped
	owner := p.db.Connect(t, p.db.Owner)
	pairs(p.open[:2], func(me, other string) {
		mine, theirs := w.login(t, me), w.login(t, other)
		run(t, theirs, "SET lock_timeout = '2s'")
		for _, table := range tables {
			for mode, harmless := range map[string]bool{
				"ACCESS SHARE": true, "ROW SHARE": true, "ROW EXCLUSIVE": true,
				"SHARE UPDATE EXCLUSIVE": false, "SHARE": false, "SHARE ROW EXCLUSIVE": false, "EXCLUSIVE": false, "ACCESS EXCLUSIVE": false,
			} {
				lock := "LOCK TABLE " + table + " IN " + mode + " MODE"
				run(t, mine, "BEGIN")
				got, failed := run(t, mine, lock)
				if !failed && !harmless {
					t.Errorf("%s: %s", lock, got)
				}
				if failed && got != denied {
					t.Errorf("%s: %s", lock, got)
				}
				if got := try(t, theirs, "UPDATE documents SET body = body"); !failed && got != "UPDATE 2" {
					t.Errorf("while %s holds %s, %s: %q", me, mode, other, got)
				}
				run(t, mine, "ROLLBACK")
				if got := try(t, owner, lock); got != "LOCK TABLE" {
					t.Errorf("the control: the owner: %s: %q", lock, got)
				}
			}
		}
	})
}

// TestRowLocks: rows of others cannot be locked, and those of one's own stop nobody else.
func TestRowLocks(t *testing.T) {
	w := theWorld(t)
	pairs(w.stamped.open[:2], func(me, other string) {
		mine, theirs := w.login(t, me), w.login(t, other)
		run(t, mine, "BEGIN")
		defer run(t, mine, "ROLLBACK")
		if got, _ := run(t, mine, "SELECT count(*) FROM (SELECT 1 FROM documents FOR UPDATE) x"); got != "2" {
			t.Errorf("%s locks %q rows", me, got)
		}
		if got := try(t, theirs, "SET LOCAL lock_timeout = '2s'", "UPDATE documents SET body = body"); got != "UPDATE 2" {
			t.Errorf("%s meanwhile: %q", other, got)
		}
		if got := try(t, w.login(t, me), "SET LOCAL lock_timeout = '50ms'", "UPDATE documents SET body = body"); got != "55P03" {
			t.Errorf("the control: another session of %s: %q", me, got)
		}
	})
}
