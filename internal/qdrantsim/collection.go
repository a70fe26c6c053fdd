package qdrantsim

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// collection is one collection: its resolved configuration and its points.
type collection struct {
	name    string
	config  *qdrant.CollectionConfig
	indexes map[string]*fieldIndex // by the canonical spelling of the path
	points  map[pointID]*point
	order   []pointID // ascending
	nextOp  uint64
}

// point is one stored point. Its maps are replaced, never changed.
type point struct {
	id      pointID
	vectors map[string]vector
	payload payload
}

// vector is a dense vector, a sparse one with ascending indices, or a
// multivector: several dense ones of one size.
type vector struct {
	dense   []float32
	multi   [][]float32
	indices []uint32
	values  []float32
	sparse  bool
}

func newCollection(name string, config *qdrant.CollectionConfig) *collection {
	return &collection{
		name:    name,
		config:  config,
		indexes: map[string]*fieldIndex{},
		points:  map[pointID]*point{},
	}
}

func (c *collection) scope(p *point) scope {
	return scope{point: p, payload: p.payload, indexes: c.indexes}
}

// denseParams finds the parameters of a dense vector; "" is the unnamed one.
func (c *collection) denseParams(name string) *qdrant.VectorParams {
	vectors := c.config.GetParams().GetVectorsConfig()
	if p := vectors.GetParams(); p != nil && name == "" {
		return p
	}
	return vectors.GetParamsMap().GetMap()[name]
}

func (c *collection) sparseParams(name string) (*qdrant.SparseVectorParams, bool) {
	p, ok := c.config.GetParams().GetSparseVectorsConfig().GetMap()[name]
	return p, ok
}

// put stores a point under its id, replacing what was there.
func (c *collection) put(p *point) {
	if _, exists := c.points[p.id]; !exists {
		at, _ := slices.BinarySearchFunc(c.order, p.id, compareIDs)
		c.order = slices.Insert(c.order, at, p.id)
	}
	c.points[p.id] = p
}

func (c *collection) drop(id pointID) {
	if _, exists := c.points[id]; !exists {
		return
	}
	at, _ := slices.BinarySearchFunc(c.order, id, compareIDs)
	c.order = slices.Delete(c.order, at, at+1)
	delete(c.points, id)
}

// matching lists the ids of the points that satisfy f, ascending.
func (c *collection) matching(f *filter) []pointID {
	var out []pointID
	for _, id := range c.order {
		if f.matches(c.scope(c.points[id])) {
			out = append(out, id)
		}
	}
	return out
}

// operation counts one update, as the server's log does.
func (c *collection) operation() uint64 {
	n := c.nextOp
	c.nextOp++
	return n
}
