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
	order *orderValue // of a query that orders by a field
}

// best sorts hits by score, the greatest first and equals by id, and keeps limit.
func best(hits []hit, limit uint64) []hit {
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), compareIDs(a.point.id, b.point.id))
	})
	return hits[:min(limit, uint64(len(hits)))]
}

// passes: a score on the threshold does not pass.
func passes(score, threshold float32, smallIsBetter bool) bool {
	if smallIsBetter {
		return score < threshold
	}
	return score > threshold
}

// fitAll checks vectors to ask with, and copies them.
func (c *collection) fitAll(using string, vs []vector) ([]vector, error) {
	out := make([]vector, 0, len(vs))
	for _, v := range vs {
		w, err := c.fit(using, v)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	if _, sparse := c.sparseParams(using); !sparse && c.denseParams(using) == nil {
		return nil, noSuchVector(using)
	}
	return out, nil
}

// smallIsBetter says whether the vector's distance is one that should be short.
func (c *collection) smallIsBetter(using string) bool {
	d := c.denseParams(using).GetDistance()
	return d == qdrant.Distance_Euclid || d == qdrant.Distance_Manhattan
}

// postprocess makes a score of a similarity.
func (c *collection) postprocess(using string, similarity float32) float32 {
	switch c.denseParams(using).GetDistance() {
	case qdrant.Distance_Euclid:
		return float32(math.Sqrt(math.Abs(float64(similarity))))
	case qdrant.Distance_Manhattan:
		return float32(math.Abs(float64(similarity)))
	}
	return similarity
}

// similarity compares a vector to ask with and a stored one: more is nearer, and
// of Euclid and Manhattan it is negative, the former squared. It says false
// where there is nothing to compare: sparse vectors without a common index.
func (c *collection) similarity(using string) func(ask, stored vector) (float32, bool) {
	if _, ok := c.sparseParams(using); ok {
		return sparseDot
	}
	metric := dot
	switch c.denseParams(using).GetDistance() {
	case qdrant.Distance_Euclid:
		metric = euclid
	case qdrant.Distance_Manhattan:
		metric = manhattan
	}
	if c.denseParams(using).GetMultivectorConfig() != nil {
		return func(ask, stored vector) (float32, bool) { return maxSim(metric, ask.multi, stored.multi), true }
	}
	return func(ask, stored vector) (float32, bool) { return metric(ask.dense, stored.dense), true }
}

// maxSim sums, over the vectors asked with, the similarity of the nearest stored.
func maxSim(metric func(a, b []float32) float32, ask, stored [][]float32) (sum float32) {
	for _, a := range ask {
		most := float32(math.Inf(-1))
		for _, b := range stored {
			most = max(most, metric(a, b))
		}
		sum += most
	}
	return sum
}

func dot(a, b []float32) float32 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return float32(sum)
}

func euclid(a, b []float32) float32 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return float32(-sum)
}

func manhattan(a, b []float32) float32 {
	var sum float64
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return float32(-sum)
}
