package qdrantsim

import (
	"context"
	"maps"

	"github.com/qdrant/go-client/qdrant"
)

// UpdateVectors replaces the named vectors and leaves the others. Points that
// exist and do not match update_filter are skipped in silence, while a missing
// point is an error: who may ask can tell the two apart.
func (v pointsService) UpdateVectors(ctx context.Context, r *qdrant.UpdatePointVectors) (*qdrant.PointsOperationResponse, error) {
	ids, changes, err := parsePointVectors(r.GetPoints())
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
		early:      func(c *collection) error { return c.checkBatch(len(r.GetPoints()), "update limit") },
		touches:    func(*collection) []pointID { return ids },
		apply: func(c *collection) error {
			return c.modify(selector{ids: ids}, func(p *point) (*point, error) {
				if !condition.matches(c.scope(p)) {
					return p, nil
				}
				fresh, err := c.stored(changes[p.id])
				if err != nil {
					return nil, err
				}
				vectors := maps.Clone(p.vectors)
				maps.Copy(vectors, fresh)
				return &point{id: p.id, vectors: vectors, payload: p.payload}, nil
			})
		},
	})
}

// parsePointVectors merges what the request says about one id.
func parsePointVectors(from []*qdrant.PointVectors) ([]pointID, map[pointID]map[string]vector, error) {
	var ids []pointID
	out := map[pointID]map[string]vector{}
	for _, p := range from {
		if p.GetId() == nil {
			return nil, nil, malformed("id is expected")
		}
		id, err := parseID(p.GetId())
		if err != nil {
			return nil, nil, err
		}
		if p.GetVectors() == nil {
			return nil, nil, malformed("vectors is expected")
		}
		vectors, err := parseVectors(p.GetVectors())
		if err != nil {
			return nil, nil, err
		}
		if out[id] == nil {
			out[id] = map[string]vector{}
			ids = append(ids, id)
		}
		maps.Copy(out[id], vectors)
	}
	return ids, out, nil
}

// DeleteVectors removes named vectors; the points stay.
func (v pointsService) DeleteVectors(ctx context.Context, r *qdrant.DeletePointVectors) (*qdrant.PointsOperationResponse, error) {
	sel, err := parseSelector(r.GetPointsSelector(), selectorMissing)
	if err != nil {
		return nil, err
	}
	if r.GetVectors() == nil {
		return nil, malformed("vectors is expected")
	}
	return v.s.update(ctx, update{
		collection: r.GetCollectionName(),
		wait:       r.GetWait(),
		need:       needWrite,
		early:      func(c *collection) error { return c.checkFilteredUpdate(sel.filter) },
		touches:    sel.selected,
		apply: func(c *collection) error {
			return c.deleteVectors(sel, r.GetVectors().GetNames())
		},
	})
}

func (c *collection) deleteVectors(sel selector, names []string) error {
	for _, name := range names {
		if _, sparse := c.sparseParams(name); !sparse && c.denseParams(name) == nil {
			return noSuchVector(name)
		}
	}
	return c.modify(sel, func(p *point) (*point, error) {
		vectors := maps.Clone(p.vectors)
		for _, name := range names {
			delete(vectors, name)
		}
		return &point{id: p.id, vectors: vectors, payload: p.payload}, nil
	})
}
