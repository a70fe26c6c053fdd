package dataplane

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Probes are what live probes found, as a DataPlane's status needs it.
type Probes interface {
	// LastProbe is when a probe on a plane last ended, zero where none has in this process.
	LastProbe(plane string) time.Time
	// PlaneFindings are those that concern every tenant of a plane in one layer.
	PlaneFindings(plane string, layer boundary.Layer) []boundary.Finding
	// CloseCanaries closes the canaries of a plane that is let go.
	CloseCanaries(ctx context.Context, p *connect.Plane) error
}

// withProbed adds what the canaries of a plane found in one layer.
func (r *Reconciler) withProbed(plane string, layer boundary.Layer, hazards []boundary.Finding) []boundary.Finding {
	if r.Probes == nil {
		return hazards
	}
	return slices.Concat(hazards, r.Probes.PlaneFindings(plane, layer))
}

// reportProbes moves lastProbeTime, together with lastAuditTime where that moves, so that both cost one write.
func (r *Reconciler) reportProbes(before, dp *tenantryv1.DataPlane) {
	if r.Probes == nil {
		return
	}
	last, shown := r.Probes.LastProbe(dp.Name), dp.Status.LastProbeTime
	moved := dp.Status.LastAuditTime != before.Status.LastAuditTime && !dp.Status.LastAuditTime.Equal(before.Status.LastAuditTime)
	if !last.IsZero() && (shown == nil || moved && last.After(shown.Time)) {
		stamp := metav1.NewTime(last)
		dp.Status.LastProbeTime = &stamp
	}
}

// closeCanaries is best effort: a server that is away keeps canaries whose passwords follow from the plane's keys alone.
func (r *Reconciler) closeCanaries(ctx context.Context, dp *tenantryv1.DataPlane) {
	if r.Probes == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := r.Probes.CloseCanaries(ctx, r.Registry.Get(dp.Name)); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "The canaries of a plane could not be closed", "dataplane", dp.Name)
	}
}
