package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// Upsert replaces whole points: payload keys and named vectors that the request
// leaves out are gone. Of two points with one id, the last wins.
func (v pointsService) Upsert(ctx context.Context, r *qdrant.UpsertPoints) (*qdrant.PointsOperationResponse, error) {
	points, err := parsePoints(r.GetPoints())
	if err != nil {
		return nil, err
	}
	condition, err := compileFilter(r.GetUpdateFilter())
	if err != nil {
		return nil, err
	}
	return v.s.update(ctx, update{
		collection: r.GetCollectionName(),
		wait:       r.GetWait(),
		need:       needWrite,
		early: func(c *collection) error {
			if err := c.checkBatch(len(points), "upsert limit"); err != nil {
				return err
			}
			for _, p := range points {
				if err := c.checkDimension(p.vectors); err != nil {
					return err
				}
			}
			return nil
		},
		touches: func(*collection) []pointID { return idsOf(points) },
		apply:   func(c *collection) error { return c.upsert(points, condition, r.GetUpdateMode()) },
	})
}

func parsePoints(from []*qdrant.PointStruct) ([]*point, error) {
	out := make([]*point, 0, len(from))
	for _, p := range from {
		if p.GetVectors() == nil {
			return nil, malformed("Expected some vectors")
		}
		vectors, err := parseVectors(p.GetVectors())
		if err != nil {
			return nil, err
		}
		if p.GetId() == nil {
			return nil, malformed("Empty ID is not allowed")
		}
		id, err := parseID(p.GetId())
		if err != nil {
			return nil, err
		}
		out = append(out, &point{id: id, vectors: vectors, payload: p.GetPayload()})
	}
	return out, nil
}

func idsOf(points []*point) []pointID {
	out := make([]pointID, 0, len(points))
	for _, p := range points {
		out = append(out, p.id)
	}
	return out
}

// upsert checks all points before it stores the first. The server does not: when
// one point names an unknown vector, any of the others may have been stored.
func (c *collection) upsert(points []*point, condition *filter, mode qdrant.UpdateMode) error {
	accepted := make([]*point, 0, len(points))
	for _, p := range points {
		if !c.accepts(p.id, condition, mode) {
			continue
		}
		vectors, err := c.stored(p.vectors)
		if err != nil {
			return err
		}
		accepted = append(accepted, &point{id: p.id, vectors: vectors, payload: p.payload})
	}
	for _, p := range accepted {
		c.put(p)
	}
	return nil
}

// accepts decides a conditional upsert: what it excludes is dropped silently.
// A mode the server does not know counts as a plain upsert.
func (c *collection) accepts(id pointID, condition *filter, mode qdrant.UpdateMode) bool {
	existing, exists := c.points[id]
	matches := exists && condition.matches(c.scope(existing))
	switch mode {
	case qdrant.UpdateMode_InsertOnly:
		return !exists
	case qdrant.UpdateMode_UpdateOnly:
		return matches
	}
	return !exists || matches
}

// Delete by id is content with ids that do not exist.
func (v pointsService) Delete(ctx context.Context, r *qdrant.DeletePoints) (*qdrant.PointsOperationResponse, error) {
	sel, err := parseSelector(r.GetPoints(), "PointSelector is missing")
	if err != nil {
		return nil, err
	}
	return v.s.update(ctx, update{
		collection: r.GetCollectionName(),
		wait:       r.GetWait(),
		need:       needWrite,
		early:      func(c *collection) error { return c.checkFilteredUpdate(sel.filter) },
		touches:    sel.selected,
		apply: func(c *collection) error {
			for _, id := range sel.selected(c) {
				c.drop(id)
			}
			return nil
		},
	})
}
