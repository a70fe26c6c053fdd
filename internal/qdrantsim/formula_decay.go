package qdrantsim

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// decayKind is a curve that is 1 at its target and midpoint at a distance of scale.
type decayKind struct {
	open   bool // midpoint excludes 0 and 1
	lambda func(midpoint, scale float64) float64
	value  func(distance, lambda float64) float64
}

// decays are the exponential, the Gaussian and the linear one.
var decays = [...]decayKind{
	{true, func(m, s float64) float64 { return math.Log(m) / s }, func(d, l float64) float64 { return math.Exp(l * d) }},
	{true, func(m, s float64) float64 { return math.Log(m) / (s * s) }, func(d, l float64) float64 { return math.Exp(l * d * d) }},
	{false, func(m, s float64) float64 { return (1 - m) / s }, func(d, l float64) float64 { return max(1-l*d, 0) }},
}

// decay with parameters that make no curve is found out when it is prepared.
func (f *formula) decay(d *qdrant.DecayParamsExpression, kind decayKind) (term, error) {
	if d.GetX() == nil {
		return nil, malformed("missing field: x")
	}
	target := constant(0)
	if d.GetTarget() != nil {
		t, err := f.compile(d.GetTarget())
		if err != nil {
			return nil, err
		}
		target = t
	}
	at, err := f.compile(d.GetX())
	if err != nil {
		return nil, err
	}
	lambda := f.lambda(d, kind)
	return func(p *formulaPoint) (float64, error) {
		x, err := at(p)
		if err != nil {
			return 0, err
		}
		to, err := target(p)
		if err != nil {
			return 0, err
		}
		return kind.value(math.Abs(x-to), lambda), nil
	}, nil
}

func (f *formula) lambda(d *qdrant.DecayParamsExpression, kind decayKind) float64 {
	midpoint, scale := 0.5, 1.0
	if d.Midpoint != nil {
		midpoint = float64(d.GetMidpoint())
	}
	if d.Scale != nil {
		scale = float64(d.GetScale())
	}
	switch {
	case kind.open && (midpoint <= 0 || midpoint >= 1):
		f.fail(invalid("Decay midpoint should be in the range (0.0, 1.0), got %v.", decimal(midpoint)))
	case midpoint < 0 || midpoint > 1:
		f.fail(invalid("Linear decay midpoint should be in the range [0.0, 1.0], got %v.", decimal(midpoint)))
	case scale <= 0:
		f.fail(invalid("Decay scale should be non-zero positive, got %v.", decimal(scale)))
	}
	return kind.lambda(midpoint, scale)
}
