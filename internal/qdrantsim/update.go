package qdrantsim

import (
	"cmp"
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// pointsService is qdrant.Points.
type pointsService struct {
	qdrant.UnimplementedPointsServer
	s *Server
}

// update is one write to a collection, in the server's stages: early checks
// that anyone who may see the collection gets an answer to, then the right to
// write, then the change.
type update struct {
	collection string
	wait       bool
	need       need
	early      func(*collection) error // strict mode and dimensions; may be nil
	apply      func(*collection) error // the change; its failure is silent unless waited for
	// touches lists the points that the change selects, right before it.
	touches func(*collection) []pointID
}

func (s *Server) update(ctx context.Context, u update) (*qdrant.PointsOperationResponse, error) {
	if err := accessOf(ctx).collection(u.collection, needRead); err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	c, err := s.store.resolve(u.collection)
	if err != nil {
		return nil, err
	}
	if u.early != nil {
		if err := u.early(c); err != nil {
			return nil, err
		}
	}
	if err := accessOf(ctx).collection(u.collection, u.need); err != nil {
		return nil, err
	}
	op := c.operation()
	change := func() error {
		touched(ctx, c, u.touches(c))
		return u.apply(c)
	}
	if !u.wait && s.faults.defers(c, func() { _ = change() }) {
		touched(ctx, c, u.touches(c)) // as things are now: the record does not wait
		return u.respond(op, nil)
	}
	s.faults.drain(c) // earlier writes come first
	return u.respond(op, change())
}

// respond: a write that is not waited for is acknowledged whatever becomes of it.
func (u update) respond(op uint64, err error) (*qdrant.PointsOperationResponse, error) {
	result := &qdrant.UpdateResult{OperationId: &op, Status: qdrant.UpdateStatus_Acknowledged}
	if u.wait {
		result.Status = qdrant.UpdateStatus_Completed
		return answer(&qdrant.PointsOperationResponse{Result: result}, err)
	}
	return &qdrant.PointsOperationResponse{Result: result}, nil
}

// selector is which points a write is for: ids, or a filter.
type selector struct {
	ids    []pointID
	filter *filter
}

func parseSelector(sel *qdrant.PointsSelector, missing string) (selector, error) {
	switch o := sel.GetPointsSelectorOneOf().(type) {
	case *qdrant.PointsSelector_Points:
		ids, err := parseIDs(o.Points.GetIds())
		return selector{ids: ids}, err
	case *qdrant.PointsSelector_Filter:
		f, err := compileFilter(o.Filter)
		if f == nil {
			f = &filter{}
		}
		return selector{filter: f}, err
	}
	if sel != nil {
		return selector{}, malformed("Malformed PointsSelector type")
	}
	return selector{}, malformed("%s", missing)
}

// selected lists the points a selector is for; ids need not exist.
func (sel selector) selected(c *collection) []pointID {
	if sel.filter != nil {
		return c.matching(sel.filter)
	}
	return sel.ids
}

// chunkSize is how many points the server changes at a time. A missing point
// stops the work after its chunk; what has been changed stays changed.
const chunkSize = 32

// modify changes the selected points. An id without a point is an error.
func (c *collection) modify(sel selector, change func(*point) (*point, error)) error {
	for ids := sel.selected(c); len(ids) > 0; {
		n := min(chunkSize, len(ids))
		if err := c.modifyChunk(ids[:n], change); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (c *collection) modifyChunk(ids []pointID, change func(*point) (*point, error)) error {
	var missing error
	for _, id := range ids {
		p, ok := c.points[id]
		if !ok {
			missing = cmp.Or(missing, pointMissing(id))
			continue
		}
		next, err := change(p)
		if err != nil {
			return err
		}
		c.points[id] = next
	}
	return missing
}
