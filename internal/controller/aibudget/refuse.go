package aibudget

import (
	"cmp"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/desired"
)

// refusal is why an AIBudget is not worked on. What it put in place earlier stands on.
type refusal struct {
	reason, message string
	// stalled: only a change by somebody else can help.
	stalled bool
}

func (f *refusal) put(b *tenantryv1.AIBudget) {
	if f.stalled {
		condition.Stalled(b, f.reason, f.message)
		clearFigures(b) // they would look as if it counted
	} else {
		condition.Reconciling(b, f.reason, f.message)
	}
	condition.Put(b, tenantryv1.ConditionEnforced, metav1.ConditionFalse, f.reason, f.message)
	condition.Put(b, tenantryv1.ConditionWithinBudget, metav1.ConditionUnknown, f.reason, f.message)
}

func clearFigures(b *tenantryv1.AIBudget) {
	b.Status.Period, b.Status.Usage, b.Status.Percent, b.Status.Spend, b.Status.Forecast = nil, nil, nil, "", nil
}

// refuse says why nothing may be written for an AIBudget, nil where it may, and decides what is to be written. It is pure.
func refuse(s *scope, operators string) *refusal {
	t, b := s.tenant, s.budget
	switch {
	case !trusts(s.dp, b.Namespace, operators): // one answer, whatever exists: names of tenants and planes are not for everybody
		return &refusal{tenantryv1.ReasonNamespaceNotAllowed, fmt.Sprintf("AIBudgets count only in namespaces that the DataPlane of their tenant "+
			"lists in trustedNamespaces; %q is not one of them for this tenant, so that this one counts for nothing", b.Namespace), true}
	case t == nil:
		return &refusal{reason: tenantryv1.ReasonTenantNotFound, message: fmt.Sprintf("Tenant %q does not exist", b.Spec.Tenant)}
	case s.dp == nil:
		return &refusal{reason: tenantryv1.ReasonDataPlaneNotFound, message: fmt.Sprintf("DataPlane %q does not exist", t.Spec.DataPlane)}
	case s.dp.Spec.Postgres == nil:
		return &refusal{tenantryv1.ReasonInvalidSpec, fmt.Sprintf("DataPlane %q has no postgres, where the ledger of AI spend stands: "+
			"no call is counted and none is refused", s.dp.Name), true}
	case !t.DeletionTimestamp.IsZero():
		return &refusal{tenantryv1.ReasonTenantNotReady, fmt.Sprintf("Tenant %q is being deleted, and its limits go with it", t.Name), true}
	case t.Spec.Mode == tenantryv1.ModePlan:
		return &refusal{reason: tenantryv1.ReasonPlanned, message: fmt.Sprintf("Tenant %q is in mode Plan: nothing is written", t.Name)}
	case t.Status.TenantID == "":
		return &refusal{reason: tenantryv1.ReasonTenantNotReady, message: fmt.Sprintf("Tenant %q has not claimed its tenantID yet", t.Name)}
	}
	var err error
	if s.desired, err = desired.Budget(b, t.Status.TenantID); err != nil {
		return &refusal{tenantryv1.ReasonInvalidSpec, err.Error(), true}
	}
	return nil
}

// rival returns the AIBudget that is in force for a tenant in place of b, nil where that is b. It is the one whose UID stands
// in the ledger: the first that was written there. Where that is nobody's who still counts, the oldest takes over.
func rival(b *tenantryv1.AIBudget, others []tenantryv1.AIBudget, standing string) *tenantryv1.AIBudget {
	if standing == string(b.UID) {
		return nil
	}
	first := b
	for i := range others {
		o := &others[i]
		if string(o.UID) == standing {
			return o
		}
		if older(o, first) {
			first = o
		}
	}
	if first == b {
		return nil
	}
	return first
}

func older(a, b *tenantryv1.AIBudget) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID)) < 0
}

// unlisted are limits for models that the plane does not list, in words, "" where there is none. Such a limit caps nothing:
// calls to that model are refused for lack of a price, and a name with a typing error leaves the model that was meant uncapped.
func (s *scope) unlisted() string {
	listed := map[string]bool{"*": true}
	for _, m := range s.dp.Spec.Models {
		listed[m.Name] = true
	}
	for _, l := range s.budget.Spec.Limits {
		if !listed[l.Model] {
			return fmt.Sprintf("the limit in %s for model %q caps nothing: DataPlane %q does not list that model; correct the name, or "+
				"add the model with its price. The other limits are enforced", l.Unit, l.Model, s.dp.Name)
		}
	}
	return ""
}
