package dataplane

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/controller/finding"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// look is what one look at one server of a plane found.
type look struct {
	layer *connect.Layer
	desc  plane.Description
	// claimed: the server carries this plane's marker.
	claimed bool
	// wasClaimed: it did, the last time status was written.
	wasClaimed bool
	// reportOnly: drift is reported and left alone.
	reportOnly bool
	// drifted: what is wanted stood before, so that differences are another hand's.
	drifted bool
	// diff of what the plane as a whole needs there, after everything that could be mended was.
	diff boundary.Diff
	// corrected are the changes that were carried out.
	corrected boundary.Plan
	// err is why the layer cannot be used.
	err error
	// applyErr is why the plane's own objects could not be put in place; tenants can still be served.
	applyErr error
}

// look describes every server at the same time: one that hangs does not hide another.
func (r *Reconciler) look(ctx context.Context, p *connect.Plane) []*look {
	layers := p.Layers()
	looks := make([]*look, len(layers))
	var wg sync.WaitGroup
	for i, l := range layers {
		looks[i] = &look{layer: l}
		wg.Go(func() { looks[i].describe(ctx) })
	}
	wg.Wait()
	return looks
}

func (l *look) describe(ctx context.Context) {
	if l.layer.Server == nil {
		l.err = l.layer.Fault()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	l.desc, l.err = l.layer.Server.Describe(ctx)
}

// settle claims every server and puts in place what the plane as a whole needs there. It says whether the usability of a
// layer changed.
func (r *Reconciler) settle(ctx context.Context, dp *tenantryv1.DataPlane, p *connect.Plane, looks []*look) bool {
	changed := make([]bool, len(looks))
	var wg sync.WaitGroup
	for i, l := range looks {
		wg.Go(func() { changed[i] = r.settleLayer(ctx, dp, p, l) })
	}
	wg.Wait()
	for _, c := range changed {
		if c {
			return true
		}
	}
	return false
}

func (r *Reconciler) settleLayer(ctx context.Context, dp *tenantryv1.DataPlane, p *connect.Plane, l *look) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*lookTimeout)
	defer cancel()
	away := l.away()
	if l.err == nil || away != nil {
		l.err = l.claim(ctx, p.Marker)
	}
	if l.err == nil {
		if l.err = r.mend(ctx, p, l); l.err == nil {
			r.keepBooks(ctx, dp, l)
		}
	}
	partial := away != nil && (l.err == nil || plane.CauseOf(l.err) == plane.Unreachable)
	if partial {
		l.err = away
	}
	if l.err == nil {
		r.Metrics.Read(p.Name, l.layer.Name, r.Clock.Now())
	}
	l.diff.Hazards = append(r.withProbed(p.Name, l.layer.Name, slices.Clone(l.diff.Hazards)),
		r.Fights.Fights(correction.Subject{Plane: p.Name, Layer: l.layer.Name}, r.Clock.Now())...)
	l.diff.Hazards = boundary.Accept(l.diff.Hazards, finding.Acceptances(dp), r.Clock.Now())
	hazards := l.layer.SetHazards(l.diff.Findings())
	return l.layer.SetHealth(l.err, partial, r.Clock.Now()) || hazards
}

// away returns the error of a look that could describe a part of its server only, nil for any other.
func (l *look) away() error {
	if l.err != nil && plane.CauseOf(l.err) == plane.Unreachable && l.desc.Version != "" {
		return l.err
	}
	return nil
}

// claim makes sure that the server is ours, or says why it is not.
func (l *look) claim(ctx context.Context, want boundary.Marker) error {
	marker := l.desc.Marker
	if marker == nil && l.wasClaimed && l.layer.Name != boundary.Cache {
		return plane.Faultf(markerMissing, nil, "this server carried the plane's marker and does not any more: it was replaced, "+
			"wiped, or the address leads elsewhere. Restore it; if it is meant to start empty, make a new DataPlane")
	}
	if marker == nil {
		standing, err := l.layer.Server.Claim(ctx, want)
		if err != nil {
			return err
		}
		marker = &standing
	}
	if problem, message := marker.Check(want); problem != "" {
		return plane.Faultf(plane.Cause(problem), nil, "%s", message)
	}
	l.claimed = true
	return nil
}

// mend puts the plane's own objects in place. Only a server that cannot be read makes the layer unusable.
func (r *Reconciler) mend(ctx context.Context, p *connect.Plane, l *look) error {
	server, subject := l.layer.Server, correction.Subject{Plane: p.Name, Layer: l.layer.Name}
	var err error
	if l.diff, err = server.DiffPlane(ctx, plane.Recent); err == nil && l.diff.Settled() {
		return nil
	}
	if l.diff, err = server.DiffPlane(ctx, plane.Fresh); l.diff.Settled() || l.reportOnly {
		return err
	}
	changes, planned := l.diff.Plan, len(l.diff.Plan)
	if l.drifted {
		if changes, _ = r.Fights.Split(subject, changes, r.Clock.Now()); len(changes) == 0 {
			return nil
		}
	}
	l.applyErr = server.Apply(ctx, changes)
	l.note(r.Fights, subject, changes, p.Interval, r.Clock.Now())
	if l.applyErr == nil {
		r.Metrics.Applied(changes)
		l.corrected = changes
	}
	if l.diff, err = server.DiffPlane(ctx, plane.Fresh); err != nil {
		return err
	}
	if l.applyErr == nil && !l.diff.Settled() && len(changes) == planned {
		l.applyErr = plane.Faultf(plane.ApplyFailed, nil, "%s", firstProblem(l.diff))
	}
	return nil
}

// note remembers a correction: a plan that was carried out, or could not be. What the spec asks for is none.
func (l *look) note(m *correction.Memory, s correction.Subject, p boundary.Plan, interval time.Duration, now time.Time) {
	switch {
	case !l.drifted:
	case l.applyErr != nil:
		m.Failed(s, p, interval, now)
	default:
		m.Corrected(s, p, interval, now)
	}
}

func firstProblem(d boundary.Diff) string {
	if d.Conflict != nil {
		return d.Conflict.Message
	}
	return fmt.Sprintf("%d changes do not hold, first: %s", len(d.Plan), d.Plan.Lines()[0])
}

func (l *look) conditionType() string {
	switch l.layer.Name {
	case boundary.Vector:
		return tenantryv1.ConditionQdrantReachable
	case boundary.Rows:
		return tenantryv1.ConditionPostgresReachable
	default:
		return tenantryv1.ConditionRedisReachable
	}
}
