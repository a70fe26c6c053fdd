package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

// fieldTest reads one key of a condition on a field.
func (r *reader) fieldTest(c *conditionParts, key string) bool {
	f := c.field
	switch key {
	case "key":
		f.Key, c.keyed = r.string(), true
	case "match":
		f.Match = orNil(r, (*reader).match)
	case "range":
		if !r.null() {
			f.Range, f.DatetimeRange = r.ranges()
		}
	case "geo_bounding_box":
		f.GeoBoundingBox = orNil(r, (*reader).geoBox)
	case "geo_radius":
		f.GeoRadius = orNil(r, (*reader).geoRadius)
	case "geo_polygon":
		f.GeoPolygon = orNil(r, (*reader).geoPolygon)
	case "values_count":
		f.ValuesCount = orNil(r, (*reader).valuesCount)
	case "is_empty":
		f.IsEmpty = opt(r, (*reader).bool)
	case "is_null":
		f.IsNull = opt(r, (*reader).bool)
	default:
		return false
	}
	return true
}

const matchForms = "exactly one of value, text, text_any, phrase, any and except"

// match reads {"value": …} or one of its siblings.
func (r *reader) match() *pb.Match {
	var m *pb.Match
	r.object("an object with "+matchForms, func(key string) bool {
		if m != nil {
			r.fail("expected %s", matchForms)
		}
		m = r.matchBy(key)
		return m != nil
	})
	if m == nil {
		r.fail("expected %s", matchForms)
	}
	return m
}

func (r *reader) matchBy(key string) *pb.Match {
	switch key {
	case "value":
		return r.matchValue()
	case "text":
		return &pb.Match{MatchValue: &pb.Match_Text{Text: r.string()}}
	case "text_any":
		return &pb.Match{MatchValue: &pb.Match_TextAny{TextAny: r.string()}}
	case "phrase":
		return &pb.Match{MatchValue: &pb.Match_Phrase{Phrase: r.string()}}
	case "any":
		keywords, integers := r.variants()
		if integers != nil {
			return &pb.Match{MatchValue: &pb.Match_Integers{Integers: integers}}
		}
		return &pb.Match{MatchValue: &pb.Match_Keywords{Keywords: keywords}}
	case "except":
		keywords, integers := r.variants()
		if integers != nil {
			return &pb.Match{MatchValue: &pb.Match_ExceptIntegers{ExceptIntegers: integers}}
		}
		return &pb.Match{MatchValue: &pb.Match_ExceptKeywords{ExceptKeywords: keywords}}
	case "prefix":
		r.fail("matching a prefix is not supported here")
	}
	return nil
}

func (r *reader) matchValue() *pb.Match {
	switch k := r.kind(); {
	case k == '"':
		return &pb.Match{MatchValue: &pb.Match_Keyword{Keyword: r.string()}}
	case k == 't' || k == 'f':
		return &pb.Match{MatchValue: &pb.Match_Boolean{Boolean: r.bool()}}
	case !r.isNumber():
		r.expected("a string, a whole number or a boolean")
	}
	return &pb.Match{MatchValue: &pb.Match_Integer{Integer: r.int64()}}
}

// variants reads an array of strings or of whole numbers; an empty one counts as strings, as for Qdrant.
func (r *reader) variants() (*pb.RepeatedStrings, *pb.RepeatedIntegers) {
	if r.kind() != '[' {
		r.expected("an array of strings or of whole numbers")
	}
	if c := r.peekInside(); c == '"' || c == ']' {
		return &pb.RepeatedStrings{Strings: r.strings()}, nil
	}
	return nil, &pb.RepeatedIntegers{Integers: list(r, "an array of whole numbers", (*reader).int64)}
}

// ranges reads bounds that are all numbers or all points in time.
func (r *reader) ranges() (*pb.Range, *pb.DatetimeRange) {
	numbers, times := &pb.Range{}, &pb.DatetimeRange{}
	var numeric, dated bool
	r.object("an object with lt, lte, gt or gte", func(key string) bool {
		switch {
		case r.null():
			return key == "lt" || key == "gt" || key == "lte" || key == "gte"
		case r.kind() == '"':
			dated = true
			return r.timeBound(times, key)
		}
		numeric = true
		return r.numberBound(numbers, key)
	})
	switch {
	case numeric && dated:
		r.fail("the bounds of a range must be all numbers or all points in time")
	case dated:
		return nil, times
	}
	return numbers, nil
}

func (r *reader) numberBound(b *pb.Range, key string) bool {
	f := r.float64()
	switch key {
	case "lt":
		b.Lt = &f
	case "gt":
		b.Gt = &f
	case "lte":
		b.Lte = &f
	case "gte":
		b.Gte = &f
	default:
		return false
	}
	return true
}

func (r *reader) timeBound(b *pb.DatetimeRange, key string) bool {
	t := r.timestamp()
	switch key {
	case "lt":
		b.Lt = t
	case "gt":
		b.Gt = t
	case "lte":
		b.Lte = t
	case "gte":
		b.Gte = t
	default:
		return false
	}
	return true
}

func (r *reader) valuesCount() *pb.ValuesCount {
	v := &pb.ValuesCount{}
	r.object("an object with lt, lte, gt or gte", func(key string) bool {
		switch key {
		case "lt":
			v.Lt = opt(r, (*reader).uint64)
		case "gt":
			v.Gt = opt(r, (*reader).uint64)
		case "lte":
			v.Lte = opt(r, (*reader).uint64)
		case "gte":
			v.Gte = opt(r, (*reader).uint64)
		default:
			return false
		}
		return true
	})
	return v
}
