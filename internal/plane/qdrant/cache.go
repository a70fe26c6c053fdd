package qdrant

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// part is one piece of a snapshot that can be out of date by itself.
type part struct{ kind, name string }

func collectionPart(name string) part { return part{"collection", name} }
func claimPart(tenantID string) part  { return part{"claim", tenantID} }
func grantsPart(owner string) part    { return part{"grants", owner} }

// aliasesPart is all aliases: they are read in one call.
var aliasesPart = part{"aliases", ""}

func (n needs) parts() []part {
	var out []part
	for _, c := range n.collections {
		out = append(out, collectionPart(c))
	}
	if n.tenantID != "" {
		out = append(out, claimPart(n.tenantID))
	}
	for _, o := range n.owners {
		out = append(out, grantsPart(o))
	}
	return append(out, aliasesPart)
}

// cache holds the shared snapshot. Applies are numbered: a part that an apply touched after it was read is not served, and
// the rest of the snapshot is.
type cache struct {
	mu      sync.Mutex
	applies uint64
	touched map[part]uint64
	snap    *vector.Observed
	taken   time.Time
	begun   uint64          // snapshots whose reading has begun
	number  uint64          // of the reading of this snapshot among them
	readAt  uint64          // applies when the reading of the snapshot began
	renewed map[part]uint64 // the same for parts that were read again
}

func newCache() cache { return cache{touched: map[part]uint64{}, renewed: map[part]uint64{}} }

// now is the number to hand in with what is read from here on.
func (c *cache) now() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.applies
}

// touch marks parts as changed.
func (c *cache) touch(parts []part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applies++
	for _, p := range parts {
		c.touched[p] = c.applies
	}
}

// current says whether the snapshot is not older than age.
func (c *cache) current(now time.Time, age time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.snap != nil && now.Sub(c.taken) < age
}

// next numbers the readings of snapshots.
func (c *cache) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	return c.begun
}

// store replaces the snapshot, unless that was begun later.
func (c *cache) store(o *vector.Observed, taken time.Time, readAt, number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number <= c.number {
		return
	}
	c.number = number
	c.snap, c.taken, c.readAt = o, taken, readAt
	clear(c.renewed)
	for p, at := range c.touched {
		if at <= readAt {
			delete(c.touched, p)
		}
	}
}

// view is the part of the snapshot that a question needs; false where some of it is out of date.
func (c *cache) view(n needs) (vector.Observed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snap == nil {
		return vector.Observed{}, false
	}
	for _, p := range n.parts() {
		if c.touched[p] > max(c.readAt, c.renewed[p]) {
			return vector.Observed{}, false
		}
	}
	return c.pick(n), true
}

// whole is the snapshot as it stands now, for the plane's own diff; false where one of its parts is out of date.
func (c *cache) whole(n needs) (vector.Observed, bool) {
	if _, ok := c.view(n); !ok {
		return vector.Observed{}, false
	}
	return c.last(), true
}

// last is the snapshot, whatever happened since. There must be one.
func (c *cache) last() vector.Observed {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := *c.snap
	o.Collections, o.Claims, o.Grants = maps.Clone(o.Collections), maps.Clone(o.Claims), maps.Clone(o.Grants)
	return o
}

func (c *cache) pick(n needs) vector.Observed {
	o := *c.snap
	o.Collections, o.Claims, o.Grants = map[string]vector.Collection{}, map[string]boundary.Claim{}, map[string][]vector.Record{}
	for _, name := range n.collections {
		if v, ok := c.snap.Collections[name]; ok {
			o.Collections[name] = v
		}
	}
	if v, ok := c.snap.Claims[n.tenantID]; ok {
		o.Claims[n.tenantID] = v
	}
	for _, owner := range n.owners {
		o.Grants[owner] = c.snap.Grants[owner]
	}
	return o
}

// merge takes over parts that were read again.
func (c *cache) merge(n needs, o vector.Observed, readAt uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snap == nil {
		return
	}
	for _, p := range n.parts() {
		if readAt >= max(c.readAt, c.renewed[p]) {
			c.renewed[p] = readAt
			c.replace(p, o)
		}
	}
}

func (c *cache) replace(p part, o vector.Observed) {
	switch p.kind {
	case "collection":
		put(c.snap.Collections, o.Collections, p.name)
	case "claim":
		put(c.snap.Claims, o.Claims, p.name)
	case "grants":
		put(c.snap.Grants, o.Grants, p.name)
	case "aliases":
		c.snap.Aliases = o.Aliases
	}
}

func put[V any](to, from map[string]V, name string) {
	if v, ok := from[name]; ok {
		to[name] = v
	} else {
		delete(to, name)
	}
}

// recent answers from the shared snapshot, taking one if there is none that is young enough. However many ask, one is taken
// at a time, and it is not given up because one of them left.
func (s *Server) recent(ctx context.Context, n needs) (vector.Observed, error) {
	if err := s.ensure(ctx); err != nil {
		return vector.Observed{}, err
	}
	if o, ok := s.cache.view(n); ok {
		return o, nil
	}
	return s.fresh(ctx, n)
}

// ensure takes a shared snapshot where there is none that is young enough.
func (s *Server) ensure(ctx context.Context) error {
	if s.cache.current(s.cfg.Clock.Now(), s.cfg.SnapshotAge) {
		return nil
	}
	return s.share(ctx, s.snapshot)
}

// share lets all who ask at the same time wait for one reading.
func (s *Server) share(ctx context.Context, read func(context.Context) error) error {
	result := s.flight.DoChan("", func() (any, error) { return nil, read(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return s.fault(ctx.Err(), "read the server")
	case r := <-result:
		return r.Err
	}
}

func (s *Server) snapshot(ctx context.Context) error {
	if s.cache.current(s.cfg.Clock.Now(), s.cfg.SnapshotAge) {
		return nil
	}
	return s.Refresh(ctx)
}

// Refresh takes the snapshot anew, whoever else is taking one.
func (s *Server) Refresh(ctx context.Context) error {
	number, readAt, taken := s.cache.next(), s.cache.now(), s.cfg.Clock.Now()
	o, err := s.readAll(ctx)
	if err != nil {
		return err
	}
	s.cache.store(o, taken, readAt, number)
	return nil
}

// fresh reads what is needed and keeps it for those who ask for something recent.
func (s *Server) fresh(ctx context.Context, n needs) (vector.Observed, error) {
	readAt := s.cache.now()
	f := s.known()
	if f.tokens == "" {
		var err error
		if f, _, err = s.examine(ctx); err != nil {
			return vector.Observed{}, err
		}
	}
	o, err := s.readParts(ctx, n)
	if err != nil {
		return o, err
	}
	o.Version, o.Open, o.Tokens = f.version, f.open, f.tokens
	s.cache.merge(n, o, readAt)
	return o, nil
}

// observePlane is all that is known of the server. What concerns the plane as a whole shows only when everything is seen
// together, so that a fresh look at it is a new snapshot.
func (s *Server) observePlane(ctx context.Context, f plane.Freshness) (vector.Observed, error) {
	n := needs{collections: s.judge.Needs()}
	if f == plane.Recent {
		if err := s.ensure(ctx); err != nil {
			return vector.Observed{}, err
		}
		if o, ok := s.cache.whole(n); ok {
			return o, nil
		}
	}
	if err := s.Refresh(ctx); err != nil {
		return vector.Observed{}, err
	}
	return s.cache.last(), nil
}

func (s *Server) observe(ctx context.Context, n needs, f plane.Freshness) (vector.Observed, error) {
	if f == plane.Fresh {
		return s.fresh(ctx, n)
	}
	return s.recent(ctx, n)
}
