package tenant

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// Probes are what live probes found, as a Tenant's status needs it.
type Probes interface {
	// Outcome is what is known of a Tenant, false where this process has not probed it yet.
	Outcome(tenant types.UID) (trial.Outcome, bool)
	// Soon asks for a probe of a Tenant whose boundary was just changed.
	Soon(plane string, tenant types.UID)
}

// maxEvidence and maxWords are the API's bounds on status.probe.
const (
	maxEvidence = 20
	maxWords    = 256
	// expired begins what an acceptance that has ended adds to a message; it is added anew every time.
	expired = "; it was accepted ("
)

// probed adds what probes found to what the layers showed. Until this process has probed a Tenant, what another one saw cross
// a boundary goes on to count.
func (r *Reconciler) probed(s *scope) {
	if r.Probes == nil {
		return
	}
	outcome, known := r.Probes.Outcome(s.tenant.UID)
	if known {
		s.probe = &outcome
	}
	for _, res := range s.results {
		if len(res.corrected) > 0 {
			r.Probes.Soon(s.plane.Name, s.tenant.UID)
		}
		found := outcome.Findings(res.layer.Name, s.desired.ID)
		if !known {
			found = crossedBefore(s.tenant, res.layer.Name)
		}
		res.diff.Hazards = slices.Concat(res.diff.Hazards, found)
	}
}

// crossedBefore reads back the crossings that status shows.
func crossedBefore(t *tenantryv1.Tenant, layer boundary.Layer) []boundary.Finding {
	var out []boundary.Finding
	for _, f := range t.Status.Findings {
		if f.Layer != tenantryv1.LayerName(layer) || !trial.IsCrossing(f.Object) {
			continue
		}
		out = append(out, boundary.Finding{
			Layer: layer, Tenant: t.EffectiveTenantID(), Object: f.Object, Kind: boundary.Kind(f.Kind),
			Severity: boundary.Severity(f.Severity), Check: trial.CheckCrossed, Message: strings.Split(f.Message, expired)[0],
		})
	}
	return out
}

// reportProbe shows the outcome. Its time moves when the outcome changes, not with every round.
func (s *scope) reportProbe(now time.Time) {
	if s.probe == nil {
		return
	}
	o := s.probe
	next := &tenantryv1.ProbeStatus{
		Passed: int32(o.Count(trial.Passed)), Failed: int32(o.Count(trial.Failed)), Void: int32(o.Count(trial.Void)),
	}
	for _, a := range o.Evidence(maxEvidence) {
		next.Evidence = append(next.Evidence, tenantryv1.ProbeEvidence{
			Layer: tenantryv1.LayerName(a.Layer), Attempt: short(a.Words), Result: string(a.Result), Answer: short(a.Answer),
		})
	}
	if old := s.tenant.Status.Probe; old != nil {
		if next.Since = old.Since; next.Since != nil && equality.Semantic.DeepEqual(old, next) {
			return
		}
	}
	stamp := metav1.NewTime(now.Truncate(time.Second))
	next.Since = &stamp
	s.tenant.Status.Probe = next
}

func short(text string) string {
	r := []rune(strings.ToValidUTF8(text, "?"))
	return string(r[:min(len(r), maxWords)])
}
