package qdrantsim

import (
	"cmp"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// groupKey is a value that points are grouped by: a text or an integer.
type groupKey struct {
	number bool
	int    int64
	text   string
}

func (k groupKey) proto() *qdrant.GroupId {
	switch {
	case !k.number:
		return &qdrant.GroupId{Kind: &qdrant.GroupId_StringValue{StringValue: k.text}}
	case k.int < 0:
		return &qdrant.GroupId{Kind: &qdrant.GroupId_IntegerValue{IntegerValue: k.int}}
	}
	return &qdrant.GroupId{Kind: &qdrant.GroupId_UnsignedValue{UnsignedValue: uint64(k.int)}}
}

// pointID is the id that the value spells, if it does.
func (k groupKey) pointID() (pointID, bool) {
	if k.number {
		return pointID{num: uint64(k.int)}, k.int >= 0
	}
	u, err := parseUUID(k.text)
	return pointID{isUUID: true, uuid: u}, err == nil
}

// groupKeys are the distinct values of a point: an array gives several. One
// value that is no text or integer spoils them all.
func groupKeys(p payload, by jsonPath) []groupKey {
	var keys []groupKey
	for _, v := range by.get(p) {
		elements := []*qdrant.Value{v}
		if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
			elements = list.ListValue.GetValues()
		}
		for _, e := range elements {
			var key groupKey
			switch k := e.GetKind().(type) {
			case *qdrant.Value_StringValue:
				key = groupKey{text: k.StringValue}
			case *qdrant.Value_IntegerValue:
				key = groupKey{number: true, int: k.IntegerValue}
			default:
				return nil
			}
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// foundGroup is a group with its hits, best first.
type foundGroup struct {
	key  groupKey
	hits []hit
}

func (f foundGroup) shown(c *collection, view shown) *qdrant.PointGroup {
	out := &qdrant.PointGroup{Id: f.key.proto()}
	for _, h := range f.hits {
		p := shown{}.scored(h.point, h.score)
		p.OrderValue = h.order.proto()
		c.hydrate(p, view) // a hit that is gone stays, bare
		out.Hits = append(out.Hits, p)
	}
	return out
}

// groupRequests is how often the server asks for hits to find groups with, and
// again to fill those that it found.
const groupRequests = 5

// collectGroups finds groups as the server does: a few queries for as many hits
// as all groups can hold, each without what was found before.
func (st *store) collectGroups(c *collection, g *grouping) ([]foundGroup, error) {
	a := &aggregator{g: g, order: c.orderOf(g.query), hits: map[groupKey][]hit{}, seen: hasIDCondition{}}
	ask := func(more []condition) (empty bool, err error) {
		found, err := st.run(c, a.request(more))
		a.add(found)
		return len(found) == 0, err
	}
	for range groupRequests {
		empty, err := ask(a.exceptFull())
		if err != nil || a.done() {
			return a.best(), err
		}
		if empty {
			break
		}
	}
	for range groupRequests {
		empty, err := ask(a.unfilled())
		if err != nil || a.done() || empty {
			return a.best(), err
		}
	}
	return a.best(), nil
}

// aggregator sorts hits into groups.
type aggregator struct {
	g     *grouping
	order func(a, b hit) int
	keys  []groupKey // in the order in which they came up
	hits  map[groupKey][]hit
	seen  hasIDCondition
}

// request is the query with the given conditions, for points that have a value
// and were not seen. Prefetches must bring enough for every group.
func (a *aggregator) request(more []condition) *universalQuery {
	q := *a.g.query
	q.level = *q.widened(a.g.size)
	q.offset, q.limit = 0, a.g.groups*a.g.size
	extra := &filter{must: more, mustNot: []condition{isEmptyCondition{a.g.by}}}
	if len(a.seen) > 0 {
		extra.mustNot = append(extra.mustNot, a.seen)
	}
	q.filter = q.filter.merge(extra)
	return &q
}

// widened is the level with its prefetches' limits multiplied.
func (l *level) widened(by uint64) *level {
	out := *l
	out.prefetch = nil
	for _, p := range l.prefetch {
		inner := p.widened(by)
		inner.limit *= by
		out.prefetch = append(out.prefetch, inner)
	}
	return &out
}

func (a *aggregator) add(found []hit) {
	for _, h := range found {
		for _, key := range groupKeys(h.point.payload, a.g.by) {
			if _, known := a.hits[key]; !known {
				a.keys = append(a.keys, key)
			}
			same := func(o hit) bool { return o.point.id == h.point.id }
			if !slices.ContainsFunc(a.hits[key], same) {
				a.hits[key] = append(a.hits[key], h)
			}
			a.seen[h.point.id] = true
		}
	}
}

func (a *aggregator) full(key groupKey) bool { return uint64(len(a.hits[key])) >= a.g.size }

// best are the groups with the best hits, at most as many as asked for.
func (a *aggregator) best() []foundGroup {
	var out []foundGroup
	for _, key := range a.keys {
		hits := slices.Clone(a.hits[key])
		slices.SortStableFunc(hits, a.order)
		out = append(out, foundGroup{key, hits[:min(a.g.size, uint64(len(hits)))]})
	}
	slices.SortStableFunc(out, func(x, y foundGroup) int { return a.order(x.hits[0], y.hits[0]) })
	return out[:min(a.g.groups, uint64(len(out)))]
}

func (a *aggregator) done() bool {
	best := a.best()
	return uint64(len(best)) == a.g.groups && !slices.ContainsFunc(best, func(f foundGroup) bool { return !a.full(f.key) })
}

// exceptFull leaves out points of groups that need no more hits.
func (a *aggregator) exceptFull() []condition {
	var full []groupKey
	for _, key := range a.keys {
		if a.full(key) {
			full = append(full, key)
		}
	}
	return a.conditions(full, (*matcher).reversed)
}

// unfilled keeps to points of the best groups that need more hits.
func (a *aggregator) unfilled() []condition {
	var keys []groupKey
	for _, f := range a.best() {
		if !a.full(f.key) {
			keys = append(keys, f.key)
		}
	}
	return a.conditions(keys, func(m *matcher) *matcher { return m })
}

// conditions match integers and texts apart; a point must satisfy both.
func (a *aggregator) conditions(keys []groupKey, turn func(*matcher) *matcher) []condition {
	var ints []int64
	var texts []string
	for _, k := range keys {
		if k.number {
			ints = append(ints, k.int)
		} else {
			texts = append(texts, k.text)
		}
	}
	var out []condition
	if len(ints) > 0 {
		out = append(out, fieldCondition{path: a.g.by, match: turn(matchIntegers(ints))})
	}
	if len(texts) > 0 {
		out = append(out, fieldCondition{path: a.g.by, match: turn(matchStrings(texts))})
	}
	return out
}

// orderOf says which of two hits of a query comes first.
func (c *collection) orderOf(q *universalQuery) func(a, b hit) int {
	bySmall := func(a, b hit) int { return cmp.Compare(a.score, b.score) }
	byLarge := func(a, b hit) int { return cmp.Compare(b.score, a.score) }
	arrival := func(hit, hit) int { return 0 }
	switch query := q.query.(type) {
	case nil, sample:
		return arrival
	case *orderBy:
		if query.desc {
			return func(a, b hit) int { return b.order.compare(*a.order) }
		}
		return func(a, b hit) int { return a.order.compare(*b.order) }
	case *vectorQuery:
		switch {
		case query.mmr != nil:
			return arrival
		case query.score == nil && c.smallIsBetter(q.using):
			return bySmall
		}
	}
	return byLarge
}
