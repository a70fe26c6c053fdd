package qdrantsim

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// compile refuses at once what the server cannot convert; what it can convert
// and then not parse is kept for later.
func (f *formula) compile(e *qdrant.Expression) (term, error) {
	switch v := e.GetVariant().(type) {
	case *qdrant.Expression_Constant:
		return constant(float64(v.Constant)), nil
	case *qdrant.Expression_Variable:
		return f.variable(v.Variable), nil
	case *qdrant.Expression_Condition:
		return f.condition(v.Condition)
	case *qdrant.Expression_GeoDistance:
		return f.geoDistance(v.GeoDistance)
	case *qdrant.Expression_Datetime:
		return f.datetime(v.Datetime), nil
	case *qdrant.Expression_DatetimeKey:
		return f.datetimeKey(v.DatetimeKey)
	case *qdrant.Expression_Mult:
		return f.fold(v.Mult.GetMult(), product)
	case *qdrant.Expression_Sum:
		return f.fold(v.Sum.GetSum(), sum)
	case *qdrant.Expression_Div:
		return f.division(v.Div)
	case *qdrant.Expression_Pow:
		return f.power(v.Pow)
	case nil:
		return nil, malformed("missing field: variant")
	}
	return f.compileUnary(e)
}

func (f *formula) compileUnary(e *qdrant.Expression) (term, error) {
	switch v := e.GetVariant().(type) {
	case *qdrant.Expression_Neg:
		return f.unary(v.Neg, "", func(x float64) float64 { return -x })
	case *qdrant.Expression_Abs:
		return f.unary(v.Abs, "", math.Abs)
	case *qdrant.Expression_Sqrt:
		return f.unary(v.Sqrt, "√%s = %s", math.Sqrt)
	case *qdrant.Expression_Exp:
		return f.unary(v.Exp, "exp(%s) = %s", math.Exp)
	case *qdrant.Expression_Log10:
		return f.unary(v.Log10, "log10(%s) = %s", math.Log10)
	case *qdrant.Expression_Ln:
		return f.unary(v.Ln, "ln(%s) = %s", math.Log)
	case *qdrant.Expression_ExpDecay:
		return f.decay(v.ExpDecay, decays[0])
	case *qdrant.Expression_GaussDecay:
		return f.decay(v.GaussDecay, decays[1])
	case *qdrant.Expression_LinDecay:
		return f.decay(v.LinDecay, decays[2])
	}
	return nil, unsupported("this kind of expression")
}

func constant(value float64) term {
	return func(*formulaPoint) (float64, error) { return value, nil }
}

// unary applies op, and with a text checks the result.
func (f *formula) unary(of *qdrant.Expression, text string, op func(float64) float64) (term, error) {
	inner, err := f.compile(of)
	if err != nil {
		return nil, err
	}
	return func(p *formulaPoint) (float64, error) {
		x, err := inner(p)
		if err != nil {
			return 0, err
		}
		y := op(x)
		if text == "" {
			return y, nil
		}
		return y, finite(y, text, x, y)
	}, nil
}

// both compiles a pair of operands and says which one is missing.
func (f *formula) both(a *qdrant.Expression, nameA string, b *qdrant.Expression, nameB string) (term, term, error) {
	if a == nil {
		return nil, nil, malformed("missing field: %s", nameA)
	}
	if b == nil {
		return nil, nil, malformed("missing field: %s", nameB)
	}
	first, err := f.compile(a)
	if err != nil {
		return nil, nil, err
	}
	second, err := f.compile(b)
	return first, second, err
}

// division: zero divided by anything is zero, also by zero.
func (f *formula) division(d *qdrant.DivExpression) (term, error) {
	left, right, err := f.both(d.GetLeft(), "left", d.GetRight(), "right")
	if err != nil {
		return nil, err
	}
	return func(p *formulaPoint) (float64, error) {
		a, err := left(p)
		if err != nil || a == 0 {
			return 0, err
		}
		b, err := right(p)
		if err != nil {
			return 0, err
		}
		if b == 0 && d.ByZeroDefault != nil {
			return float64(d.GetByZeroDefault()), nil
		}
		q := a / b
		return q, finite(q, "%s/%s = %s", a, b, q)
	}, nil
}

func (f *formula) power(e *qdrant.PowExpression) (term, error) {
	base, exponent, err := f.both(e.GetBase(), "base", e.GetExponent(), "exponent")
	if err != nil {
		return nil, err
	}
	return func(p *formulaPoint) (float64, error) {
		a, err := base(p)
		if err != nil {
			return 0, err
		}
		b, err := exponent(p)
		if err != nil {
			return 0, err
		}
		y := math.Pow(a, b)
		return y, finite(y, "%s^%s = %s", a, b, y)
	}, nil
}

func (f *formula) fold(of []*qdrant.Expression, op func(*formulaPoint, []term) (float64, error)) (term, error) {
	terms := make([]term, 0, len(of))
	for _, e := range of {
		t, err := f.compile(e)
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	return func(p *formulaPoint) (float64, error) { return op(p, terms) }, nil
}

// product stops at a zero: what comes after it is not even looked up.
func product(p *formulaPoint, terms []term) (float64, error) {
	out := 1.0
	for _, t := range terms {
		x, err := t(p)
		if err != nil || x == 0 {
			return 0, err
		}
		out *= x
	}
	return out, nil
}

func sum(p *formulaPoint, terms []term) (out float64, err error) {
	for _, t := range terms {
		x, err := t(p)
		if err != nil {
			return 0, err
		}
		out += x
	}
	return out, nil
}
