package qdrant

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// CountPoints counts the points of one corpus, exactly. A collection that does not stand has none.
func (s *Server) CountPoints(ctx context.Context, c boundary.Corpus) (int64, error) {
	n, err := s.count(ctx, c)
	if missing(err) {
		return 0, nil
	}
	return n, s.fault(err, "count the points of corpus %s in collection %s", c.Name, c.Collection)
}

func (s *Server) count(ctx context.Context, c boundary.Corpus) (int64, error) {
	if c.Pattern == boundary.Shared {
		return s.countShared(ctx, c)
	}
	r, err := s.calls.points.Count(ctx, &pb.CountPoints{CollectionName: c.Collection, Exact: pb.PtrOf(true)})
	return int64(r.GetResult().GetCount()), err
}

// countShared asks for a facet: the strict mode of shared collections refuses exact counts, because it refuses all exact
// searches, and an approximate one would be computed from other tenants' points.
func (s *Server) countShared(ctx context.Context, c boundary.Corpus) (int64, error) {
	r, err := s.calls.points.Facet(ctx, &pb.FacetCounts{
		CollectionName: c.Collection, Key: vector.TenantField, Limit: pb.PtrOf(uint64(1)), Exact: pb.PtrOf(true),
		Filter: &pb.Filter{Must: []*pb.Condition{
			pb.NewMatchKeyword(vector.TenantField, c.TenantID), pb.NewMatchKeyword(vector.CorpusField, c.UID),
		}},
	})
	if err != nil || len(r.GetHits()) == 0 {
		return 0, err
	}
	return int64(r.GetHits()[0].GetCount()), nil
}
