package tenant

import (
	"context"
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/metrics"
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
	// applied: something was changed.
	applied bool
}

// settled says that the layer was read and stands as desired, with no critical hazard around it.
func (r *result) settled() bool {
	return r.err == nil && r.diff.Settled() && r.hazard() == nil
}

// hazard returns the worst critical hazard, the tenant's own or the plane's, nil where there is none.
func (r *result) hazard() *boundary.Finding {
	for _, list := range [][]boundary.Finding{r.diff.Hazards, r.layer.Hazards()} {
		for i := range list {
			if list[i].Severity == boundary.Critical {
				return &list[i]
			}
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
			convergeLayer(ctx, s.results[i], s.desired, apply, r.Metrics)
		})
	}
	wg.Wait()
	r.probed(s)
	for _, res := range s.results {
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

func convergeLayer(ctx context.Context, res *result, want boundary.Tenant, apply bool, m *metrics.Metrics) {
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
	changes := res.diff.Plan
	if err := server.Apply(ctx, changes); err != nil {
		res.err = err
		return
	}
	m.Applied(changes)
	res.applied = true
	res.diff, res.err = server.DiffTenant(ctx, want, plane.Fresh)
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
