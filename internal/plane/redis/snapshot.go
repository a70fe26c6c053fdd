package redis

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// view is what was read of the nodes at one time: of all users, or of one tenant's.
type view struct {
	// seq orders views and applies of this process: what is larger began later.
	seq   uint64
	taken time.Time
	nodes []cache.Node
	// fault of the nodes that could not be read; nil if all were.
	fault error
	// hazards, in a view of all users.
	hazards cache.Hazards
}

// planeWide stands for what a plan touches that belongs to no tenant.
const planeWide = ""

// views keeps the last view of everything, and newer ones of single tenants. What an apply touched is not served from
// any view that was begun before it ended.
type views struct {
	mu      sync.Mutex
	seq     uint64
	all     *view
	tenants map[string]*view
	touched map[string]uint64
	// applied is the seq of the last touch: a view for someone who asks now must not be shared with an older one.
	applied uint64
}

// begin numbers a view or an apply.
func (v *views) begin() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	return v.seq
}

// touch says that an apply has ended that may have changed what belongs to these tenants.
func (v *views) touch(tenants map[string]bool) {
	seq := v.begin()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.touched == nil {
		v.touched = map[string]uint64{}
	}
	for t := range tenants {
		v.touched[t] = seq
	}
	v.applied = seq
}

// latest is the view of everything, nil if it is older than it may be or if what belongs to no tenant was changed since.
func (v *views) latest(now time.Time, age time.Duration) *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil || now.Sub(v.all.taken) > age || v.touched[planeWide] > v.all.seq {
		return nil
	}
	return v.all
}

// tenant is the newest view that holds a tenant, nil if an apply has touched it since.
func (v *views) tenant(id string) *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	newest := v.all
	if own := v.tenants[id]; own != nil && own.seq > newest.seq {
		newest = own
	}
	if newest.seq < v.touched[id] {
		return nil
	}
	return newest
}

// keep stores a view of one tenant.
func (v *views) keep(id string, own *view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tenants == nil {
		v.tenants = map[string]*view{}
	}
	if old := v.tenants[id]; old == nil || old.seq < own.seq {
		v.tenants[id] = own
	}
}

// replace stores a view of everything and forgets what is older.
func (v *views) replace(all *view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all != nil && v.all.seq > all.seq {
		return
	}
	v.all = all
	for id, own := range v.tenants {
		if own.seq < all.seq {
			delete(v.tenants, id)
		}
	}
	for id, seq := range v.touched {
		if seq < all.seq {
			delete(v.touched, id)
		}
	}
}

func (v *views) generation() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strconv.FormatUint(v.applied, 10)
}

// snapshotTimeout bounds a shared snapshot: it belongs to none of those who wait for it.
const snapshotTimeout = 30 * time.Second

// snapshot returns a view of all users. Whoever asks at the same time shares one.
func (s *Server) snapshot(ctx context.Context, f plane.Freshness) (*view, error) {
	if f == plane.Recent {
		if v := s.views.latest(s.cfg.Clock.Now(), s.cfg.SnapshotAge); v != nil {
			return v, nil
		}
	}
	return s.share(ctx)
}

// Refresh takes the view of all users anew, whoever else is taking one. What nodes that answer hold is known beside an error
// that names the others.
func (s *Server) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	return s.readAll(ctx).fault
}

func (s *Server) share(ctx context.Context) (*view, error) {
	ch := s.flight.DoChan(s.views.generation(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), snapshotTimeout)
		defer cancel()
		return s.readAll(ctx), nil
	})
	select {
	case r := <-ch:
		return r.Val.(*view), nil
	case <-ctx.Done():
		return nil, plane.Faultf(plane.Unreachable, ctx.Err(), "reading the users of Redis took too long and was given up")
	}
}

// readAll reads every node once.
func (s *Server) readAll(ctx context.Context) *view {
	v := &view{seq: s.views.begin(), taken: s.cfg.Clock.Now()}
	looks, err := s.look(ctx, s.wholeNode)
	v.nodes, v.fault = s.arrange(looks, err)
	v.hazards = s.cfg.Spec.FindHazards(v.nodes, v.fault == nil)
	s.views.replace(v)
	return v
}
