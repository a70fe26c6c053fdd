package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// probeTimeout bounds one question to the API server.
const probeTimeout = 5 * time.Second

// Start watches the API server and keeps the snapshot until ctx ends. It waits for an API server that is away. It is called
// once.
func (d *Directory) Start(ctx context.Context) error {
	began := d.clock.Now()
	informers, reader, err := d.connect()
	if err != nil {
		return err
	}
	synced, err := d.subscribe(ctx, informers)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- informers.Start(ctx) }()
	if toolscache.WaitForCacheSync(ctx.Done(), synced...) {
		d.fresh.Store(began.UnixNano()) // nothing that was read is older
		d.run(ctx, reader)
	}
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("watch the API server: %w", err)
	}
	return nil
}

// run rebuilds the snapshot when something changed and asks from time to time whether the API server is there.
func (d *Directory) run(ctx context.Context, reader client.Reader) {
	ticker := d.clock.NewTicker(d.options.ProbeInterval)
	defer ticker.Stop()
	go d.probeEvery(ctx, ticker.C(), reader)
	for {
		d.rebuild(ctx)
		select {
		case <-ctx.Done():
			return
		case <-d.changed:
		}
	}
}

func (d *Directory) rebuild(ctx context.Context) {
	d.mu.Lock()
	before := d.now.Load()
	next := build(d.world, before, d.options.Limits)
	d.mu.Unlock()
	d.now.Store(next)
	for _, note := range next.notes {
		if before == nil || !slices.Contains(before.notes, note) {
			log.FromContext(ctx).Info("Not served", "why", note)
		}
	}
}

// probeEvery takes the snapshot for current where the API server answers and every watch has been open since the last time
// it was asked. A watch that was opened just now may still owe what happened while it was closed.
func (d *Directory) probeEvery(ctx context.Context, tick <-chan time.Time, reader client.Reader) {
	w := watcher{last: d.clock.Now(), watching: true}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		d.ask(ctx, reader, &w)
	}
}

// watcher is what is known between two questions.
type watcher struct {
	last time.Time
	// watching is what the log said last.
	watching bool
}

// ask puts one question. A watch that was renewed, as each is every few minutes, misses one, and two in a row miss two: only
// what goes on for longer is worth a line. Half an interval is for a tick that comes late.
func (d *Directory) ask(ctx context.Context, reader client.Reader, w *watcher) {
	asked := d.clock.Now()
	current := d.probe(ctx, reader) && d.streams.complete(w.last)
	w.last = asked
	lost := asked.Sub(d.Freshness()) > 2*d.options.ProbeInterval+d.options.ProbeInterval/2
	if current {
		d.fresh.Store(asked.UnixNano())
	}
	if current && !w.watching || !current && lost && w.watching {
		w.watching = current
		log.FromContext(ctx).Info("Watching the API server", "successful", current, "age", d.age().String(),
			"refuseAllAfter", d.options.MaxStaleness.String())
	}
}

func (d *Directory) probe(ctx context.Context, reader client.Reader) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := reader.Get(ctx, client.ObjectKey{Name: d.options.Plane}, &tenantryv1.DataPlane{})
	return err == nil || apierrors.IsNotFound(err)
}
