package qdrantsim

import (
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

const defaultLimit = 10

// Get keeps the order asked for, skips what is missing, and answers a repeated
// id once. Its payload is off by default, whatever the API's comment says.
func (v pointsService) Get(ctx context.Context, r *qdrant.GetPoints) (*qdrant.GetResponse, error) {
	ids, err := parseIDs(r.GetIds())
	if err != nil {
		return nil, err
	}
	shown, err := parseShown(r.GetWithPayload(), false, r.GetWithVectors())
	if err != nil {
		return nil, err
	}
	out := &qdrant.GetResponse{}
	err = v.s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		seen := map[pointID]bool{}
		for _, id := range ids {
			if p, ok := c.points[id]; ok && !seen[id] {
				out.Result = append(out.Result, shown.retrieved(p))
			}
			seen[id] = true
		}
		return nil
	})
	return answer(out, err)
}

// Scroll pages by id, the offset being the first id of the page; or it orders by
// a field, without pages.
func (v pointsService) Scroll(ctx context.Context, r *qdrant.ScrollPoints) (*qdrant.ScrollResponse, error) {
	var from *pointID
	if r.GetOffset() != nil {
		id, err := parseID(r.GetOffset())
		if err != nil {
			return nil, err
		}
		from = &id
	}
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	shown, err := parseShown(r.GetWithPayload(), true, r.GetWithVectors())
	if err != nil {
		return nil, err
	}
	limit := uint64(defaultLimit)
	if r.Limit != nil {
		limit = uint64(r.GetLimit())
	}
	if r.GetOrderBy() != nil {
		return v.s.scrollOrdered(ctx, r, f, shown, limit)
	}
	out := &qdrant.ScrollResponse{}
	err = v.s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		if err := c.checkRead(f, optionalLimit(r.Limit)); err != nil {
			return err
		}
		page, next := c.page(f, from, limit)
		for _, p := range page {
			out.Result = append(out.Result, shown.retrieved(p))
		}
		if next != nil {
			out.NextPageOffset = next.proto()
		}
		return nil
	})
	return answer(out, err)
}

func optionalLimit(limit *uint32) *uint64 {
	if limit == nil {
		return nil
	}
	n := uint64(*limit)
	return &n
}

// page is up to limit matching points from an id on, and the id that follows.
func (c *collection) page(f *filter, from *pointID, limit uint64) (page []*point, next *pointID) {
	start := 0
	if from != nil {
		start, _ = slices.BinarySearchFunc(c.order, *from, compareIDs)
	}
	for _, id := range c.order[start:] {
		p := c.points[id]
		if !f.matches(c.scope(p)) {
			continue
		}
		if uint64(len(page)) == limit {
			return page, &p.id
		}
		page = append(page, p)
	}
	return page, nil
}

// Count counts, or estimates where exactness is declined: see estimator. Asking
// for exactness is what strict mode may refuse.
func (v pointsService) Count(ctx context.Context, r *qdrant.CountPoints) (*qdrant.CountResponse, error) {
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	out := &qdrant.CountResponse{}
	err = v.s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		if err := c.checkRead(f, nil); err != nil {
			return err
		}
		exact := r.Exact == nil || r.GetExact()
		if err := c.checkExact(exact); err != nil {
			return err
		}
		n := uint64(len(c.matching(f)))
		if !exact {
			n = estimator{c}.count(f)
		}
		out.Result = &qdrant.CountResult{Count: n}
		return nil
	})
	return answer(out, err)
}

// shown is what of a point an answer carries.
type shown struct {
	payload payloadView
	vectors vectorsView
}

func parseShown(p *qdrant.WithPayloadSelector, payloadByDefault bool, v *qdrant.WithVectorsSelector) (shown, error) {
	view, err := parsePayloadView(p, payloadByDefault)
	return shown{payload: view, vectors: parseVectorsView(v)}, err
}

func (w shown) retrieved(p *point) *qdrant.RetrievedPoint {
	return &qdrant.RetrievedPoint{Id: p.id.proto(), Payload: w.payload.of(p.payload), Vectors: w.vectors.of(p)}
}

func (w shown) scored(p *point, score float32) *qdrant.ScoredPoint {
	return &qdrant.ScoredPoint{Id: p.id.proto(), Score: score, Payload: w.payload.of(p.payload), Vectors: w.vectors.of(p)}
}
