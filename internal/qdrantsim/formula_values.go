package qdrantsim

import (
	"fmt"
	"math"
	"strconv"

	"github.com/qdrant/go-client/qdrant"
)

// formulaPoint is what an expression sees of a point.
type formulaPoint struct {
	point    *point
	c        *collection
	scores   []map[pointID]float32 // by prefetch
	defaults map[string]*qdrant.Value
}

func (f *formula) variable(s string) term {
	name, path, err := parseVariable(s)
	switch {
	case err != nil:
		f.fail(err)
		return constant(0)
	case path == nil:
		return scoreTerm(name)
	}
	f.keys = append(f.keys, formulaKey{*path, []indexUse{useIntegerMatch, useIntegerRange, useFloatRange}})
	return func(p *formulaPoint) (float64, error) {
		v, err := p.value(*path, "number")
		if err != nil {
			return 0, err
		}
		n, ok := number(v)
		if !ok {
			return 0, wrongType(*path, "number", "Value is not a number")
		}
		return n, nil
	}
}

// scoreTerm is the score of one prefetch; a point that it did not find has the
// default for that, or 0.
func scoreTerm(name string) term {
	index, _ := strconv.Atoi(name[len("$score[") : len(name)-1])
	return func(p *formulaPoint) (float64, error) {
		if index < len(p.scores) {
			if s, ok := p.scores[index][p.point.id]; ok {
				return float64(s), nil
			}
		}
		n, _ := number(p.defaults[name])
		return n, nil
	}
}

// condition is 1 where a filter's condition holds, else 0.
func (f *formula) condition(c *qdrant.Condition) (term, error) {
	compiled, err := compileCondition(c)
	if err != nil {
		return nil, err
	}
	if compiled == nil {
		return nil, malformed("missing field: condition")
	}
	compiled.require(nil, func(path jsonPath, uses []indexUse) { f.keys = append(f.keys, formulaKey{path, uses}) })
	return func(p *formulaPoint) (float64, error) {
		if compiled.matches(p.c.scope(p.point)) {
			return 1, nil
		}
		return 0, nil
	}, nil
}

// datetime is a date as seconds.
func (f *formula) datetime(s string) term {
	t, ok := datetime(qdrant.NewValueString(s))
	if !ok {
		f.fail(invalid("failed to parse date-time %s: input contains invalid characters", s))
	}
	return constant(float64(t.UnixMicro()) / 1e6)
}

func (f *formula) datetimeKey(key string) (term, error) {
	path, err := parsePath(key)
	if err != nil {
		return nil, malformed("invalid payload key")
	}
	f.keys = append(f.keys, formulaKey{path, []indexUse{useDatetimeRange}})
	return func(p *formulaPoint) (float64, error) {
		v, err := p.value(path, "datetime")
		if err != nil {
			return 0, err
		}
		if _, ok := v.GetKind().(*qdrant.Value_StringValue); !ok {
			return 0, wrongType(path, "datetime", "Value is not a string")
		}
		t, ok := datetime(v)
		if !ok {
			return 0, wrongType(path, "datetime", "input contains invalid characters")
		}
		return float64(t.UnixMicro()) / 1e6, nil
	}, nil
}

func (f *formula) geoDistance(g *qdrant.GeoDistance) (term, error) {
	if g.GetOrigin() == nil {
		return nil, malformed("missing field: origin")
	}
	path, err := parsePath(g.GetTo())
	if err != nil {
		return nil, malformed("invalid payload key")
	}
	f.keys = append(f.keys, formulaKey{path, []indexUse{useGeo}})
	from := g.GetOrigin()
	return func(p *formulaPoint) (float64, error) {
		v, err := p.value(path, "geo point")
		if err != nil {
			return 0, err
		}
		lat, okLat := number(v.GetStructValue().GetFields()["lat"])
		lon, okLon := number(v.GetStructValue().GetFields()["lon"])
		if !okLat || !okLon {
			return 0, wrongType(path, "geo point", "invalid type, expected a geo point")
		}
		return haversine(from.GetLat(), from.GetLon(), lat, lon), nil
	}, nil
}

// haversine is the distance over the sphere in metres.
func haversine(latA, lonA, latB, lonB float64) float64 {
	const radius, degree = 6371008.8, math.Pi / 180
	dLat, dLon := math.Sin((latB-latA)*degree/2), math.Sin((lonB-lonA)*degree/2)
	a := dLat*dLat + math.Cos(latA*degree)*math.Cos(latB*degree)*dLon*dLon
	return 2 * radius * math.Asin(math.Sqrt(a))
}

// value finds a payload value, or its default. An index on the key shows only
// what it holds, and knows 3.0 as 3. Of several values no single one is taken.
func (p *formulaPoint) value(path jsonPath, kind string) (*qdrant.Value, error) {
	values := p.values(path)
	switch len(values) {
	case 1:
		return values[0], nil
	case 0:
		if v, ok := p.defaults[path.String()]; ok {
			return v, nil
		}
		return nil, wrongType(path, kind, "No value found in a payload nor defaults")
	}
	return qdrant.NewValueFromList(values...), nil
}

func (p *formulaPoint) values(path jsonPath) []*qdrant.Value {
	if x := p.c.indexes[path.String()]; x != nil && x.kind != qdrant.PayloadSchemaType_Text {
		var held []*qdrant.Value
		for _, v := range x.scalars(p.point.payload) {
			if x.holds(v) {
				held = append(held, v)
			}
		}
		return held
	}
	if n := len(path.rest); n > 0 && path.rest[n-1].kind == pathWildcard {
		return path.get(p.point.payload)
	}
	return (&fieldIndex{path: path}).scalars(p.point.payload)
}

func wrongType(path jsonPath, kind, why string) error {
	return badInput("Expected %s value for %s in the payload and/or in the formula defaults. Error: %s", kind, path, why)
}

// finite refuses a result that is infinite or no number; text has %s for numbers.
func finite(result float64, text string, numbers ...float64) error {
	if !math.IsInf(result, 0) && !math.IsNaN(result) {
		return nil
	}
	shown := make([]any, 0, len(numbers))
	for _, n := range numbers {
		shown = append(shown, decimal(n))
	}
	return badInput("The expression %s produced a non-finite number", fmt.Sprintf(text, shown...))
}

// decimal writes a number as the server does.
func decimal(n float64) string {
	switch {
	case math.IsNaN(n):
		return "NaN"
	case math.IsInf(n, 1):
		return "inf"
	case math.IsInf(n, -1):
		return "-inf"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
