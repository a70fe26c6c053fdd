package aibudget

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/plane"
)

// conditions in one line each, without messages.
func conditions(b *tenantryv1.AIBudget) map[string]string {
	out := map[string]string{}
	for _, c := range b.Status.Conditions {
		out[c.Type] = string(c.Status) + " " + c.Reason
	}
	return out
}

func TestVerdicts(t *testing.T) {
	away := plane.Faultf(plane.Unreachable, nil, "away")
	fine := map[string]string{"Ready": "True Ready", "Enforced": "True Enforced", "WithinBudget": "True WithinBudget"}
	for name, c := range map[string]struct {
		edit func(*scope)
		want map[string]string
		// state for metrics
		state string
	}{
		"fine": {func(*scope) {}, fine, metrics.BudgetWithin},
		"a limit is used up": {func(s *scope) { s.usage.Limits[0].Used = 1000 },
			map[string]string{"Ready": "True Ready", "Enforced": "True Enforced", "WithinBudget": "False LimitReached"}, metrics.BudgetLimitReached},
		"a model is forbidden": {func(s *scope) { s.usage.Limits = append(s.usage.Limits, limit("Tokens", "big", 0, 0, 0)) }, fine, metrics.BudgetWithin},
		"drifted": {func(s *scope) { s.diff.Plan = boundary.Plan{{Object: "budget"}} },
			map[string]string{"Ready": "False Drifted", "Reconciling": "True Drifted", "Enforced": "False Drifted", "WithinBudget": "True WithinBudget"}, metrics.BudgetNotEnforced},
		"drifted, and only reported": {func(s *scope) { settle(s); s.dp.Spec.Drift, s.diff.Plan = "Report", boundary.Plan{{Object: "budget"}} },
			map[string]string{"Ready": "False Drifted", "Enforced": "False Drifted", "WithinBudget": "True WithinBudget"}, metrics.BudgetNotEnforced},
		"no row": {func(s *scope) { s.usage, s.diff.Plan = nil, boundary.Plan{{Object: "budget"}} },
			map[string]string{"Ready": "False Drifted", "Reconciling": "True Drifted", "Enforced": "False Drifted", "WithinBudget": "Unknown NotEnforced"}, metrics.BudgetNotEnforced},
		"away": {func(s *scope) { s.err = away },
			map[string]string{"Ready": "False Unreachable", "Reconciling": "True Unreachable", "Enforced": "Unknown Unreachable", "WithinBudget": "Unknown Unreachable"}, metrics.BudgetUnknown},
		"a blip": {func(s *scope) { settle(s); s.err, s.failingFor = away, 3*time.Minute-1 }, fine, metrics.BudgetWithin},
		"away for three intervals": {func(s *scope) { settle(s); s.err, s.failingFor = away, 3*time.Minute },
			map[string]string{"Ready": "False Unreachable", "Reconciling": "True Unreachable", "Enforced": "Unknown Unreachable", "WithinBudget": "Unknown Unreachable"}, metrics.BudgetUnknown},
		"away, and the spec is new": {func(s *scope) { settle(s); s.err, s.budget.Generation = away, 3 },
			map[string]string{"Ready": "False Unreachable", "Reconciling": "True Unreachable", "Enforced": "Unknown Unreachable", "WithinBudget": "Unknown Unreachable"}, metrics.BudgetUnknown},
		"refused by the server": {func(s *scope) { s.err = plane.Faultf(plane.ApplyFailed, nil, "no such zone") },
			map[string]string{"Ready": "False ApplyFailed", "Reconciling": "True ApplyFailed", "Enforced": "False ApplyFailed", "WithinBudget": "Unknown ApplyFailed"}, metrics.BudgetNotEnforced},
		"not ours": {func(s *scope) { s.err = plane.Faultf(plane.OwnedElsewhere, nil, "theirs") },
			map[string]string{"Ready": "False PlaneOwnedElsewhere", "Stalled": "True PlaneOwnedElsewhere", "Enforced": "Unknown PlaneOwnedElsewhere",
				"WithinBudget": "Unknown PlaneOwnedElsewhere"}, metrics.BudgetUnknown},
		"a model that is not listed": {func(s *scope) { s.dp.Spec.Models = nil },
			map[string]string{"Ready": "False InvalidSpec", "Stalled": "True InvalidSpec", "Enforced": "True Enforced", "WithinBudget": "True WithinBudget"}, metrics.BudgetWithin},
		"another is in force": {func(s *scope) { settle(s); s.rival = &tenantryv1.AIBudget{} },
			map[string]string{"Ready": "False BudgetConflict", "Stalled": "True BudgetConflict", "Enforced": "False BudgetConflict", "WithinBudget": "Unknown BudgetConflict"},
			metrics.BudgetNotEnforced},
		"the period has just ended": {func(s *scope) { s.usage.Limits[0].Used = 1000; settle(s); s.usage.Limits[0].Used, s.usage.End = 0, now },
			map[string]string{"Ready": "True Ready", "Enforced": "True Enforced", "WithinBudget": "False LimitReached"}, metrics.BudgetLimitReached},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(func(s *scope) { s.usage = usage(limit("Tokens", "*", 1000, 100, 0)) }, c.edit)
			s.report(now, true)
			if diff := cmp.Diff(c.want, conditions(s.budget)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := s.figures().State; got != c.state {
				t.Errorf("counted as %s, want %s", got, c.state)
			}
		})
	}
}

