package qdrantsim

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/qdrant/go-client/qdrant"
)

// touch is one point that a request could touch.
type touch struct {
	collection string // its own name, not an alias
	id         pointID
}

// touches collects what one request touches.
type touches struct {
	mu   sync.Mutex
	set  map[touch]struct{}
	more bool
}

type touchesKey struct{}

func withTouches(ctx context.Context) (context.Context, *touches) {
	t := &touches{set: map[touch]struct{}{}}
	return context.WithValue(ctx, touchesKey{}, t), t
}

// touched notes points of a collection for the request of ctx, if it is one.
func touched(ctx context.Context, c *collection, ids []pointID) {
	if t, ok := ctx.Value(touchesKey{}).(*touches); ok {
		t.addAll(touchesOf(c, ids))
	}
}

func touchesOf(c *collection, ids []pointID) []touch {
	out := make([]touch, 0, len(ids))
	for _, id := range ids {
		out = append(out, touch{c.name, id})
	}
	return out
}

func (t *touches) addAll(points []touch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range points {
		if _, known := t.set[p]; !known && len(t.set) == MaxTouched {
			t.more = true
			return
		}
		t.set[p] = struct{}{}
	}
}

func (t *touches) list() (names []string, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p := range maps.Keys(t.set) {
		names = append(names, p.collection+"/"+p.id.String())
	}
	slices.Sort(names)
	return names, t.more
}

// Point is one stored point, as Server.Points shows it.
type Point struct {
	ID      string                   // canonical: a number, or a hyphenated lower-case UUID
	Payload map[string]*qdrant.Value // not to be changed
}

// Points lists what a collection stores, by its name or an alias, ascending by
// id: numbers first. Nil for a collection that does not exist. It is no
// request: no credential, no filter, no record. Writes that SetSlowApply holds
// back are not in it.
func (s *Server) Points(collection string) []Point {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	c, err := s.store.resolve(collection)
	if err != nil {
		return nil
	}
	out := make([]Point, 0, len(c.order))
	for _, id := range c.order {
		out = append(out, Point{ID: id.String(), Payload: c.points[id].payload})
	}
	return out
}

// CollectionNames lists the collections, without aliases, in order.
func (s *Server) CollectionNames() []string {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	return s.store.names()
}
