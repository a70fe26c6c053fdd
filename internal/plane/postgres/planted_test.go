package postgres_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// planted is one change by hand, as docs/reference/rls-hazards.md lists them. World.names fills names into every text.
type planted struct {
	// sql is run by a superuser, undo after everything else; both may be empty.
	sql, undo string
	spec      func(*rows.Spec)
	// want is "severity kind check object" of the finding, with "-" for the check of what the plan mends.
	want string
	// says is part of its message.
	says string
	// remedy replaces the statement that the message names, where that leaves something to fill in; "-" where no statement
	// makes the finding go away.
	remedy string
}

// remedyOf is the SQL that a message ends with, without what else may be done instead.
func remedyOf(message string) string {
	at := regexp.MustCompile(`: (ALTER|DROP|REVOKE|CREATE|UPDATE|GRANT|DELETE|SET|REASSIGN) `).FindAllStringIndex(message, -1)
	if len(at) == 0 {
		return ""
	}
	sql := message[at[len(at)-1][0]+2:]
	if end := regexp.MustCompile(`; (or|and|then|where|which|to) |, or | \(` + `(grant|or) `).FindStringIndex(sql); end != nil {
		sql = sql[:end[0]]
	}
	return sql
}

func line(f boundary.Finding) string {
	check := f.Check
	if check == "" {
		check = "-"
	}
	return strings.Join([]string{string(f.Severity), string(f.Kind), check, f.Object}, " ")
}

// lines are the findings by what is found where. Several on one object are kept apart by their messages.
func lines(d boundary.Diff) map[string][]boundary.Finding {
	out := map[string][]boundary.Finding{}
	for _, f := range d.Findings() {
		out[line(f)] = append(out[line(f)], f)
	}
	return out
}

// look is a Diff of the plane from the server as it is now.
func look(t *testing.T, s *postgres.Server) boundary.Diff {
	t.Helper()
	d, err := s.DiffPlane(context.Background(), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func find(d boundary.Diff, want, says string) (boundary.Finding, bool) {
	found := lines(d)[want]
	if i := slices.IndexFunc(found, func(f boundary.Finding) bool { return strings.Contains(f.Message, says) }); i >= 0 {
		return found[i], true
	}
	return boundary.Finding{}, false
}

// plant sees one change found; left alone by looking; mended by Apply, or by the SQL that its message names; and nothing left
// afterwards that was not there before.
func (w *world) plant(t *testing.T, c planted) {
	t.Helper()
	spec := w.spec
	spec.Protect = slices.Clone(w.spec.Protect)
	if c.spec != nil {
		c.spec(&spec)
	}
	s := w.open(func(cfg *postgres.Config) { cfg.Spec = spec })
	if c.spec != nil {
		w.settle(s)
		defer func() { w.settle(w.open()) }()
	}
	before := slices.Sorted(maps.Keys(lines(look(t, s))))
	w.super(w.names(c.sql))
	want, says := w.names(c.want), w.names(c.says)
	look(t, s)
	d := look(t, s) // the second look finds what the first one left: looking changes nothing
	f, ok := find(d, want, says)
	if !ok {
		t.Errorf("want %q with %q in\n%s", want, says, strings.Join(slices.Sorted(maps.Keys(lines(d))), "\n"))
	}
	mended := slices.ContainsFunc(d.Plan, func(c boundary.Change) bool { return c.Object == f.Object && c.Summary == f.Message })
	if mended {
		w.settle(s)
	} else {
		w.remedy(t, f, w.names(c.remedy))
	}
	if left, ok := find(look(t, s), want, says); ok && c.remedy != "-" {
		t.Errorf("not mended: %s", left.Message)
	}
	w.super(w.names(c.undo))
	if diff := cmp.Diff(before, slices.Sorted(maps.Keys(lines(w.settle(s))))); diff != "" {
		t.Errorf("left behind: %s", diff)
	}
}

func (w *world) remedy(t *testing.T, f boundary.Finding, instead string) {
	t.Helper()
	sql := instead
	if sql == "" {
		sql = remedyOf(f.Message)
	}
	switch sql {
	case "-":
	case "":
		t.Errorf("no statement in: %s", f.Message)
	default:
		if got := code(w.connect(w.pg.SuperuserDSN(w.database)), sql); got != "" {
			t.Errorf("the remedy %q: SQLSTATE %s; message: %s", sql, got, f.Message)
		}
	}
}

// plantAll runs every case in one world.
func plantAll(t *testing.T, cases map[string]planted) {
	t.Helper()
	w := newWorld(t)
	w.settle(w.open())
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			sub := *w
			sub.t = t
			sub.plant(t, cases[name])
		})
	}
}