// settle reports once, as if everything were well.
func settle(s *scope) { s.report(now, true) }

func TestWhatBreaksBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		finding boundary.Finding
		want    bool
	}{
		"a function":                    {boundary.Finding{Layer: boundary.Rows, Object: "function tenantry.reserve(text)", Kind: boundary.Missing, Severity: boundary.Warning}, true},
		"a function's owner":            {boundary.Finding{Layer: boundary.Rows, Object: "function tenantry.reserve(text)", Kind: boundary.Hazard, Severity: boundary.Critical}, true},
		"a price":                       {boundary.Finding{Layer: boundary.Budget, Object: "price of model big", Kind: boundary.Missing, Severity: boundary.Warning}, true},
		"protection of the ledger":      {boundary.Finding{Layer: boundary.Budget, Object: "table tenantry.ai_usage_logs", Kind: boundary.Changed, Severity: boundary.Critical}, true},
		"its counters":                  {boundary.Finding{Layer: boundary.Budget, Tenant: "acme", Object: "counters of tenant acme", Kind: boundary.Changed, Severity: boundary.Warning}, true},
		"another's counters":            {boundary.Finding{Layer: boundary.Budget, Tenant: "beta", Object: "counters of tenant beta", Kind: boundary.Changed, Severity: boundary.Warning}, false},
		"a partition of next month":     {boundary.Finding{Layer: boundary.Budget, Object: "table tenantry.ai_usage_logs_2026_12", Kind: boundary.Missing, Severity: boundary.Warning}, false},
		"an index":                      {boundary.Finding{Layer: boundary.Budget, Object: "table tenantry.ai_usage_logs", Kind: boundary.Hazard, Severity: boundary.Warning}, false},
		"an old partition":              {boundary.Finding{Layer: boundary.Budget, Object: "table tenantry.ai_usage_logs_2024_12", Kind: boundary.Unexpected, Severity: boundary.Info}, false},
		"something of the Rows' own":    {boundary.Finding{Layer: boundary.Rows, Object: "table public.documents", Kind: boundary.Changed, Severity: boundary.Critical}, false},
		"a function of somebody else's": {boundary.Finding{Layer: boundary.Rows, Object: "function public.f()", Kind: boundary.Hazard, Severity: boundary.Critical}, false},
	} {
		if got := broken([]boundary.Finding{c.finding}, "acme") != nil; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReportOnly(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*scope)
		want bool
	}{
		"stood as specified":      {func(s *scope) { settle(s) }, true},
		"was reported before":     {func(s *scope) { s.diff.Plan = boundary.Plan{{}}; settle(s) }, true},
		"away meanwhile":          {func(s *scope) { s.err = plane.Faultf(plane.Unreachable, nil, "away"); settle(s) }, false},
		"never stood":             {func(*scope) {}, false},
		"the spec is new":         {func(s *scope) { settle(s); s.budget.Generation++ }, false},
		"was another's till now":  {func(s *scope) { s.rival = &tenantryv1.AIBudget{}; settle(s) }, false},
		"the tenant says Correct": {func(s *scope) { settle(s); s.tenant.Spec.Drift = "Correct" }, false},
		"the plane says Correct":  {func(s *scope) { settle(s); s.dp.Spec.Drift = "Correct" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(func(s *scope) {
				s.usage, s.dp.Spec.Drift = usage(limit("Tokens", "*", 1000, 100, 0)), tenantryv1.DriftReport
			}, c.edit)
			if got := s.reportOnly(); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	var m memory
	name := types.NamespacedName{Name: "acme"}
	if !m.turn(name, true, now) {
		t.Error("the first figures waited")
	}
	m.wrote(name, now)
	for after, want := range map[time.Duration]bool{writeEvery - 1: false, writeEvery: true} {
		if got := m.turn(name, false, now.Add(after)); got != want {
			t.Errorf("after %s: %v", after, got)
		}
	}
	var restarted memory
	turns := 0
	for range 100 {
		restarted.forget(name)
		if restarted.turn(name, false, now) {
			turns++
		}
		if !restarted.turn(name, false, now.Add(writeEvery)) {
			t.Error("after a restart it waits for more than a minute")
		}
	}
	if turns > 0 {
		t.Errorf("a restart wrote at once, %d times of 100", turns)
	}
	m.note(name, true, now)
	if got := m.note(name, true, now.Add(time.Hour)); got != time.Hour {
		t.Errorf("failing for %s", got)
	}
	if m.note(name, false, now) != 0 || m.note(name, true, now.Add(time.Hour)) != 0 {
		t.Error("a success is not remembered")
	}
}

func TestARestartRewritesNothing(t *testing.T) {
	s := newScope()
	if s.seen() {
		t.Error("a new AIBudget is called seen")
	}
	condition.Put(s.budget, tenantryv1.ConditionReady, metav1.ConditionTrue, "Ready", "")
	if !s.seen() {
		t.Error("it is to be left as it is until the plane is open")
	}
	s.budget.Generation++
	if s.seen() {
		t.Error("status speaks of an older spec")
	}
}
