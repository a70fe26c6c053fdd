package qdrantsim

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// estimator guesses how many points match a filter, as the server does where it
// is told not to count: from how many points of the whole collection match each
// condition, as if conditions were independent of each other. For a tenant's own
// points and a condition of its choice that is
//
//	own points × points of all tenants that match / points of all tenants
//
// so the answer tells what others store. Qdrant sums such guesses over the
// segments of a collection; here there is one. Of ranges and words this server
// counts what Qdrant guesses from histograms.
type estimator struct{ c *collection }

func (e estimator) total() float64 { return float64(len(e.c.points)) }

func (e estimator) count(f *filter) uint64 {
	if f == nil || len(e.c.points) == 0 {
		return uint64(len(e.c.points))
	}
	return uint64(max(0, e.filter(f, nil)))
}

// filter joins the groups of a filter; every step rounds, as the server's does.
func (e estimator) filter(f *filter, prefix *jsonPath) float64 {
	var groups []float64
	if len(f.must) > 0 {
		groups = append(groups, e.all(e.each(f.must, prefix)))
	}
	if len(f.should) > 0 {
		groups = append(groups, e.any(e.each(f.should, prefix), e.total()))
	}
	if f.minShould != nil {
		groups = append(groups, e.atLeast(e.each(f.minShould.conditions, prefix), f.minShould.count))
	}
	if len(f.mustNot) > 0 {
		var without []float64
		for _, n := range e.each(f.mustNot, prefix) {
			without = append(without, max(0, e.total()-n))
		}
		groups = append(groups, e.all(without))
	}
	return e.all(groups)
}

func (e estimator) each(conds []condition, prefix *jsonPath) []float64 {
	out := make([]float64, 0, len(conds))
	for _, c := range conds {
		out = append(out, e.condition(c, prefix))
	}
	return out
}

// all: the shares of the collection multiply.
func (e estimator) all(counts []float64) float64 {
	share := 1.0
	for _, n := range counts {
		share *= n / e.total()
	}
	return math.Round(share * e.total())
}

// any: what remains when all conditions fail, taken from a total.
func (e estimator) any(counts []float64, total float64) float64 {
	if total == 0 {
		return 0
	}
	miss := 1.0
	for _, n := range counts {
		miss *= 1 - n/total
	}
	return math.Round((1 - miss) * total)
}

// atLeast: any of all the ways to choose so many conditions.
func (e estimator) atLeast(counts []float64, least uint64) float64 {
	if least > uint64(len(counts)) {
		return 0
	}
	var ways []float64
	var choose func(rest, chosen []float64)
	choose = func(rest, chosen []float64) {
		if uint64(len(chosen)) == least {
			ways = append(ways, e.all(chosen))
			return
		}
		for i := range rest {
			choose(rest[i+1:], append(slices.Clone(chosen), rest[i]))
		}
	}
	choose(counts, nil)
	return e.any(ways, e.total())
}

// unknown is the guess about a key without an index that could tell.
func (e estimator) unknown() float64 { return float64(len(e.c.points) / 2) }

func (e estimator) condition(c condition, prefix *jsonPath) float64 {
	switch c := c.(type) {
	case *filter:
		return e.filter(c, prefix)
	case nestedCondition:
		path := c.path.under(prefix)
		return e.filter(c.filter, &path)
	case fieldCondition:
		return e.field(c, prefix)
	case isEmptyCondition:
		return e.indexed(c.path, prefix, c)
	case isNullCondition:
		return e.indexed(c.path, prefix, c)
	}
	return e.matching(c) // ids and vectors are counted
}

func (e estimator) matching(c condition) float64 {
	return float64(len(e.c.matching(&filter{must: []condition{c}})))
}

func (e estimator) indexed(path jsonPath, prefix *jsonPath, c condition) float64 {
	if _, ok := e.c.indexes[path.under(prefix).String()]; !ok {
		return e.unknown()
	}
	return e.matching(c)
}

func (e estimator) field(c fieldCondition, prefix *jsonPath) float64 {
	index := e.c.indexes[c.path.under(prefix).String()]
	switch {
	case index == nil || c.count != nil:
		return e.unknown()
	case c.match != nil && index.serves(c.match.uses):
		return e.match(c.match, index)
	case c.ranges != nil && index.serves(c.ranges.uses()), c.isEmpty != nil, c.isNull != nil:
		return e.held(index, func(v *qdrant.Value) bool { return c.matchesValue(v, index) })
	}
	return e.unknown()
}

// match: one value is counted exactly, of several the guess is made.
func (e estimator) match(m *matcher, index *fieldIndex) float64 {
	if len(m.strings)+len(m.ints) == 0 {
		return e.held(index, func(v *qdrant.Value) bool { return m.matches(v, index) })
	}
	var counts []float64
	for _, s := range m.strings {
		counts = append(counts, e.holding(index, matchStrings([]string{s})))
	}
	for _, i := range m.ints {
		counts = append(counts, e.holding(index, matchIntegers([]int64{i})))
	}
	points := e.held(index, index.holds)
	switch {
	case m.except:
		return e.except(index, points, counts)
	case len(counts) == 1:
		return counts[0]
	}
	return e.any(counts, points)
}

func (e estimator) holding(index *fieldIndex, m *matcher) float64 {
	return e.held(index, func(v *qdrant.Value) bool { return index.holds(v) && m.matches(v, index) })
}

// held counts the points with a value at the index that passes.
func (e estimator) held(index *fieldIndex, passes func(*qdrant.Value) bool) float64 {
	n := 0
	for _, p := range e.c.points {
		if slices.ContainsFunc(index.scalars(p.payload), passes) {
			n++
		}
	}
	return float64(n)
}

// except guesses how many points have a value besides the excluded ones.
func (e estimator) except(index *fieldIndex, points float64, excluded []float64) float64 {
	values, distinct := 0.0, map[any]bool{}
	for _, p := range e.c.points {
		own := map[any]bool{}
		for _, v := range index.scalars(p.payload) {
			if index.holds(v) {
				own[index.facetKey(v)] = true
				distinct[index.facetKey(v)] = true
			}
		}
		values += float64(len(own))
	}
	gone, most := 0.0, 0.0
	for _, n := range excluded {
		gone, most = gone+n, max(most, n)
	}
	left, perPoint := max(0, values-gone), len(distinct)-len(excluded)
	if perPoint <= 0 {
		return 0
	}
	lo := max(math.Ceil(left/float64(perPoint)), points-gone)
	hi := min(max(0, points-most), left)
	return min(max(math.Round((1-math.Exp(-left/points))*points), lo), hi)
}
