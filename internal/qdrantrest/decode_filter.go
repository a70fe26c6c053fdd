package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

const conditionForms = "a condition, such as {\"key\": …, \"match\": …}"

// filter reads a filter; each list of conditions may be one condition instead.
func (r *reader) filter() *pb.Filter {
	f := &pb.Filter{}
	r.object("a filter", func(key string) bool { return r.clause(f, key) })
	return f
}

func (r *reader) clause(f *pb.Filter, key string) bool {
	switch key {
	case "should":
		f.Should = oneOrMany(r, "a condition or an array of them", (*reader).condition)
	case "must":
		f.Must = oneOrMany(r, "a condition or an array of them", (*reader).condition)
	case "must_not":
		f.MustNot = oneOrMany(r, "a condition or an array of them", (*reader).condition)
	case "min_should":
		f.MinShould = orNil(r, (*reader).minShould)
	default:
		return false
	}
	return true
}

func (r *reader) minShould() *pb.MinShould {
	m := &pb.MinShould{}
	counted := false
	r.object("an object with conditions and min_count", func(key string) bool {
		switch key {
		case "conditions":
			m.Conditions = list(r, "an array of conditions", (*reader).condition)
		case "min_count":
			m.MinCount, counted = r.positive(), true
		default:
			return false
		}
		return true
	})
	r.need(m.Conditions != nil, "conditions")
	r.need(counted, "min_count")
	return m
}

// condition reads one condition. JSON does not tag which kind it is: the keys do, and keys of two kinds in one object,
// of which the server would drop one, are refused.
func (r *reader) condition() *pb.Condition {
	var c conditionParts
	r.object(conditionForms, func(key string) bool { return r.conditionField(&c, key) })
	return r.finishCondition(&c)
}

// conditionParts is the union of all kinds of conditions.
type conditionParts struct {
	whole  *pb.Condition // is_empty, is_null, has_id, has_vector or nested
	filter *pb.Filter
	field  *pb.FieldCondition
	keyed  bool
	kinds  int
}

func (c *conditionParts) is(whole *pb.Condition) bool {
	c.whole = whole
	c.kinds++
	return true
}

func (r *reader) conditionField(c *conditionParts, key string) bool {
	switch key {
	case "has_id":
		return c.is(&pb.Condition{ConditionOneOf: &pb.Condition_HasId{HasId: &pb.HasIdCondition{HasId: r.ids()}}})
	case "has_vector":
		return c.is(&pb.Condition{ConditionOneOf: &pb.Condition_HasVector{HasVector: &pb.HasVectorCondition{HasVector: r.string()}}})
	case "nested":
		return c.is(&pb.Condition{ConditionOneOf: &pb.Condition_Nested{Nested: r.nested()}})
	case "slice":
		r.fail("conditions on slices are not supported here")
	case "is_empty":
		if r.kind() == '{' {
			return c.is(&pb.Condition{ConditionOneOf: &pb.Condition_IsEmpty{IsEmpty: &pb.IsEmptyCondition{Key: r.payloadField()}}})
		}
	case "is_null":
		if r.kind() == '{' {
			return c.is(&pb.Condition{ConditionOneOf: &pb.Condition_IsNull{IsNull: &pb.IsNullCondition{Key: r.payloadField()}}})
		}
	case "should", "must", "must_not", "min_should":
		if c.filter == nil {
			c.filter = &pb.Filter{}
			c.kinds++
		}
		return r.clause(c.filter, key)
	}
	if c.field == nil {
		c.field = &pb.FieldCondition{}
		c.kinds++
	}
	return r.fieldTest(c, key)
}

func (r *reader) finishCondition(c *conditionParts) *pb.Condition {
	switch {
	case c.kinds == 0:
		r.fail("the condition is empty")
	case c.kinds > 1:
		r.fail("one object holds the keys of several kinds of conditions; write one object for each")
	case c.whole != nil:
		return c.whole
	case c.filter != nil:
		return &pb.Condition{ConditionOneOf: &pb.Condition_Filter{Filter: c.filter}}
	}
	r.need(c.keyed, "key")
	if !tests(c.field) {
		r.invalid("at least one field condition must be specified")
	}
	return &pb.Condition{ConditionOneOf: &pb.Condition_Field{Field: c.field}}
}

func tests(f *pb.FieldCondition) bool {
	return f.Match != nil || f.Range != nil || f.DatetimeRange != nil || f.GeoBoundingBox != nil || f.GeoRadius != nil ||
		f.GeoPolygon != nil || f.ValuesCount != nil || f.IsEmpty != nil || f.IsNull != nil
}

// nested reads {"key": …, "filter": …}.
func (r *reader) nested() *pb.NestedCondition {
	n := &pb.NestedCondition{}
	keyed := false
	r.object("an object with key and filter", func(key string) bool {
		switch key {
		case "key":
			n.Key, keyed = r.string(), true
		case "filter":
			n.Filter = r.filter()
		default:
			return false
		}
		return true
	})
	r.need(keyed, "key")
	r.need(n.Filter != nil, "filter")
	return n
}

// payloadField reads {"key": …}.
func (r *reader) payloadField() string {
	var field *string
	r.object("an object with a key", func(key string) bool {
		if key != "key" {
			return false
		}
		text := r.string()
		field = &text
		return true
	})
	r.need(field != nil, "key")
	return *field
}
