package qdrantsim

import (
	"math"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

// valueRange is a compiled range: of numbers, else of points in time.
type valueRange struct {
	number *qdrant.Range
	date   *qdrant.DatetimeRange
}

// matches: an index on the field decides by what it holds. An integer index
// holds no fractions, a numeric one no dates, and a datetime index holds dates
// as microseconds, which a range of numbers then meets.
func (r *valueRange) matches(v *qdrant.Value, index *fieldIndex) bool {
	kind := qdrant.PayloadSchemaType_UnknownType
	if index != nil {
		kind = index.kind
	}
	numeric := kind == qdrant.PayloadSchemaType_Integer || kind == qdrant.PayloadSchemaType_Float
	switch {
	case numeric && !index.holds(v):
		return false
	case r.date != nil:
		t, ok := datetime(v)
		return ok && inDates(r.date, t)
	case kind == qdrant.PayloadSchemaType_Datetime:
		t, ok := datetime(v)
		return ok && inNumbers(r.number, float64(t.UnixMicro()))
	}
	n, ok := number(v)
	return ok && inNumbers(r.number, n)
}

func (r *valueRange) uses() []indexUse {
	if r.date != nil {
		return []indexUse{useDatetimeRange}
	}
	return []indexUse{useFloatRange, useIntegerRange}
}

func inNumbers(r *qdrant.Range, n float64) bool {
	return (r.Lt == nil || n < *r.Lt) && (r.Gt == nil || n > *r.Gt) &&
		(r.Lte == nil || n <= *r.Lte) && (r.Gte == nil || n >= *r.Gte)
}

func inDates(r *qdrant.DatetimeRange, t time.Time) bool {
	return (r.Lt == nil || t.Before(r.Lt.AsTime())) && (r.Gt == nil || t.After(r.Gt.AsTime())) &&
		(r.Lte == nil || !t.After(r.Lte.AsTime())) && (r.Gte == nil || !t.Before(r.Gte.AsTime()))
}

func number(v *qdrant.Value) (float64, bool) {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_IntegerValue:
		return float64(k.IntegerValue), true
	case *qdrant.Value_DoubleValue:
		return k.DoubleValue, true
	}
	return 0, false
}

// wholeNumber is a number as an integer index holds it.
func wholeNumber(v *qdrant.Value) (int64, bool) {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_IntegerValue:
		return k.IntegerValue, true
	case *qdrant.Value_DoubleValue:
		d := k.DoubleValue
		return int64(d), d == math.Trunc(d) && math.Abs(d) < 1<<63
	}
	return 0, false
}

// datetimeLayouts are the spellings Qdrant reads; without a zone it is UTC.
var datetimeLayouts = []string{
	"2006-1-2T15:04:05Z07:00", "2006-1-2T15:04:05Z0700", "2006-1-2T15:04:05Z07",
	"2006-1-2 15:04:05Z07:00", "2006-1-2 15:04:05Z0700", "2006-1-2 15:04:05Z07",
	"2006-1-2T15:04:05", "2006-1-2 15:04:05", "2006-1-2T15:04", "2006-1-2 15:04", "2006-1-2",
}

func datetime(v *qdrant.Value) (time.Time, bool) {
	s, isString := v.GetKind().(*qdrant.Value_StringValue)
	if !isString {
		return time.Time{}, false
	}
	for _, layout := range datetimeLayouts {
		if t, err := time.Parse(layout, s.StringValue); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
