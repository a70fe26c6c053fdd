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
	return u.respond(op, u.apply(c))
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

// chunkSize is how many points the server changes at a time. A missing point
// stops the work after its chunk; what has been changed stays changed.
const chunkSize = 32

// modify changes the selected points. An id without a point is an error.
func (c *collection) modify(sel selector, change func(*point) (*point, error)) error {
	ids := sel.ids
	if sel.filter != nil {
		ids = c.matching(sel.filter)
	}
	for len(ids) > 0 {
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
