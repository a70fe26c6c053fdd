package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
)

// valueCheck looks at one value that is not an array.
type valueCheck func(v *qdrant.Value) bool

// fieldCondition is a condition on a payload key. Several checks in one field
// condition are alternatives, and values_count, is_empty and is_null silence
// the others: the server behaves so, and a scoping layer must know it.
type fieldCondition struct {
	path    jsonPath
	match   *matcher
	ranges  *valueRange
	count   *qdrant.ValuesCount
	isEmpty *bool
	isNull  *bool
	uses    []indexUse
	listed  uint64 // values in a list to match
}

func compileField(f *qdrant.FieldCondition) (condition, error) {
	if f.GetGeoBoundingBox() != nil || f.GetGeoRadius() != nil || f.GetGeoPolygon() != nil {
		return nil, unsupported("geo conditions")
	}
	path, err := parsePath(f.GetKey())
	if err != nil {
		return nil, err
	}
	c := fieldCondition{path: path, count: f.GetValuesCount(), isEmpty: f.IsEmpty, isNull: f.IsNull}
	if f.GetMatch() != nil {
		if c.match, err = compileMatch(f.GetMatch()); err != nil {
			return nil, err
		}
		c.uses, c.listed = append(c.uses, c.match.uses...), listedIn(f.GetMatch())
	}
	switch {
	case f.GetRange() != nil: // counts before a datetime range
		c.ranges = &valueRange{number: f.GetRange()}
	case f.GetDatetimeRange() != nil:
		c.ranges = &valueRange{date: f.GetDatetimeRange()}
	}
	if c.ranges != nil {
		c.uses = append(c.uses, c.ranges.uses()...)
	}
	if c.count != nil || c.isEmpty != nil || c.isNull != nil {
		c.uses = append(c.uses, anyIndex...)
	}
	return c, nil
}

// listedIn counts the values of "any of" and "none of"; other matches count as none, however long.
func listedIn(m *qdrant.Match) uint64 {
	switch o := m.GetMatchValue().(type) {
	case *qdrant.Match_Keywords:
		return uint64(len(o.Keywords.GetStrings()))
	case *qdrant.Match_Integers:
		return uint64(len(o.Integers.GetIntegers()))
	case *qdrant.Match_ExceptKeywords:
		return uint64(len(o.ExceptKeywords.GetStrings()))
	case *qdrant.Match_ExceptIntegers:
		return uint64(len(o.ExceptIntegers.GetIntegers()))
	}
	return 0
}

func (c fieldCondition) require(prefix *jsonPath, report func(jsonPath, []indexUse)) {
	if len(c.uses) > 0 {
		report(c.path.under(prefix), c.uses)
	}
}

func (c fieldCondition) matches(s scope) bool {
	values := c.path.get(s.payload)
	if len(values) == 0 {
		return c.matchesMissing()
	}
	index := s.indexes[c.path.String()]
	for _, v := range values {
		if c.matchesValue(v, index) {
			return true
		}
	}
	return false
}

func (c fieldCondition) matchesMissing() bool {
	switch {
	case c.count != nil:
		return inCount(c.count, 0)
	case c.isEmpty != nil:
		return *c.isEmpty
	case c.isNull != nil:
		return !*c.isNull
	}
	return false
}

func (c fieldCondition) matchesValue(v *qdrant.Value, index *fieldIndex) bool {
	list, isList := v.GetKind().(*qdrant.Value_ListValue)
	var elements []*qdrant.Value
	if isList {
		elements = list.ListValue.GetValues()
	}
	switch {
	case c.count != nil:
		return inCount(c.count, valueCount(v))
	case c.isEmpty != nil:
		return *c.isEmpty == (isNull(v) || isList && len(elements) == 0)
	case c.isNull != nil:
		return *c.isNull == (isNull(v) || isList && hasNull(elements))
	case !isList:
		return c.matchesScalar(v, index)
	}
	for _, e := range elements {
		if c.matchesScalar(e, index) {
			return true
		}
	}
	return false
}

func (c fieldCondition) matchesScalar(v *qdrant.Value, index *fieldIndex) bool {
	return c.match != nil && c.match.matches(v, index) || c.ranges != nil && c.ranges.matches(v, index)
}

func hasNull(values []*qdrant.Value) bool {
	for _, v := range values {
		if isNull(v) {
			return true
		}
	}
	return false
}

// valueCount: an array has as many values as elements, null none, the rest one.
func valueCount(v *qdrant.Value) uint64 {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_ListValue:
		return uint64(len(k.ListValue.GetValues()))
	case nil, *qdrant.Value_NullValue:
		return 0
	}
	return 1
}

func inCount(c *qdrant.ValuesCount, n uint64) bool {
	return (c.Lt == nil || n < *c.Lt) && (c.Gt == nil || n > *c.Gt) &&
		(c.Lte == nil || n <= *c.Lte) && (c.Gte == nil || n >= *c.Gte)
}
