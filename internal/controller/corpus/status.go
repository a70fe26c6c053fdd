package corpus

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
)

// report writes what was found into status.
func (s *scope) report() {
	status, reason, message := s.verdict()
	condition.Put(s.corpus, tenantryv1.ConditionCollectionReady, status, reason, message)
	isolated := reason
	if status == metav1.ConditionTrue {
		isolated = tenantryv1.ReasonIsolated
	}
	condition.Put(s.corpus, tenantryv1.ConditionIsolated, status, isolated, message)
	switch {
	case status == metav1.ConditionTrue && s.loaderErr != nil:
		condition.Reconciling(s.corpus, s.loaderReason(), s.loaderErr.Error())
	case status == metav1.ConditionTrue:
		condition.Ready(s.corpus, tenantryv1.ReasonReady, message)
	case s.stalled(reason):
		condition.Stalled(s.corpus, reason, message)
	default:
		condition.Reconciling(s.corpus, reason, message)
	}
}

func (s *scope) loaderReason() string {
	if reason := credential.Reason(s.loaderErr); reason != "" {
		return reason
	}
	return tenantryv1.ReasonBoundaryNotVerified
}

func (s *scope) verdict() (status metav1.ConditionStatus, reason, message string) {
	switch {
	case s.err != nil && plane.CauseOf(s.err) == plane.Unreachable:
		return metav1.ConditionUnknown, tenantryv1.ReasonUnreachable, s.err.Error()
	case s.err != nil:
		return metav1.ConditionFalse, string(plane.CauseOf(s.err)), s.err.Error()
	case s.diff.Conflict != nil:
		return metav1.ConditionFalse, conflictReason(s.diff.Conflict), s.diff.Conflict.Message
	case len(s.diff.Plan) > 0:
		return metav1.ConditionFalse, tenantryv1.ReasonDrifted, strings.Join(s.diff.Plan.Lines(), "; ")
	}
	for _, f := range s.diff.Hazards {
		if f.Severity == boundary.Critical {
			return metav1.ConditionFalse, tenantryv1.ReasonHazard, f.Message
		}
	}
	return metav1.ConditionTrue, tenantryv1.ReasonCollectionReady, "collection " + s.placement.Collection + " stands as declared"
}

// conflictReason says what is taken: the collection, or the tenantID it would be made under.
func conflictReason(c *boundary.Conflict) string {
	switch {
	case strings.HasPrefix(c.Object, "collection "):
		return tenantryv1.ReasonCollectionExists
	case c.Tombstone:
		return tenantryv1.ReasonTenantIDRetained
	}
	return tenantryv1.ReasonTenantIDConflict
}

// stalled says that only a change by somebody else can help.
func (s *scope) stalled(reason string) bool {
	switch reason {
	case tenantryv1.ReasonUnreachable, tenantryv1.ReasonDrifted, tenantryv1.ReasonApplyFailed, tenantryv1.ReasonTenantNotReady:
		return false
	}
	return true
}
