package aibudget

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

func newScope(edit ...func(*scope)) *scope {
	s := &scope{
		budget: &tenantryv1.AIBudget{}, tenant: &tenantryv1.Tenant{}, dp: &tenantryv1.DataPlane{}, plane: &connect.Plane{Interval: time.Minute},
	}
	s.budget.Name, s.budget.Namespace, s.budget.UID, s.budget.Generation = "acme", "platform", "b1", 2
	s.budget.Spec = tenantryv1.AIBudgetSpec{
		Tenant: "acme", Period: "Month", Limits: []tenantryv1.BudgetLimit{{Unit: "Tokens", Model: "*", Amount: "1000"}, {Unit: "USD", Model: "big", Amount: "2.50"}},
	}
	s.tenant.Name, s.tenant.Status.TenantID = "acme", "acme-id"
	s.dp.Name, s.dp.Spec.Postgres, s.dp.Spec.TrustedNamespaces = "eu-1", &tenantryv1.PostgresSpec{}, []string{"platform"}
	s.dp.Spec.Models = []tenantryv1.ModelPrice{{Name: "big"}}
	for _, f := range edit {
		f(s)
	}
	return s
}

func TestRefuse(t *testing.T) {
	for name, tc := range map[string]struct {
		edit    func(*scope)
		want    string
		stalled bool
	}{
		"nothing to say":         {func(*scope) {}, "", false},
		"no such tenant":         {func(s *scope) { s.tenant, s.dp, s.budget.Namespace = nil, nil, "tenantry-system" }, "TenantNotFound", false},
		"no such plane":          {func(s *scope) { s.dp, s.budget.Namespace = nil, "tenantry-system" }, "DataPlaneNotFound", false},
		"not trusted":            {func(s *scope) { s.budget.Namespace = "team" }, "NamespaceNotAllowed", true},
		"the operator's own":     {func(s *scope) { s.budget.Namespace = "tenantry-system" }, "", false},
		"no ledger":              {func(s *scope) { s.dp.Spec.Postgres = nil }, "InvalidSpec", true},
		"tenant being deleted":   {func(s *scope) { now := metav1.Now(); s.tenant.DeletionTimestamp = &now }, "TenantNotReady", true},
		"only planned":           {func(s *scope) { s.tenant.Spec.Mode = tenantryv1.ModePlan }, "Planned", false},
		"tenant without a claim": {func(s *scope) { s.tenant.Status.TenantID = "" }, "TenantNotReady", false},
		"half a token":           {func(s *scope) { s.budget.Spec.Limits[0].Amount = "0.5" }, "InvalidSpec", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(tc.edit)
			f := refuse(s, "tenantry-system")
			if f == nil {
				f = &refusal{}
				if s.desired.TenantID != "acme-id" || s.desired.UID != "b1" || len(s.desired.Limits) != 2 {
					t.Errorf("desired %+v", s.desired)
				}
			}
			if f.reason != tc.want || f.stalled != tc.stalled {
				t.Errorf("refused for %q, stalled %v, want %q, %v", f.reason, f.stalled, tc.want, tc.stalled)
			}
		})
	}
}

// TestAnUntrustedNamespaceLearnsNothing: what it is told does not depend on what exists.
func TestAnUntrustedNamespaceLearnsNothing(t *testing.T) {
	told := map[refusal]bool{}
	for _, edit := range []func(*scope){
		func(*scope) {}, func(s *scope) { s.tenant, s.dp = nil, nil }, func(s *scope) { s.dp = nil }, func(s *scope) { s.dp.Name = "us-2" },
		func(s *scope) { s.dp.Spec.Postgres = nil }, func(s *scope) { s.tenant.Status.TenantID = "" },
	} {
		f := refuse(newScope(edit, func(s *scope) { s.budget.Namespace = "team" }), "tenantry-system")
		if f == nil {
			t.Fatal("it counts")
		}
		told[*f] = true
	}
	for f := range told {
		if len(told) != 1 || f.reason != "NamespaceNotAllowed" || strings.Contains(f.message, "eu-1") {
			t.Errorf("told %d different things, one %q", len(told), f.message)
		}
	}
}

func TestARefusedBudgetShowsNoFigures(t *testing.T) {
	percent := int32(10)
	for stalled, want := range map[bool]bool{true: false, false: true} {
		b := &tenantryv1.AIBudget{Status: tenantryv1.AIBudgetStatus{Percent: &percent, Spend: "1 of 10 Tokens"}}
		(&refusal{"TenantNotFound", "m", stalled}).put(b)
		if shown := b.Status.Percent != nil && b.Status.Spend != ""; shown != want {
			t.Errorf("stalled %v: shown %v", stalled, shown)
		}
	}
}

func TestRival(t *testing.T) {
	aged := func(uid types.UID, age time.Duration) tenantryv1.AIBudget {
		var b tenantryv1.AIBudget
		b.Name, b.UID, b.CreationTimestamp = string(uid), uid, metav1.NewTime(time.Unix(10_000, 0).Add(-age))
		return b
	}
	me := aged("me", time.Hour)
	older, younger, oldest := aged("older", 2*time.Hour), aged("younger", time.Minute), aged("oldest", 3*time.Hour)
	same := aged("another", time.Hour)
	for name, tc := range map[string]struct {
		others   []tenantryv1.AIBudget
		standing string
		want     string
	}{
		"alone":                         {nil, "", ""},
		"alone, after one that is gone": {nil, "gone", ""},
		"mine stands":                   {[]tenantryv1.AIBudget{older}, "me", ""},
		"a younger one's stands":        {[]tenantryv1.AIBudget{older, younger}, "younger", "younger"},
		"nobody's yet, older":           {[]tenantryv1.AIBudget{younger, older, oldest}, "", "oldest"},
		"nobody's yet, younger":         {[]tenantryv1.AIBudget{younger}, "", ""},
		"one's that does not count":     {[]tenantryv1.AIBudget{younger}, "gone", ""},
		"of one age":                    {[]tenantryv1.AIBudget{same}, "", "another"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if r := rival(&me, tc.others, tc.standing); r != nil {
				got = r.Name
			}
			if got != tc.want {
				t.Errorf("in force is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestUnlisted(t *testing.T) {
	if got := newScope().unlisted(); got != "" {
		t.Errorf("all are listed: %s", got)
	}
	s := newScope(func(s *scope) { s.budget.Spec.Limits[1].Model = "bgi" })
	if got := s.unlisted(); !strings.Contains(got, `"bgi" caps nothing`) {
		t.Errorf("a typing error: %q", got)
	}
}
