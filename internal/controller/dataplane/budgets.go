package dataplane

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// countEvery is how often the counters of a plane's budgets are compared with its ledger. It reads the ledger of all running
// periods. An audit that somebody asks for compares them, too.
const countEvery = time.Hour

// counted remembers the last comparison of each plane.
type counted struct {
	mu sync.Mutex
	of map[string]comparison
}

type comparison struct {
	at time.Time
	// left are the differences that were reported and left alone.
	left boundary.Plan
}

func (c *counted) last(plane string) comparison {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[plane]
}

func (c *counted) note(plane string, n comparison) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]comparison{}
	}
	c.of[plane] = n
}

func (c *counted) forget(plane string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, plane)
}

// keepBooks ends what has expired and begins what is due in the ledger, and now and then compares its counters. What fails is
// tried again at the next look, and tells of itself only where the server was reached.
func (r *Reconciler) keepBooks(ctx context.Context, dp *tenantryv1.DataPlane, l *look) {
	server, ok := l.layer.Server.(plane.BudgetServer)
	if !ok || l.applyErr != nil && !plane.IsIsolated(l.applyErr) {
		return
	}
	swept, err := server.SweepBudgets(ctx, plane.Recent)
	r.Metrics.Expired(dp.Name, swept.Expired)
	if err == nil || plane.CauseOf(err) != plane.Unreachable { // counters that are wrong may be what keeps a tenant from being swept
		err = errors.Join(err, r.compareCounters(ctx, dp, l, server))
	}
	if err == nil {
		return
	}
	ctrl.LoggerFrom(ctx).Error(err, "The ledger could not be looked after", "dataplane", dp.Name)
	if plane.CauseOf(err) != plane.Unreachable {
		l.applyErr = cmp.Or(l.applyErr, err)
	}
}

func (r *Reconciler) compareCounters(ctx context.Context, dp *tenantryv1.DataPlane, l *look, server plane.BudgetServer) error {
	now, last := r.Clock.Now(), r.counted.last(dp.Name)
	asked := dp.Annotations[tenantryv1.ReconcileAtAnnotation] != dp.Status.LastHandledReconcileAt
	mends := len(last.left) > 0 && !l.reportOnly // what was left alone is to be mended now
	if !asked && !mends && !last.at.IsZero() && now.Sub(last.at) < countEvery {
		l.diff.Plan = append(l.diff.Plan, last.left...)
		return nil
	}
	diff, err := server.DiffCounters(ctx)
	if err != nil {
		return err
	}
	if len(diff.Plan) > 0 && l.reportOnly {
		l.diff.Plan = append(l.diff.Plan, diff.Plan...)
		r.counted.note(dp.Name, comparison{at: now, left: diff.Plan})
		return nil
	}
	if err := r.mendCounters(ctx, dp, server, diff.Plan); err != nil {
		return err
	}
	r.counted.note(dp.Name, comparison{at: now})
	return nil
}

func (r *Reconciler) mendCounters(ctx context.Context, dp *tenantryv1.DataPlane, server plane.BudgetServer, changes boundary.Plan) error {
	if len(changes) == 0 {
		return nil
	}
	if err := server.Apply(ctx, changes); err != nil {
		return err
	}
	r.Metrics.Applied(changes)
	r.Metrics.CountersMended(dp.Name, len(changes))
	note := strings.Join(changes.Lines(), "; ")
	r.Recorder.Eventf(dp, nil, corev1.EventTypeWarning, tenantryv1.ReasonCountersMended, "CompareCounters", "%s", note[:min(len(note), maxNote)])
	return nil
}

// maxNote is the API's limit for the note of an Event.
const maxNote = 1024
