package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// scrollOrdered answers a scroll with order_by: a point comes once for each of
// its values, there may be no offset, and there is no next page. First it finds
// values and ids, then it fetches the points by id alone.
func (s *Server) scrollOrdered(ctx context.Context, r *qdrant.ScrollPoints, f *filter, view shown, limit uint64) (*qdrant.ScrollResponse, error) {
	order, err := parseOrderBy(r.GetOrderBy())
	if err != nil {
		return nil, err
	}
	var hits []hit
	err = s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		if err := c.checkRead(f, optionalLimit(r.Limit)); err != nil {
			return err
		}
		if r.GetOffset() != nil {
			return badInput("Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` " +
				"and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value")
		}
		var err error
		hits, err = c.ordered(order, c.matching(f), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.betweenPhases("/qdrant.Points/Scroll")
	out := &qdrant.ScrollResponse{}
	err = s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		for _, h := range hits {
			p, ok := c.points[h.point.id]
			if !ok {
				continue
			}
			shown := view.retrieved(p)
			shown.OrderValue = h.order.proto()
			out.Result = append(out.Result, shown)
		}
		return nil
	})
	return answer(out, err)
}
