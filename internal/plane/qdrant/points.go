package qdrant

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// points asks each shared collection whose points it holds, in two calls however many tenants there are. Neither looks at the
// points themselves: the index on tenant_id knows its values and how many points each has, and the indexes know which points
// have no value.
func (s *Server) points(ctx context.Context, o *vector.Observed) (map[string]vector.Points, error) {
	out := map[string]vector.Points{}
	for _, name := range s.judge.Countable(o.Collections) {
		p, err := s.pointsOf(ctx, name)
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, s.fault(err, "look whose the points of collection %s are", name)
		}
		out[name] = p
	}
	return out, nil
}

func (s *Server) pointsOf(ctx context.Context, collection string) (vector.Points, error) {
	p := vector.Points{Tenants: map[string]uint64{}}
	values, err := s.calls.points.Facet(ctx, &pb.FacetCounts{
		CollectionName: collection, Key: vector.TenantField, Limit: pb.PtrOf(uint64(vector.MaxTenantsSeen)), Exact: pb.PtrOf(false),
	})
	if err != nil {
		return p, err
	}
	for _, h := range values.GetHits() {
		p.Tenants[h.GetValue().GetStringValue()] = h.GetCount()
	}
	unmarked, err := s.calls.points.Scroll(ctx, &pb.ScrollPoints{
		CollectionName: collection, Limit: pb.PtrOf(uint32(vector.MaxUnmarkedSeen)), WithPayload: pb.NewWithPayload(false),
		Filter: &pb.Filter{Should: []*pb.Condition{pb.NewIsEmpty(vector.TenantField), pb.NewIsEmpty(vector.CorpusField)}},
	})
	p.Unmarked = len(unmarked.GetResult())
	return p, err
}
