package aibudget

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// verdict is a condition in the making.
type verdict struct {
	status          metav1.ConditionStatus
	reason, message string
}

// report writes what was found into status. turn says that figures may be written that are merely newer.
func (s *scope) report(now time.Time, turn bool) {
	if s.err == nil && s.rival != nil {
		f := refusal{tenantryv1.ReasonBudgetConflict, fmt.Sprintf("AIBudget %s/%s is in force for Tenant %q, and a tenant has one; "+
			"delete one of the two", s.rival.Namespace, s.rival.Name, s.tenant.Name), true}
		f.put(s.budget)
		return
	}
	s.put(tenantryv1.ConditionEnforced, s.enforced())
	s.reportFigures(now, turn)
	s.put(tenantryv1.ConditionWithinBudget, s.within(now))
	s.reportReady()
}

func (s *scope) put(kind string, v verdict) {
	condition.Put(s.budget, kind, v.status, v.reason, v.message)
}

// enforced judges the rows in the ledger. Limits that stood and cannot be read keep their verdict for three audit intervals, so
// that a blip does not rewrite the status of a whole fleet; after that it is Unknown, never a stale True.
func (s *scope) enforced() verdict {
	old := condition.Get(s.budget, tenantryv1.ConditionEnforced)
	switch {
	case s.err != nil && plane.CauseOf(s.err).Known():
		return verdict{metav1.ConditionFalse, string(plane.CauseOf(s.err)), s.err.Error()}
	case s.err != nil && s.isBlip(old) && old.Status == metav1.ConditionTrue:
		return verdict{old.Status, old.Reason, old.Message}
	case s.err != nil:
		return verdict{metav1.ConditionUnknown, string(plane.CauseOf(s.err)), s.err.Error()}
	case len(s.diff.Plan) > 0:
		return verdict{metav1.ConditionFalse, tenantryv1.ReasonDrifted, strings.Join(s.diff.Plan.Lines(), "; ")}
	}
	if f := broken(s.hazards(), s.desired.TenantID); f != nil {
		return verdict{metav1.ConditionFalse, tenantryv1.ReasonDrifted, fmt.Sprintf("%s: %s", f.Object, f.Message)}
	}
	return verdict{metav1.ConditionTrue, tenantryv1.ReasonEnforced, "limits and prices stand in the ledger as declared"}
}

func (s *scope) hazards() []boundary.Finding {
	if l := s.plane.Layer(boundary.Rows); l != nil {
		return l.Hazards()
	}
	return nil
}

// broken returns what is not as it should be of the things that a tenant's budget rests on: functions, prices, routes,
// settings, the protection of tables, and its own counters. A partition that is still to be made is not among them: the default
// one stands in.
func broken(plane []boundary.Finding, tenantID string) *boundary.Finding {
	for i := range plane {
		f := &plane[i]
		if f.Tenant != "" && f.Tenant != tenantID {
			continue
		}
		partition := f.Kind == boundary.Missing && strings.HasPrefix(f.Object, "table ")
		ofBudgets := f.Layer == boundary.Budget && f.Kind != boundary.Hazard && f.Severity != boundary.Info && !partition
		if ofBudgets || strings.HasPrefix(f.Object, "function tenantry.") {
			return f
		}
	}
	return nil
}

func (s *scope) isBlip(old *metav1.Condition) bool {
	return plane.CauseOf(s.err) == plane.Unreachable && old != nil && old.Status != metav1.ConditionUnknown &&
		old.ObservedGeneration == s.budget.Generation && s.failingFor < connect.Missable*s.plane.Interval
}

// within judges use.
func (s *scope) within(now time.Time) verdict {
	old := condition.Get(s.budget, tenantryv1.ConditionWithinBudget)
	switch {
	case s.err != nil && s.isBlip(old):
		return verdict{old.Status, old.Reason, old.Message}
	case s.err != nil:
		return verdict{metav1.ConditionUnknown, string(plane.CauseOf(s.err)), s.err.Error()}
	case !s.stands():
		return verdict{metav1.ConditionUnknown, tenantryv1.ReasonNotEnforced, "the ledger does not hold this budget"}
	case !s.running(now) && old != nil && old.ObservedGeneration == s.budget.Generation:
		return verdict{old.Status, old.Reason, old.Message} // the next period begins with the next look at the plane
	}
	if full := usedUp(s.usage); len(full) > 0 {
		message := "used up: " + strings.Join(full, ", ") + "; counting begins anew at " + moment(s.usage.End)
		if s.budget.Spec.Enforcement == "Warn" {
			message += "; enforcement is Warn: calls go through"
		}
		return verdict{metav1.ConditionFalse, tenantryv1.ReasonLimitReached, message}
	}
	return verdict{metav1.ConditionTrue, tenantryv1.ReasonWithinBudget, "every limit has room"}
}

// stands says that this budget's row was read.
func (s *scope) stands() bool { return s.usage != nil && s.usage.UID == string(s.budget.UID) }

// running says that the period of the row has not ended.
func (s *scope) running(now time.Time) bool { return now.Before(s.usage.End) }

func (s *scope) reportReady() {
	enforced := condition.Get(s.budget, tenantryv1.ConditionEnforced)
	switch {
	case enforced.Status != metav1.ConditionTrue && isStalled(enforced.Reason):
		condition.Stalled(s.budget, enforced.Reason, enforced.Message)
	case enforced.Reason == tenantryv1.ReasonDrifted && s.reportOnly():
		condition.NotReady(s.budget, enforced.Reason, "drift is only reported, nothing is done: "+enforced.Message)
	case enforced.Status != metav1.ConditionTrue:
		condition.Reconciling(s.budget, enforced.Reason, enforced.Message)
	case s.unlisted() != "":
		condition.Stalled(s.budget, tenantryv1.ReasonInvalidSpec, s.unlisted())
	default:
		condition.Ready(s.budget, tenantryv1.ReasonReady, "limits are enforced")
	}
}

// isStalled says that only a change by somebody else can help.
func isStalled(reason string) bool {
	switch reason {
	case tenantryv1.ReasonUnreachable, tenantryv1.ReasonDrifted, tenantryv1.ReasonApplyFailed:
		return false
	}
	return true
}
