package postgres_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// touched sums up how many rows the plan of a query, run as the operator, went through in tables whose name has part.
func (w *world) touched(part, name string, args ...any) int {
	w.t.Helper()
	text, err := os.ReadFile("queries/" + name + ".sql")
	if err != nil {
		w.t.Fatal(err)
	}
	conn := w.connect(w.dsn(w.operator))
	var plans []struct {
		Plan map[string]any
	}
	if err := conn.QueryRow(context.Background(), "EXPLAIN (ANALYZE, FORMAT JSON) "+string(text), args...).Scan(&plans); err != nil {
		w.t.Fatal(err)
	}
	return rowsOf(plans[0].Plan, part)
}

func rowsOf(node map[string]any, part string) int {
	n := 0
	if name, _ := node["Relation Name"].(string); strings.Contains(name, part) {
		loops, _ := node["Actual Loops"].(float64)
		for _, key := range []string{"Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"} {
			count, _ := node[key].(float64)
			n += int(count * loops)
		}
	}
	below, _ := node["Plans"].([]any)
	for _, b := range below {
		n += rowsOf(b.(map[string]any), part)
	}
	return n
}

// flood makes objects as a tenant, each shared with all the roles.
func (w *world) flood(conn *pgx.Conn, objects int, with string) {
	w.t.Helper()
	statement := fmt.Sprintf(`DO $$ DECLARE o oid; BEGIN FOR i IN 1..%d LOOP
		o := lo_create(0); EXECUTE format('GRANT SELECT ON LARGE OBJECT %%s TO %s', o); END LOOP; END $$`, objects, with)
	if got := code(conn, statement); got != "" {
		w.t.Fatalf("SQLSTATE %q", got)
	}
}

// TestASnapshotDoesNotGrowWithWhatTenantsMake: a tenant that shares objects by the thousand makes no query read them all.
func TestASnapshotDoesNotGrowWithWhatTenantsMake(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	group, prefix := rows.GroupName(w.spec), rows.Prefix(w.spec)
	with := []string{group}
	for i := range 40 {
		with = append(with, fmt.Sprint(prefix, "x", i))
		w.super("CREATE ROLE " + with[i+1])
	}
	groups := []string{group, rows.AppsName(w.spec)}
	read := func(name string, args ...any) int {
		return w.touched("pg_shdepend", name, args...) + w.touched("pg_largeobject", name, args...)
	}
	look := func() map[string]int {
		return map[string]int{
			"roles":  read("roles", []string{}, prefix, []string{}, prefix, groups),
			"rights": read("rights", groups, []string{"app"}, []string{w.app}),
		}
	}
	before := look()
	w.flood(acme, 1500, strings.Join(with, ", "))
	for name, after := range look() {
		// Each of the 42 logins: 50 records of its own, and 50 of each of the objects that these name.
		if most := before[name] + 42*50 + 150*50; after > most {
			t.Errorf("%s went through %d records before and through %d of 61,500 after, want at most %d", name, before[name], after, most)
		}
	}
	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	if err := s.Refresh(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestSharingIsToldWithoutTheSharersWords: a tenant chooses neither what is said of another one nor how often.
func TestSharingIsToldWithoutTheSharersWords(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.admit(s, tenant("globex"))
	login := rows.LoginName(w.spec, "uid-globex", 0)
	found := func(id string) []boundary.Finding {
		d, err := s.DiffTenant(context.Background(), w.withPassword(tenant(id)), plane.Fresh)
		if err != nil {
			t.Fatal(err)
		}
		return d.Findings()
	}
	var first []boundary.Finding
	for round := range 2 {
		for i := range 20 {
			name := fmt.Sprintf("\"t%d_%d\n\x1b[31mCRITICAL\"", round, i)
			for _, q := range []string{"CREATE TEMPORARY TABLE " + name + " (y int)", "GRANT SELECT ON " + name + " TO " + login} {
				if got := code(acme, q); got != "" {
					t.Fatalf("%s: SQLSTATE %q", q, got)
				}
			}
		}
		got := found("globex")
		if len(got) != 1 || got[0].Severity != boundary.Info || strings.Contains(got[0].Message+got[0].Object+got[0].Check, "CRITICAL") {
			t.Fatalf("globex is told %+v", got)
		}
		if round == 0 {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("the second sharing changed globex's status: %s", diff)
		}
	}
	if !slices.ContainsFunc(found("acme"), func(f boundary.Finding) bool { return f.Check == "login-shares" && f.Severity == boundary.Warning }) {
		t.Errorf("whoever shares is not warned about: %+v", found("acme"))
	}
}
