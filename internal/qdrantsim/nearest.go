package qdrantsim

import (
	"cmp"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// hit is one found point.
type hit struct {
	point *point
	score float32
}

func parseLookup(l *qdrant.LookupLocation) lookup {
	if l == nil {
		return lookup{}
	}
	return lookup{collection: l.GetCollectionName(), vector: l.VectorName}
}

// nearest lists all hits, best first; a query without a vector has them by id.
func (st *store) nearest(c *collection, q nearestQuery) ([]hit, error) {
	if q.vector == nil && q.id == nil {
		return c.everything(q.filter), nil
	}
	ask, excluded, err := st.askWith(c, q)
	if err != nil {
		return nil, err
	}
	score, smallIsBetter := c.scorer(q.using, ask)
	var hits []hit
	for _, id := range c.matching(q.filter) {
		p := c.points[id]
		v, ok := p.vectors[q.using]
		if !ok || excluded != nil && id == *excluded {
			continue
		}
		if s, ok := score(v); ok && passes(s, q.threshold, smallIsBetter) {
			hits = append(hits, hit{p, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if smallIsBetter {
			return cmp.Compare(a.score, b.score)
		}
		return cmp.Compare(b.score, a.score)
	})
	return hits, nil
}

// everything is the answer to a query that names no vector.
func (c *collection) everything(f *filter) []hit {
	var hits []hit
	for _, id := range c.matching(f) {
		hits = append(hits, hit{c.points[id], 1})
	}
	return hits
}

// askWith finds the vector to ask with. A point asked by is left out of the
// answer, unless it was looked up in another collection.
func (st *store) askWith(c *collection, q nearestQuery) (vector, *pointID, error) {
	if q.vector != nil {
		v, err := c.fit(q.using, *q.vector)
		return v, nil, err
	}
	from, name, excluded := c, q.using, q.id
	if q.lookup.collection != "" {
		other, err := st.resolve(q.lookup.collection)
		if err != nil {
			return vector{}, nil, err
		}
		if from = other; q.lookup.collection != q.collection {
			excluded = nil
		}
		if q.lookup.vector != nil {
			name = *q.lookup.vector
		}
	}
	p, ok := from.points[*q.id]
	if !ok {
		return vector{}, nil, pointMissing(*q.id)
	}
	v, ok := p.vectors[name]
	if !ok {
		return vector{}, nil, notFound("Vector with name %q for point not found", name)
	}
	v, err := c.fit(q.using, v)
	return v, excluded, err
}

// passes: a score on the threshold does not pass.
func passes(score float32, threshold *float32, smallIsBetter bool) bool {
	switch {
	case threshold == nil:
		return true
	case smallIsBetter:
		return score < *threshold
	}
	return score > *threshold
}

// scorer compares stored vectors with the one asked with. It says false for
// vectors that are no hit at all: sparse ones without a common index.
func (c *collection) scorer(using string, ask vector) (score func(vector) (float32, bool), smallIsBetter bool) {
	if p, ok := c.sparseParams(using); ok {
		weights := slices.Clone(ask.values)
		if p.GetModifier() == qdrant.Modifier_Idf {
			c.weighIDF(using, ask.indices, weights)
		}
		return func(v vector) (float32, bool) { return sparseDot(ask.indices, weights, v) }, false
	}
	metric := dot
	switch c.denseParams(using).GetDistance() {
	case qdrant.Distance_Euclid:
		metric, smallIsBetter = euclid, true
	case qdrant.Distance_Manhattan:
		metric, smallIsBetter = manhattan, true
	}
	return func(v vector) (float32, bool) { return float32(metric(ask.dense, v.dense)), true }, smallIsBetter
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func euclid(a, b []float32) (sum float64) {
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

func manhattan(a, b []float32) (sum float64) {
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum
}

func sparseDot(indices []uint32, weights []float32, v vector) (float32, bool) {
	var sum float64
	overlap := false
	for i, index := range indices {
		if at, ok := slices.BinarySearch(v.indices, index); ok {
			overlap = true
			sum += float64(weights[i]) * float64(v.values[at])
		}
	}
	return float32(sum), overlap
}

// weighIDF multiplies weights by the inverse document frequency over the whole
// collection, whoever its points belong to: that is what leaks between tenants.
func (c *collection) weighIDF(using string, indices []uint32, weights []float32) {
	var n float64
	df := make([]float64, len(indices))
	for _, p := range c.points {
		v, ok := p.vectors[using]
		if !ok {
			continue
		}
		n++
		for i, index := range indices {
			if _, ok := slices.BinarySearch(v.indices, index); ok {
				df[i]++
			}
		}
	}
	for i := range weights {
		weights[i] *= float32(math.Log((n-df[i]+0.5)/(df[i]+0.5) + 1))
	}
}
