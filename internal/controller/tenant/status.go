package tenant

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
)

// conditionOf is the condition of a layer.
var conditionOf = map[boundary.Layer]string{
	boundary.Vector: tenantryv1.ConditionVectorIsolated,
	boundary.Rows:   tenantryv1.ConditionRowsIsolated,
	boundary.Cache:  tenantryv1.ConditionCacheIsolated,
}

// report writes what was found into status. It reads nothing but the scope.
func (s *scope) report(now time.Time) {
	t := s.tenant
	t.Status.ObservedGeneration = t.Generation
	t.Status.Corpora, t.Status.BudgetPercent = int32(len(s.desired.Corpora)), s.budgetPercent
	if s.claimed() {
		t.Status.TenantID = s.desired.ID
	}
	if s.allSettled() && s.mayIssue() {
		t.Status.AppliedHash = s.hash()
	}
	s.reportLayers()
	s.reportFindings(now)
	s.reportPlan()
	s.reportEnforcing()
	s.reportIsolated()
	s.reportCredentials()
	s.reportGateway(now)
	s.reportProbe(now)
	s.reportReady()
}

// claimed says that a server holds the claim on the tenantID in this Tenant's name, and none in anybody else's.
func (s *scope) claimed() bool {
	held := false
	for _, res := range s.results {
		if res.diff.Conflict != nil {
			return false
		}
		held = held || res.err == nil && res.diff.Settled()
	}
	return held && s.mayIssue()
}

func (s *scope) reportLayers() {
	var layers []tenantryv1.TenantLayerStatus
	for _, res := range s.results {
		v := s.verdict(res)
		condition.Put(s.tenant, conditionOf[res.layer.Name], v.status, v.reason, v.message)
		ls := tenantryv1.TenantLayerStatus{Name: tenantryv1.LayerName(res.layer.Name), Status: layerState(v.status)}
		if old := s.layerStatus(res.layer.Name); res.err != nil && old != nil {
			ls.Objects = old.Objects
		} else {
			ls.Objects = int32(res.diff.Objects)
		}
		layers = append(layers, ls)
	}
	s.tenant.Status.Layers = layers
}

func (s *scope) layerStatus(name boundary.Layer) *tenantryv1.TenantLayerStatus {
	for i := range s.tenant.Status.Layers {
		if string(s.tenant.Status.Layers[i].Name) == string(name) {
			return &s.tenant.Status.Layers[i]
		}
	}
	return nil
}

func layerState(status metav1.ConditionStatus) tenantryv1.LayerState {
	switch status {
	case metav1.ConditionTrue:
		return tenantryv1.LayerIsolated
	case metav1.ConditionFalse:
		return tenantryv1.LayerNotIsolated
	case metav1.ConditionUnknown:
	}
	return tenantryv1.LayerUnknown
}

// reportIsolated is the worst of the layers; of several that are not isolated, one in which something is Critical.
func (s *scope) reportIsolated() {
	worst := verdict{metav1.ConditionTrue, tenantryv1.ReasonIsolated, "every layer stands as desired"}
	heaviest := 1
	for _, res := range s.results {
		c := condition.Get(s.tenant, conditionOf[res.layer.Name])
		if weight := 2*rank(c.Status) + res.critical(); weight > heaviest {
			heaviest = weight
			worst = verdict{c.Status, c.Reason, fmt.Sprintf("%s: %s", res.layer.Name, c.Message)}
		}
	}
	if worst.status == metav1.ConditionTrue {
		worst.message += acceptedNote(s.hazards())
	}
	condition.Put(s.tenant, tenantryv1.ConditionIsolated, worst.status, worst.reason, worst.message)
}

func rank(s metav1.ConditionStatus) int {
	switch s {
	case metav1.ConditionFalse:
		return 2
	case metav1.ConditionUnknown:
		return 1
	case metav1.ConditionTrue:
	}
	return 0
}

func (s *scope) reportReady() {
	t := s.tenant
	isolated := condition.Get(t, tenantryv1.ConditionIsolated)
	issued := condition.Get(t, tenantryv1.ConditionCredentialsIssued)
	switch {
	case t.Spec.Mode == tenantryv1.ModePlan && len(t.Status.Plan) > 0:
		condition.NotReady(t, tenantryv1.ReasonPlanned, fmt.Sprintf(
			"mode is Plan: nothing is done; changes that would be made: %d, see status.plan", len(t.Status.Plan)))
	case len(t.Status.Plan) > 0 && s.conflict() == nil && isolated.Status == metav1.ConditionFalse && isolated.Reason == tenantryv1.ReasonDrifted:
		condition.NotReady(t, tenantryv1.ReasonDrifted, fmt.Sprintf(
			"drift is only reported, nothing is done; changes that would be made: %d, see status.plan", len(t.Status.Plan)))
	case unsupported(t) != "": // a Tenant that stands is looked after all the same
		condition.Stalled(t, tenantryv1.ReasonNotSupported, unsupported(t))
	case s.conflict() != nil:
		condition.Stalled(t, isolated.Reason, isolated.Message)
	case isolated.Status == metav1.ConditionFalse && isolated.Reason == tenantryv1.ReasonHazard:
		condition.Stalled(t, isolated.Reason, isolated.Message)
	case isolated.Status != metav1.ConditionTrue:
		condition.Reconciling(t, isolated.Reason, isolated.Message)
	case s.desired.Access == boundary.Suspended:
		condition.Ready(t, tenantryv1.ReasonSuspended, "suspended: every way in is verified closed, data is kept")
	case s.credentialErr != nil:
		condition.Reconciling(t, issued.Reason, issued.Message)
	default:
		condition.Ready(t, tenantryv1.ReasonReady, "isolated in every layer")
	}
}

func (s *scope) conflict() *boundary.Conflict {
	for _, res := range s.results {
		if res.diff.Conflict != nil {
			return res.diff.Conflict
		}
	}
	return nil
}

// states of the layers, for metrics.
func (s *scope) states() map[boundary.Layer]string {
	out := map[boundary.Layer]string{}
	for _, l := range s.tenant.Status.Layers {
		out[boundary.Layer(l.Name)] = string(l.Status)
	}
	return out
}
