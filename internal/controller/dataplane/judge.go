package dataplane

import (
	"context"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Judge compares what the plane as a whole needs with the audit's snapshots, and says whether that is not what was found
// last: then a reconcile has to mend it or to write it down. It writes nothing.
func (r *Reconciler) Judge(ctx context.Context, p *connect.Plane) (due bool) {
	for _, l := range p.Layers() {
		if l.Server == nil || l.Fault() != nil || l.Audited().Err != nil || l.Audited().At.IsZero() {
			continue // the next reconcile of the plane tells
		}
		diff, err := l.Server.DiffPlane(ctx, plane.Recent)
		diff.Hazards = r.withProbed(p.Name, l.Name, diff.Hazards)
		found := append(diff.Findings(), r.Fights.Fights(correction.Subject{Plane: p.Name, Layer: l.Name}, r.Clock.Now())...)
		if err == nil && !same(found, l.Hazards()) {
			return true
		}
	}
	return false
}

// same says that two lists hold the same findings, however they are ordered.
func same(a, b []boundary.Finding) bool {
	ids := func(list []boundary.Finding) map[string]boundary.Severity {
		out := make(map[string]boundary.Severity, len(list))
		for _, f := range list {
			out[f.ID()] = f.Severity
		}
		return out
	}
	left, right := ids(a), ids(b)
	if len(left) != len(right) {
		return false
	}
	for id, severity := range left {
		if right[id] != severity {
			return false
		}
	}
	return true
}
