package dataplane

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// auditStamp is how often lastAuditTime moves: a settled plane is written to once in that time at most.
const auditStamp = time.Minute

// reportsDrift says that what was in place once and differs now is to be left alone. A change of spec is not drift.
func reportsDrift(dp *tenantryv1.DataPlane) bool {
	return dp.Spec.Drift == tenantryv1.DriftReport && stood(dp)
}

// stood says that what the spec asks for was in place once, so that what differs is another hand's.
func stood(dp *tenantryv1.DataPlane) bool {
	return dp.Status.ObservedGeneration == dp.Generation && condition.IsTrue(dp, tenantryv1.ConditionClaimed)
}

// report writes what the looks found into status.
func report(dp *tenantryv1.DataPlane, looks []*look, tenants []tenantryv1.Tenant, now time.Time) {
	dp.Status.ObservedGeneration = dp.Generation
	dp.Status.Tenants = int32(len(tenants))
	reportServers(dp, looks)
	reportFindings(dp, looks, tenants, now)
	reportPlan(dp, looks)
	reportEnforcing(dp)
	reportClaimed(dp, looks)
	reportAudit(dp, looks, now)
	reportReady(dp, looks)
}

func reportServers(dp *tenantryv1.DataPlane, looks []*look) {
	servers := make([]tenantryv1.ServerStatus, 0, len(looks))
	for _, l := range looks {
		s := tenantryv1.ServerStatus{Layer: tenantryv1.LayerName(l.layer.Name)}
		if i := slices.IndexFunc(dp.Status.Servers, func(o tenantryv1.ServerStatus) bool { return o.Layer == s.Layer }); i >= 0 {
			s = dp.Status.Servers[i]
		}
		if l.desc.Version != "" {
			s.Version, s.Capabilities = l.desc.Version, l.desc.Capabilities
		}
		if l.claimed {
			s.Claimed = tenantryv1.Enabled
		}
		servers = append(servers, s)
		reportReachable(dp, l)
	}
	dp.Status.Servers = servers
}

func reportReachable(dp *tenantryv1.DataPlane, l *look) {
	switch {
	case l.err == nil:
		condition.Put(dp, l.conditionType(), metav1.ConditionTrue, tenantryv1.ReasonReachable, l.desc.Version)
	case plane.CauseOf(l.err) == plane.Unreachable:
		condition.Put(dp, l.conditionType(), metav1.ConditionUnknown, tenantryv1.ReasonUnreachable, l.err.Error())
	case isClaimProblem(l.err):
		condition.Put(dp, l.conditionType(), metav1.ConditionTrue, tenantryv1.ReasonReachable, l.desc.Version)
	default:
		condition.Put(dp, l.conditionType(), metav1.ConditionFalse, string(plane.CauseOf(l.err)), l.err.Error())
	}
}

// isClaimProblem says that a server answers but is not ours to write to.
func isClaimProblem(err error) bool {
	switch plane.CauseOf(err) {
	case plane.OwnedElsewhere, plane.Cause(boundary.SchemaTooNew), keyMismatch, markerMissing:
		return true
	}
	return false
}

func reportClaimed(dp *tenantryv1.DataPlane, looks []*look) {
	for _, l := range looks {
		if l.err != nil && isClaimProblem(l.err) {
			condition.Put(dp, tenantryv1.ConditionClaimed, metav1.ConditionFalse, string(plane.CauseOf(l.err)), onLayer(l, l.err))
			return
		}
	}
	for _, l := range looks {
		if !l.claimed && !claimedBefore(dp, l.layer.Name) {
			condition.Put(dp, tenantryv1.ConditionClaimed, metav1.ConditionUnknown, tenantryv1.ReasonNotClaimed,
				fmt.Sprintf("the %s server has not been claimed yet", l.layer.Name))
			return
		}
	}
	condition.Put(dp, tenantryv1.ConditionClaimed, metav1.ConditionTrue, tenantryv1.ReasonClaimed,
		"every server carries this plane's marker")
}

// reportAudit says whether every server was read by the audit lately. One that it has not come to yet changes nothing.
func reportAudit(dp *tenantryv1.DataPlane, looks []*look, now time.Time) {
	var oldest time.Time
	for _, l := range looks {
		audited := l.layer.Audited()
		switch {
		case audited.Stale():
			putStale(dp, l, audited.Err)
			return
		case l.layer.Server == nil && now.Sub(l.layer.FailingSince()) >= connect.Missable*interval(dp):
			putStale(dp, l, l.err)
			return
		case audited.At.IsZero():
			return
		case oldest.IsZero() || audited.At.Before(oldest):
			oldest = audited.At
		}
	}
	condition.Put(dp, tenantryv1.ConditionAuditCurrent, metav1.ConditionTrue, tenantryv1.ReasonReachable, "every server was read")
	if t := dp.Status.LastAuditTime; t == nil || oldest.Sub(t.Time) >= auditStamp {
		stamp := metav1.NewTime(oldest)
		dp.Status.LastAuditTime = &stamp
	}
}

func putStale(dp *tenantryv1.DataPlane, l *look, err error) {
	condition.Put(dp, tenantryv1.ConditionAuditCurrent, metav1.ConditionFalse, string(plane.CauseOf(err)),
		fmt.Sprintf("the %s server was not read for three intervals", l.layer.Name))
}

func reportReady(dp *tenantryv1.DataPlane, looks []*look) {
	for _, l := range looks {
		switch {
		case l.err == nil:
		case plane.CauseOf(l.err) == plane.Unreachable:
			condition.Reconciling(dp, tenantryv1.ReasonUnreachable, onLayer(l, l.err))
			return
		default:
			condition.Stalled(dp, string(plane.CauseOf(l.err)), onLayer(l, l.err))
			return
		}
	}
	for _, l := range looks {
		switch {
		case l.applyErr != nil:
			condition.Reconciling(dp, tenantryv1.ReasonApplyFailed, onLayer(l, l.applyErr))
			return
		case l.diff.Conflict != nil:
			condition.Stalled(dp, tenantryv1.ReasonInvalidSpec, string(l.layer.Name)+": "+l.diff.Conflict.Message)
			return
		case len(l.diff.Plan) > 0 && l.reportOnly:
			condition.NotReady(dp, tenantryv1.ReasonDrifted, "drift is only reported, see status.plan: "+strings.Join(l.diff.Plan.Lines(), "; "))
			return
		case len(l.diff.Plan) > 0:
			condition.NotReady(dp, tenantryv1.ReasonDrifted, strings.Join(l.diff.Plan.Lines(), "; "))
			return
		}
	}
	if msg := worstHazard(looks); msg != "" {
		condition.NotReady(dp, tenantryv1.ReasonHazard, msg)
		return
	}
	condition.Ready(dp, tenantryv1.ReasonReady, "the plane serves its tenants"+acceptedNote(looks))
}

func worstHazard(looks []*look) string {
	for _, l := range looks {
		for _, f := range l.diff.Hazards {
			if f.Severity == boundary.Critical && !f.IsAccepted() {
				return fmt.Sprintf("%s %s: %s", f.Layer, f.Object, f.Message)
			}
		}
	}
	return ""
}

func onLayer(l *look, err error) string { return fmt.Sprintf("%s: %s", l.layer.Name, err) }
