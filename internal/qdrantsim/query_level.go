package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
)

// level is one level of a universal query: the request itself, or a prefetch.
type level struct {
	prefetch  []*level
	query     scoring // nil: all points by id
	using     string
	filter    *filter
	params    searchParams
	threshold *float32
	limit     uint64
	lookup    *lookup
}

// universalQuery is the root level with what only the root has.
type universalQuery struct {
	level
	offset uint64
	shown  shown
}

// lookup is where a level's ids find their vectors, when it is not the queried
// collection. It is read without any filter.
type lookup struct {
	collection string
	vector     *string
}

// scoring is how a level scores points.
type scoring interface {
	// leaf answers a level without prefetches: the best limit points of f.
	leaf(x *execution, l *level, f *filter, limit uint64) ([]hit, error)
	// rescore merges what the prefetches of a level found, source by source.
	// Filters are not looked at again.
	rescore(x *execution, l *level, sources [][]hit, limit uint64) ([]hit, error)
}

// parseQuery is the conversion that happens before anybody is asked for rights.
// The server converts prefetches first, then the query, then the rest.
func parseQuery(r *qdrant.QueryPoints) (*universalQuery, error) {
	l, err := parseLevel(&qdrant.PrefetchQuery{
		Prefetch: r.GetPrefetch(), Query: r.GetQuery(), Using: r.Using, Filter: r.GetFilter(), Params: r.GetParams(),
		ScoreThreshold: r.ScoreThreshold, Limit: r.Limit, LookupFrom: r.GetLookupFrom(),
	})
	if err != nil {
		return nil, err
	}
	view, err := parseShown(r.GetWithPayload(), false, r.GetWithVectors())
	if err != nil {
		return nil, err
	}
	return &universalQuery{level: *l, offset: r.GetOffset(), shown: view}, nil
}

func parseLevel(r *qdrant.PrefetchQuery) (*level, error) {
	l := &level{using: r.GetUsing(), threshold: r.ScoreThreshold, limit: defaultLimit, lookup: parseLookup(r.GetLookupFrom())}
	if r.Limit != nil {
		l.limit = r.GetLimit()
	}
	for _, p := range r.GetPrefetch() {
		inner, err := parseLevel(p)
		if err != nil {
			return nil, err
		}
		l.prefetch = append(l.prefetch, inner)
	}
	var err error
	if r.GetQuery() != nil {
		if l.query, err = parseScoring(r.GetQuery()); err != nil {
			return nil, err
		}
	}
	if l.filter, err = compileFilter(r.GetFilter()); err != nil {
		return nil, err
	}
	l.params, err = parseSearchParams(r.GetParams())
	return l, err
}

func parseLookup(l *qdrant.LookupLocation) *lookup {
	if l == nil {
		return nil
	}
	return &lookup{collection: l.GetCollectionName(), vector: l.VectorName}
}

// parseScoring reads the variants that need no vectors; the others are next door.
func parseScoring(q *qdrant.Query) (scoring, error) {
	switch v := q.GetVariant().(type) {
	case *qdrant.Query_OrderBy:
		return parseOrderBy(v.OrderBy)
	case *qdrant.Query_Fusion:
		return parseFusion(v.Fusion)
	case *qdrant.Query_Rrf:
		return parseRRF(v.Rrf), nil
	case *qdrant.Query_Sample:
		return parseSample(v.Sample)
	case *qdrant.Query_Formula:
		return compileFormula(v.Formula)
	case nil:
		return nil, malformed("Query variant is missing")
	}
	return parseVectorQuery(q)
}

// walk visits a level and all levels below it, the outer one first.
func (l *level) walk(visit func(*level) error) error {
	if err := visit(l); err != nil {
		return err
	}
	for _, p := range l.prefetch {
		if err := p.walk(visit); err != nil {
			return err
		}
	}
	return nil
}

func (l *level) depth() int {
	deepest := 0
	for _, p := range l.prefetch {
		deepest = max(deepest, p.depth()+1)
	}
	return deepest
}
