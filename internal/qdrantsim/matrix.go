package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// Defaults of a distance matrix.
const (
	defaultSample          = 10
	defaultNeighbours      = 3
	matrixMethodPairs      = "/qdrant.Points/SearchMatrixPairs"
	matrixMethodOffsets    = "/qdrant.Points/SearchMatrixOffsets"
	leastPointsForDistance = 2
)

// neighbours are the points found nearest to one sampled point.
type neighbours struct {
	id   pointID
	hits []hit
}

// SearchMatrixPairs lists sampled points with their neighbours in the sample.
func (v pointsService) SearchMatrixPairs(ctx context.Context, r *qdrant.SearchMatrixPoints) (*qdrant.SearchMatrixPairsResponse, error) {
	rows, err := v.s.matrix(ctx, matrixMethodPairs, r)
	out := &qdrant.SearchMatrixPairs{}
	for _, row := range rows {
		for _, h := range row.hits {
			out.Pairs = append(out.Pairs, &qdrant.SearchMatrixPair{A: row.id.proto(), B: h.point.id.proto(), Score: h.score})
		}
	}
	return answer(&qdrant.SearchMatrixPairsResponse{Result: out}, err)
}

// SearchMatrixOffsets is the same as positions in the list of sampled ids.
func (v pointsService) SearchMatrixOffsets(ctx context.Context, r *qdrant.SearchMatrixPoints) (*qdrant.SearchMatrixOffsetsResponse, error) {
	rows, err := v.s.matrix(ctx, matrixMethodOffsets, r)
	out := &qdrant.SearchMatrixOffsets{}
	at := map[pointID]uint64{}
	for i, row := range rows {
		at[row.id] = uint64(i)
		out.Ids = append(out.Ids, row.id.proto())
	}
	for i, row := range rows {
		for _, h := range row.hits {
			out.OffsetsRow = append(out.OffsetsRow, uint64(i))
			out.OffsetsCol = append(out.OffsetsCol, at[h.point.id])
			out.Scores = append(out.Scores, h.score)
		}
	}
	return answer(&qdrant.SearchMatrixOffsetsResponse{Result: out}, err)
}

// matrix takes a sample of the points that match and have the vector, then asks
// for the neighbours of each among the sample: by ids alone, without the filter
// and without search parameters, so that idf is that of the whole collection.
// Qdrant samples at random; here it is the points with the lowest ids.
func (s *Server) matrix(ctx context.Context, method string, r *qdrant.SearchMatrixPoints) ([]neighbours, error) {
	sample, limit := uint64(defaultSample), uint64(defaultNeighbours)
	if r.Sample != nil {
		sample = r.GetSample()
	}
	if r.Limit != nil {
		limit = r.GetLimit()
	}
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	var sampled []hit
	err = s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		n := limit * sample
		if err := c.checkRead(f, &n); err != nil {
			return err
		}
		if _, sparse := c.sparseParams(r.GetUsing()); !sparse && c.denseParams(r.GetUsing()) == nil {
			return noSuchVector(r.GetUsing())
		}
		has := &filter{must: []condition{hasVectorCondition(r.GetUsing())}}
		sampled = c.everything(f.merge(has), sample)
		return nil
	})
	if err != nil || len(sampled) < leastPointsForDistance {
		return nil, err
	}
	s.betweenPhases(method)
	var out []neighbours
	err = s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) (err error) {
		out, err = s.store.neighboursOf(c, r.GetUsing(), sampled, limit)
		return err
	})
	return out, err
}

func (st *store) neighboursOf(c *collection, using string, sampled []hit, limit uint64) ([]neighbours, error) {
	among := hasIDCondition{}
	for _, h := range sampled {
		among[h.point.id] = true
	}
	out := make([]neighbours, 0, len(sampled))
	for _, h := range sampled {
		q := &universalQuery{level: level{
			query: &vectorQuery{inputs: []vectorInput{{vector: h.point.vectors[using]}}},
			using: using, filter: &filter{must: []condition{among}}, limit: limit + 1,
		}}
		hits, err := st.run(c, q)
		if err != nil {
			return nil, err
		}
		out = append(out, neighbours{h.point.id, withoutSelf(hits, h.point.id, limit)})
	}
	return out, nil
}

// withoutSelf drops the point itself, or the last hit too many if it was no hit.
func withoutSelf(hits []hit, id pointID, limit uint64) []hit {
	var out []hit
	for _, h := range hits {
		if h.point.id != id {
			out = append(out, h)
		}
	}
	return out[:min(limit, uint64(len(out)))]
}
