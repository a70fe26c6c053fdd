package dataplane

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/finding"
	"github.com/tenantry/tenantry/internal/plane"
)

// found are the findings that belong to no tenant.
func found(looks []*look) []boundary.Finding {
	var out []boundary.Finding
	for _, l := range looks {
		out = append(out, l.diff.Findings()...)
		if l.err != nil && isClaimProblem(l.err) {
			out = append(out, claimFinding(l))
		}
	}
	return out
}

// claimFinding says that a server does not carry this plane's marker as it should. No change of ours mends that.
func claimFinding(l *look) boundary.Finding {
	kind := boundary.Changed
	if plane.CauseOf(l.err) == markerMissing {
		kind = boundary.Missing
	}
	return boundary.Finding{
		Layer: l.layer.Name, Object: "marker of the plane", Kind: kind, Severity: boundary.Warning,
		Check: claimChecks[plane.CauseOf(l.err)], Message: l.err.Error() + ". Nothing is written to this server, and drift is not mended there",
	}
}

// claimChecks names the rules about markers.
var claimChecks = map[plane.Cause]string{
	plane.OwnedElsewhere: "marker-of-another", plane.Cause(boundary.SchemaTooNew): "marker-too-new",
	keyMismatch: "marker-of-other-keys", markerMissing: "marker-missing",
}

// unread are the layers of which nothing is known at this look.
func unread(looks []*look) []boundary.Layer {
	var out []boundary.Layer
	for _, l := range looks {
		d := l.diff
		if l.err == nil || len(d.Plan) > 0 || d.Objects > 0 { // hazards may be of probes and fights, which need no server
			continue
		}
		if out = append(out, l.layer.Name); l.layer.Name == boundary.Rows {
			out = append(out, boundary.Budget)
		}
	}
	return out
}

func shownBy(dp *tenantryv1.DataPlane) finding.List {
	return finding.List{Shown: dp.Status.Findings, Total: dp.Status.FindingsTotal, Accepted: dp.Status.FindingsAccepted}
}

func reportFindings(dp *tenantryv1.DataPlane, looks []*look, tenants []tenantryv1.Tenant, now time.Time) {
	all := found(looks)
	away := unread(looks)
	if len(away) == 0 { // else nobody can say what is idle
		all = append(all, finding.Idle(finding.Acceptances(dp), all, tenants)...)
	} else {
		away = append(away, boundary.PlaneItself)
	}
	l := shownBy(dp).Merge(all, away, now)
	dp.Status.Findings, dp.Status.FindingsTotal, dp.Status.FindingsAccepted = l.Shown, l.Total, l.Accepted
}

// reportPlan shows what is not carried out on the plane's own objects.
func reportPlan(dp *tenantryv1.DataPlane, looks []*look) {
	var plan boundary.Plan
	for _, l := range looks {
		if l.reportOnly {
			plan = append(plan, l.diff.Plan...)
		}
	}
	dp.Status.Plan = finding.Plan(plan)
}

// reportEnforcing says whether differences are put right, so that nobody forgets that they are not.
func reportEnforcing(dp *tenantryv1.DataPlane) {
	if dp.Spec.Drift == tenantryv1.DriftReport {
		condition.Put(dp, tenantryv1.ConditionEnforcing, metav1.ConditionFalse, tenantryv1.ReasonReportOnly,
			"drift is Report: what another hand changes is shown and left alone, for the plane and for Tenants that do not say otherwise; "+
				"changes of the spec are carried out")
		return
	}
	condition.Put(dp, tenantryv1.ConditionEnforcing, metav1.ConditionTrue, tenantryv1.ReasonEnforcing,
		"what differs from the desired state is put right")
}

// acceptedNote says in a condition's message that the plane is well because somebody accepted what would make it not.
func acceptedNote(looks []*look) string {
	n, first := 0, ""
	for _, l := range looks {
		for _, f := range l.diff.Hazards {
			if f.IsAccepted() && f.Severity == boundary.Critical {
				if n++; first == "" || f.Accepted.Expires < first {
					first = f.Accepted.Expires
				}
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; accepted Critical hazards, which do not count: %d, the first until %s", n, first)
}

// untilExpiry is when to look again: after an interval, or when the first acceptance ends.
func untilExpiry(dp *tenantryv1.DataPlane, interval time.Duration, now time.Time) time.Duration {
	if next := boundary.NextExpiry(finding.Acceptances(dp), now); !next.IsZero() {
		return min(interval, next.Sub(now))
	}
	return interval
}

// tell counts what is open, and emits the Events of what this look found and put right.
func (r *Reconciler) tell(before, dp *tenantryv1.DataPlane, looks []*look) {
	r.Metrics.Findings(dp.Name, "", found(looks), unread(looks)...)
	for _, l := range looks {
		r.Metrics.Fights(dp.Name, l.layer.Name, r.Fights.Count(dp.Name, l.layer.Name, r.Clock.Now()))
	}
	news := finding.News{Before: shownBy(before), After: shownBy(dp), Building: !stood(before)}
	if stood(before) {
		news.Corrected = putRight(looks)
	}
	news.Tell(r.Recorder, dp)
	finding.TellPlan(r.Recorder, dp, before.Status.Plan, dp.Status.Plan)
}

// putRight are the changes that were carried out and hold.
func putRight(looks []*look) boundary.Plan {
	open := map[string]bool{}
	for _, f := range found(looks) {
		open[f.ID()] = true
	}
	var out boundary.Plan
	for _, l := range looks {
		for _, c := range l.corrected {
			if !open[c.Finding().ID()] {
				out = append(out, c)
			}
		}
	}
	return out
}
