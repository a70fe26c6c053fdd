package dataplane

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/events"
	clocktest "k8s.io/utils/clock/testing"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// bookServer answers what it is told to, and notes what it is asked.
type bookServer struct {
	plane.BudgetServer

	asked []string
	diff  boundary.Diff
	err   error
}

func (s *bookServer) SweepBudgets(context.Context, plane.Freshness) (budget.Swept, error) {
	s.asked = append(s.asked, "sweep")
	return budget.Swept{}, s.err
}

func (s *bookServer) DiffCounters(context.Context) (boundary.Diff, error) {
	s.asked = append(s.asked, "counters")
	return s.diff, nil
}

func (s *bookServer) Apply(context.Context, boundary.Plan) error {
	s.asked = append(s.asked, "apply")
	return nil
}

// TestKeepBooks: the ledger is swept at each look; counters are compared at the first, every hour, and when somebody asks.
func TestKeepBooks(t *testing.T) {
	wrong := boundary.Diff{Plan: boundary.Plan{{Layer: boundary.Budget, Object: "counters of tenant acme", Kind: boundary.Changed}}}
	clock := clocktest.NewFakePassiveClock(time.Unix(10_000, 0))
	server := &bookServer{}
	r := &Reconciler{Clock: clock, Metrics: metrics.New(prometheus.NewRegistry()), Recorder: events.NewFakeRecorder(10)}
	dp := &tenantryv1.DataPlane{}
	for _, step := range []struct {
		name  string
		after time.Duration
		asks  string
		diff  boundary.Diff
		// report only, and the server's error
		report bool
		err    error
		asked  []string
		left   int
		failed bool
	}{
		{name: "at first", asked: []string{"sweep", "counters"}},
		{name: "then", after: time.Second, asked: []string{"sweep"}},
		{name: "on request", after: time.Second, asks: "now", asked: []string{"sweep", "counters"}},
		{name: "once", after: time.Second, asked: []string{"sweep"}},
		{name: "after an hour, and they are wrong", after: time.Hour, diff: wrong, asked: []string{"sweep", "counters", "apply"}},
		{name: "reported only", after: time.Hour, diff: wrong, report: true, asked: []string{"sweep", "counters"}, left: 1},
		{name: "and still known", after: time.Second, report: true, asked: []string{"sweep"}, left: 1},
		{name: "mended once that is wanted", after: time.Second, diff: wrong, asked: []string{"sweep", "counters", "apply"}},
		{name: "and forgotten", after: time.Second, report: true, asked: []string{"sweep"}},
		{name: "reported again", after: time.Hour, diff: wrong, report: true, asked: []string{"sweep", "counters"}, left: 1},
		{name: "until they are right", after: time.Hour, report: true, asked: []string{"sweep", "counters"}},
		{name: "the server is away", after: time.Second, err: plane.Faultf(plane.Unreachable, nil, "gone"), asked: []string{"sweep"}},
		{name: "the server refuses", after: time.Second, err: plane.Faultf(plane.ApplyFailed, nil, "no"), asked: []string{"sweep"}, failed: true},
		{name: "a tenant cannot be swept", after: time.Hour, err: plane.Faultf(plane.ApplyFailed, nil, "no"), diff: wrong, asked: []string{"sweep", "counters", "apply"}, failed: true},
	} {
		clock.SetTime(clock.Now().Add(step.after))
		server.asked, server.diff, server.err = nil, step.diff, step.err
		dp.Annotations = map[string]string{tenantryv1.ReconcileAtAnnotation: dp.Status.LastHandledReconcileAt}
		if step.asks != "" {
			dp.Annotations[tenantryv1.ReconcileAtAnnotation] = step.asks
		}
		l := &look{layer: &connect.Layer{Name: boundary.Rows, Server: server}, reportOnly: step.report}
		r.keepBooks(t.Context(), dp, l)
		dp.Status.LastHandledReconcileAt = dp.Annotations[tenantryv1.ReconcileAtAnnotation]
		if diff := cmp.Diff(step.asked, server.asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if len(l.diff.Plan) != step.left || (l.applyErr != nil) != step.failed {
			t.Errorf("%s: %d differences are left, error %v", step.name, len(l.diff.Plan), l.applyErr)
		}
	}
	for isolated, want := range map[bool][]string{true: {"sweep"}, false: nil} {
		fault := plane.Faultf(plane.ApplyFailed, nil, "a partition is busy")
		fault.Isolated = isolated
		server.asked, server.err = nil, nil
		l := &look{layer: &connect.Layer{Name: boundary.Rows, Server: server}, applyErr: fault}
		if r.keepBooks(t.Context(), dp, l); !cmp.Equal(server.asked, want) || l.applyErr == nil {
			t.Errorf("after a failure, isolated %v: asked %v, error %v", isolated, server.asked, l.applyErr)
		}
	}
	r.counted.forget(dp.Name)
	if !r.counted.last(dp.Name).at.IsZero() {
		t.Error("a plane that is gone is remembered")
	}
}
