package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// TestTypedColumns: the condition is in the column's own type, and an index on it is used.
func TestTypedColumns(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ format, column, id string }{
		"uuid":     {rows.UUID, "uuid", "0b5a3b8e-1c5e-4f0e-9d7a-111111111111"},
		"bigint":   {rows.Integer, "bigint", "42"},
		"integer":  {rows.Integer, "integer", "42"},
		"smallint": {rows.Integer, "smallint", "42"},
		"varchar":  {rows.Text, "varchar(36)", "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset()
			w.spec.IDFormat = c.format
			w.spec.Protect[0].Tables = []string{"Odd \"Table\""}
			w.spec.Protect[0].TenantColumn = "Tenant (id)"
			w.as(w.owner, `DROP TABLE IF EXISTS app."Odd ""Table"""`, `CREATE TABLE app."Odd ""Table""" (id int GENERATED ALWAYS AS IDENTITY, "Tenant (id)" `+c.column+` NOT NULL, "select" text)`,
				`CREATE INDEX ON app."Odd ""Table""" ("Tenant (id)")`)
			s := w.open()
			w.settle(s)
			conn := w.admit(s, tenant(c.id))
			if got := code(conn, `INSERT INTO app."Odd ""Table""" ("Tenant (id)", "select") VALUES ('`+c.id+`', 'x')`); got != "" {
				t.Fatalf("insert: SQLSTATE %s", got)
			}
			if got := code(conn, "SET enable_seqscan = off"); got != "" {
				t.Fatal(got)
			}
			found, err := conn.Query(context.Background(), `EXPLAIN SELECT * FROM app."Odd ""Table"""`)
			if err != nil {
				t.Fatal(err)
			}
			var lines strings.Builder
			for found.Next() {
				values, _ := found.Values()
				fmt.Fprintln(&lines, values...)
			}
			if !strings.Contains(lines.String(), "InitPlan") || !strings.Contains(lines.String(), "Index Cond") {
				t.Errorf("no index is used:\n%s", lines.String())
			}
		})
	}
}

func TestPartitionsAreProtectedWithTheirParent(t *testing.T) {
	w := newWorld(t)
	w.as(w.owner, "CREATE TABLE app.events (tenant_id text NOT NULL, at int NOT NULL) PARTITION BY RANGE (at)", "CREATE INDEX ON app.events (tenant_id)")
	w.super("CREATE SCHEMA attic AUTHORIZATION " + w.owner)
	w.as(w.owner, "CREATE TABLE attic.events_1 PARTITION OF app.events FOR VALUES FROM (0) TO (10)")
	w.spec.Protect[0].Tables = []string{"events"}
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.super("INSERT INTO app.events VALUES ('acme', 1), ('globex', 2)", "GRANT USAGE ON SCHEMA attic TO PUBLIC", "GRANT SELECT ON attic.events_1 TO PUBLIC")
	for _, table := range []string{"app.events", "attic.events_1"} {
		if got := w.value(acme, "SELECT string_agg(tenant_id, ',') FROM "+table); got != "acme" {
			t.Errorf("%s shows %q", table, got)
		}
	}
}

// TestPublicLosesTheDatabase where the operator's role owns it: roles that use it keep it, others do not.
func TestPublicLosesTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.super("ALTER DATABASE "+w.database+" OWNER TO "+w.operator, "CREATE ROLE stranger_"+w.app+" LOGIN PASSWORD '"+password+"'")
	t.Cleanup(func() { w.superIn("postgres", "DROP ROLE IF EXISTS stranger_"+w.app) })
	s := w.open()
	w.settle(s)
	for _, role := range []string{w.owner, w.app, w.dump, w.operator} {
		if w.refused(role) {
			t.Errorf("%s cannot connect any more", role)
		}
	}
	if !w.refused("stranger_" + w.app) {
		t.Error("a stranger can connect")
	}
	acme := w.admit(s, tenant("acme"))
	if got := code(acme, "CREATE TEMPORARY TABLE x ()"); got != "42501" {
		t.Errorf("a tenant makes temporary tables: SQLSTATE %q", got)
	}
}

func TestAnotherInstallationsPlaneIsNotTouched(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	mine := w.marker
	w.marker.Installation = "somebody-else"
	s := w.open(func(c *postgres.Config) { c.Marker.Installation = "somebody-else" })
	if m, err := s.Claim(context.Background(), w.marker); err != nil || m != mine {
		t.Errorf("the first claim does not win: %+v %v", m, err)
	}
	w.super("DELETE FROM tenantry.app_roles", "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY")
	d, err := s.DiffPlane(context.Background(), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), d.Plan); plane.CauseOf(err) != plane.OwnedElsewhere {
		t.Errorf("want %s, got %v", plane.OwnedElsewhere, err)
	}
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(conn, "SELECT count(*)::text FROM tenantry.app_roles"); got != "0" {
		t.Error("something was written")
	}
}
