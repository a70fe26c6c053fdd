package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// guarded is a settled plane in whose database a superuser ran the script.
func guarded(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.settle(w.open())
	w.super(rows.SuperuserScript(w.spec))
	w.settle(w.open()) // writes the list
	return w
}

// protection of a table, "on" where it is complete.
func (w *world) protection(table string) string {
	w.t.Helper()
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	return w.value(conn, `SELECT CASE WHEN relrowsecurity AND relforcerowsecurity
		AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'tenant_isolation' AND polroles = '{0}' AND polcmd = '*')
		THEN 'on' ELSE 'rls ' || relrowsecurity || ' force ' || relforcerowsecurity END FROM pg_class c WHERE c.oid = $1::text::regclass`, table)
}

func TestNewTablesAreProtectedInTheirOwnTransaction(t *testing.T) {
	w := guarded(t)
	for name, c := range map[string]struct {
		role  string
		sql   string
		table string
		want  string
	}{
		"create":                {w.owner, "CREATE TABLE app.a (tenant_id text)", "app.a", "on"},
		"as a superuser":        {"", "CREATE TABLE app.b (tenant_id text)", "app.b", "on"},
		"create as":             {w.owner, "CREATE TABLE app.c AS SELECT 'x'::text AS tenant_id", "app.c", "on"},
		"select into":           {w.owner, "SELECT 'x'::text AS tenant_id INTO app.d", "app.d", "on"},
		"uuid":                  {w.owner, "CREATE TABLE app.e (tenant_id uuid)", "app.e", "on"},
		"add column":            {w.owner, "CREATE TABLE app.f (); ALTER TABLE app.f ADD tenant_id text", "app.f", "on"},
		"rename column":         {w.owner, "CREATE TABLE app.g (t text); ALTER TABLE app.g RENAME t TO tenant_id", "app.g", "on"},
		"rename table":          {w.owner, "CREATE TABLE app.h (tenant_id text); ALTER TABLE app.h RENAME TO hh", "app.hh", "on"},
		"partitioned":           {w.owner, "CREATE TABLE app.i (tenant_id text) PARTITION BY LIST (tenant_id)", "app.i", "on"},
		"partition":             {w.owner, "CREATE TABLE app.j (tenant_id text) PARTITION BY LIST (tenant_id); CREATE TABLE app.j1 PARTITION OF app.j DEFAULT", "app.j1", "on"},
		"attached from afar":    {"", "CREATE SCHEMA afar; CREATE TABLE afar.k1 (tenant_id text); CREATE TABLE app.k (tenant_id text) PARTITION BY LIST (tenant_id); ALTER TABLE app.k ATTACH PARTITION afar.k1 DEFAULT", "afar.k1", "on"},
		"inherited":             {w.owner, "CREATE TABLE app.l (tenant_id text); CREATE TABLE app.l1 () INHERITS (app.l)", "app.l1", "on"},
		"column for a child":    {w.owner, "CREATE TABLE app.v (); CREATE TABLE app.v1 () INHERITS (app.v); ALTER TABLE app.v ADD tenant_id text", "app.v1", "on"},
		"like":                  {w.owner, "CREATE TABLE app.m (LIKE app.documents)", "app.m", "on"},
		"unlogged":              {w.owner, "CREATE UNLOGGED TABLE app.n (tenant_id text)", "app.n", "on"},
		"switched off":          {w.owner, "CREATE TABLE app.o (tenant_id text); ALTER TABLE app.o DISABLE ROW LEVEL SECURITY", "app.o", "on"},
		"no longer forced":      {w.owner, "CREATE TABLE app.p (tenant_id text); ALTER TABLE app.p NO FORCE ROW LEVEL SECURITY", "app.p", "on"},
		"unknown type":          {w.owner, "CREATE TABLE app.q (tenant_id bytea)", "app.q", "rls true force true"},
		"without the column":    {w.owner, "CREATE TABLE app.r (other text)", "app.r", "rls false force false"},
		"in another schema":     {"", "CREATE TABLE public.s (tenant_id text)", "public.s", "rls false force false"},
		"quoted":                {w.owner, `CREATE TABLE app."T ""t"" $body$" (tenant_id text)`, `app."T ""t"" $body$"`, "on"},
		"moved into the schema": {"", "CREATE TABLE public.u (tenant_id text); ALTER TABLE public.u SET SCHEMA app", "app.u", "on"},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := w.pg.SuperuserDSN(w.database)
			if c.role != "" {
				dsn = w.dsn(c.role)
			}
			conn := w.connect(dsn)
			if got := code(conn, c.sql); got != "" {
				t.Fatalf("SQLSTATE %s", got)
			}
			if got := w.protection(c.table); got != c.want {
				t.Errorf("%s: %s, want %s", c.table, got, c.want)
			}
		})
	}
}

func TestNewTablesWithoutTheEventTriggerAreProtectedByTheAudit(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.as(w.owner, "CREATE TABLE app.fresh (tenant_id text NOT NULL)", "CREATE INDEX ON app.fresh (tenant_id)")
	if got := w.protection("app.fresh"); got != "rls false force false" {
		t.Fatal(got)
	}
	w.settle(s)
	if got := w.protection("app.fresh"); got != "on" {
		t.Error(got)
	}
}

