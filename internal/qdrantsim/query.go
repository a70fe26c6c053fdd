package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// nearestQuery is the part of the Query API that this server answers: the
// nearest to a vector, or to a stored point's vector, or all points by id.
type nearestQuery struct {
	collection string
	vector     *vector  // ask with this vector,
	id         *pointID // or with this point's,
	lookup     lookup   // found there; neither: all points by id
	using      string
	filter     *filter
	params     *qdrant.SearchParams
	threshold  *float32
	limit      uint64
	offset     uint64
	shown      shown
}

// lookup is where a query by id finds its vector, when it is not the queried
// collection. It is read without any filter.
type lookup struct {
	collection string // empty: the queried one
	vector     *string
}

// Query answers one query.
func (v pointsService) Query(ctx context.Context, r *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	result, err := v.s.query(ctx, q)
	return answer(&qdrant.QueryResponse{Result: result}, err)
}

// QueryBatch answers each query as Query would, against the outer collection.
func (v pointsService) QueryBatch(ctx context.Context, r *qdrant.QueryBatchPoints) (*qdrant.QueryBatchResponse, error) {
	queries := make([]nearestQuery, 0, len(r.GetQueryPoints()))
	for _, item := range r.GetQueryPoints() {
		q, err := parseQuery(item)
		if err != nil {
			return nil, err
		}
		q.collection = r.GetCollectionName()
		queries = append(queries, q)
	}
	out := &qdrant.QueryBatchResponse{}
	if err := v.s.view(ctx, r.GetCollectionName(), needRead, func(*collection) error { return nil }); err != nil {
		return nil, err // also a batch of nothing needs the right to read
	}
	for _, q := range queries {
		result, err := v.s.query(ctx, q)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, &qdrant.BatchResult{Result: result})
	}
	return out, nil
}

// Search is the older form of a query by vector; it is not subject to the
// full-scan guard of strict mode.
func (v pointsService) Search(ctx context.Context, r *qdrant.SearchPoints) (*qdrant.SearchResponse, error) {
	vec := vector{dense: r.GetVector()}
	if r.GetSparseIndices() != nil {
		sparse, err := newSparse(r.GetSparseIndices().GetData(), r.GetVector())
		if err != nil {
			return nil, err
		}
		vec = sparse
	}
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	view, err := parseShown(r.GetWithPayload(), false, r.GetWithVectors())
	if err != nil {
		return nil, err
	}
	q := nearestQuery{
		collection: r.GetCollectionName(), vector: &vec, using: r.GetVectorName(), filter: f, params: r.GetParams(),
		threshold: r.ScoreThreshold, limit: r.GetLimit(), offset: r.GetOffset(), shown: view,
	}
	result, err := v.s.run(ctx, q, (*nearestQuery).checkPlain)
	return answer(&qdrant.SearchResponse{Result: result}, err)
}

func parseQuery(r *qdrant.QueryPoints) (nearestQuery, error) {
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nearestQuery{}, err
	}
	view, err := parseShown(r.GetWithPayload(), false, r.GetWithVectors())
	if err != nil {
		return nearestQuery{}, err
	}
	q := nearestQuery{
		collection: r.GetCollectionName(), using: r.GetUsing(), filter: f, params: r.GetParams(),
		threshold: r.ScoreThreshold, limit: defaultLimit, offset: r.GetOffset(), shown: view,
		lookup: parseLookup(r.GetLookupFrom()),
	}
	if r.Limit != nil {
		q.limit = r.GetLimit()
	}
	if len(r.GetPrefetch()) > 0 {
		return nearestQuery{}, unsupported("prefetch")
	}
	err = q.parseVariant(r.GetQuery())
	return q, err
}

func (q *nearestQuery) parseVariant(query *qdrant.Query) error {
	if query == nil {
		if q.threshold != nil {
			return badRequest("A query is needed to use the score_threshold. Can't have score_threshold without defining a query.")
		}
		return nil
	}
	nearest, ok := query.GetVariant().(*qdrant.Query_Nearest)
	if !ok && query.GetVariant() == nil {
		return malformed("Query variant is not set")
	}
	if !ok {
		return unsupported("queries other than nearest")
	}
	if byID := nearest.Nearest.GetId(); byID != nil {
		id, err := parseID(byID)
		q.id = &id
		return err
	}
	vec, err := parseVectorInput(nearest.Nearest)
	q.vector = &vec
	return err
}

// query applies all of strict mode, the full-scan guard first.
func (s *Server) query(ctx context.Context, q nearestQuery) ([]*qdrant.ScoredPoint, error) {
	return s.run(ctx, q, func(q *nearestQuery, c *collection) error {
		if q.vector != nil || q.id != nil {
			if err := c.checkFullScan(q.using, q.filter); err != nil {
				return err
			}
		}
		return q.checkPlain(c)
	})
}

func (q *nearestQuery) checkPlain(c *collection) error {
	if err := c.checkRead(q.filter, &q.limit); err != nil {
		return err
	}
	return c.checkSearchParams(q.params)
}

func (s *Server) run(ctx context.Context, q nearestQuery, strict func(*nearestQuery, *collection) error) ([]*qdrant.ScoredPoint, error) {
	var out []*qdrant.ScoredPoint
	err := s.view(ctx, q.collection, needRead, func(c *collection) error {
		if err := strict(&q, c); err != nil {
			return err
		}
		// Any access at all to the lookup collection is enough.
		if from := q.lookup.collection; from != "" {
			if err := accessOf(ctx).collection(from, needRead); err != nil {
				return err
			}
		}
		hits, err := s.store.nearest(c, q)
		if err != nil {
			return err
		}
		hits = hits[min(q.offset, uint64(len(hits))):]
		for _, h := range hits[:min(q.limit, uint64(len(hits)))] {
			out = append(out, q.shown.scored(h.point, h.score))
		}
		return nil
	})
	return out, err
}
