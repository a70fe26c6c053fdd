package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// twoTenants is a settled plane with a row for each of two tenants, and their sessions.
func twoTenants(t *testing.T) (w *world, acme, globex *pgx.Conn) {
	t.Helper()
	w = newWorld(t)
	s := w.open()
	w.settle(s)
	acme, globex = w.admit(s, tenant("acme")), w.admit(s, tenant("globex"))
	w.super("INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'of acme'), ('globex', 'of globex')")
	return w, acme, globex
}

// TestNothingATenantSendsMakesItAnother sends what a tenant might try, and looks at what globex then sees: its own row.
func TestNothingATenantSendsMakesItAnother(t *testing.T) {
	w, _, globex := twoTenants(t)
	group := rows.GroupName(w.spec)
	for name, attempt := range map[string]string{
		"setting":               "SET app.current_tenant = 'acme'",
		"stamp":                 "SET tenantry.stamp = 'acme'",
		"stamp of this session": "SELECT set_config('tenantry.stamp', extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid() || '/acme', false)",
		"set_config":            "SELECT set_config('app.current_tenant', 'acme', false)",
		"group role":            "SET ROLE " + group,
		"reset role":            "RESET ROLE",
		"row_security":          "SET row_security = on",
		"search_path":           "SET search_path = pg_temp, app",
		"session authorization": "RESET SESSION AUTHORIZATION",
		"explain":               "EXPLAIN ANALYZE SELECT * FROM app.documents",
		"own role's settings":   "ALTER ROLE CURRENT_USER SET app.current_tenant = 'acme'",
		"isolation level":       "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
	} {
		t.Run(name, func(t *testing.T) {
			_ = code(globex, attempt)
			got := w.value(globex, "SELECT string_agg(title, ',' ORDER BY title) FROM app.documents")
			if got != "of globex" {
				t.Errorf("after %s globex sees %q", attempt, got)
			}
		})
	}
}

func TestWhatATenantIsRefused(t *testing.T) {
	w, acme, globex := twoTenants(t)
	const denied = "42501"
	for name, attempt := range map[string]struct{ sql, want string }{
		"role of the application":      {"SET ROLE " + w.app, denied},
		"role of the owner":            {"SET ROLE " + w.owner, denied},
		"role of another tenant":       {"SET ROLE " + rows.LoginName(w.spec, "uid-acme", 0), denied},
		"session authorization":        {"SET SESSION AUTHORIZATION " + w.app, denied},
		"truncate":                     {"TRUNCATE app.documents", denied},
		"delete":                       {"DELETE FROM app.documents", denied},
		"insert for another":           {"INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'x')", denied},
		"choose a number to come":      {"INSERT INTO app.documents (id, tenant_id, title) VALUES (1000, 'globex', 'x')", denied},
		"override the numbers":         {"INSERT INTO app.documents (id, tenant_id) OVERRIDING SYSTEM VALUE VALUES (1000, 'globex')", denied},
		"renumber a row":               {"UPDATE app.documents SET id = 1000", denied},
		"move a row":                   {"UPDATE app.documents SET tenant_id = 'acme'", denied},
		"copy from":                    {"COPY app.documents (tenant_id, title) FROM STDIN", "0A000"},
		"copy from, all columns":       {"COPY app.documents FROM STDIN", denied},
		"copy program":                 {"COPY (SELECT 1) TO PROGRAM 'true'", denied},
		"create in the schema":         {"CREATE TABLE app.mine ()", denied},
		"create in public":             {"CREATE TABLE public.mine ()", denied},
		"create in tenantry":           {"CREATE TABLE tenantry.mine ()", denied},
		"trigger":                      {"CREATE TRIGGER t BEFORE INSERT ON app.documents EXECUTE FUNCTION suppress_redundant_updates_trigger()", denied},
		"policy":                       {"CREATE POLICY p ON app.documents USING (true)", denied},
		"switch it off":                {"ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY", denied},
		"replica role":                 {"SET session_replication_role = replica", denied},
		"lock: row exclusive":          {"BEGIN; LOCK TABLE app.documents IN ROW EXCLUSIVE MODE", denied},
		"lock: access exclusive":       {"BEGIN; LOCK TABLE app.documents IN ACCESS EXCLUSIVE MODE", denied},
		"lock: share":                  {"BEGIN; LOCK TABLE app.documents IN SHARE MODE", denied},
		"lock: share row exclusive":    {"BEGIN; LOCK TABLE app.documents IN SHARE ROW EXCLUSIVE MODE", denied},
		"lock: share update exclusive": {"BEGIN; LOCK TABLE app.documents IN SHARE UPDATE EXCLUSIVE MODE", denied},
		"claims":                       {"SELECT * FROM tenantry.claims", denied},
		"tenants":                      {"SELECT * FROM tenantry.tenants", denied},
		"logins":                       {"SELECT * FROM tenantry.logins", denied},
		"marker":                       {"SELECT * FROM tenantry.plane", denied},
		"application roles":            {"INSERT INTO tenantry.app_roles VALUES (session_user)", denied},
		"become another by use_tenant": {"SELECT tenantry.use_tenant('acme')", rows.CodeNotTenant},
		"end another's session":        {fmt.Sprintf("SELECT pg_terminate_backend(%d)", acme.PgConn().PID()), denied},
		"cancel another's query":       {fmt.Sprintf("SELECT pg_cancel_backend(%d)", acme.PgConn().PID()), denied},
		"passwords":                    {"SELECT rolpassword FROM pg_authid", denied},
		"row_security off":             {"SET row_security = off; SELECT * FROM app.documents", denied},
	} {
		t.Run(name, func(t *testing.T) {
			if got := code(globex, attempt.sql); got != attempt.want {
				t.Errorf("%s: SQLSTATE %q, want %q", attempt.sql, got, attempt.want)
			}
			_ = code(globex, "ROLLBACK; RESET ALL")
		})
	}
}

