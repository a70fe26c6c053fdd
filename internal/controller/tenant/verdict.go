package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

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

// verdict judges one layer. A layer that was isolated and cannot be read keeps its verdict for three audit intervals, so
// that a blip does not rewrite the status of a whole fleet; after that it is Unknown, never a stale True.
func (s *scope) verdict(res *result) verdict {
	old := condition.Get(s.tenant, conditionOf[res.layer.Name])
	switch {
	case res.err != nil && plane.CauseOf(res.err).Known():
		return verdict{metav1.ConditionFalse, string(plane.CauseOf(res.err)), res.err.Error()}
	case res.err != nil && s.isBlip(res, old):
		return verdict{old.Status, old.Reason, old.Message}
	case res.err != nil:
		return verdict{metav1.ConditionUnknown, string(plane.CauseOf(res.err)), res.err.Error()}
	case res.diff.Conflict != nil:
		return verdict{metav1.ConditionFalse, conflictReason(res.diff.Conflict), res.diff.Conflict.Message}
	case len(res.diff.Plan) > 0:
		return verdict{metav1.ConditionFalse, s.driftReason(), res.drift()}
	case res.hazard() != nil:
		f := res.hazard()
		return verdict{metav1.ConditionFalse, tenantryv1.ReasonHazard, fmt.Sprintf("%s: %s", f.Object, f.Message)}
	}
	return verdict{metav1.ConditionTrue, tenantryv1.ReasonIsolated, "the boundary stands as desired" + acceptedNote(res.hazards())}
}

// drift says what differs in a layer, worst first, and before it what is worse: a Critical hazard.
func (res *result) drift() string {
	var parts []string
	if f := res.hazard(); f != nil {
		parts = append(parts, f.Object+": "+f.Message)
	}
	plan := slices.SortedStableFunc(slices.Values(res.diff.Plan), func(a, b boundary.Change) int {
		return cmp.Compare(severest[a.Severity], severest[b.Severity])
	})
	for _, c := range plan {
		parts = append(parts, c.Object+": "+c.Summary)
	}
	return strings.Join(parts, "; ")
}

var severest = map[boundary.Severity]int{boundary.Critical: 0, boundary.Warning: 1, boundary.Info: 2}

// critical is 1 where something in the layer is Critical.
func (res *result) critical() int {
	if res.hazard() != nil || slices.ContainsFunc(res.diff.Plan, func(c boundary.Change) bool { return c.Severity == boundary.Critical }) {
		return 1
	}
	return 0
}

func (s *scope) isBlip(res *result, old *metav1.Condition) bool {
	return plane.CauseOf(res.err) == plane.Unreachable && old != nil && old.Status == metav1.ConditionTrue &&
		old.ObservedGeneration == s.tenant.Generation && res.failingFor < connect.Missable*s.plane.Interval
}

func (s *scope) driftReason() string {
	if s.tenant.Spec.Mode == tenantryv1.ModePlan {
		return tenantryv1.ReasonPlanned
	}
	return tenantryv1.ReasonDrifted
}

func conflictReason(c *boundary.Conflict) string {
	switch {
	case strings.HasPrefix(c.Object, "collection "):
		return tenantryv1.ReasonCollectionExists
	case c.Tombstone:
		return tenantryv1.ReasonTenantIDRetained
	}
	return tenantryv1.ReasonTenantIDConflict
}
