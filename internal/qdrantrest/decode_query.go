package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

const queryForms = "exactly one kind of query: a point id, a vector, or an object with one of nearest, recommend, " +
	"discover, context, order_by, fusion, rrf, formula, sample and relevance_feedback"

// query reads any query. A number or a string is a point id, an array a vector; an object is told by its keys.
func (r *reader) query() *pb.Query {
	if r.kind() != '{' {
		return &pb.Query{Variant: &pb.Query_Nearest{Nearest: r.input()}}
	}
	var q queryParts
	r.object(queryForms, func(key string) bool {
		if r.part(&q.vector, key) {
			return true
		}
		return r.queryField(&q, key)
	})
	return r.finishQuery(&q)
}

// queryParts is the union of all objects that can stand for a query.
type queryParts struct {
	vector   parts
	nearest  *pb.VectorInput
	mmr      *pb.Mmr
	formula  *pb.Expression
	defaults map[string]*pb.Value
	whole    *pb.Query // every other kind
	kinds    int
}

func (q *queryParts) is(whole *pb.Query) {
	q.whole = whole
	q.kinds++
}

var (
	fusions = map[string]pb.Fusion{"rrf": pb.Fusion_RRF, "dbsf": pb.Fusion_DBSF}
	samples = map[string]pb.Sample{"random": pb.Sample_Random}
)

func (r *reader) queryField(q *queryParts, key string) bool {
	switch key {
	case "nearest":
		q.nearest = r.input()
		q.kinds++
	case "mmr":
		q.mmr = orNil(r, (*reader).mmr)
	case "formula":
		q.formula = r.expression()
		q.kinds++
	case "defaults":
		q.defaults = r.payload()
	case "recommend":
		q.is(&pb.Query{Variant: &pb.Query_Recommend{Recommend: r.recommendInput()}})
	case "discover":
		q.is(&pb.Query{Variant: &pb.Query_Discover{Discover: r.discoverInput()}})
	case "context":
		q.is(&pb.Query{Variant: &pb.Query_Context{Context: r.contextInput()}})
	case "order_by":
		q.is(&pb.Query{Variant: &pb.Query_OrderBy{OrderBy: r.orderBy()}})
	case "fusion":
		q.is(&pb.Query{Variant: &pb.Query_Fusion{Fusion: enum(r, fusions, "rrf or dbsf")}})
	case "rrf":
		q.is(&pb.Query{Variant: &pb.Query_Rrf{Rrf: r.rrf()}})
	case "sample":
		q.is(&pb.Query{Variant: &pb.Query_Sample{Sample: enum(r, samples, "random")}})
	case "relevance_feedback":
		q.is(&pb.Query{Variant: &pb.Query_RelevanceFeedback{RelevanceFeedback: r.feedbackInput()}})
	default:
		return false
	}
	return true
}

func (r *reader) finishQuery(q *queryParts) *pb.Query {
	vector := q.vector.any()
	if vector {
		r.vectorParts(&q.vector)
		q.kinds++
	}
	switch {
	case q.kinds != 1:
		r.fail("expected %s", queryForms)
	case q.mmr != nil && q.nearest == nil:
		r.fail("mmr belongs to nearest")
	case q.defaults != nil && q.formula == nil:
		r.fail("defaults belong to a formula")
	case vector:
		return &pb.Query{Variant: &pb.Query_Nearest{Nearest: q.vector.input()}}
	case q.mmr != nil:
		return &pb.Query{Variant: &pb.Query_NearestWithMmr{NearestWithMmr: &pb.NearestInputWithMmr{Nearest: q.nearest, Mmr: q.mmr}}}
	case q.nearest != nil:
		return &pb.Query{Variant: &pb.Query_Nearest{Nearest: q.nearest}}
	case q.formula != nil:
		return &pb.Query{Variant: &pb.Query_Formula{Formula: &pb.Formula{Expression: q.formula, Defaults: q.defaults}}}
	}
	return q.whole
}

func (r *reader) mmr() *pb.Mmr {
	m := &pb.Mmr{}
	r.object("an object", func(key string) bool {
		switch key {
		case "diversity":
			m.Diversity = opt(r, (*reader).float32)
		case "candidates_limit":
			m.CandidatesLimit = opt(r, (*reader).uint32)
		default:
			return false
		}
		return true
	})
	return m
}

func (r *reader) rrf() *pb.Rrf {
	f := &pb.Rrf{}
	r.object("an object", func(key string) bool {
		switch key {
		case "k":
			f.K = opt(r, (*reader).positive32)
		case "weights":
			if !r.null() {
				f.Weights = r.floats("an array of numbers")
			}
		default:
			return false
		}
		return true
	})
	return f
}
