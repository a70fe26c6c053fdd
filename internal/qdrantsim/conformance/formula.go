package conformance

import (
	"math"
	"strconv"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var formulaCases = map[string]func(*suite){
	"best first, by the formula": func(s *suite) {
		s.boost(variable("$score"), nil, "5:5.000 4:4.000 3:3.000 2:2.000 1:1.000")
		s.boost(&qdrant.Expression{Variant: &qdrant.Expression_Neg{Neg: variable("$score")}}, nil, "1:-1.000 2:-2.000 3:-3.000 4:-4.000 5:-5.000")
	},
	"a condition counts as one": func(s *suite) {
		s.boost(plus(variable("$score"), times(number(10), qdrant.NewExpressionCondition(qdrant.NewMatchInt("n", 3)))), nil,
			"3:13.000 5:5.000 4:4.000 2:2.000 1:1.000")
	},
	"scores by prefetch, missing ones by default": func(s *suite) {
		q := &qdrant.QueryPoints{Prefetch: prefetches(prefetch(2, nil, 1, 0), prefetch(2, nil, -1, 0))} // 5 4, 1 2
		q.Query = formulaOf(plus(times(number(10), variable("$score")), variable("$score[1]")), nil)
		s.ask(s.five(), q, "5:50.000 4:40.000 1:-1.000 2:-2.000")
		q.Query = formulaOf(plus(times(number(10), variable("$score[0]")), variable("$score[1]")), map[string]any{"$score": 1, "$score[1]": -100})
		s.ask(s.five(), q, "1:9.000 2:8.000 5:-50.000 4:-60.000")
		q.Query = formulaOf(variable("$score[7]"), map[string]any{"$score[7]": 0.5})
		s.ask(s.five(), q, "1:0.500 2:0.500 4:0.500 5:0.500")
	},
	"only what was found, and no more than the limit": func(s *suite) {
		q := &qdrant.QueryPoints{Prefetch: prefetches(prefetch(3, nil, 1, 0)), Query: formulaOf(variable("$score"), nil), Limit: qdrant.PtrOf(uint64(2))}
		s.ask(s.five(), q, "5:5.000 4:4.000")
		q.Offset = qdrant.PtrOf(uint64(2))
		s.ask(s.five(), q, "3:3.000")
		q.Filter = must(atMost(2))
		q.Offset = nil
		s.ask(s.five(), q, "2:2.000 1:1.000")
	},
	"a threshold is passed by reaching it": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Prefetch: prefetches(prefetch(9, nil, 1, 0)), Query: formulaOf(variable("$score"), nil), ScoreThreshold: qdrant.PtrOf(float32(4)),
		}, "5:5.000 4:4.000")
	},
	"in a prefetch": func(s *suite) {
		inner := &qdrant.PrefetchQuery{
			Prefetch: prefetches(prefetch(5, nil, 1, 0)), Limit: qdrant.PtrOf(uint64(2)),
			Query: formulaOf(times(variable("$score"), number(-1)), nil),
		}
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(inner)}, "2:2.000 1:1.000")
	},
	"what cannot be computed": func(s *suite) {
		for text, e := range map[string]*qdrant.Expression{
			"The expression 1/0 = inf produced a non-finite number": qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: number(1), Right: number(0)}),
			"The expression √-3 = NaN produced a non-finite number": qdrant.NewExpressionSqrt(number(-3)),
			"The expression log10(0) = -inf produced":               qdrant.NewExpressionLog10(number(0)),
			"The expression ln(-1) = NaN produced":                  qdrant.NewExpressionLn(number(-1)),
			"The expression -1^0.5 = NaN produced":                  qdrant.NewExpressionPow(&qdrant.PowExpression{Base: number(-1), Exponent: number(0.5)}),
			"The expression exp(1000) = inf produced":               qdrant.NewExpressionExp(number(1000)),
			" as f32 = inf produced":                                times(number(1e38), number(1e38)),
		} {
			s.formulaFails(e, nil, "Wrong input: ", text)
		}
	},
	"what is missing or of the wrong type": func(s *suite) {
		const missing = "Wrong input: Expected number value for none in the payload and/or in the formula defaults. Error: No value found in a payload nor defaults"
		s.formulaFails(variable("none"), nil, missing)
		s.formulaFails(variable("text"), nil, "Expected number value for text", "Value is not a number")
		s.formulaFails(variable("two"), nil, "Expected number value for two", "Value is not a number")
		s.formulaFails(qdrant.NewExpressionDatetimeKey("n"), nil, "Expected datetime value for n", "Value is not a string")
		s.formulaFails(qdrant.NewExpressionGeoDistance(&qdrant.GeoDistance{Origin: &qdrant.GeoPoint{}, To: "n"}), nil, "Expected geo point value for n")
		s.formulaFails(variable("none"), map[string]any{"none": "x"}, "Expected number value for none", "Value is not a number")
	},
	"what cannot be parsed": func(s *suite) {
		s.formulaRefused(variable("$other"), nil, "Wrong input: Validation failed: failed to parse variable ID $other: Invalid reserved word: $other")
		s.formulaRefused(variable("$score.x"), nil, "Invalid reserved variable: $score.x")
		s.formulaRefused(variable("a..b"), nil, "Invalid payload variable: a..b")
		s.formulaRefused(number(1), map[string]any{"$x": 1}, "Invalid reserved word: $x")
		s.formulaRefused(qdrant.NewExpressionDatetime("soon"), nil, "failed to parse date-time soon")
		s.formulaRefused(qdrant.NewExpressionDatetimeKey("a..b"), nil, "invalid payload key")
		s.formulaRefused(&qdrant.Expression{}, nil, "missing field: variant")
		s.formulaRefused(qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: number(1)}), nil, "missing field: right")
		s.formulaRefused(qdrant.NewExpressionGaussDecay(&qdrant.DecayParamsExpression{X: number(1), Midpoint: qdrant.PtrOf(float32(1))}), nil,
			"Decay midpoint should be in the range (0.0, 1.0), got 1.")
		s.formulaRefused(qdrant.NewExpressionLinDecay(&qdrant.DecayParamsExpression{X: number(1), Scale: qdrant.PtrOf(float32(0))}), nil,
			"Decay scale should be non-zero positive, got 0.")
	},
	"without prefetches": func(s *suite) {
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: formulaOf(number(1), nil)}, codes.InvalidArgument,
			"Wrong input: Validation failed: cannot apply Formula without prefetches")
	},
}

