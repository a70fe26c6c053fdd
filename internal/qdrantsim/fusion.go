package qdrantsim

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// fusion makes one list of the lists that prefetches found.
type fusion struct {
	byScore bool      // distribution-based score fusion, else by rank
	k       uint32    // how little the first ranks stand out
	weights []float32 // one per prefetch; none: all are 1
}

const defaultRankK = 2

func parseFusion(f qdrant.Fusion) (scoring, error) {
	switch f {
	case qdrant.Fusion_RRF:
		return fusion{k: defaultRankK}, nil
	case qdrant.Fusion_DBSF:
		return fusion{byScore: true}, nil
	}
	return nil, malformed("invalid fusion type value %d", f)
}

func parseRRF(r *qdrant.Rrf) scoring {
	f := fusion{k: defaultRankK, weights: r.GetWeights()}
	if r.K != nil {
		f.k = r.GetK()
	}
	return f
}

func (fusion) leaf(*execution, *level, *filter, uint64) ([]hit, error) {
	return nil, invalid("cannot apply Fusion without prefetches")
}

func (f fusion) rescore(_ *execution, l *level, sources [][]hit, limit uint64) ([]hit, error) {
	lists := make([][]float32, len(sources))
	for i, s := range sources {
		if f.byScore {
			lists[i] = spread(s)
		} else {
			lists[i] = f.ranks(i, len(s))
		}
	}
	hits := best(summed(sources, lists), ^uint64(0))
	if f.byScore {
		slices.SortStableFunc(hits, byOrderValue)
	}
	return atLeastThreshold(l.threshold, hits, limit), nil
}

// byOrderValue: a point that some prefetch ordered by a field keeps that value,
// and fusion by score lets it decide, the greatest first, before any score.
func byOrderValue(a, b hit) int {
	switch {
	case a.order == nil && b.order == nil:
		return 0
	case a.order == nil:
		return 1
	case b.order == nil:
		return -1
	}
	return b.order.compare(*a.order)
}

// ranks scores the places of a list. A weight stretches the list: with weight 3
// the first three places count as much as the first of another.
func (f fusion) ranks(source, n int) []float32 {
	weight := float32(1)
	if len(f.weights) > 0 {
		weight = f.weights[source]
	}
	out := make([]float32, n)
	for i := range out {
		if weight > 0 {
			out[i] = 1 / (float32(i+1)/weight + float32(f.k) - 1)
		}
	}
	return out
}

// spread normalises a list's scores: three standard deviations below the mean is
// 0, three above is 1. A list of one, or of equals, scores 0.5.
func spread(hits []hit) []float32 {
	out := make([]float32, len(hits))
	mean, variance := meanVariance(hits)
	deviation := float32(math.Sqrt(float64(variance)))
	lo, hi := mean-3*deviation, mean+3*deviation
	for i, h := range hits {
		if len(hits) == 1 || lo == hi {
			out[i] = 0.5
		} else {
			out[i] = (h.score - lo) / (hi - lo)
		}
	}
	return out
}

// meanVariance computes in one pass, as the server does, down to the rounding.
func meanVariance(hits []hit) (mean, variance float32) {
	var sum float32
	for i, h := range hits {
		before := h.score - mean
		mean += before / float32(i+1)
		sum += before * (h.score - mean)
	}
	if len(hits) < 2 {
		return mean, 0
	}
	return mean, sum / (float32(len(hits)) - 1)
}

// summed adds up the new scores of each point over all lists.
func summed(sources [][]hit, scores [][]float32) []hit {
	at := map[pointID]int{}
	var out []hit
	for i, source := range sources {
		for j, h := range source {
			if k, ok := at[h.point.id]; ok {
				out[k].score += scores[i][j]
				continue
			}
			at[h.point.id] = len(out)
			h.score = scores[i][j]
			out = append(out, h)
		}
	}
	return out
}

// atLeastThreshold cuts a sorted list. Unlike that of a distance, this threshold
// is passed by reaching it.
func atLeastThreshold(threshold *float32, hits []hit, limit uint64) []hit {
	for i, h := range hits {
		if threshold != nil && h.score < *threshold {
			hits = hits[:i]
			break
		}
	}
	return hits[:min(limit, uint64(len(hits)))]
}
