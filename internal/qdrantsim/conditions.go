package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
)

// isEmptyCondition: missing, null, or an empty array.
type isEmptyCondition struct{ path jsonPath }

func (c isEmptyCondition) matches(s scope) bool {
	for _, v := range c.path.get(s.payload) {
		list, isList := v.GetKind().(*qdrant.Value_ListValue)
		if !isNull(v) && (!isList || len(list.ListValue.GetValues()) > 0) {
			return false
		}
	}
	return true
}

func (c isEmptyCondition) require(prefix *jsonPath, report func(jsonPath, []indexUse)) {
	report(c.path.under(prefix), anyIndex)
}

// isNullCondition: present, and null. With an index on the field, an array that
// has a null counts too.
type isNullCondition struct{ path jsonPath }

func (c isNullCondition) matches(s scope) bool {
	_, indexed := s.indexes[c.path.String()]
	for _, v := range c.path.get(s.payload) {
		if isNull(v) || indexed && hasNull(v.GetListValue().GetValues()) {
			return true
		}
	}
	return false
}

func (c isNullCondition) require(prefix *jsonPath, report func(jsonPath, []indexUse)) {
	report(c.path.under(prefix), anyIndex)
}

type hasIDCondition map[pointID]bool

func compileHasID(ids []*qdrant.PointId) (condition, error) {
	parsed, err := parseIDs(ids)
	set := hasIDCondition{}
	for _, id := range parsed {
		set[id] = true
	}
	return set, err
}

func (c hasIDCondition) matches(s scope) bool { return s.point != nil && c[s.point.id] }

func (hasIDCondition) require(*jsonPath, func(jsonPath, []indexUse)) {}

type hasVectorCondition string

func (c hasVectorCondition) matches(s scope) bool {
	if s.point == nil {
		return false
	}
	_, ok := s.point.vectors[string(c)]
	return ok
}

func (hasVectorCondition) require(*jsonPath, func(jsonPath, []indexUse)) {}

// nestedCondition matches when one element of an array of objects satisfies the
// whole filter.
type nestedCondition struct {
	path   jsonPath
	filter *filter
}

func compileNested(n *qdrant.NestedCondition) (condition, error) {
	if n.GetFilter() == nil {
		return nil, malformed("Nested condition must have a filter")
	}
	p, err := parsePath(n.GetKey())
	if err != nil {
		return nil, err
	}
	f, err := compileFilter(n.GetFilter())
	return nestedCondition{p.array(), f}, err
}

func (c nestedCondition) matches(s scope) bool {
	for _, v := range c.path.get(s.payload) {
		if object := v.GetStructValue(); object != nil && c.filter.matches(scope{payload: object.GetFields()}) {
			return true
		}
	}
	return false
}

func (c nestedCondition) require(prefix *jsonPath, report func(jsonPath, []indexUse)) {
	path := c.path.under(prefix)
	c.filter.require(&path, report)
}
