package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

const expressionForms = "an expression: a number, a variable, a condition, or an object with exactly one operator"

// expression reads one node of a formula. A condition shares its braces with the operators and is told by its keys.
func (r *reader) expression() *pb.Expression {
	switch {
	case r.isNumber():
		return &pb.Expression{Variant: &pb.Expression_Constant{Constant: r.float32()}}
	case r.kind() == '"':
		return &pb.Expression{Variant: &pb.Expression_Variable{Variable: r.string()}}
	}
	var operator *pb.Expression
	var condition conditionParts
	r.object(expressionForms, func(key string) bool {
		if operator != nil {
			r.fail("expected %s", expressionForms)
		}
		if operator = r.operator(key); operator != nil {
			return true
		}
		return r.conditionField(&condition, key)
	})
	if operator == nil {
		return &pb.Expression{Variant: &pb.Expression_Condition{Condition: r.finishCondition(&condition)}}
	}
	if condition.kinds > 0 {
		r.fail("expected %s", expressionForms)
	}
	return operator
}

// operator reads what follows the key of an operator; nil if it is not one.
func (r *reader) operator(key string) *pb.Expression {
	switch key {
	case "mult":
		return &pb.Expression{Variant: &pb.Expression_Mult{Mult: &pb.MultExpression{Mult: r.expressions()}}}
	case "sum":
		return &pb.Expression{Variant: &pb.Expression_Sum{Sum: &pb.SumExpression{Sum: r.expressions()}}}
	case "div":
		return &pb.Expression{Variant: &pb.Expression_Div{Div: r.div()}}
	case "pow":
		return &pb.Expression{Variant: &pb.Expression_Pow{Pow: r.pow()}}
	case "geo_distance":
		return &pb.Expression{Variant: &pb.Expression_GeoDistance{GeoDistance: r.geoDistance()}}
	case "datetime":
		return &pb.Expression{Variant: &pb.Expression_Datetime{Datetime: r.string()}}
	case "datetime_key":
		return &pb.Expression{Variant: &pb.Expression_DatetimeKey{DatetimeKey: r.string()}}
	case "exp_decay":
		return &pb.Expression{Variant: &pb.Expression_ExpDecay{ExpDecay: r.decay()}}
	case "gauss_decay":
		return &pb.Expression{Variant: &pb.Expression_GaussDecay{GaussDecay: r.decay()}}
	case "lin_decay":
		return &pb.Expression{Variant: &pb.Expression_LinDecay{LinDecay: r.decay()}}
	}
	return r.unary(key)
}

func (r *reader) unary(key string) *pb.Expression {
	switch key {
	case "neg":
		return &pb.Expression{Variant: &pb.Expression_Neg{Neg: r.expression()}}
	case "abs":
		return &pb.Expression{Variant: &pb.Expression_Abs{Abs: r.expression()}}
	case "sqrt":
		return &pb.Expression{Variant: &pb.Expression_Sqrt{Sqrt: r.expression()}}
	case "exp":
		return &pb.Expression{Variant: &pb.Expression_Exp{Exp: r.expression()}}
	case "log10":
		return &pb.Expression{Variant: &pb.Expression_Log10{Log10: r.expression()}}
	case "ln":
		return &pb.Expression{Variant: &pb.Expression_Ln{Ln: r.expression()}}
	}
	return nil
}

func (r *reader) expressions() []*pb.Expression {
	return list(r, "an array of expressions", (*reader).expression)
}

func (r *reader) div() *pb.DivExpression {
	d := &pb.DivExpression{}
	r.object("an object with left and right", func(key string) bool {
		switch key {
		case "left":
			d.Left = r.expression()
		case "right":
			d.Right = r.expression()
		case "by_zero_default":
			d.ByZeroDefault = opt(r, (*reader).float32)
		default:
			return false
		}
		return true
	})
	r.need(d.Left != nil, "left")
	r.need(d.Right != nil, "right")
	return d
}

func (r *reader) pow() *pb.PowExpression {
	p := &pb.PowExpression{}
	r.object("an object with base and exponent", func(key string) bool {
		switch key {
		case "base":
			p.Base = r.expression()
		case "exponent":
			p.Exponent = r.expression()
		default:
			return false
		}
		return true
	})
	r.need(p.Base != nil, "base")
	r.need(p.Exponent != nil, "exponent")
	return p
}

func (r *reader) geoDistance() *pb.GeoDistance {
	g := &pb.GeoDistance{}
	aimed := false
	r.object("an object with origin and to", func(key string) bool {
		switch key {
		case "origin":
			g.Origin = r.geoPoint()
		case "to":
			g.To, aimed = r.string(), true
		default:
			return false
		}
		return true
	})
	r.need(g.Origin != nil, "origin")
	r.need(aimed, "to")
	return g
}

func (r *reader) decay() *pb.DecayParamsExpression {
	d := &pb.DecayParamsExpression{}
	r.object("an object with x", func(key string) bool {
		switch key {
		case "x":
			d.X = r.expression()
		case "target":
			d.Target = orNil(r, (*reader).expression)
		case "scale":
			d.Scale = opt(r, (*reader).float32)
		case "midpoint":
			d.Midpoint = opt(r, (*reader).float32)
		default:
			return false
		}
		return true
	})
	r.need(d.X != nil, "x")
	return d
}
