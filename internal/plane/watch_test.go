package plane_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/plane"
)

// TestHintsAreDebounced: one at once, a thousand more in one call after the interval, and nothing after that.
func TestHintsAreDebounced(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := clocktest.NewFakeClock(time.Now())
	hints, called, ended := make(chan struct{}, 1), make(chan struct{}, 100), make(chan struct{})
	go func() {
		plane.Debounce(ctx, c, plane.WatchInterval, hints, func() { called <- struct{}{} })
		close(ended)
	}()
	plane.Hint(hints)
	<-called
	for !c.HasWaiters() {
		runtime.Gosched() // to the goroutine that makes its timer
	}
	for range 1000 {
		plane.Hint(hints)
	}
	c.Step(plane.WatchInterval - time.Millisecond)
	if len(called) > 0 {
		t.Error("called again before the interval was over")
	}
	c.Step(time.Millisecond)
	<-called
	for !c.HasWaiters() {
		runtime.Gosched()
	}
	c.Step(10 * plane.WatchInterval)
	cancel()
	<-ended
	if n := len(called); n > 0 {
		t.Errorf("%d more calls without a hint", n)
	}
}

type watched struct{ plane.BudgetServer }

func (watched) Layer() boundary.Layer { return boundary.Rows }

func (watched) SweepBudgets(context.Context, plane.Freshness) (budget.Swept, error) {
	return budget.Swept{}, nil
}

func (watched) Watch(_ context.Context, changed func()) error { changed(); return nil }

// TestMeteredHidesNeitherBudgetsNorWatching of a server that has both.
func TestMeteredHidesNeitherBudgetsNorWatching(t *testing.T) {
	var calls []string
	s := plane.Metered(watched{}, func(_ boundary.Layer, call string, _ time.Duration, _ string) { calls = append(calls, call) })
	w, ok := s.(plane.Watcher)
	if !ok {
		t.Fatal("not a Watcher any more")
	}
	seen := false
	if err := w.Watch(context.Background(), func() { seen = true }); err != nil || !seen {
		t.Errorf("changed called %v, %v", seen, err)
	}
	b, ok := s.(plane.BudgetServer)
	if !ok {
		t.Fatal("not a BudgetServer any more")
	}
	if _, err := b.SweepBudgets(context.Background(), plane.Recent); err != nil || len(calls) != 1 {
		t.Errorf("metered %v, %v", calls, err)
	}
}
