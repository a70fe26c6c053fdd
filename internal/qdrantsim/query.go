package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// Query answers one universal query.
func (v pointsService) Query(ctx context.Context, r *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	result, err := v.s.runQuery(ctx, r)
	return answer(&qdrant.QueryResponse{Result: result}, err)
}

// QueryBatch answers each query as Query would, against the outer collection.
// One that is refused refuses them all.
func (v pointsService) QueryBatch(ctx context.Context, r *qdrant.QueryBatchPoints) (*qdrant.QueryBatchResponse, error) {
	queries := make([]*universalQuery, 0, len(r.GetQueryPoints()))
	for _, item := range r.GetQueryPoints() {
		q, err := parseQuery(item)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	results, err := v.s.answerAll(ctx, r.GetCollectionName(), queries, (*universalQuery).checkStrict)
	if err != nil {
		return nil, err
	}
	out := &qdrant.QueryBatchResponse{}
	for _, result := range results {
		out.Result = append(out.Result, &qdrant.BatchResult{Result: result})
	}
	return out, nil
}

// runQuery answers one universal query against r's collection, in the server's
// order of refusals: conversion, right to read, missing collection, all of
// strict mode, then whatever is wrong with the query itself. Points are shown
// as r's with_payload and with_vectors say, after offset, at most limit of them.
func (s *Server) runQuery(ctx context.Context, r *qdrant.QueryPoints) ([]*qdrant.ScoredPoint, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	results, err := s.answerAll(ctx, r.GetCollectionName(), []*universalQuery{q}, (*universalQuery).checkStrict)
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// answerAll asks for rights and strict mode on all queries before it answers the first.
func (s *Server) answerAll(
	ctx context.Context, name string, queries []*universalQuery, check func(*universalQuery, *collection) error,
) (out [][]*qdrant.ScoredPoint, err error) {
	err = s.view(ctx, name, needRead, func(c *collection) error {
		for _, q := range queries {
			if err := check(q, c); err != nil {
				return err
			}
		}
		for _, q := range queries {
			if err := q.checkLookups(ctx); err != nil {
				return err
			}
		}
		for _, q := range queries {
			hits, err := s.store.run(c, q)
			if err != nil {
				return err
			}
			out = append(out, q.show(hits))
		}
		return nil
	})
	return out, err
}

// checkLookups: any access at all to a lookup collection is enough.
func (q *universalQuery) checkLookups(ctx context.Context) error {
	return q.walk(func(l *level) error {
		if l.lookup == nil {
			return nil
		}
		return accessOf(ctx).collection(l.lookup.collection, needRead)
	})
}

func (q *universalQuery) show(hits []hit) []*qdrant.ScoredPoint {
	var out []*qdrant.ScoredPoint
	for _, h := range hits {
		p := q.shown.scored(h.point, h.score)
		p.OrderValue = h.order.proto()
		out = append(out, p)
	}
	return out
}
