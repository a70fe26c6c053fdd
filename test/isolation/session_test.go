package isolation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/test/harness"
)

// denied is PostgreSQL's SQLSTATE both for a missing right and for a row that a policy refuses.
const denied = "42501"

// try runs statements in one transaction that is rolled back, so that attempts leave nothing behind. It returns what the last
// one came to: its rows as "a|b; c|d", its command tag where it has none, or the SQLSTATE of the first that failed.
func try(t *testing.T, conn *pgx.Conn, statements ...string) string {
	t.Helper()
	run(t, conn, "BEGIN")
	defer run(t, conn, "ROLLBACK")
	out := ""
	for _, sql := range statements {
		var failed bool
		if out, failed = run(t, conn, sql); failed {
			return out
		}
	}
	return out
}

// run runs one text of SQL as it is.
func run(t *testing.T, conn *pgx.Conn, sql string) (outcome string, failed bool) {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		return sqlState(t, sql, err), true
	}
	if len(results) == 0 {
		return "", false
	}
	last := results[len(results)-1]
	if len(last.Rows) == 0 {
		return last.CommandTag.String(), false
	}
	return renderRows(last.Rows), false
}

// sqlState of a failure of the server. Any other failure ends the test: it says nothing of what the server allows.
func sqlState(t *testing.T, sql string, err error) string {
	t.Helper()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	t.Fatalf("%s: %v", sql, err)
	return ""
}

func renderRows(rows [][][]byte) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = string(cell)
		}
		lines[i] = strings.Join(cells, "|")
	}
	return strings.Join(lines, "; ")
}

// login opens a session with the tenant's Secret.
func (w *world) login(t *testing.T, id string) *pgx.Conn {
	t.Helper()
	return harness.Connect(t, w.Credential(t, id+"-postgres")["uri"])
}

// loginWith opens one with changed settings of the connection, and returns the SQLSTATE if the server refuses it.
func (w *world) loginWith(t *testing.T, uri string, change func(*pgx.ConnConfig)) (*pgx.Conn, string) {
	t.Helper()
	config, err := pgx.ParseConfig(uri)
	if err != nil {
		t.Fatal("the uri of the Secret is none that pgx reads")
	}
	change(config)
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return nil, sqlState(t, "connect", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn, ""
}

// acts is the statement by which an application names its tenant on this plane.
func (p *plane) acts(id string) string {
	if p.context == tenantryv1.TenantContextSetting {
		return "SET LOCAL app.current_tenant = '" + id + "'"
	}
	return "SELECT tenantry.use_tenant('" + id + "')"
}

// way is how somebody comes to a tenant's rows: with the tenant's login, or through the application.
type way struct {
	name string
	conn *pgx.Conn
	// before makes the session that tenant, for one transaction.
	before []string
}

func (w *world) ways(t *testing.T, p *plane, id string) []way {
	t.Helper()
	return []way{
		{"login", w.login(t, id), nil},
		{"application", p.db.Connect(t, p.db.App), []string{p.acts(id)}},
	}
}

func (v way) try(t *testing.T, statements ...string) string {
	t.Helper()
	return try(t, v.conn, slices.Concat(v.before, statements)...)
}

// untouched fails the test if anything in the database differs at its end: rows, rights, policies, functions, roles.
func untouched(t *testing.T, p *plane) {
	t.Helper()
	admin := p.db.Superuser(t)
	before := picture(t, admin)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), p.db.Server.SuperuserDSN(p.db.Name))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for what, after := range picture(t, conn) {
			if before[what] != after {
				t.Errorf("%s of the database changed:\n%s\n%s", what, before[what], after)
			}
		}
	})
}

// picture is what is in the database, as a superuser sees it.
func picture(t *testing.T, admin *pgx.Conn) map[string]string {
	t.Helper()
	queries := map[string]string{
		"tables":    `SELECT string_agg(oid::regclass || ' ' || relrowsecurity || relforcerowsecurity || coalesce(relacl::text, ''), E'\n' ORDER BY oid) FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'tenantry'::regnamespace)`,
		"policies":  `SELECT string_agg(polrelid::regclass || polname || polroles::text || pg_get_expr(polqual, polrelid) || pg_get_expr(polwithcheck, polrelid), E'\n' ORDER BY oid) FROM pg_policy`,
		"functions": `SELECT string_agg(oid::regprocedure || proowner::regrole::text || md5(prosrc), E'\n' ORDER BY oid) FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'tenantry'::regnamespace)`,
		"roles":     `SELECT string_agg(rolname || rolsuper || rolbypassrls || rolcreaterole || rolcanlogin, E'\n' ORDER BY oid) FROM pg_roles WHERE oid >= 16384`,
		"members":   `SELECT string_agg(roleid::regrole || ' ' || member::regrole, E'\n' ORDER BY roleid, member) FROM pg_auth_members WHERE member >= 16384`,
	}
	for _, table := range append(slices.Clone(tables), "tenantry.plane", "tenantry.claims", "tenantry.tenants", "tenantry.logins", "tenantry.app_roles") {
		queries["rows of "+table] = fmt.Sprintf(`SELECT string_agg(x::text, E'\n' ORDER BY x::text) FROM %s x`, table)
	}
	out := map[string]string{}
	for what, sql := range queries {
		var got *string
		if err := admin.QueryRow(context.Background(), sql).Scan(&got); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got != nil {
			out[what] = *got
		}
	}
	return out
}

// awaitValue polls a query until it answers with the value.
func awaitValue(t *testing.T, conn *pgx.Conn, what, want, query string) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, what, func(ctx context.Context) error {
		results, err := conn.PgConn().Exec(ctx, query).ReadAll()
		if err != nil {
			return err
		}
		if got := renderRows(results[0].Rows); got != want {
			return fmt.Errorf("%q, want %q", got, want)
		}
		return nil
	})
}
