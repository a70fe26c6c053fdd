package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
)

// scope is what a condition looks at: a point, or inside a nested condition an
// object of its payload, where ids and vectors do not exist.
type scope struct {
	point   *point // nil inside a nested condition
	payload payload
	indexes map[string]*fieldIndex
}

// condition is one compiled condition of a filter.
type condition interface {
	matches(scope) bool
	// require reports the payload keys the condition reads, and which kinds of
	// index would serve it, for strict mode.
	require(prefix *jsonPath, report func(jsonPath, []indexUse))
}

// filter is a compiled filter. A nil group does not constrain.
type filter struct {
	must, should, mustNot []condition
	minShould             *minShould
}

type minShould struct {
	conditions []condition
	count      uint64
}

// compileFilter drops conditions whose oneof is unset, as the server does: a
// client that forgets to set one gets an unfiltered answer. A nil filter is nil.
func compileFilter(f *qdrant.Filter) (*filter, error) {
	if f == nil {
		return nil, nil
	}
	out := &filter{}
	for _, g := range []struct {
		from []*qdrant.Condition
		into *[]condition
	}{{f.GetMust(), &out.must}, {f.GetShould(), &out.should}, {f.GetMustNot(), &out.mustNot}} {
		conds, err := compileConditions(g.from)
		if err != nil {
			return nil, err
		}
		*g.into = conds
	}
	if m := f.GetMinShould(); m != nil {
		conds, err := compileConditions(m.GetConditions())
		if err != nil {
			return nil, err
		}
		out.minShould = &minShould{conds, m.GetMinCount()}
	}
	return out, nil
}

func compileConditions(from []*qdrant.Condition) ([]condition, error) {
	var out []condition
	for _, c := range from {
		compiled, err := compileCondition(c)
		if err != nil {
			return nil, err
		}
		if compiled != nil {
			out = append(out, compiled)
		}
	}
	return out, nil
}

func compileCondition(c *qdrant.Condition) (condition, error) {
	switch o := c.GetConditionOneOf().(type) {
	case *qdrant.Condition_Field:
		return compileField(o.Field)
	case *qdrant.Condition_IsEmpty:
		p, err := parsePath(o.IsEmpty.GetKey())
		return isEmptyCondition{p}, err
	case *qdrant.Condition_IsNull:
		p, err := parsePath(o.IsNull.GetKey())
		return isNullCondition{p}, err
	case *qdrant.Condition_HasId:
		return compileHasID(o.HasId.GetHasId())
	case *qdrant.Condition_HasVector:
		return hasVectorCondition(o.HasVector.GetHasVector()), nil
	case *qdrant.Condition_Filter:
		f, err := compileFilter(o.Filter)
		return f, err
	case *qdrant.Condition_Nested:
		return compileNested(o.Nested)
	}
	return nil, nil
}

func (f *filter) matches(s scope) bool {
	if f == nil {
		return true
	}
	for _, c := range f.must {
		if !c.matches(s) {
			return false
		}
	}
	for _, c := range f.mustNot {
		if c.matches(s) {
			return false
		}
	}
	return (f.should == nil || count(f.should, s, 1) == 1) &&
		(f.minShould == nil || count(f.minShould.conditions, s, f.minShould.count) == f.minShould.count)
}

// count counts matching conditions, stopping at enough.
func count(conds []condition, s scope, enough uint64) uint64 {
	var n uint64
	for _, c := range conds {
		if n == enough {
			break
		}
		if c.matches(s) {
			n++
		}
	}
	return n
}

// each visits the filter's own conditions, group by group in the server's order.
func (f *filter) each(visit func(condition)) {
	if f == nil {
		return
	}
	groups := [][]condition{f.must, f.mustNot, f.should}
	if f.minShould != nil {
		groups = append(groups, f.minShould.conditions)
	}
	for _, g := range groups {
		for _, c := range g {
			visit(c)
		}
	}
}

func (f *filter) require(prefix *jsonPath, report func(jsonPath, []indexUse)) {
	f.each(func(c condition) { c.require(prefix, report) })
}
