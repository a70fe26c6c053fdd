package postgres_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// oneConnection is the application's pool with one connection, so that every request inherits what the last one left.
func (w *world) oneConnection() *pgxpool.Pool {
	w.t.Helper()
	config, err := pgxpool.ParseConfig(w.dsn(w.app))
	if err != nil {
		w.t.Fatal(err)
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	return pool
}

// request runs statements in one transaction and returns the titles it then sees, or the SQLSTATE.
func request(pool *pgxpool.Pool, statements ...string) string {
	var titles string
	err := pgx.BeginFunc(context.Background(), pool, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(context.Background(), statement); err != nil {
				return err
			}
		}
		return tx.QueryRow(context.Background(), "SELECT coalesce(string_agg(title, ',' ORDER BY title), '') FROM app.documents").Scan(&titles)
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return titles
}

const useAcme = "SELECT tenantry.use_tenant('acme')"

func TestPooledConnectionForgetsItsTenant(t *testing.T) {
	const forgery = "extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid() || '/acme'"
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	w.super("INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'of acme'), ('globex', 'of globex')")
	for name, c := range map[string]struct {
		context          string
		first, during    string // what the first request sends, and sees
		second, comments string // what the next request sees without naming a tenant
	}{
		"use_tenant":                   {rows.Stamped, useAcme, "of acme", rows.CodeUnset, ""},
		"SET":                          {rows.Stamped, "SET app.current_tenant = 'acme'", rows.CodeUnset, rows.CodeUnset, ""},
		"SET LOCAL":                    {rows.Stamped, "SET LOCAL app.current_tenant = 'acme'", rows.CodeUnset, rows.CodeUnset, ""},
		"set_config":                   {rows.Stamped, "SELECT set_config('app.current_tenant', 'acme', false)", rows.CodeUnset, rows.CodeUnset, ""},
		"SET of the stamp's variable":  {rows.Stamped, "SET tenantry.stamp = 'acme'", rows.CodeStale, rows.CodeUnset, "the failure rolled it back"},
		"forged stamp for the session": {rows.Stamped, "SELECT set_config('tenantry.stamp', " + forgery + ", false)", "of acme", rows.CodeStale, ""},
		"Setting: use_tenant":          {rows.Setting, useAcme, "of acme", rows.CodeUnset, ""},
		"Setting: SET LOCAL":           {rows.Setting, "SET LOCAL app.current_tenant = 'acme'", "of acme", rows.CodeUnset, ""},
		"Setting: set_config local":    {rows.Setting, "SELECT set_config('app.current_tenant', 'acme', true)", "of acme", rows.CodeUnset, ""},
		"Setting: SET":                 {rows.Setting, "SET app.current_tenant = 'acme'", "of acme", "of acme", "the documented weakness of Setting"},
	} {
		t.Run(name, func(t *testing.T) {
			if w.spec.TenantContext != c.context {
				w.spec.TenantContext = c.context
				w.settle(w.open()) // replaces the functions
			}
			pool := w.oneConnection()
			if got := request(pool, c.first); got != c.during {
				t.Errorf("the request itself got %q, want %q", got, c.during)
			}
			if got := request(pool); got != c.second {
				t.Errorf("the next request got %q, want %q %s", got, c.second, c.comments)
			}
		})
	}
}

func TestTenantOfATransaction(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	w.converge(s, tenant("globex"))
	w.converge(s, func() boundary.Tenant { t := tenant("idle"); t.Access = boundary.Suspended; return t }())
	w.super("INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'of acme'), ('globex', 'of globex')")
	pool := w.oneConnection()
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"unset":                      {nil, rows.CodeUnset},
		"empty":                      {[]string{"SELECT tenantry.use_tenant('')"}, rows.CodeUnset},
		"null":                       {[]string{"SELECT tenantry.use_tenant(NULL)"}, rows.CodeUnset},
		"never declared":             {[]string{"SELECT tenantry.use_tenant('nobody')"}, rows.CodeUnknown},
		"suspended":                  {[]string{"SELECT tenantry.use_tenant('idle')"}, rows.CodeSuspended},
		"switched":                   {[]string{useAcme, "SELECT tenantry.use_tenant('globex')"}, "of globex"},
		"rolled back to savepoint":   {[]string{useAcme, "SAVEPOINT s", "SELECT tenantry.use_tenant('globex')", "ROLLBACK TO s"}, "of acme"},
		"rolled back to nothing":     {[]string{"SAVEPOINT s", useAcme, "ROLLBACK TO s"}, rows.CodeUnset},
		"time zone changes":          {[]string{useAcme, "SET LOCAL TimeZone = 'Asia/Tokyo'", "SET LOCAL DateStyle = 'German'"}, "of acme"},
		"role changes":               {[]string{useAcme, "SET LOCAL ROLE " + rows.AppsName(w.spec)}, "of acme"},
		"forged unknown":             {[]string{"SELECT set_config('tenantry.stamp', extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid() || '/nobody', true)"}, rows.CodeUnknown},
		"forged suspended":           {[]string{"SELECT set_config('tenantry.stamp', extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid() || '/idle', true)"}, rows.CodeSuspended},
		"no own rows for a nonsense": {[]string{"SELECT set_config('tenantry.stamp', '///', true)"}, rows.CodeStale},
	} {
		t.Run(name, func(t *testing.T) {
			if got := request(pool, c.statements...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// dumpAs runs pg_dump as a role and returns what it wrote.
func (w *world) dumpAs(role string) (string, error) {
	out, err := exec.Command("pg_dump", "--dbname", w.dsn(role), "--table", "app.documents").CombinedOutput()
	return string(out), err
}

func TestAutocommitDoesNotCarryATenantOver(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	app := w.connect(w.dsn(w.app))
	if got := code(app, useAcme); got != "" {
		t.Fatal(got)
	}
	_, err := app.Exec(context.Background(), "SELECT * FROM app.documents")
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != rows.CodeUnset || e.Hint == "" {
		t.Errorf("got %v, want %s with a hint that names the remedy", err, rows.CodeUnset)
	}
}

// TestOwnerGetsAnErrorAndMaintenanceWorks: forced policies bind the owner too, and must never silently show it nothing.
func TestOwnerGetsAnErrorAndMaintenanceWorks(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.super("INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'of acme')", "GRANT SELECT ON ALL TABLES IN SCHEMA app TO "+w.dump,
		"GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO "+w.dump)
	owner := w.connect(w.dsn(w.owner))
	for _, statement := range []string{"SELECT * FROM app.documents", "UPDATE app.documents SET title = ''", "DELETE FROM app.documents"} {
		if got := code(owner, statement); got != rows.CodeNotTenant {
			t.Errorf("the owner's %s: SQLSTATE %q, want %s", statement, got, rows.CodeNotTenant)
		}
	}
	for _, statement := range []string{"ALTER TABLE app.documents ADD COLUMN body text", "CREATE INDEX ON app.documents (title)"} {
		if got := code(owner, statement); got != "" {
			t.Errorf("the owner's migration %s: SQLSTATE %q", statement, got)
		}
	}
	if out, err := w.dumpAs(w.owner); err == nil || !strings.Contains(out, "row-level security policy") {
		t.Errorf("pg_dump by the owner must fail and say why: %v %s", err, out)
	}
	if out, err := w.dumpAs(w.dump); err != nil || !strings.Contains(out, "of acme") {
		t.Errorf("pg_dump by the maintenance role: %v %s", err, out)
	}
}
