package finding

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var first = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func warning(object string) boundary.Finding {
	return boundary.Finding{Layer: boundary.Rows, Object: object, Kind: boundary.Missing, Severity: boundary.Warning, Message: "x"}
}

func many(n int) (out []boundary.Finding) {
	for i := range n {
		out = append(out, warning("table "+strconv.Itoa(i)))
	}
	return out
}

func TestMerge(t *testing.T) {
	before := List{}.Merge([]boundary.Finding{warning("table t"), warning("table t")}, nil, first)
	if *before.Total != 1 || len(before.Shown) != 1 {
		t.Fatalf("the same finding twice counts %d times", *before.Total)
	}
	critical := boundary.Finding{Layer: boundary.Cache, Object: "user", Severity: boundary.Critical, Message: strings.Repeat("é", 2000)}
	after := before.Merge(append(many(30), warning("table t"), critical), nil, first.Add(time.Hour))
	if *after.Total != 32 || len(after.Shown) != shown {
		t.Fatalf("total %d, shown %d", *after.Total, len(after.Shown))
	}
	if after.Shown[0].Severity != "Critical" || len([]rune(after.Shown[0].Message)) > maxMessage {
		t.Errorf("first is %+v", after.Shown[0])
	}
	again := before.Merge([]boundary.Finding{warning("table t")}, nil, first.Add(time.Hour))
	if diff := cmp.Diff(before, again); diff != "" {
		t.Errorf("saying it again changes it: %s", diff)
	}
	none := before.Merge(nil, nil, first)
	if none.Total == nil || *none.Total != 0 || none.Shown != nil {
		t.Errorf("nothing is %+v", none)
	}
}

// TestMergeJoins: two things that are wrong with one object are one finding, as bad as the worse, with both messages.
func TestMergeJoins(t *testing.T) {
	a, b := warning("role r"), warning("role r")
	a.Message, b.Message, b.Severity = "one", "two", boundary.Critical
	got := List{}.Merge([]boundary.Finding{a, b}, nil, first).Shown
	if len(got) != 1 || got[0].Message != "two; one" || got[0].Severity != "Critical" {
		t.Errorf("joined to %+v", got)
	}
}

// TestUnreadLayersKeepTheirFindings: a server that is away neither confirms nor refutes anything.
func TestUnreadLayersKeepTheirFindings(t *testing.T) {
	cache := boundary.Finding{Layer: boundary.Cache, Object: "user", Kind: boundary.Changed, Severity: boundary.Critical, Message: "m"}
	before := List{}.Merge([]boundary.Finding{warning("table t"), cache}, nil, first)
	later := first.Add(time.Hour)
	away := before.Merge([]boundary.Finding{warning("table t")}, []boundary.Layer{boundary.Cache}, later)
	if diff := cmp.Diff(before, away); diff != "" {
		t.Errorf("a server that is away rewrites: %s", diff)
	}
	mended := before.Merge(nil, []boundary.Layer{boundary.Cache}, later)
	if len(mended.Shown) != 1 || mended.Shown[0].Layer != "Cache" || *mended.Total != 1 {
		t.Errorf("after the other layer was mended: %+v", mended)
	}
	if back := away.Merge(nil, nil, later); *back.Total != 0 {
		t.Errorf("it is back and well, and %d are open", *back.Total)
	}
	full := List{}.Merge(append(many(30), cache), nil, first)
	for range 3 {
		full = full.Merge(many(30), []boundary.Layer{boundary.Cache}, later)
	}
	if *full.Total != 31 {
		t.Errorf("31 findings become %d while a server is away", *full.Total)
	}
}

func TestAcceptedDoNotCount(t *testing.T) {
	f := warning("view v")
	f.Kind, f.Severity, f.Accepted = boundary.Hazard, boundary.Critical, boundary.Acceptance{Reason: "why", Expires: "2027-03-01"}
	got := List{}.Merge(append(many(30), f), nil, first)
	if *got.Total != 30 || got.Accepted != 1 {
		t.Errorf("%d count, %d are accepted", *got.Total, got.Accepted)
	}
	got = List{}.Merge([]boundary.Finding{f, warning("table t")}, nil, first)
	if got.Shown[0].Accepted != nil || got.Shown[1].Accepted == nil || got.Shown[1].Accepted.Reason != "why" {
		t.Errorf("shown as %+v", got.Shown)
	}
}

func TestPlan(t *testing.T) {
	var p boundary.Plan
	for range 60 {
		p = append(p, boundary.Change{Layer: boundary.Rows, Object: "role r", Summary: strings.Repeat("é", 600)})
	}
	got := Plan(p)
	if len(got) != maxPlanLines || len([]rune(got[0])) != maxPlanLine {
		t.Errorf("%d lines of %d", len(got), len([]rune(got[0])))
	}
	if Plan(nil) != nil {
		t.Error("no plan is not empty")
	}
}