// TestTheListFollowsProtect without the script being run again.
func TestTheListFollowsProtect(t *testing.T) {
	w := guarded(t)
	w.super("CREATE SCHEMA sales AUTHORIZATION " + w.owner)
	w.spec.Protect = append(w.spec.Protect, rows.Protect{Schema: "sales", Tables: []string{"orders"}, TenantColumn: "org", Mode: rows.Enforce})
	w.settle(w.open())
	w.as(w.owner, "CREATE TABLE sales.orders (org text)", "CREATE TABLE sales.other (org text)")
	if got := []string{w.protection("sales.orders"), w.protection("sales.other")}; got[0] != "on" || got[1] == "on" {
		t.Errorf("orders %s, other %s", got[0], got[1])
	}
}

// TestTheOperatorCannotChangeTheGuard: a function that runs in a superuser's session must not be the operator's to edit.
func TestTheOperatorCannotChangeTheGuard(t *testing.T) {
	w := guarded(t)
	operator := w.connect(w.dsn(w.operator))
	for _, attempt := range []string{
		"CREATE OR REPLACE FUNCTION tenantry_guard.protect_new_table() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
		"ALTER FUNCTION tenantry_guard.protect_new_table() SECURITY INVOKER",
		"DROP FUNCTION tenantry_guard.protect_new_table()",
		"CREATE FUNCTION tenantry_guard.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"ALTER TABLE tenantry_guard.protected ADD CHECK (false)",
		"CREATE TRIGGER t BEFORE INSERT ON tenantry_guard.protected EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"ALTER EVENT TRIGGER " + rows.GuardTrigger + " DISABLE",
		"CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION tenantry_guard.protect_new_table()",
	} {
		if got := code(operator, attempt); got != "42501" {
			t.Errorf("%s: SQLSTATE %q, want 42501", attempt, got)
		}
	}
	// What the operator writes into the list is data: it runs nowhere, and breaks no CREATE TABLE.
	if got := code(operator, "INSERT INTO tenantry_guard.protected VALUES ('app', '*', 'x; DROP TABLE app.documents'), ('app''; SELECT 1/0; --', '*', 'tenant_id')"); got != "" {
		t.Fatal(got)
	}
	w.super("CREATE TABLE app.after (tenant_id text)")
	if got := w.protection("app.after"); got != "on" {
		t.Error(got)
	}
}

func TestDescribeTellsHowNewTablesAreProtected(t *testing.T) {
	const function = "tenantry_guard.protect_new_table()"
	w := guarded(t)
	for name, c := range map[string]struct{ change, note, hazard string }{
		"as shipped":    {"SELECT 1", "in the transaction that makes them, by the event trigger", ""},
		"not installed": {"DROP EVENT TRIGGER " + rows.GuardTrigger, "not installed", ""},
		"disabled":      {"ALTER EVENT TRIGGER " + rows.GuardTrigger + " DISABLE", "is disabled", ""},
		"of another version": {
			"CREATE OR REPLACE FUNCTION " + function + " RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "not the one of this version", "",
		},
		"editable":             {"ALTER FUNCTION " + function + " OWNER TO {op}", "does not belong to a superuser alone", "guard-unsafe"},
		"list of the operator": {"ALTER TABLE tenantry_guard.protected OWNER TO {op}", "does not belong to a superuser alone", "guard-unsafe"},
		"list closed":          {"REVOKE ALL ON tenantry_guard.protected FROM {op}", "may not write", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(w.names(c.change))
			s := w.open()
			if note := w.guardNote(s); !strings.Contains(note, c.note) {
				t.Errorf("want %q in %q", c.note, note)
			}
			diff, err := s.DiffPlane(context.Background(), plane.Fresh)
			found := slices.ContainsFunc(diff.Hazards, func(f boundary.Finding) bool { return f.Check == c.hazard && f.Severity == boundary.Critical })
			if err != nil || found != (c.hazard != "") || !diff.Settled() {
				t.Errorf("hazards %+v plan %v %v", diff.Hazards, diff.Plan.Lines(), err)
			}
			w.super(rows.SuperuserScript(w.spec)) // the remedy that the note names
			w.settle(w.open())
			if note := w.guardNote(w.open()); !strings.Contains(note, "by the event trigger") {
				t.Errorf("after the script was run again: %q", note)
			}
		})
	}
}

// guardNote is the first of the capabilities.
func (w *world) guardNote(s *postgres.Server) string {
	w.t.Helper()
	d, err := s.Describe(context.Background())
	if err != nil || len(d.Capabilities) == 0 {
		w.t.Fatalf("%+v %v", d, err)
	}
	return d.Capabilities[0]
}

func TestTheScriptClosesLargeObjects(t *testing.T) {
	w := guarded(t)
	acme := w.admit(w.open(), tenant("acme"))
	if got := code(acme, "SELECT lo_create(0)"); got != "42501" {
		t.Errorf("a tenant makes large objects: SQLSTATE %q", got)
	}
	if got := code(w.connect(w.dsn(w.app)), "SELECT lo_create(0)"); got != "" {
		t.Errorf("the application cannot make large objects any more: SQLSTATE %q", got)
	}
	w.super("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
}

// TestTheScriptMayBeRunAgain, and only on a database that belongs to a DataPlane, by a superuser.
func TestTheScriptMayBeRunAgain(t *testing.T) {
	w := guarded(t)
	w.super(rows.SuperuserScript(w.spec))
	w.settle(w.open())
	operator := w.connect(w.dsn(w.operator))
	if got := code(operator, rows.SuperuserScript(w.spec)); got != "P0001" {
		t.Errorf("run by the operator: SQLSTATE %q", got)
	}
	other := newWorld(t)
	conn := other.connect(other.pg.SuperuserDSN(other.database))
	if got := code(conn, rows.SuperuserScript(w.spec)); got != "P0001" {
		t.Errorf("run before the claim: SQLSTATE %q", got)
	}
}
