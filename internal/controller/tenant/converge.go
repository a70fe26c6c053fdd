package tenant

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// layerTimeout bounds the work on one layer: a server that hangs blocks neither the other layers nor other tenants for long.
const layerTimeout = 60 * time.Second

// result is how one layer of a Tenant came out.
type result struct {
	layer *connect.Layer
	// diff that remains.
	diff boundary.Diff
	// err is why the layer could not be read or changed as a whole.
	err error
	// failingFor is for how long err has stood.
	failingFor time.Duration
	// corrected are the changes that were carried out.
	corrected boundary.Plan
}

// settled says that the layer was read and stands as desired, with no critical hazard around it.
func (res *result) settled() bool {
	return res.err == nil && res.diff.Settled() && res.hazard() == nil
}

// hazards are the tenant's own and the plane's, accepted ones too.
func (res *result) hazards() []boundary.Finding {
	return slices.Concat(res.diff.Hazards, res.layer.Hazards())
}

// hazard returns the first critical hazard that nobody accepted, the tenant's own or the plane's, nil where there is none.
func (res *result) hazard() *boundary.Finding {
	for _, f := range res.hazards() {
		if f.Severity == boundary.Critical && !f.IsAccepted() {
			return &f
		}
	}
	return nil
}

// converge brings every layer of the plane to the desired state, at the same time. Without apply it only looks.
func (r *Reconciler) converge(ctx context.Context, s *scope, apply bool) {
	layers := s.plane.Layers()
	s.results = make([]*result, len(layers))
	var wg sync.WaitGroup
	for i, l := range layers {
		s.results[i] = &result{layer: l}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, layerTimeout)
			defer cancel()
			r.convergeLayer(ctx, s, s.results[i], apply || s.works(l.Name))
		})
	}
	wg.Wait()
	r.probed(s)
	for _, res := range s.results {
		r.weigh(s, res, r.Clock.Now())
		s.corrected = append(s.corrected, s.drift(res.layer, res.corrected)...)
		res.failingFor = r.failing.note(s.tenant.UID, string(res.layer.Name), res.err != nil, r.Clock.Now())
		if res.err != nil {
			res.failingFor = max(res.failingFor, failingFor(res.layer, r.Clock.Now(), s.plane.Interval))
		}
	}
}

// worthTrying says that a layer is worked on although something is wrong with it: neither one Redis node that is away nor a
// right that is missing for something else may keep a suspended tenant's way in open.
func worthTrying(res *result, want boundary.Tenant) bool {
	switch {
	case res.layer.Server == nil:
		return false
	case want.Access != boundary.Open: // the server refuses by itself what is not ours
		return true
	}
	return res.layer.Partial() && plane.CauseOf(res.err) == plane.Unreachable
}

func (r *Reconciler) convergeLayer(ctx context.Context, s *scope, res *result, apply bool) {
	want := s.desired
	if res.err = res.layer.Fault(); res.err == nil && res.layer.Audited().Stale() {
		res.err = res.layer.Audited().Err
	}
	if res.err != nil && !worthTrying(res, want) {
		return
	}
	server := res.layer.Server
	if res.diff, res.err = server.DiffTenant(ctx, want, plane.Recent); res.err == nil && res.diff.Settled() {
		return
	}
	if res.diff, res.err = server.DiffTenant(ctx, want, plane.Fresh); len(res.diff.Plan) == 0 || !apply {
		return
	}
	changes := r.due(s, res)
	if len(changes) == 0 {
		return
	}
	if err := server.Apply(ctx, changes); err != nil {
		res.err = err
		r.Fights.Failed(s.subject(res.layer), s.drift(res.layer, changes), s.plane.Interval, r.Clock.Now())
		return
	}
	r.Metrics.Applied(changes)
	res.corrected = changes
	r.Fights.Corrected(s.subject(res.layer), s.drift(res.layer, changes), s.plane.Interval, r.Clock.Now())
	res.diff, res.err = server.DiffTenant(ctx, want, plane.Fresh)
}

// due are the changes that are carried out now. What another hand changes back over and over waits; what the spec asks for
// and did not stand before does not.
func (r *Reconciler) due(s *scope, res *result) boundary.Plan {
	if !s.drifted || s.issuing || s.reissues(res.layer.Name) {
		return res.diff.Plan
	}
	due, _ := r.Fights.Split(s.subject(res.layer), res.diff.Plan, r.Clock.Now())
	return due
}

// drift are the changes of a layer that put another hand's work right.
func (s *scope) drift(l *connect.Layer, p boundary.Plan) boundary.Plan {
	if !s.drifted || s.issuing || s.reissues(l.Name) {
		return nil
	}
	return p
}

// allSettled says that every layer of the tenant is verified.
func (s *scope) allSettled() bool {
	for _, r := range s.results {
		if !r.settled() {
			return false
		}
	}
	return len(s.results) > 0
}
