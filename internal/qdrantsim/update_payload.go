package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// onPayload is the common shape of the payload operations.
func (v pointsService) onPayload(ctx context.Context, name string, wait bool, sel selector, change func(payload) payload) (*qdrant.PointsOperationResponse, error) {
	return v.s.update(ctx, update{
		collection: name,
		wait:       wait,
		need:       needWrite,
		early:      func(c *collection) error { return c.checkFilteredUpdate(sel.filter) },
		touches:    sel.selected,
		apply: func(c *collection) error {
			return c.modify(sel, func(p *point) (*point, error) {
				return &point{id: p.id, vectors: p.vectors, payload: change(p.payload)}, nil
			})
		},
	})
}

const selectorMissing = "points_selector is expected"

// SetPayload merges keys, at the top or at a path; a null removes its key.
func (v pointsService) SetPayload(ctx context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	var at *jsonPath
	if r.Key != nil {
		path, err := parsePath(r.GetKey())
		if err != nil {
			return nil, err
		}
		at = &path
	}
	sel, err := parseSelector(r.GetPointsSelector(), selectorMissing)
	if err != nil {
		return nil, err
	}
	return v.onPayload(ctx, r.GetCollectionName(), r.GetWait(), sel,
		func(p payload) payload { return p.mergedAt(at, r.GetPayload()) })
}

// OverwritePayload replaces the whole payload; a path is ignored.
func (v pointsService) OverwritePayload(ctx context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	sel, err := parseSelector(r.GetPointsSelector(), selectorMissing)
	if err != nil {
		return nil, err
	}
	return v.onPayload(ctx, r.GetCollectionName(), r.GetWait(), sel,
		func(payload) payload { return r.GetPayload() })
}

// DeletePayload removes the values at JSON paths.
func (v pointsService) DeletePayload(ctx context.Context, r *qdrant.DeletePayloadPoints) (*qdrant.PointsOperationResponse, error) {
	paths, err := parsePaths(r.GetKeys())
	if err != nil {
		return nil, err
	}
	sel, err := parseSelector(r.GetPointsSelector(), selectorMissing)
	if err != nil {
		return nil, err
	}
	return v.onPayload(ctx, r.GetCollectionName(), r.GetWait(), sel,
		func(p payload) payload { return p.without(paths) })
}

// ClearPayload removes everything; the point stays.
func (v pointsService) ClearPayload(ctx context.Context, r *qdrant.ClearPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	sel, err := parseSelector(r.GetPoints(), "PointSelector is missing")
	if err != nil {
		return nil, err
	}
	return v.onPayload(ctx, r.GetCollectionName(), r.GetWait(), sel,
		func(payload) payload { return nil })
}
