package qdrantsim

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// mmr reorders the nearest by maximal marginal relevance: each next point is
// near to the query and far from those already chosen.
type mmr struct {
	lambda float32 // 1: relevance only, 0: diversity only
	limit  *uint64 // candidates; nil: the level's limit
}

const defaultLambda = 0.5

func parseMMR(r *qdrant.NearestInputWithMmr) (*vectorQuery, error) {
	if r.GetNearest() == nil {
		return nil, malformed("nearest vector is missing")
	}
	q, err := newVectorQuery(nil, r.GetNearest())
	if err != nil {
		return nil, err
	}
	if r.GetMmr() == nil {
		return nil, malformed("mmr is missing")
	}
	q.mmr = &mmr{lambda: defaultLambda}
	if d := r.GetMmr().Diversity; d != nil {
		q.mmr.lambda = 1 - *d
	}
	if n := r.GetMmr().CandidatesLimit; n != nil {
		limit := uint64(*n)
		q.mmr.limit = &limit
	}
	return q, nil
}

func (m *mmr) candidates(limit uint64) uint64 {
	if m.limit != nil {
		return *m.limit
	}
	return limit
}

// diversify picks up to limit of the candidates. They keep the scores they came
// with; a point without the vector is dropped. Weights of idf play no part.
func (q *vectorQuery) diversify(c *collection, using string, found []hit, limit uint64) ([]hit, error) {
	var candidates []hit
	for _, h := range firsts(found) {
		if _, ok := h.point.vectors[using]; ok {
			candidates = append(candidates, h)
		}
	}
	if len(candidates) < 2 {
		return candidates, nil
	}
	asked, err := c.fitAll(using, q.vectors)
	if err != nil {
		return nil, err
	}
	compare := c.similarity(using)
	return pick(candidates, limit, func(i, j int) float32 {
		to := asked[0]
		if j >= 0 {
			to = candidates[j].point.vectors[using]
		}
		s, _ := compare(to, candidates[i].point.vectors[using])
		return s
	}, q.mmr.lambda), nil
}

// pick chooses greedily. similarity(i, -1) is that of a candidate to the query.
// Of equals the server takes the last, in an order that its choices disturb.
func pick(candidates []hit, limit uint64, similarity func(i, j int) float32, lambda float32) []hit {
	rest := make([]int, len(candidates))
	for i := range rest {
		rest[i] = i
	}
	var chosen []int
	for uint64(len(chosen)) < limit && len(rest) > 0 {
		at, most := 0, float32(math.Inf(-1))
		for k, i := range rest {
			if s := marginal(i, chosen, similarity, lambda); s >= most {
				at, most = k, s
			}
		}
		chosen = append(chosen, rest[at])
		rest[at] = rest[len(rest)-1]
		rest = rest[:len(rest)-1]
	}
	out := make([]hit, 0, len(chosen))
	for _, i := range chosen {
		out = append(out, candidates[i])
	}
	return out
}

func marginal(i int, chosen []int, similarity func(i, j int) float32, lambda float32) float32 {
	if len(chosen) == 0 {
		return similarity(i, -1)
	}
	closest := float32(math.Inf(-1))
	for _, j := range chosen {
		closest = max(closest, similarity(i, j))
	}
	return lambda*similarity(i, -1) - (1-lambda)*closest
}