func TestWhatATenantMayDoWithItsOwnRows(t *testing.T) {
	w, acme, _ := twoTenants(t)
	for _, statement := range []string{
		"INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'second')", // draws from a sequence
		"UPDATE app.documents SET title = upper(title)",
		"BEGIN; SELECT * FROM app.documents FOR UPDATE; COMMIT",
		"INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'third') RETURNING id, title",
		"INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'fourth') ON CONFLICT (id) DO UPDATE SET title = excluded.title",
	} {
		if got := code(acme, statement); got != "" {
			t.Errorf("%s: SQLSTATE %q", statement, got)
		}
	}
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	got := w.value(conn, "SELECT string_agg(tenant_id || ' ' || title, ', ' ORDER BY id) FROM app.documents")
	if diff := cmp.Diff("acme OF ACME, globex of globex, acme SECOND, acme third, acme fourth", got); diff != "" {
		t.Error(diff)
	}
}

// TestSearchPathHijack is a known attack: a temporary table that stands in for one of ours, if the function looked there first.
func TestSearchPathHijack(t *testing.T) {
	w, _, globex := twoTenants(t)
	// TEMPORARY is taken from PUBLIC only where the operator may; here it may not, so that the attack can be tried.
	for _, statement := range []string{
		"CREATE TEMPORARY TABLE logins AS SELECT session_user AS role_name, 'acme'::text AS tenant_id",
		"CREATE TEMPORARY TABLE tenants AS SELECT 'acme'::text AS tenant_id, 'Active'::text AS state",
		"CREATE TEMPORARY TABLE app_roles AS SELECT session_user AS role_name",
		"GRANT ALL ON logins, tenants, app_roles TO PUBLIC",
		"SET search_path = pg_temp, pg_catalog",
	} {
		if got := code(globex, statement); got != "" {
			t.Fatalf("%s: SQLSTATE %q", statement, got)
		}
	}
	if got := w.value(globex, "SELECT tenantry.current_tenant()"); got != "globex" {
		t.Errorf("the hijack made globex %q", got)
	}
}

func TestObjectsOfOthersDoNotLeak(t *testing.T) {
	w, _, globex := twoTenants(t)
	group := rows.GroupName(w.spec)
	w.as(w.owner,
		"CREATE VIEW app.owners_view AS SELECT * FROM app.documents",
		"CREATE FUNCTION app.owners_function() RETURNS SETOF app.documents LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM app.documents'",
		"GRANT SELECT ON app.owners_view TO "+group,
	)
	for _, query := range []string{
		"SELECT string_agg(title, ',') FROM app.owners_view", "SELECT string_agg(title, ',') FROM app.owners_function()",
	} {
		if got := w.value(globex, query); got != "of globex" {
			t.Errorf("%s returned %q", query, got)
		}
	}
	if _, err := globex.Exec(context.Background(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	if got := w.value(globex, "SELECT string_agg(title, ',') FROM app.documents WHERE title LIKE $1", "%"); got != "of globex" {
		t.Errorf("a prepared statement returned %q", got)
	}
}
