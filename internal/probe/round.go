package probe

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// probe makes one round as a Tenant and says when to come again, 0 for the usual time, and whether anything was tried.
func (r *Runner) probe(ctx context.Context, dp *tenantryv1.DataPlane, uid types.UID, name string, turn int) (time.Duration, bool) {
	p := r.Registry.Get(dp.Name)
	if p == nil {
		return soon, false
	}
	s, ok := r.subjectNow(ctx, p, uid, name)
	if !ok {
		return soon, false
	}
	others := r.others(ctx, p, uid, turn)
	round := r.round(ctx, dp, p, s, others, turn)
	if crossed(round) {
		// Whatever was read before the attempt may have been overtaken: a crossing counts if it happens again, to the same Tenant.
		if s, ok = r.subjectNow(ctx, p, uid, name); !ok {
			return soon, false
		}
		round = confirmed(round, r.round(ctx, dp, p, s, others, turn))
	}
	if ctx.Err() != nil {
		return soon, false // the manager stops, or it took too long: that says nothing of the boundary
	}
	r.Book.restore(uid, s.before)
	outcome, changed := r.Book.record(dp.Name, uid, round, r.Clock.Now())
	if changed {
		r.Tenant(name)
	}
	switch {
	case open(outcome):
		return again, true
	case !outcome.Proven():
		return shortest, true
	}
	return 0, true
}

// subjectNow reads the Tenant and what it has in hand, false where it is not to be probed now.
func (r *Runner) subjectNow(ctx context.Context, p *connect.Plane, uid types.UID, name string) (subject, bool) {
	var t tenantryv1.Tenant
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &t); err != nil || t.UID != uid || !ripe(&t) {
		return subject{}, false
	}
	s, err := r.gather(ctx, &t, p)
	if err != nil {
		r.log(ctx).Error(err, "What a tenant has in hand could not be read", "tenant", name)
		return subject{}, false
	}
	s.whole = len(s.before) > 0
	if o, known := r.Book.Outcome(uid); known {
		s.whole = open(o)
	}
	return s, true
}

// open says that something is to be looked at in full until it is proved closed.
func open(o trial.Outcome) bool { return o.Crossed() || o.Wavers() }

// others are whom the subject must not reach: a canary, which always stands, and another tenant, by turns.
func (r *Runner) others(ctx context.Context, p *connect.Plane, of types.UID, turn int) []boundary.Tenant {
	canaries := canariesOf(p)
	out := []boundary.Tenant{bare(canaries[turn%len(canaries)])}
	if name := r.neighbour(p.Name, of, turn); name != "" {
		var t tenantryv1.Tenant
		if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &t); err == nil && t.UID != of {
			if other, err := r.other(ctx, &t); err == nil {
				out = append(out, other)
			}
		}
	}
	return out
}

func bare(t boundary.Tenant) boundary.Tenant {
	t.Credentials = nil
	return t
}

// round tries every layer at the same time. A layer that cannot be used now is one of which nothing was learned.
func (r *Runner) round(
	ctx context.Context, dp *tenantryv1.DataPlane, p *connect.Plane, s subject, others []boundary.Tenant, turn int,
) map[boundary.Layer][]trial.Attempt {
	var mu sync.Mutex
	var wg sync.WaitGroup
	out := map[boundary.Layer][]trial.Attempt{}
	try := func(layer boundary.Layer, f func() []trial.Attempt) {
		wg.Go(func() {
			start := time.Now()
			attempts := f()
			if len(attempts) == 0 {
				return
			}
			r.Metrics.tried(p.Name, layer, attempts, time.Since(start))
			mu.Lock()
			defer mu.Unlock()
			out[layer] = append(out[layer], attempts...)
		})
	}
	for _, l := range p.Layers() {
		try(l.Name, func() []trial.Attempt {
			return s.try(ctx, l, others, turn)
		})
	}
	if s.gateway != "" && dp.Spec.Gateway != nil {
		try(boundary.Vector, func() []trial.Attempt { return r.gates.probe(ctx, dp, s, others, turn) })
	}
	wg.Wait()
	return out
}

// try one layer with what is the tenant's own.
func (s subject) try(ctx context.Context, l *connect.Layer, others []boundary.Tenant, turn int) []trial.Attempt {
	if s.unfit[l.Name] && plane.ProberOf(l.Server) != nil {
		return trial.Broken(l.Name, "the tenant's Secret does not hold the credential that was issued")
	}
	return attempts(ctx, l, trial.Subject{Tenant: s.tenant, Others: others, Turn: turn, Whole: s.whole})
}

// attempts on one layer.
func attempts(ctx context.Context, l *connect.Layer, s trial.Subject) []trial.Attempt {
	_, issued := s.Tenant.Credentials[l.Name]
	prober := plane.ProberOf(l.Server)
	if prober == nil || !issued && s.Tenant.Access == boundary.Open {
		return nil
	}
	if err := l.Fault(); err != nil && !l.Partial() {
		return trial.Broken(l.Name, string(plane.CauseOf(err)))
	}
	out, err := prober.Probe(ctx, s)
	if err != nil {
		return trial.Broken(l.Name, string(plane.CauseOf(err)))
	}
	return out
}

func crossed(round map[boundary.Layer][]trial.Attempt) bool {
	for _, attempts := range round {
		for _, a := range attempts {
			if a.Result == trial.Failed {
				return true
			}
		}
	}
	return false
}

// confirmed is the second of two rounds, in which a crossing counts only where the first had it too. What got through at one of
// the two wavers: it is neither crossed nor passed.
func confirmed(first, second map[boundary.Layer][]trial.Attempt) map[boundary.Layer][]trial.Attempt {
	out := maps.Clone(second)
	for layer, attempts := range second {
		before := map[string]trial.Result{}
		for _, a := range first[layer] {
			before[a.Words] = a.Result
		}
		for i, a := range attempts {
			if (a.Result == trial.Failed) == (before[a.Words] == trial.Failed) {
				continue
			}
			a.Result, a.Wavered, a.Remedy = trial.Void, true, remedyOf(first[layer], a)
			a.Answer = "it got through at one of two tries; it is tried again"
			out[layer][i] = a
		}
	}
	return out
}

func remedyOf(first []trial.Attempt, a trial.Attempt) string {
	for _, b := range first {
		if b.Words == a.Words && b.Remedy != "" {
			return b.Remedy
		}
	}
	return a.Remedy
}
