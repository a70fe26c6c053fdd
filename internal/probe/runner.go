package probe

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

const (
	// tick is how often it is looked whether somebody is due.
	tick = 500 * time.Millisecond
	// atOnce is how many tenants of one plane are probed at the same time.
	atOnce = 2
	// tenantTimeout bounds the probe of one tenant as a whole.
	tenantTimeout = 40 * time.Second
)

// Runner probes the tenants of every plane in turn, on the leader only. It writes nothing to the API: it keeps a Book, and
// has a Tenant reconciled when what is known of it changed.
type Runner struct {
	Client   client.Reader
	Secrets  *credential.Store
	Registry *connect.Registry
	Book     *Book
	Metrics  *Metrics
	// Clock that decides who is due.
	Clock clock.PassiveClock
	// Period between two probes of one tenant; 0 works it out from the number of tenants, so that it is always below half an
	// hour.
	Period time.Duration
	// Tenant is told the name of a Tenant of which something else is known than before; Plane that of a DataPlane.
	Tenant, Plane func(name string)
	// IndexTenant and IndexDataPlane name the indexes of Client.
	IndexTenant, IndexDataPlane string

	mu     sync.Mutex
	planes map[string]*rota
	gates  gates
}

// rota is the work on one plane.
type rota struct {
	schedule
	// names of the Tenants by UID.
	names map[types.UID]string
	// busy counts probes under way.
	busy int
	// turn counts the rounds.
	turn int
	// canaries are due then.
	canaries time.Time
	// tending: the canaries are being looked after.
	tending bool
}

var (
	_ manager.Runnable               = (*Runner)(nil)
	_ manager.LeaderElectionRunnable = (*Runner)(nil)
)

// NeedLeaderElection keeps probes to one manager.
func (r *Runner) NeedLeaderElection() bool { return true }

// Start probes until ctx ends, and waits for the probes under way.
func (r *Runner) Start(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var flying sync.WaitGroup
	defer flying.Wait()
	defer r.gates.close()
	for {
		for _, job := range r.due(ctx) {
			flying.Go(func() { job(ctx) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Soon brings the probe of a Tenant forward: its boundary was just mended or opened.
func (r *Runner) Soon(plane string, tenant types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.planes[plane]; p != nil {
		p.hurry(tenant, r.Clock.Now())
	}
}

// due lists the work that is to begin now. It reads the cache only.
func (r *Runner) due(ctx context.Context) []func(context.Context) {
	var planes tenantryv1.DataPlaneList
	var tenants tenantryv1.TenantList
	if err := r.Client.List(ctx, &planes); err != nil {
		return nil // the cache is not there yet, or not any more
	}
	if err := r.Client.List(ctx, &tenants); err != nil {
		return nil
	}
	by := map[string][]*tenantryv1.Tenant{}
	for i := range tenants.Items {
		t := &tenants.Items[i]
		by[t.Spec.DataPlane] = append(by[t.Spec.DataPlane], t)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.planes == nil {
		r.planes = map[string]*rota{}
	}
	var jobs []func(context.Context)
	there := map[string]bool{}
	for i := range planes.Items {
		dp := &planes.Items[i]
		there[dp.Name] = true
		if r.Registry.Get(dp.Name) != nil && dp.DeletionTimestamp.IsZero() {
			jobs = append(jobs, r.dueOn(dp, by[dp.Name])...)
		}
	}
	r.drop(there)
	return jobs
}

func (r *Runner) drop(there map[string]bool) {
	for name, p := range r.planes {
		if there[name] {
			continue
		}
		for uid := range p.slots {
			r.Book.forget(uid)
		}
		delete(r.planes, name)
		r.Book.forgetPlane(name)
		r.Metrics.forget(name)
	}
}

func (r *Runner) dueOn(dp *tenantryv1.DataPlane, tenants []*tenantryv1.Tenant) []func(context.Context) {
	now, p := r.Clock.Now(), r.planes[dp.Name]
	if p == nil {
		p = &rota{schedule: schedule{fixed: r.Period}}
		r.planes[dp.Name] = p
	}
	uids := make([]types.UID, 0, len(tenants))
	p.names = make(map[types.UID]string, len(tenants))
	for _, t := range tenants {
		uids = append(uids, t.UID)
		p.names[t.UID] = t.Name
	}
	for _, gone := range p.sync(now, uids) {
		r.Book.forget(gone)
	}
	for _, t := range tenants {
		if _, known := r.Book.Outcome(t.UID); !known && failedBefore(t) {
			p.hurry(t.UID, now)
		}
	}
	r.Metrics.age(dp.Name, p.oldest(now))
	var jobs []func(context.Context)
	if !p.tending && !now.Before(p.canaries) {
		p.tending = true
		turn := p.turn
		jobs = append(jobs, func(ctx context.Context) { r.tend(ctx, dp.Name, turn) })
	}
	for _, uid := range p.take(now, atOnce-p.busy) {
		p.busy++
		p.turn++
		name, turn := p.names[uid], p.turn
		jobs = append(jobs, func(ctx context.Context) { r.visit(ctx, dp, uid, name, turn) })
	}
	return jobs
}

// visit probes one Tenant and says when to come again.
func (r *Runner) visit(ctx context.Context, dp *tenantryv1.DataPlane, uid types.UID, name string, turn int) {
	ctx, cancel := context.WithTimeout(ctx, tenantTimeout)
	defer cancel()
	in, probed := r.probe(ctx, dp, uid, name, turn)
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.planes[dp.Name]; p != nil {
		p.busy--
		if in == 0 {
			in = p.period()
		}
		p.done(uid, r.Clock.Now(), in, probed)
	}
}

// neighbour is another Tenant of the plane, by turns; "" where there is none.
func (r *Runner) neighbour(plane string, of types.UID, turn int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.planes[plane]
	if p == nil {
		return ""
	}
	var others []types.UID
	for uid := range p.names {
		if uid != of {
			others = append(others, uid)
		}
	}
	if len(others) == 0 {
		return ""
	}
	slices.Sort(others)
	return p.names[others[turn%len(others)]]
}

func (r *Runner) log(ctx context.Context) interface{ Error(error, string, ...any) } {
	return ctrl.LoggerFrom(ctx).WithName("probe")
}

// Outcome is what is known of a tenant, false where this process has not probed it yet.
func (r *Runner) Outcome(tenant types.UID) (trial.Outcome, bool) { return r.Book.Outcome(tenant) }

// LastProbe is when a probe on a plane last ended, zero where none has in this process.
func (r *Runner) LastProbe(plane string) time.Time { return r.Book.LastProbe(plane) }

// PlaneFindings are those of the plane's canaries in one layer.
func (r *Runner) PlaneFindings(plane string, layer boundary.Layer) []boundary.Finding {
	return r.Book.PlaneFindings(plane, layer)
}
