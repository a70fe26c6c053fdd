package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// runAll answers the items of a batch, or a single one, all in one collection
// whatever each of them names. Nothing is answered
// unless every item is well formed and the caller may read the collection.
func runAll[T any](ctx context.Context, s *Server, name string, items []T,
	translate func(T) (*qdrant.QueryPoints, error), check func(T) error,
) ([][]*qdrant.ScoredPoint, error) {
	queries := make([]*universalQuery, 0, len(items))
	for _, item := range items {
		translated, err := translate(item)
		if err != nil {
			return nil, err
		}
		q, err := parseQuery(translated)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	if err := s.view(ctx, name, needRead, func(*collection) error { return nil }); err != nil {
		return nil, err
	}
	for _, item := range items {
		if err := check(item); err != nil {
			return nil, err
		}
	}
	return s.answerAll(ctx, name, queries, func(q *universalQuery, c *collection) error { return q.checkPlain(c) })
}

// first is the only result of a batch of one.
func first(results [][]*qdrant.ScoredPoint) []*qdrant.ScoredPoint {
	if len(results) == 0 {
		return nil
	}
	return results[0]
}

func batchResults(results [][]*qdrant.ScoredPoint) []*qdrant.BatchResult {
	out := make([]*qdrant.BatchResult, 0, len(results))
	for _, r := range results {
		out = append(out, &qdrant.BatchResult{Result: r})
	}
	return out
}

func anySearch(*qdrant.SearchPoints) error { return nil }

// Search finds the points nearest to a vector.
func (v pointsService) Search(ctx context.Context, r *qdrant.SearchPoints) (*qdrant.SearchResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), []*qdrant.SearchPoints{r}, searchAsQuery, anySearch)
	return answer(&qdrant.SearchResponse{Result: first(results)}, err)
}

// SearchBatch answers each search against the outer collection.
func (v pointsService) SearchBatch(ctx context.Context, r *qdrant.SearchBatchPoints) (*qdrant.SearchBatchResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), r.GetSearchPoints(), searchAsQuery, anySearch)
	return answer(&qdrant.SearchBatchResponse{Result: batchResults(results)}, err)
}

// Recommend finds points near the positive examples and far from the negative.
func (v pointsService) Recommend(ctx context.Context, r *qdrant.RecommendPoints) (*qdrant.RecommendResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), []*qdrant.RecommendPoints{r}, recommendAsQuery, enoughExamples)
	return answer(&qdrant.RecommendResponse{Result: first(results)}, err)
}

// RecommendBatch answers each recommendation against the outer collection.
func (v pointsService) RecommendBatch(ctx context.Context, r *qdrant.RecommendBatchPoints) (*qdrant.RecommendBatchResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), r.GetRecommendPoints(), recommendAsQuery, enoughExamples)
	return answer(&qdrant.RecommendBatchResponse{Result: batchResults(results)}, err)
}

// enoughExamples: an average needs something positive, the other strategies
// anything at all.
func enoughExamples(r *qdrant.RecommendPoints) error {
	positive := len(r.GetPositive()) + len(r.GetPositiveVectors())
	negative := len(r.GetNegative()) + len(r.GetNegativeVectors())
	average := r.GetStrategy() == qdrant.RecommendStrategy_AverageVector
	switch {
	case average && positive == 0:
		return badRequest("At least one positive vector ID required with this strategy")
	case positive+negative == 0:
		return badRequest("At least one positive or negative vector ID required with this strategy")
	}
	return nil
}

// Discover searches near a target within a context, or by the context alone.
func (v pointsService) Discover(ctx context.Context, r *qdrant.DiscoverPoints) (*qdrant.DiscoverResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), []*qdrant.DiscoverPoints{r}, discoverAsQuery, someTarget)
	return answer(&qdrant.DiscoverResponse{Result: first(results)}, err)
}

// DiscoverBatch answers each discovery against the outer collection.
func (v pointsService) DiscoverBatch(ctx context.Context, r *qdrant.DiscoverBatchPoints) (*qdrant.DiscoverBatchResponse, error) {
	results, err := runAll(ctx, v.s, r.GetCollectionName(), r.GetDiscoverPoints(), discoverAsQuery, someTarget)
	return answer(&qdrant.DiscoverBatchResponse{Result: batchResults(results)}, err)
}

func someTarget(r *qdrant.DiscoverPoints) error {
	if r.GetTarget() == nil && len(r.GetContext()) == 0 {
		return badRequest("target and/or context_pairs must be specified")
	}
	return nil
}
