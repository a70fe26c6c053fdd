// Package audit is the loop that looks at servers over and over: for each plane and interval one snapshot of every server,
// the judgement of the plane and of all its Tenants by it, and a call for those alone that have to be worked on. What is right
// is decided where it is for reconciles too; nothing is written here.
package audit

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Auditor audits every open plane, each by a loop of its own. It runs on the leader only. Its zero value lacks the exported
// fields; Start may be called once.
type Auditor struct {
	Registry *connect.Registry
	// Judge of the plane and its Tenants.
	Judge Judge
	// Wake asks for the reconcile of an object. It may block until ctx ends.
	Wake func(ctx context.Context, o Object)
	// Meter takes figures.
	Meter Meter
	// Denied takes what a server refused to tenants; nil for none.
	Denied func(ctx context.Context, p string, denials []plane.Denial)
	Clock  clock.PassiveClock
	// Pause between two rounds in place of the plane's interval, for tests; 0 for the interval.
	Pause time.Duration

	mu    sync.Mutex
	ctx   context.Context // of Start; nil before
	loops map[string]*loop
	wg    sync.WaitGroup
}

// Judge compares what the audit's snapshots hold with what is desired. It asks no server and not the API server.
type Judge interface {
	// Plane says whether the plane itself has to be worked on, or says otherwise in its status.
	Plane(ctx context.Context, p *connect.Plane) (due bool)
	// Tenants names all Tenants of a plane.
	Tenants(ctx context.Context, p *connect.Plane) ([]string, error)
	// Tenant says whether a Tenant has to be worked on, or says otherwise in its status.
	Tenant(ctx context.Context, p *connect.Plane, name string) (Urgency, error)
}

// Urgency of working on a Tenant.
type Urgency int

// The urgencies.
const (
	// Settled needs nothing.
	Settled Urgency = iota
	// Later is a status that is out of date because a server could not be read. A whole fleet may be so at once.
	Later
	// Now is a difference, or a status that is out of date in any other way.
	Now
)

// Object is what can be asked to be reconciled: a plane, or a Tenant on it.
type Object struct {
	Plane string
	// Tenant by its name; "" for the plane itself.
	Tenant string
}

// Meter takes figures of the audit. Outcomes are Read, Failed and Late; steps are read and judge.
type Meter interface {
	Audited(plane string, layer boundary.Layer, outcome string, began time.Time)
	AuditStep(plane, step string, took time.Duration)
	Woken(plane, kind string)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*Auditor) NeedLeaderElection() bool { return true }

// Start runs the loops until ctx ends, and waits for them.
func (a *Auditor) Start(ctx context.Context) error {
	a.mu.Lock()
	a.ctx = ctx
	for _, l := range a.loops {
		a.run(l)
	}
	a.mu.Unlock()
	<-ctx.Done()
	a.wg.Wait()
	return nil
}

// Ensure begins to audit a plane, where that is not done yet.
func (a *Auditor) Ensure(name string) { a.loop(name) }

// Forget ends the audit of a plane.
func (a *Auditor) Forget(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.loops[name]; l != nil {
		delete(a.loops, name)
		l.end()
	}
}

// Ask asks for a round on behalf of an object, at once. It returns true once a round that began after the first call with
// this token has ended, however it came out; until then the object is woken when that is so.
func (a *Auditor) Ask(o Object, token string) bool { return a.loop(o.Plane).ask(o, token) }

func (a *Auditor) loop(name string) *loop {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.loops[name]; l != nil {
		return l
	}
	if a.loops == nil {
		a.loops = map[string]*loop{}
	}
	l := newLoop(a, name)
	a.loops[name] = l
	if a.ctx != nil {
		a.run(l)
	}
	return l
}

// run starts a loop. a.mu is held.
func (a *Auditor) run(l *loop) {
	if a.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctrl.LoggerInto(a.ctx, ctrl.LoggerFrom(a.ctx).WithValues("dataplane", l.name)))
	l.cancel = cancel
	a.wg.Go(func() { l.run(ctx) })
}