func init() {
	for name, c := range expressions() {
		formulaCases["expression "+name] = func(s *suite) { s.computes(c.expression, c.defaults, c.want) }
	}
}

type expressionCase struct {
	expression *qdrant.Expression
	defaults   map[string]any
	want       float64
}

// expressions are computed on a point with score 3 and the payload of computed.
func expressions() map[string]expressionCase {
	unary := func(e func(*qdrant.Expression) *qdrant.Expression, of, want float64) expressionCase {
		return expressionCase{e(number(of)), nil, want}
	}
	by := qdrant.PtrOf(float32(9))
	return map[string]expressionCase{
		"constant":                {number(2.5), nil, 2.5},
		"score":                   {variable("$score"), nil, 3},
		"payload":                 {variable("n"), nil, 4},
		"nested payload":          {variable("deep.er"), nil, 1.5},
		"array of one":            {variable("list"), nil, 7},
		"element":                 {variable("two[1]"), nil, 2},
		"default":                 {variable("none"), map[string]any{"none": 6}, 6},
		"default not needed":      {variable("n"), map[string]any{"n": 6}, 4},
		"sum":                     {plus(variable("n"), variable("$score"), number(1)), nil, 8},
		"empty sum":               {plus(), nil, 0},
		"product":                 {times(variable("n"), variable("$score"), number(0.5)), nil, 6},
		"empty product":           {times(), nil, 1},
		"zero stops a product":    {times(number(0), variable("none")), nil, 0},
		"quotient":                {qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: variable("n"), Right: number(8)}), nil, 0.5},
		"by zero":                 {qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: number(1), Right: number(0), ByZeroDefault: by}), nil, 9},
		"zero by zero":            {qdrant.NewExpressionDiv(&qdrant.DivExpression{Left: number(0), Right: number(0), ByZeroDefault: by}), nil, 0},
		"power":                   {qdrant.NewExpressionPow(&qdrant.PowExpression{Base: number(2), Exponent: variable("$score")}), nil, 8},
		"negation":                unary(qdrant.NewExpressionNeg, 2, -2),
		"absolute value":          unary(qdrant.NewExpressionAbs, -2, 2),
		"square root":             unary(qdrant.NewExpressionSqrt, 9, 3),
		"exponential":             unary(qdrant.NewExpressionExp, 1, math.E),
		"decimal logarithm":       unary(qdrant.NewExpressionLog10, 1000, 3),
		"natural logarithm":       unary(qdrant.NewExpressionLn, 2, math.Ln2),
		"condition that holds":    {qdrant.NewExpressionCondition(qdrant.NewMatch("text", "x")), nil, 1},
		"condition that does not": {qdrant.NewExpressionCondition(qdrant.NewMatch("text", "y")), nil, 0},
		// Of n = 4 from 2 by 4 with midpoint .25, half way: (1-.75/2), .25^(1/2), .25^(1/4).
		"linear decay":      {qdrant.NewExpressionLinDecay(halfWay()), nil, 0.625},
		"exponential decay": {qdrant.NewExpressionExpDecay(halfWay()), nil, 0.5},
		"gaussian decay":    {qdrant.NewExpressionGaussDecay(halfWay()), nil, math.Sqrt(0.5)},
		"decay by default":  {qdrant.NewExpressionExpDecay(&qdrant.DecayParamsExpression{X: number(-2)}), nil, 0.25},
		"linear decay ends": {qdrant.NewExpressionLinDecay(&qdrant.DecayParamsExpression{X: number(3)}), nil, 0},
		// From (1°, 0°) to (61°, 60°): arccos ¼ of the radius, in thousands of kilometres.
		"geo distance": {times(number(1e-6), qdrant.NewExpressionGeoDistance(&qdrant.GeoDistance{Origin: &qdrant.GeoPoint{Lon: 61, Lat: 60}, To: "at"})), nil, 8.398},
		"date": {plus(qdrant.NewExpressionDatetimeKey("when"), qdrant.NewExpressionNeg(qdrant.NewExpressionDatetime("2024-01-01T00:00:00Z"))),
			nil, 86400},
	}
}

