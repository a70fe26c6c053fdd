package qdrantsim

import (
	"cmp"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

func parseRecommend(r *qdrant.RecommendInput) (*vectorQuery, error) {
	positives := len(r.GetPositive())
	q, err := newVectorQuery(nil, slices.Concat(r.GetPositive(), r.GetNegative())...)
	if err != nil {
		return nil, err
	}
	all := len(q.inputs)
	switch r.GetStrategy() {
	case qdrant.RecommendStrategy_BestScore:
		q.score = func(similarity func(int) float32) float32 {
			good, bad := highest(similarity, 0, positives), highest(similarity, positives, all)
			if good > bad {
				return squash(good)
			}
			return -squash(bad)
		}
	case qdrant.RecommendStrategy_SumScores:
		q.score = func(similarity func(int) float32) float32 {
			return total(similarity, 0, positives) - total(similarity, positives, all)
		}
	default: // also any strategy that the server does not know
		q.merge = func(vs []vector) (vector, error) { return recommended(vs[:positives], vs[positives:]) }
	}
	return q, nil
}

func highest(similarity func(int) float32, from, to int) float32 {
	most := float32(math.Inf(-1))
	for i := from; i < to; i++ {
		most = max(most, similarity(i))
	}
	return most
}

func total(similarity func(int) float32, from, to int) (sum float32) {
	for i := from; i < to; i++ {
		sum += similarity(i)
	}
	return sum
}

func parseDiscover(r *qdrant.DiscoverInput) (*vectorQuery, error) {
	if r.GetTarget() == nil {
		return nil, malformed("DiscoverInput target is missing")
	}
	if r.GetContext() == nil {
		return nil, malformed("DiscoverInput context is missing")
	}
	pairs, err := pairInputs(r.GetContext())
	if err != nil {
		return nil, err
	}
	return newVectorQuery(func(similarity func(int) float32) float32 {
		rank := 0
		for i := 0; i < len(pairs); i += 2 {
			rank += cmp.Compare(similarity(1+i), similarity(2+i))
		}
		return float32(rank) + squash(similarity(0))
	}, append([]*qdrant.VectorInput{r.GetTarget()}, pairs...)...)
}

// parseContext: a point loses for every pair of which it is nearer to the negative.
func parseContext(r *qdrant.ContextInput) (*vectorQuery, error) {
	pairs, err := pairInputs(r)
	if err != nil {
		return nil, err
	}
	const margin = 1.1920929e-07 // the least difference of two floats near 1
	return newVectorQuery(func(similarity func(int) float32) (loss float32) {
		for i := 0; i < len(pairs); i += 2 {
			loss += sigmoid(min(similarity(i)-similarity(i+1)-margin, 0))
		}
		return loss
	}, pairs...)
}

func pairInputs(r *qdrant.ContextInput) ([]*qdrant.VectorInput, error) {
	var out []*qdrant.VectorInput
	for _, p := range r.GetPairs() {
		if p.GetPositive() == nil {
			return nil, malformed("ContextPair positive is missing")
		}
		if p.GetNegative() == nil {
			return nil, malformed("ContextPair negative is missing")
		}
		out = append(out, p.GetPositive(), p.GetNegative())
	}
	return out, nil
}

// sigmoid is the server's cheap one; squash moves it into (0, 1).
func sigmoid(x float32) float32 { return x / (1 + float32(math.Abs(float64(x)))) }
func squash(x float32) float32  { return 0.5 * (sigmoid(x) + 1) }
