package desired

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// Served says whether gateways let a tenant in: it is active and not on its way out, its tenantID is claimed, and its whole
// boundary was verified once.
func Served(t *tenantryv1.Tenant) bool {
	return access(t) == boundary.Open && t.Status.TenantID == t.EffectiveTenantID() && t.Status.AppliedHash != ""
}

// Available says whether gateways serve a corpus that counts: its collection stands, or stood when its server was last read.
func Available(c *tenantryv1.Corpus) bool {
	cond := meta.FindStatusCondition(c.Status.Conditions, tenantryv1.ConditionCollectionReady)
	if cond == nil || c.Status.Placement == nil || !c.DeletionTimestamp.IsZero() {
		return false
	}
	return cond.Status != metav1.ConditionFalse || cond.Reason == tenantryv1.ReasonDrifted
}