func halfWay() *qdrant.DecayParamsExpression {
	return &qdrant.DecayParamsExpression{
		X: variable("n"), Target: number(2), Scale: qdrant.PtrOf(float32(4)), Midpoint: qdrant.PtrOf(float32(0.25)),
	}
}

func number(n float64) *qdrant.Expression { return qdrant.NewExpressionConstant(float32(n)) }

func variable(name string) *qdrant.Expression { return qdrant.NewExpressionVariable(name) }

func plus(of ...*qdrant.Expression) *qdrant.Expression {
	return qdrant.NewExpressionSum(&qdrant.SumExpression{Sum: of})
}

func times(of ...*qdrant.Expression) *qdrant.Expression {
	return qdrant.NewExpressionMult(&qdrant.MultExpression{Mult: of})
}

func formulaOf(e *qdrant.Expression, defaults map[string]any) *qdrant.Query {
	return qdrant.NewQueryFormula(&qdrant.Formula{Expression: e, Defaults: qdrant.NewValueMap(defaults)})
}

// boost scores the points 1 to 5, whose scores are their numbers.
func (s *suite) boost(e *qdrant.Expression, defaults map[string]any, want string) {
	s.Helper()
	s.ask(s.five(), &qdrant.QueryPoints{Query: formulaOf(e, defaults), Prefetch: prefetches(prefetch(9, nil, 1, 0))}, want)
}

func (s *suite) computed(e *qdrant.Expression, defaults map[string]any) ([]*qdrant.ScoredPoint, error) {
	s.Helper()
	c := s.plain()
	s.upsert(c, pt(3, map[string]any{
		"n": 4, "text": "x", "list": []any{7}, "two": []any{1, 2}, "deep": map[string]any{"er": 1.5},
		"at": map[string]any{"lon": 1.0, "lat": 0.0}, "when": "2024-01-02T00:00:00Z",
	}))
	return s.admin.Query(s.ctx, &qdrant.QueryPoints{
		CollectionName: c, Query: formulaOf(e, defaults), Prefetch: prefetches(prefetch(1, nil, 1, 0)),
	})
}

func (s *suite) computes(e *qdrant.Expression, defaults map[string]any, want float64) {
	s.Helper()
	got, err := s.computed(e, defaults)
	s.must(err)
	s.same(scores(got), "3:"+strconv.FormatFloat(want, 'f', 3, 64))
}

func (s *suite) formulaRefused(e *qdrant.Expression, defaults map[string]any, words ...string) {
	s.Helper()
	_, err := s.computed(e, defaults)
	s.refused(err, codes.InvalidArgument, words...)
}

// formulaFails is formulaRefused for what goes wrong with a point. Inferred: where
// a collection has several segments, those that stop for one that failed may be
// heard first, and then the reason is lost.
func (s *suite) formulaFails(e *qdrant.Expression, defaults map[string]any, words ...string) {
	s.Helper()
	_, err := s.computed(e, defaults)
	if status.Code(err) == codes.Internal && strings.Contains(err.Error(), "process cancelled by service") {
		return
	}
	s.refused(err, codes.InvalidArgument, words...)
}
