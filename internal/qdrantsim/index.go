package qdrantsim

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// fieldIndex is a payload index: it changes strict mode, facets and a few
// matches, and is echoed as it was asked for.
type fieldIndex struct {
	path   jsonPath
	kind   qdrant.PayloadSchemaType
	params *qdrant.PayloadIndexParams // nil when only a type was given
}

// indexUse is what a condition needs an index for.
type indexUse uint8

const (
	useIntegerMatch indexUse = iota
	useIntegerRange
	useKeywordMatch
	useFloatRange
	useText
	useTextPhrase
	useBoolMatch
	useUUIDMatch
	useDatetimeRange
	useGeo
)

var anyIndex = []indexUse{
	useIntegerMatch, useIntegerRange, useKeywordMatch, useFloatRange, useText,
	useTextPhrase, useBoolMatch, useUUIDMatch, useDatetimeRange, useGeo,
}

// label is how strict mode names the index that would serve the use.
func (u indexUse) label() string {
	return [...]string{"integer", "integer", "keyword", "float", "text",
		"text (with phrase_matching: true)", "bool", "uuid", "datetime", "geo"}[u]
}

// uses lists what the index serves.
func (x *fieldIndex) uses() []indexUse {
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword:
		return []indexUse{useKeywordMatch}
	case qdrant.PayloadSchemaType_Integer:
		return x.integerUses()
	case qdrant.PayloadSchemaType_Float:
		return []indexUse{useFloatRange}
	case qdrant.PayloadSchemaType_Geo:
		return []indexUse{useGeo}
	case qdrant.PayloadSchemaType_Text:
		if x.params.GetTextIndexParams().GetPhraseMatching() {
			return []indexUse{useText, useTextPhrase}
		}
		return []indexUse{useText}
	case qdrant.PayloadSchemaType_Bool:
		return []indexUse{useBoolMatch}
	case qdrant.PayloadSchemaType_Uuid:
		return []indexUse{useUUIDMatch}
	case qdrant.PayloadSchemaType_Datetime:
		return []indexUse{useDatetimeRange}
	}
	return nil
}

// integerUses: both facilities are on unless switched off.
func (x *fieldIndex) integerUses() []indexUse {
	p := x.params.GetIntegerIndexParams()
	var out []indexUse
	if p == nil || p.Lookup == nil || *p.Lookup {
		out = append(out, useIntegerMatch)
	}
	if p == nil || p.Range == nil || *p.Range {
		out = append(out, useIntegerRange)
	}
	return out
}

func (x *fieldIndex) serves(want []indexUse) bool {
	return slices.ContainsFunc(x.uses(), func(u indexUse) bool { return slices.Contains(want, u) })
}

func (x *fieldIndex) isTenant() bool {
	return x.params.GetKeywordIndexParams().GetIsTenant() || x.params.GetUuidIndexParams().GetIsTenant()
}

// holds says whether the index would hold a scalar value.
func (x *fieldIndex) holds(v *qdrant.Value) bool {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_StringValue:
		_, isTime := datetime(v)
		return x.kind == qdrant.PayloadSchemaType_Keyword || x.kind == qdrant.PayloadSchemaType_Text ||
			x.kind == qdrant.PayloadSchemaType_Uuid && isUUID(k.StringValue) ||
			x.kind == qdrant.PayloadSchemaType_Datetime && isTime
	case *qdrant.Value_IntegerValue, *qdrant.Value_DoubleValue:
		_, whole := wholeNumber(v)
		return x.kind == qdrant.PayloadSchemaType_Integer && whole || x.kind == qdrant.PayloadSchemaType_Float
	case *qdrant.Value_BoolValue:
		return x.kind == qdrant.PayloadSchemaType_Bool
	case *qdrant.Value_StructValue:
		return x.kind == qdrant.PayloadSchemaType_Geo
	}
	return false
}

// scalars are the values at the index's path, arrays opened.
func (x *fieldIndex) scalars(p payload) []*qdrant.Value {
	var out []*qdrant.Value
	for _, v := range x.path.get(p) {
		if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
			out = append(out, list.ListValue.GetValues()...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// info is the index as CollectionInfo shows it.
func (x *fieldIndex) info(c *collection) *qdrant.PayloadSchemaInfo {
	var n uint64
	for _, p := range c.points {
		if slices.ContainsFunc(x.scalars(p.payload), x.holds) {
			n++
		}
	}
	return &qdrant.PayloadSchemaInfo{DataType: x.kind, Params: x.params, Points: &n}
}
