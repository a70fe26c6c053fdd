package finding

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/events"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// told are the Events without their messages.
func told(n News) (out []string) {
	r := events.NewFakeRecorder(100)
	n.Tell(r, &tenantryv1.Tenant{})
	for len(r.Events) > 0 {
		line, _, _ := strings.Cut(<-r.Events, ": x")
		out = append(out, line)
	}
	return out
}

func list(f ...boundary.Finding) List { return List{}.Merge(f, nil, first) }

func TestNews(t *testing.T) {
	info := warning("role i")
	info.Severity = boundary.Info
	hazard := warning("view v")
	hazard.Kind = boundary.Hazard
	fight := hazard
	fight.Check = boundary.CheckFight
	accepted := hazard
	accepted.Accepted = boundary.Acceptance{Reason: "r", Expires: "2027-03-01"}
	change := boundary.Change{Layer: boundary.Rows, Object: "table t", Kind: boundary.Missing, Severity: boundary.Warning, Summary: "x"}
	one := warning("table t")
	for name, tc := range map[string]struct {
		news News
		want []string
	}{
		"nothing new": {News{Before: list(one), After: list(one)}, nil},
		"appeared":    {News{After: list(one, info, hazard)}, []string{"Warning Drifted Found: Warning Rows table t", "Warning Hazard Found: Warning Rows view v", "Normal Drifted Found: Info Rows role i"}},
		"a fight":     {News{After: list(fight)}, []string{"Warning Fight Found: Warning Rows view v"}},
		"gone":        {News{Before: list(one, hazard), After: list(one)}, []string{"Normal FindingGone Gone: Warning Rows view v"}},
		"accepted":    {News{After: list(accepted)}, nil},
		"found and put right at once": {News{Corrected: boundary.Plan{change}},
			[]string{"Warning Drifted Found: Warning Rows table t", "Normal DriftCorrected Corrected: Warning Rows table t"}},
		"put right that was shown": {News{Before: list(one), Corrected: boundary.Plan{change}},
			[]string{"Normal DriftCorrected Corrected: Warning Rows table t"}},
		"being built":             {News{After: list(one, hazard), Building: true}, []string{"Warning Hazard Found: Warning Rows view v"}},
		"gone, and not all shown": {News{Before: list(hazard), After: list(many(30)...), Building: true}, nil},
		"bounded": {News{After: list(many(8)...)}, []string{
			"Warning Drifted Found: Warning Rows table 0", "Warning Drifted Found: Warning Rows table 1",
			"Warning Drifted Found: Warning Rows table 2", "Warning Drifted Found: Warning Rows table 3",
			"Warning Drifted Found: Warning Rows table 4", "Warning Drifted Found: 3 findings more; see status.findings"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, told(tc.news)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTellPlan(t *testing.T) {
	r := events.NewFakeRecorder(10)
	TellPlan(r, &tenantryv1.Tenant{}, []string{"a"}, []string{"a"})
	TellPlan(r, &tenantryv1.Tenant{}, []string{"a"}, nil)
	if len(r.Events) != 0 {
		t.Errorf("no news is told: %s", <-r.Events)
	}
	TellPlan(r, &tenantryv1.Tenant{}, []string{"a"}, []string{"a", strings.Repeat("é", 2000)})
	got := <-r.Events
	if !strings.HasPrefix(got, "Normal Planned Changes that would be made and are not: 2: a; é") || len(got) > maxNote+len("Normal Planned ") {
		t.Errorf("%d bytes: %.80s", len(got), got)
	}
}

// TestIdle: an acceptance that matches nothing is not forgotten; where nobody can say, nothing is said.
func TestIdle(t *testing.T) {
	hazard := warning("view v")
	hazard.Kind, hazard.Check = boundary.Hazard, "view-owner"
	a := boundary.Acceptance{ID: "view-owner", Object: "view v", Reason: "reports", Expires: "2027-03-01"}
	tenant := func(f ...boundary.Finding) []tenantryv1.Tenant {
		l := list(f...)
		return []tenantryv1.Tenant{{Status: tenantryv1.TenantStatus{Findings: l.Shown, FindingsTotal: l.Total}}}
	}
	mended := hazard
	mended.Kind = boundary.Changed
	for name, tc := range map[string]struct {
		plane   []boundary.Finding
		tenants []tenantryv1.Tenant
		idle    bool
	}{
		"nothing at all":             {nil, nil, true},
		"of the plane":               {[]boundary.Finding{hazard}, nil, false},
		"of a tenant":                {nil, tenant(hazard), false},
		"of another object":          {[]boundary.Finding{warning("view w")}, tenant(warning("table t")), true},
		"not a hazard":               {[]boundary.Finding{mended}, tenant(mended), true},
		"a tenant that hides others": {nil, tenant(many(30)...), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := Idle([]boundary.Acceptance{a}, tc.plane, tc.tenants)
			if (len(got) == 1) != tc.idle {
				t.Errorf("told %+v", got)
			}
		})
	}
}
