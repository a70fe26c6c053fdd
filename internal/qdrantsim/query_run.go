package qdrantsim

import (
	"slices"
)

// maxPrefetchDepth is the server's bound on prefetches within prefetches.
const maxPrefetchDepth = 64

// execution is one query at work on one collection. The store is locked.
type execution struct {
	st *store
	c  *collection
}

// run finds the answer to a query, best first, after offset, at most limit of it.
func (st *store) run(c *collection, q *universalQuery) ([]hit, error) {
	x := &execution{st: st, c: c}
	if err := x.fetchReferences(&q.level); err != nil {
		return nil, err
	}
	if err := q.walk(x.prepare); err != nil {
		return nil, err
	}
	if d := q.depth(); d > maxPrefetchDepth {
		return nil, invalid("prefetches depth %d exceeds max depth %d", d, maxPrefetchDepth)
	}
	if err := q.checkPlan(); err != nil {
		return nil, err
	}
	hits, err := x.root(q)
	if err != nil {
		return nil, err
	}
	offset := q.offset
	if _, ok := q.query.(sample); ok && len(q.prefetch) == 0 {
		offset = 0 // a new sample every time: there is nothing to skip in it
	}
	hits = hits[min(offset, uint64(len(hits))):]
	return hits[:min(q.limit, uint64(len(hits)))], nil
}

// root answers the outermost level. It differs from the others in that it looks
// for offset more points, and that MMR really takes place there.
func (x *execution) root(q *universalQuery) ([]hit, error) {
	f := (&filter{mustNot: x.excluded(&q.level)}).merge(q.filter)
	limit := saturatingAdd(q.limit, q.offset)
	v, _ := q.query.(*vectorQuery)
	if v == nil || v.mmr == nil {
		return x.plainRoot(q, f, limit)
	}
	var candidates []hit
	var err error
	if len(q.prefetch) == 0 {
		candidates, err = v.leaf(x, &q.level, f, limit)
	} else {
		var sources [][]hit
		if sources, err = x.sources(&q.level, f); err != nil {
			return nil, err
		}
		candidates, err = v.search(x, &q.level, x.c.present(sources), v.mmr.candidates(q.limit))
	}
	if err != nil {
		return nil, err
	}
	return v.diversify(x.c, q.using, candidates, q.limit) // without the offset: it comes off what is chosen
}

// plainRoot is a root without MMR. Lists that reach the outside of the shards
// lose their repeats: the result, or what is fused there.
func (x *execution) plainRoot(q *universalQuery, f *filter, limit uint64) ([]hit, error) {
	fused, ok := q.query.(fusion)
	if !ok || len(q.prefetch) == 0 {
		hits, err := x.level(&q.level, f, limit)
		return withoutRepeats(hits), err
	}
	sources, err := x.sources(&q.level, f)
	if err != nil {
		return nil, err
	}
	for i := range sources {
		sources[i] = withoutRepeats(sources[i])
	}
	return fused.rescore(x, &q.level, sources, limit)
}

// level answers any level; f is its own filter under those of all outer levels.
func (x *execution) level(l *level, f *filter, limit uint64) ([]hit, error) {
	switch {
	case l.query == nil:
		return x.c.everything(f, limit), nil
	case len(l.prefetch) == 0:
		return l.query.leaf(x, l, f, limit)
	}
	sources, err := x.sources(l, f)
	if err != nil {
		return nil, err
	}
	return l.query.rescore(x, l, sources, limit)
}

func (x *execution) sources(l *level, f *filter) ([][]hit, error) {
	out := make([][]hit, 0, len(l.prefetch))
	for _, p := range l.prefetch {
		found, err := x.level(p, f.merge(p.filter), p.limit)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

// everything is the answer to a level that scores nothing: all points by id.
func (c *collection) everything(f *filter, limit uint64) []hit {
	ids := c.matching(f)
	var hits []hit
	for _, id := range ids[:min(limit, uint64(len(ids)))] {
		hits = append(hits, hit{point: c.points[id], score: 1})
	}
	return hits
}

// present lists the ids that sources found, in order, each once. Scores are
// lost, and so is whatever filter the points satisfied when they were found.
func (c *collection) present(sources [][]hit) []pointID {
	var ids []pointID
	for _, h := range firsts(slices.Concat(sources...)) {
		if _, ok := c.points[h.point.id]; ok {
			ids = append(ids, h.point.id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// firsts keeps the first hit of every point.
func firsts(hits []hit) []hit {
	seen := map[pointID]bool{}
	var out []hit
	for _, h := range hits {
		if !seen[h.point.id] {
			out = append(out, h)
		}
		seen[h.point.id] = true
	}
	return out
}

// withoutRepeats drops a hit that equals the one before it, as happens to points
// with several values of the field they are ordered by.
func withoutRepeats(hits []hit) []hit {
	return slices.CompactFunc(hits, func(a, b hit) bool { return a.point == b.point && a.score == b.score })
}

func saturatingAdd(a, b uint64) uint64 {
	if a+b < a {
		return ^uint64(0)
	}
	return a + b
}
