package finding

import (
	"fmt"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// CheckAcceptedNothing is the rule that no acceptance is forgotten.
const CheckAcceptedNothing = "accepts-nothing"

// Acceptances that a DataPlane declares.
func Acceptances(dp *tenantryv1.DataPlane) []boundary.Acceptance {
	if dp == nil {
		return nil
	}
	var out []boundary.Acceptance
	for _, a := range dp.Spec.AcceptedHazards {
		out = append(out, boundary.Acceptance{ID: a.ID, Object: a.Object, Reason: a.Reason, Severity: boundary.Severity(a.Severity), Expires: a.Expires})
	}
	return out
}

// Idle tells of acceptances that match no hazard: nothing of the plane, and nothing that any of its Tenants shows. Where a
// Tenant has more findings than its status shows, nobody can say, and nothing is told.
func Idle(list []boundary.Acceptance, plane []boundary.Finding, tenants []tenantryv1.Tenant) []boundary.Finding {
	var out []boundary.Finding
	for _, a := range list {
		if matches(a, plane, tenants) {
			continue
		}
		out = append(out, boundary.Finding{
			Layer: boundary.PlaneItself, Object: fmt.Sprintf("acceptedHazards %s, %s", a.ID, a.Object), Kind: boundary.Hazard,
			Severity: boundary.Info, Check: CheckAcceptedNothing, Message: fmt.Sprintf("nothing that is open matches this acceptance (%s; "+
				"expires %s): the hazard is gone, or id or object are not as the finding shows them. Take it out of "+
				"spec.acceptedHazards, or correct it", a.Reason, a.Expires),
		})
	}
	return out
}

func matches(a boundary.Acceptance, plane []boundary.Finding, tenants []tenantryv1.Tenant) bool {
	for _, f := range plane {
		if f.Kind == boundary.Hazard && a.Names(f.ID(), f.Rule(), f.Object) {
			return true
		}
	}
	for i := range tenants {
		st := &tenants[i].Status
		if (List{Shown: st.Findings, Total: st.FindingsTotal, Accepted: st.FindingsAccepted}).hides() {
			return true
		}
		for _, f := range st.Findings {
			if boundary.Kind(f.Kind) == boundary.Hazard && a.Names(f.ID, f.Check, f.Object) {
				return true
			}
		}
	}
	return false
}
