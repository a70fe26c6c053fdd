package redis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

var phases = []boundary.Phase{boundary.PhaseClose, boundary.PhaseBuild, boundary.PhaseOpen, boundary.PhaseRemove}

// Apply carries out a plan, phase by phase. Within a phase the nodes are changed at the same time, and each stops at its
// first failure; the next phase begins on those nodes that did not fail. Claims come one by one in their order: of two
// Tenants at once, the one that was first at the first node goes on, and the other stops.
func (s *Server) Apply(ctx context.Context, plan boundary.Plan) error {
	if len(plan) == 0 {
		return nil
	}
	defer s.views.touch(tenantsOf(plan))
	a := &apply{server: s, failed: map[string]error{}, home: map[string]string{}}
	if err := a.begin(ctx, plan); err != nil {
		return err
	}
	for _, phase := range phases {
		steps := slices.DeleteFunc(slices.Clone(plan), func(c boundary.Change) bool { return c.Phase != phase })
		if err := a.phase(ctx, steps); err != nil {
			return err
		}
	}
	return a.err()
}

func tenantsOf(plan boundary.Plan) map[string]bool {
	out := map[string]bool{}
	for _, c := range plan {
		out[c.Tenant] = true
	}
	return out
}

// apply is one run of a plan.
type apply struct {
	server *Server
	// home of each node that the plan changes: where its records stand, or the node itself while its primary is away.
	home map[string]string

	mu      sync.Mutex
	failed  map[string]error // by node
	crashed error
}

// begin finds the nodes of the plan and leaves those alone whose marker is not this installation's.
func (a *apply) begin(ctx context.Context, plan boundary.Plan) error {
	snap, err := a.server.snapshot(ctx, plane.Recent)
	if err != nil {
		return err
	}
	for _, c := range plan {
		op, ok := c.Op.(cache.Op)
		if !ok {
			return plane.Faultf(plane.ApplyFailed, nil, "%s is no change of the Cache layer", c.Object)
		}
		a.home[op.At()] = op.At()
	}
	for _, n := range snap.nodes {
		if _, ok := a.home[n.Name]; ok && n.Home != "" {
			a.home[n.Name] = n.Home
		}
	}
	var homes []string
	for _, home := range a.home {
		homes = append(homes, home)
	}
	slices.Sort(homes)
	_ = eachNode(slices.Compact(homes), func(_ int, addr string) error {
		return a.fail(addr, a.server.requireMarker(ctx, addr))
	})
	return nil
}

// phase carries out the changes of one phase. A claim that somebody else holds ends the whole apply.
func (a *apply) phase(ctx context.Context, steps boundary.Plan) error {
	var nodes []string
	byNode := map[string]boundary.Plan{}
	for _, c := range steps {
		node := c.Op.(cache.Op).At()
		if _, ok := c.Op.(cache.ClaimTenant); ok {
			a.node(ctx, node, boundary.Plan{c})
			if err := a.lost(node); err != nil {
				return err
			}
			continue
		}
		if byNode[node] == nil {
			nodes = append(nodes, node)
		}
		byNode[node] = append(byNode[node], c)
	}
	_ = eachNode(nodes, func(_ int, node string) error { a.node(ctx, node, byNode[node]); return nil })
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crashed
}

func (a *apply) node(ctx context.Context, node string, steps boundary.Plan) {
	for _, c := range steps {
		if a.stopped(node, c.Op) || a.fail(node, a.change(ctx, c)) != nil {
			return
		}
	}
}

func (a *apply) fail(node string, err error) error {
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.failed[node] = err
	}
	return err
}

// stopped: a node that failed is left alone, as are those whose records stand on it; and no claim becomes a tombstone
// while a user may still stand anywhere.
func (a *apply) stopped(node string, op boundary.Op) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, bury := op.(cache.BuryClaim)
	return a.crashed != nil || a.failed[node] != nil || a.failed[a.home[node]] != nil || bury && len(a.failed) > 0
}

// lost is the error of a claim that somebody else holds.
func (a *apply) lost(node string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if lost, ok := errors.AsType[*claimLost](a.failed[node]); ok {
		return lost.Fault
	}
	return a.crashed
}

func (a *apply) err() error {
	errs := make([]error, 0, len(a.failed))
	for _, node := range slices.Sorted(maps.Keys(a.failed)) {
		errs = append(errs, a.failed[node])
	}
	return joinFaults(errs)
}

func (a *apply) change(ctx context.Context, c boundary.Change) error {
	s := a.server
	if err := s.cfg.BeforeChange(c); err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.crashed = err
		return err
	}
	switch op := c.Op.(type) {
	case cache.ClaimTenant:
		return s.claimTenant(ctx, op)
	case cache.BuryClaim:
		return s.buryClaim(ctx, op)
	case cache.RestoreTombstones:
		return s.restoreTombstones(ctx, op)
	case cache.SetUser:
		return s.setUser(ctx, op)
	case cache.DropUser:
		return s.dropUser(ctx, op)
	case cache.Save:
		return s.save(ctx, op)
	case cache.ForgetSaves:
		return s.forgetSaves(ctx, op)
	}
	return plane.Faultf(plane.ApplyFailed, nil, "%s is no change of the Cache layer", c.Object)
}
