package tenant

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/controller/finding"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// decide says what is done about differences. It is known once the Secrets were read.
func (s *scope) decide() {
	s.observeOnly, s.drifted = !s.mayApply(), s.tenant.Status.AppliedHash == s.hash()
}

// weigh adds what comes back over and over in a layer to its hazards, and marks those that the plane accepts.
func (r *Reconciler) weigh(s *scope, res *result, now time.Time) {
	res.diff.Hazards = append(slices.Clone(res.diff.Hazards), r.Fights.Fights(s.subject(res.layer), now)...)
	res.diff.Hazards = boundary.Accept(res.diff.Hazards, finding.Acceptances(s.dp), now)
}

// subject of corrections.
func (s *scope) subject(l *connect.Layer) correction.Subject {
	return correction.Subject{Plane: s.plane.Name, Layer: l.Name, Tenant: string(s.tenant.UID)}
}

// noteSecret notes that what was issued for a layer is gone, or was changed to what cannot be a credential of this tenant.
// A token that is too old, or opens less or more than it should by now, is nobody's edit.
func (s *scope) noteSecret(l boundary.Layer, b credential.Binding) {
	name := s.secretName(l)
	if s.credentialErr != nil || !slices.Contains(s.issuedSecrets(), name) {
		return
	}
	c := boundary.Change{
		Layer: l, Tenant: s.desired.ID, Object: "Secret " + name.String(), Kind: boundary.Missing, Severity: boundary.Warning,
		Summary: "it was issued and is gone: issue a new credential; the old one is dead then",
	}
	if len(b) > 0 {
		if l == boundary.Vector {
			if _, err := vector.Inspect(b.Secret(), s.plane.QdrantKey); err == nil {
				return
			}
		}
		c.Kind, c.Summary = boundary.Changed, "what stands in it is no credential of this tenant: replace it by a new one"
	}
	if s.edited == nil {
		s.edited = map[boundary.Layer]boundary.Change{}
	}
	s.edited[l] = c
}

// found are the tenant's own findings in every layer, credentials included.
func (s *scope) found() []boundary.Finding {
	var out []boundary.Finding
	for _, res := range s.results {
		out = append(out, res.diff.Findings()...)
	}
	return append(out, boundary.Diff{Plan: s.edits()}.Findings()...)
}

// unread are the layers of which nothing is known at this reconcile.
func (s *scope) unread() []boundary.Layer {
	var out []boundary.Layer
	for _, res := range s.results {
		if d := res.diff; res.err != nil && len(d.Plan) == 0 && d.Objects == 0 && d.Conflict == nil {
			out = append(out, res.layer.Name)
		}
	}
	return out
}

// edits are the Secrets that somebody changed and that were not replaced, in the order of the layers.
func (s *scope) edits() boundary.Plan {
	var out boundary.Plan
	for _, l := range connect.Order {
		if c, ok := s.edited[l]; ok && !s.mayIssue() {
			out = append(out, c)
		}
	}
	return out
}

func shownBy(t *tenantryv1.Tenant) finding.List {
	return finding.List{Shown: t.Status.Findings, Total: t.Status.FindingsTotal, Accepted: t.Status.FindingsAccepted}
}

func (s *scope) reportFindings(now time.Time) {
	l := shownBy(s.tenant).Merge(s.found(), s.unread(), now)
	st := &s.tenant.Status
	st.Findings, st.FindingsTotal, st.FindingsAccepted = l.Shown, l.Total, l.Accepted
}

// reportPlan shows what is not carried out. A layer that could not be read leaves nothing to show.
func (s *scope) reportPlan() {
	s.tenant.Status.Plan = nil
	if !s.observeOnly {
		return
	}
	var plan boundary.Plan
	for _, res := range s.results {
		plan = append(plan, res.diff.Plan...)
	}
	s.tenant.Status.Plan = finding.Plan(append(plan, s.edits()...))
}

// reportEnforcing says whether differences are put right, so that nobody forgets that they are not.
func (s *scope) reportEnforcing() {
	put := func(status metav1.ConditionStatus, reason, message string) {
		condition.Put(s.tenant, tenantryv1.ConditionEnforcing, status, reason, message)
	}
	switch {
	case s.tenant.Spec.Mode == tenantryv1.ModePlan:
		put(metav1.ConditionFalse, tenantryv1.ReasonPlanMode,
			"mode is Plan: nothing is changed for this tenant, suspension included; status.plan shows what would be done")
	case s.tenant.EffectiveDrift(s.dp) == tenantryv1.DriftReport:
		put(metav1.ConditionFalse, tenantryv1.ReasonReportOnly,
			"drift is Report: what another hand changes is shown and left alone; changes of the spec are carried out")
	default:
		put(metav1.ConditionTrue, tenantryv1.ReasonEnforcing, "what differs from the desired state is put right")
	}
}

// hazards of every layer, the tenant's own and the plane's.
func (s *scope) hazards() []boundary.Finding {
	var out []boundary.Finding
	for _, res := range s.results {
		out = append(out, res.hazards()...)
	}
	return out
}

// acceptedNote says in a condition's message that it is True because somebody accepted what would make it False.
func acceptedNote(hazards []boundary.Finding) string {
	n, first := 0, boundary.Finding{}
	for _, f := range hazards {
		if !f.IsAccepted() || f.Severity != boundary.Critical {
			continue
		}
		if n++; n == 1 || f.Accepted.Expires < first.Accepted.Expires {
			first = f
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; accepted Critical hazards, which do not count: %d, first %s until %s", n, first.Object, first.Accepted.Expires)
}

// tell emits the Events of what this reconcile found and put right.
func (r *Reconciler) tell(before *tenantryv1.Tenant, s *scope) {
	if s.refusal != nil {
		return
	}
	news := finding.News{Before: shownBy(before), After: shownBy(s.tenant), Building: !s.drifted, Corrected: s.putRight()}
	news.Tell(r.Recorder, s.tenant)
	finding.TellPlan(r.Recorder, s.tenant, before.Status.Plan, s.tenant.Status.Plan)
}

// putRight are the changes that were carried out and hold, and the Secrets that were replaced.
func (s *scope) putRight() boundary.Plan {
	open := map[string]bool{}
	for _, f := range s.found() {
		open[f.ID()] = true
	}
	var out boundary.Plan
	for _, c := range s.corrected {
		if !open[c.Finding().ID()] {
			out = append(out, c)
		}
	}
	for _, l := range connect.Order {
		if c, ok := s.edited[l]; ok && s.mayIssue() && s.credentialErr == nil && s.allSettled() {
			out = append(out, c)
		}
	}
	return out
}
