package qdrantsim

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// vectorQuery scores points by their similarity to one vector or several.
type vectorQuery struct {
	inputs []vectorInput
	// merge makes one vector of the inputs, to be nearest to (average_vector).
	merge func([]vector) (vector, error)
	// score combines the similarities to the inputs. Nil: the query asks for the
	// nearest to its only vector, and scores are what the distance says.
	score func(similarity func(input int) float32) float32
	mmr   *mmr

	vectors []vector // the inputs, resolved
}

// vectorInput is a vector, or the id of a point that has it.
type vectorInput struct {
	id     *pointID
	vector vector
}

func parseVectorQuery(q *qdrant.Query) (*vectorQuery, error) {
	switch v := q.GetVariant().(type) {
	case *qdrant.Query_Nearest:
		return newVectorQuery(nil, v.Nearest)
	case *qdrant.Query_NearestWithMmr:
		return parseMMR(v.NearestWithMmr)
	case *qdrant.Query_Recommend:
		return parseRecommend(v.Recommend)
	case *qdrant.Query_Discover:
		return parseDiscover(v.Discover)
	case *qdrant.Query_Context:
		return parseContext(v.Context)
	case *qdrant.Query_RelevanceFeedback:
		return parseFeedback(v.RelevanceFeedback)
	}
	return nil, unsupported("this kind of query")
}

func newVectorQuery(score func(func(int) float32) float32, from ...*qdrant.VectorInput) (*vectorQuery, error) {
	q := &vectorQuery{score: score}
	for _, f := range from {
		in, err := parseVectorInput(f)
		if err != nil {
			return nil, err
		}
		q.inputs = append(q.inputs, in)
	}
	return q, nil
}

func parseVectorInput(v *qdrant.VectorInput) (in vectorInput, err error) {
	switch o := v.GetVariant().(type) {
	case *qdrant.VectorInput_Id:
		id, err := parseID(o.Id)
		return vectorInput{id: &id}, err
	case *qdrant.VectorInput_Dense:
		in.vector = vector{dense: o.Dense.GetData()}
	case *qdrant.VectorInput_Sparse:
		in.vector, err = newSparse(o.Sparse.GetIndices(), o.Sparse.GetValues())
	case *qdrant.VectorInput_MultiDense:
		in.vector, err = newMulti(o.MultiDense.GetVectors())
	case *qdrant.VectorInput_Document, *qdrant.VectorInput_Image, *qdrant.VectorInput_Object:
		err = unsupported("inference")
	default:
		err = malformed("VectorInput variant is missing")
	}
	return in, err
}

func (q *vectorQuery) ids() []pointID {
	var out []pointID
	for _, in := range q.inputs {
		if in.id != nil {
			out = append(out, *in.id)
		}
	}
	return out
}

// leaf of a query with MMR is a plain nearest query for the candidates: only at
// the root, or over prefetches, are they diversified.
func (q *vectorQuery) leaf(x *execution, l *level, f *filter, limit uint64) ([]hit, error) {
	if q.mmr != nil {
		limit = q.mmr.candidates(l.limit)
	}
	return q.search(x, l, x.c.matching(f), limit)
}

func (q *vectorQuery) rescore(x *execution, l *level, sources [][]hit, limit uint64) ([]hit, error) {
	if q.mmr != nil {
		return q.diversify(x.c, l.using, slices.Concat(sources...), limit)
	}
	return q.search(x, l, x.c.present(sources), limit)
}

// search lists the best limit of the given points, best first, ties by id.
func (q *vectorQuery) search(x *execution, l *level, among []pointID, limit uint64) ([]hit, error) {
	asked, err := x.c.fitAll(l.using, q.vectors)
	if err != nil {
		return nil, err
	}
	if err := x.c.weigh(l.using, asked, l.params.idf); err != nil {
		return nil, err
	}
	compare := x.c.similarity(l.using)
	var hits []hit
	for _, id := range among {
		p := x.c.points[id]
		stored, ok := p.vectors[l.using]
		if !ok {
			continue
		}
		if q.score == nil {
			if s, ok := compare(asked[0], stored); ok {
				hits = append(hits, hit{point: p, score: s})
			}
			continue
		}
		s := q.score(func(i int) float32 { s, _ := compare(asked[i], stored); return s })
		hits = append(hits, hit{point: p, score: s})
	}
	return x.c.threshold(l, q.score == nil, best(hits, limit)), nil
}

// threshold turns similarities into what the distance calls a score, and cuts
// the list at the first that does not pass. That is said in terms of the
// distance even where scores are not distances, as in the server.
func (c *collection) threshold(l *level, distances bool, hits []hit) []hit {
	smallIsBetter := c.smallIsBetter(l.using)
	for i := range hits {
		if distances {
			hits[i].score = c.postprocess(l.using, hits[i].score)
		}
		if l.threshold != nil && !passes(hits[i].score, *l.threshold, smallIsBetter) {
			return hits[:i]
		}
	}
	return hits
}
