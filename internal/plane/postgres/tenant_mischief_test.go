package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// TestAMendThatFailsDoesNotUndoTheClosing: only a superuser can revoke a superuser's role.
func TestAMendThatFailsDoesNotUndoTheClosing(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.converge(s, tenant("globex")) // its role was never let in: only its state is to be closed
	w.super("ALTER ROLE " + w.dump + " SUPERUSER")
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	for _, id := range []string{"acme", "globex"} {
		login := rows.LoginName(w.spec, "uid-"+id, 0)
		w.super("GRANT " + w.dump + " TO " + login)
		if _, err := converge(s, w.withPassword(suspended(tenant(id)))); err == nil {
			t.Fatal("the operator revoked a superuser's role")
		}
		got := []string{
			w.value(conn, "SELECT state FROM tenantry.tenants WHERE tenant_id = $1", id),
			w.value(conn, "SELECT rolcanlogin::text FROM pg_roles WHERE rolname = $1", login),
		}
		if diff := cmp.Diff([]string{"Suspended", "false"}, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if got := code(acme, "SELECT 1"); got != "57P01" {
		t.Errorf("the live session answers %q, want 57P01: terminated", got)
	}
}

// TestCreateForPublicInAnySchema: a function that a tenant plants in public runs as whoever calls its name.
func TestCreateForPublicInAnySchema(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	found := func(d boundary.Diff) []string {
		var out []string
		for _, f := range d.Hazards {
			if f.Check == "public-create" {
				out = append(out, fmt.Sprint(f.Object, " ", f.Severity))
			}
		}
		return out
	}
	if got := found(w.settle(s)); len(got) > 0 {
		t.Errorf("in a clean database: %v", got)
	}
	w.super("GRANT CREATE ON SCHEMA public, app TO PUBLIC")
	d, err := s.DiffPlane(context.Background(), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"schema app Critical", "schema public Critical"}, found(d)); diff != "" {
		t.Error(diff)
	}
}

// TestATenantCannotRaiseTheAlarm shares what it made itself with the group of all tenants and with another tenant.
func TestATenantCannotRaiseTheAlarm(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.admit(s, tenant("globex"))
	others := rows.GroupName(w.spec) + ", " + rows.LoginName(w.spec, "uid-globex", 0)
	for _, statement := range []string{
		"CREATE TEMPORARY TABLE x (y int)", "GRANT SELECT, INSERT (y) ON x TO " + others,
		"SELECT lo_create(4711)", "GRANT SELECT ON LARGE OBJECT 4711 TO " + others,
	} {
		if got := code(acme, statement); got != "" {
			t.Fatalf("%s: SQLSTATE %q", statement, got)
		}
	}
	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	d := w.settle(s)
	globex, err := s.DiffTenant(context.Background(), w.withPassword(tenant("globex")), plane.Fresh)
	if err != nil || !globex.Settled() || len(globex.Hazards) != 1 {
		t.Errorf("what was shared with globex: %+v %v", globex, err)
	}
	own, err := s.DiffTenant(context.Background(), w.withPassword(tenant("acme")), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Concat(d.Hazards, globex.Hazards, own.Hazards) {
		if f.Severity == boundary.Critical {
			t.Errorf("a tenant made this Critical: %+v", f)
		}
	}
}

// TestManyHoldingsAreNotAllRead, and those that a tenant makes or is given do not hide a right that somebody else gave, whichever
// came first.
func TestManyHoldingsAreNotAllRead(t *testing.T) {
	for name, tc := range map[string]struct {
		givenFirst      bool
		atLeast, atMost int
	}{
		"its own first":       {false, 20, 22},
		"what is given first": {true, 1, 22},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.open()
			w.settle(s)
			acme, globex := w.admit(s, tenant("acme")), w.admit(s, tenant("globex"))
			login := rows.LoginName(w.spec, "uid-acme", 0)
			own := func() string { return code(acme, "SELECT lo_create(0) FROM generate_series(1, 200)") }
			given := func() string {
				return code(globex, "DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO "+login+"', lo_create(0)); END LOOP; END $$")
			}
			steps := []func() string{own, given}
			if tc.givenFirst {
				steps = []func() string{given, own}
			}
			for _, step := range steps {
				if got := step(); got != "" {
					t.Fatalf("SQLSTATE %q", got)
				}
			}
			w.super("GRANT TRUNCATE ON app.documents TO " + login)
			d, err := s.DiffTenant(context.Background(), w.withPassword(tenant("acme")), plane.Fresh)
			if n := len(d.Hazards); err != nil || n < tc.atLeast || n > tc.atMost || len(d.Plan) != 1 {
				t.Errorf("want %d to %d of what it has, and a right to take away; got %d and %v (%v)", tc.atLeast, tc.atMost, n, d.Plan.Lines(), err)
			}
		})
	}
}
