package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// canariesOf a plane. Without its keys they have no password that anybody knows.
func canariesOf(p *connect.Plane) [2]boundary.Tenant {
	return trial.Canaries(p.IDFormat, p.Rows, p.Keys.Naming)
}

// tend builds a plane's canaries where they do not stand and probes as each of them.
func (r *Runner) tend(ctx context.Context, name string, turn int) {
	ctx, cancel := context.WithTimeout(ctx, tenantTimeout)
	defer cancel()
	in := soon
	if p := r.Registry.Get(name); p != nil && !p.Keys.Empty() {
		in = r.tendPlane(ctx, p, turn)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if rota := r.planes[name]; rota != nil {
		rota.tending = false
		if in == 0 {
			in = shortest
		}
		rota.canaries = r.Clock.Now().Add(min(in, rota.period()))
	}
}

// tendPlane says when to come again, 0 for the usual time.
func (r *Runner) tendPlane(ctx context.Context, p *connect.Plane, turn int) (in time.Duration) {
	var dp tenantryv1.DataPlane
	if err := r.Client.Get(ctx, client.ObjectKey{Name: p.Name}, &dp); err != nil || !dp.DeletionTimestamp.IsZero() {
		return soon
	}
	canaries := canariesOf(p)
	ready := r.build(ctx, p, canaries)
	for i, c := range canaries {
		others := []boundary.Tenant{bare(canaries[1-i])}
		if other, ok := r.anybody(ctx, p, turn); ok {
			others = append(others, other)
		}
		s := subject{tenant: c, whole: open(r.Book.canary(p.Name, i))}
		round := only(r.round(ctx, &dp, p, s, others, turn), ready)
		if crossed(round) {
			round = confirmed(round, only(r.round(ctx, &dp, p, s, others, turn), ready))
		}
		if ctx.Err() != nil {
			return soon
		}
		outcome, changed := r.Book.recordCanary(p.Name, i, round, r.Clock.Now())
		if changed {
			r.Plane(p.Name)
		}
		if open(outcome) {
			in = again
		}
	}
	if len(ready) == 0 {
		in = again
	}
	return in
}

// build sees to it that the canaries stand, and says in which layers they do.
func (r *Runner) build(ctx context.Context, p *connect.Plane, canaries [2]boundary.Tenant) map[boundary.Layer]bool {
	ready := map[boundary.Layer]bool{}
	for _, l := range p.Layers() {
		if l.Name == boundary.Vector || l.Server == nil || l.Fault() != nil {
			continue
		}
		if err := keep(ctx, l.Server, canaries); err != nil {
			r.log(ctx).Error(err, "The canaries of a plane could not be built", "dataplane", p.Name, "layer", l.Name)
			continue
		}
		ready[l.Name] = true
	}
	return ready
}

// anybody is a Tenant of the plane, by turns, as a canary must not reach it.
func (r *Runner) anybody(ctx context.Context, p *connect.Plane, turn int) (boundary.Tenant, bool) {
	var t tenantryv1.Tenant
	name := r.neighbour(p.Name, "", turn)
	if name == "" || r.Client.Get(ctx, client.ObjectKey{Name: name}, &t) != nil {
		return boundary.Tenant{}, false
	}
	other, err := r.other(ctx, &t)
	return other, err == nil
}

// only keeps the layers in which the canaries stand: before that they prove nothing, and nothing is wrong.
func only(round map[boundary.Layer][]trial.Attempt, ready map[boundary.Layer]bool) map[boundary.Layer][]trial.Attempt {
	for layer := range round {
		if !ready[layer] {
			delete(round, layer)
		}
	}
	return round
}

// keep brings canaries to where they should be, as a Tenant is brought.
func keep(ctx context.Context, server plane.Server, canaries [2]boundary.Tenant) error {
	for _, c := range canaries {
		d, err := server.DiffTenant(ctx, c, plane.Recent)
		if err == nil && d.Settled() {
			continue
		}
		if d, err = server.DiffTenant(ctx, c, plane.Fresh); err != nil {
			return err
		}
		if d.Conflict != nil {
			return fmt.Errorf("%s", d.Conflict.Message)
		}
		if err := server.Apply(ctx, d.Plan); err != nil {
			return err
		}
	}
	return nil
}

// CloseCanaries closes the canaries of a plane that is let go: no login of theirs is left open. Their claims stay, as those of
// Tenants do.
func (r *Runner) CloseCanaries(ctx context.Context, p *connect.Plane) error {
	if p == nil || p.Keys.Empty() {
		return nil
	}
	closed := canariesOf(p)
	for i := range closed {
		closed[i].Access, closed[i].Credentials = boundary.Suspended, nil
	}
	var errs []error
	for _, l := range p.Layers() {
		if l.Name == boundary.Vector || l.Server == nil || l.Fault() != nil {
			continue
		}
		errs = append(errs, keep(ctx, l.Server, closed))
	}
	return errors.Join(errs...)
}
