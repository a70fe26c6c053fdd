package qdrantsim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// orderBy orders points by a payload field with an index of ranges. A point
// comes once for each of its values; one without values does not come.
type orderBy struct {
	path  jsonPath
	desc  bool
	start *orderValue
}

// orderValue is a number; a date is its microseconds.
type orderValue struct {
	isFloat bool
	i       int64
	f       float64
}

func (v orderValue) float() float64 {
	if v.isFloat {
		return v.f
	}
	return float64(v.i)
}

func (v orderValue) compare(w orderValue) int {
	if !v.isFloat && !w.isFloat {
		return cmp.Compare(v.i, w.i)
	}
	return cmp.Compare(v.float(), w.float())
}

func (v *orderValue) proto() *qdrant.OrderValue {
	switch {
	case v == nil:
		return nil
	case v.isFloat:
		return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Float{Float: v.f}}
	}
	return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Int{Int: v.i}}
}

func parseOrderBy(o *qdrant.OrderBy) (*orderBy, error) {
	start, err := parseStart(o.GetStartFrom())
	if err != nil {
		return nil, err
	}
	path, err := parsePath(o.GetKey())
	return &orderBy{path: path, desc: o.GetDirection() == qdrant.Direction_Desc, start: start}, err
}

func parseStart(s *qdrant.StartFrom) (*orderValue, error) {
	switch v := s.GetValue().(type) {
	case *qdrant.StartFrom_Integer:
		return &orderValue{i: v.Integer}, nil
	case *qdrant.StartFrom_Float:
		return &orderValue{isFloat: true, f: v.Float}, nil
	case *qdrant.StartFrom_Timestamp:
		return &orderValue{i: v.Timestamp.AsTime().UnixMicro()}, nil
	case *qdrant.StartFrom_Datetime:
		t, ok := datetime(qdrant.NewValueString(v.Datetime))
		if !ok {
			return nil, malformed("Malformed datetime: %s", v.Datetime)
		}
		return &orderValue{i: t.UnixMicro()}, nil
	}
	return nil, nil
}

func (o *orderBy) leaf(x *execution, _ *level, f *filter, limit uint64) ([]hit, error) {
	return x.c.ordered(o, x.c.matching(f), limit)
}

func (o *orderBy) rescore(x *execution, _ *level, sources [][]hit, limit uint64) ([]hit, error) {
	return x.c.ordered(o, x.c.present(sources), limit)
}

// ordered lists up to limit of the given points in the order of a field; of
// equal values the lesser id comes first, or last when descending.
func (c *collection) ordered(o *orderBy, among []pointID, limit uint64) ([]hit, error) {
	index := c.indexes[o.path.String()]
	if index == nil || !index.ordered() {
		return nil, badInput("No range index for `order_by` key: `%s`. Please create one to use `order_by`. "+
			"Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions", o.path)
	}
	var hits []hit
	for _, id := range among {
		p := c.points[id]
		for _, v := range index.scalars(p.payload) {
			if value, ok := index.orderValue(v); ok && o.includes(value) {
				hits = append(hits, hit{point: p, score: 1, order: &value})
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		by := cmp.Or(a.order.compare(*b.order), compareIDs(a.point.id, b.point.id))
		if o.desc {
			return -by
		}
		return by
	})
	hits = slices.CompactFunc(hits, func(a, b hit) bool { return a.point == b.point && a.order.compare(*b.order) == 0 })
	return hits[:min(limit, uint64(len(hits)))], nil
}

func (o *orderBy) includes(v orderValue) bool {
	switch {
	case o.start == nil:
		return true
	case o.desc:
		return v.compare(*o.start) <= 0
	}
	return v.compare(*o.start) >= 0
}

// ordered says whether the index keeps its values in order.
func (x *fieldIndex) ordered() bool {
	return slices.ContainsFunc(x.uses(), func(u indexUse) bool {
		return u == useIntegerRange || u == useFloatRange || u == useDatetimeRange
	})
}

func (x *fieldIndex) orderValue(v *qdrant.Value) (orderValue, bool) {
	if !x.holds(v) {
		return orderValue{}, false
	}
	switch x.kind {
	case qdrant.PayloadSchemaType_Datetime:
		t, ok := datetime(v)
		return orderValue{i: t.UnixMicro()}, ok
	case qdrant.PayloadSchemaType_Float:
		f, ok := number(v)
		return orderValue{isFloat: true, f: f}, ok
	}
	i, ok := wholeNumber(v)
	return orderValue{i: i}, ok
}

// sample is any points, in any order, others every time.
type sample struct{}

func parseSample(s qdrant.Sample) (scoring, error) {
	if s != qdrant.Sample_Random {
		return nil, malformed("invalid sample type value %d", s)
	}
	return sample{}, nil
}

func (sample) leaf(x *execution, _ *level, f *filter, limit uint64) ([]hit, error) {
	return x.c.sampled(x.c.matching(f), limit), nil
}

func (sample) rescore(x *execution, _ *level, sources [][]hit, limit uint64) ([]hit, error) {
	return x.c.sampled(x.c.present(sources), limit), nil
}

func (c *collection) sampled(among []pointID, limit uint64) []hit {
	rand.Shuffle(len(among), func(i, j int) { among[i], among[j] = among[j], among[i] }) //nolint:gosec // a sample guards nothing
	var hits []hit
	for _, id := range among[:min(limit, uint64(len(among)))] {
		hits = append(hits, hit{point: c.points[id], score: 1})
	}
	return hits
}
