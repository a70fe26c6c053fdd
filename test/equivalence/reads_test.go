package equivalence_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func (g *generator) input(using string, byID bool) *pb.VectorInput {
	if byID && g.often(50) {
		return pb.NewVectorInputID(g.id())
	}
	if using == "" {
		return pb.NewVectorInputDense(g.dense())
	}
	i, v := g.sparse()
	return pb.NewVectorInputSparse(i, v)
}

func (g *generator) using() *string { return proto.String(g.pick("", "text", "plain")) }

// query is one that compares vectors.
func (g *generator) query(using string, byID bool) *pb.Query {
	in := func() *pb.VectorInput { return g.input(using, byID) }
	some := func() []*pb.VectorInput { return []*pb.VectorInput{in(), in()} }
	pairs := &pb.ContextInput{Pairs: []*pb.ContextInputPair{{Positive: in(), Negative: in()}, {Positive: in(), Negative: in()}}}
	switch g.r.IntN(7) {
	case 0:
		strategy := pb.RecommendStrategy(g.r.IntN(3))
		return pb.NewQueryRecommend(&pb.RecommendInput{Positive: some(), Negative: some()[:1], Strategy: &strategy})
	case 1:
		return pb.NewQueryDiscover(&pb.DiscoverInput{Target: in(), Context: pairs})
	case 2:
		return pb.NewQueryContext(pairs)
	case 3:
		return pb.NewQueryMMR(in(), &pb.Mmr{Diversity: proto.Float32(0.3)})
	}
	return pb.NewQueryNearest(in())
}

// lookup is another corpus to take vectors from, or none.
func (g *generator) lookup(percent int) *pb.LookupLocation {
	if !g.often(percent) {
		return nil
	}
	return &pb.LookupLocation{CollectionName: g.pick(corpora...)}
}

func (g *generator) prefetch(depth int) *pb.PrefetchQuery {
	using := g.using()
	p := &pb.PrefetchQuery{Using: using, Filter: g.someFilter(), Limit: proto.Uint64(uint64(10 + g.r.IntN(30))), LookupFrom: g.lookup(20)}
	if depth > 0 && g.often(40) {
		p.Prefetch = []*pb.PrefetchQuery{g.prefetch(depth - 1), g.prefetch(depth - 1)}
		// With weights, ranks hardly ever add up to the same score: of equal ones, which stands first would change the sums above.
		weights := []float32{1 + g.r.Float32(), g.r.Float32()}
		p.Query, p.Using = pb.NewQueryRRF(&pb.Rrf{K: proto.Uint32(uint32(1 + g.r.IntN(60))), Weights: weights}), nil
		return p
	}
	p.Query = pb.NewQueryNearest(g.input(*using, true))
	return p
}

func formula() *pb.Query {
	score := &pb.Expression{Variant: &pb.Expression_Variable{Variable: "$score"}}
	price := &pb.Expression{Variant: &pb.Expression_Variable{Variable: "x"}}
	red := &pb.Expression{Variant: &pb.Expression_Condition{Condition: pb.NewMatch("color", "red")}}
	ids := &pb.Expression{Variant: &pb.Expression_Condition{Condition: pb.NewHasID(pb.NewIDNum(1), pb.NewIDNum(2))}}
	return &pb.Query{Variant: &pb.Query_Formula{Formula: &pb.Formula{
		Defaults: pb.NewValueMap(map[string]any{"x": 3}),
		Expression: &pb.Expression{Variant: &pb.Expression_Sum{Sum: &pb.SumExpression{Sum: []*pb.Expression{
			score, red, ids, {Variant: &pb.Expression_Mult{Mult: &pb.MultExpression{Mult: []*pb.Expression{price, {Variant: &pb.Expression_Constant{Constant: 0.013}}}}}},
		}}}},
	}}}
}

func (g *generator) queryPoints(corpus string) *pb.QueryPoints {
	using := g.using()
	q := &pb.QueryPoints{
		CollectionName: corpus, Filter: g.someFilter(), Limit: proto.Uint64(uint64(1 + g.r.IntN(15))), Using: using,
		WithPayload: pb.NewWithPayload(true), WithVectors: pb.NewWithVectors(true), LookupFrom: g.lookup(25),
	}
	if g.often(20) {
		q.Offset = proto.Uint64(uint64(g.r.IntN(4)))
	}
	switch g.r.IntN(7) {
	case 0:
		q.Prefetch, q.Query, q.Using, q.LookupFrom = []*pb.PrefetchQuery{g.prefetch(1), g.prefetch(1)}, pb.NewQueryFusion(pb.Fusion_RRF), nil, nil
	case 1:
		q.Prefetch, q.Query, q.Using, q.LookupFrom = []*pb.PrefetchQuery{g.prefetch(0), g.prefetch(0)}, pb.NewQueryFusion(pb.Fusion_DBSF), nil, nil
	case 2:
		q.Prefetch, q.Query, q.Using, q.LookupFrom = []*pb.PrefetchQuery{g.prefetch(0)}, formula(), nil, nil
	case 3:
		q.Prefetch, q.Query = []*pb.PrefetchQuery{g.prefetch(1)}, g.query(*using, true)
	case 4:
		q.Query, q.Using, q.LookupFrom = pb.NewQueryOrderBy(&pb.OrderBy{Key: "n", Direction: pb.Direction(g.r.IntN(2)).Enum()}), nil, nil
	default:
		q.Query = g.query(*using, true)
		if g.often(20) {
			q.ScoreThreshold = proto.Float32(0.2)
		}
	}
	return q
}

// read is a read at random.
func (g *generator) read(corpus string) request {
	yes, i, v := pb.NewWithPayload(true), []uint32(nil), g.dense()
	using := g.pick("", "text", "plain")
	if using != "" {
		i, v = g.sparse()
	}
	var indices *pb.SparseIndices
	if i != nil {
		indices = &pb.SparseIndices{Data: i}
	}
	switch g.r.IntN(16) {
	case 0, 1, 2, 3, 4:
		return request{"Query", g.queryPoints(corpus)}
	case 5:
		return request{"QueryBatch", &pb.QueryBatchPoints{CollectionName: corpus, QueryPoints: []*pb.QueryPoints{g.queryPoints(corpus), g.queryPoints(corpus)}}}
	case 6:
		q := &pb.QueryPointGroups{
			CollectionName: corpus, Query: pb.NewQueryNearest(g.input(using, true)), Using: &using, Filter: g.someFilter(), GroupBy: g.pick("color", "x"),
			GroupSize: proto.Uint64(uint64(1 + g.r.IntN(4))), Limit: proto.Uint64(20), WithPayload: yes, LookupFrom: g.lookup(20),
		}
		if q.GroupBy == "x" && g.often(50) {
			q.WithLookup = &pb.WithLookup{Collection: g.pick(own, laws), WithPayload: yes}
		}
		return request{"QueryGroups", q}
	case 7:
		return request{"Search", &pb.SearchPoints{CollectionName: corpus, Vector: v, SparseIndices: indices, VectorName: &using, Filter: g.someFilter(), Limit: 8, WithPayload: yes}}
	case 8:
		return request{"SearchGroups", &pb.SearchPointGroups{
			CollectionName: corpus, Vector: v, SparseIndices: indices, VectorName: &using, Filter: g.someFilter(), Limit: 9, GroupSize: 2, GroupBy: "color", WithPayload: yes,
		}}
	case 9:
		return request{"Recommend", &pb.RecommendPoints{CollectionName: corpus, Positive: g.ids(2), Negative: g.ids(1), Using: &using, Filter: g.someFilter(), Limit: 6, LookupFrom: g.lookup(30), WithPayload: yes}}
	case 10:
		id := func() *pb.VectorExample { return &pb.VectorExample{Example: &pb.VectorExample_Id{Id: g.id()}} }
		return request{"Discover", &pb.DiscoverPoints{
			CollectionName: corpus, Target: &pb.TargetVector{Target: &pb.TargetVector_Single{Single: id()}}, Using: &using, Limit: 6, WithPayload: yes,
			Context: []*pb.ContextExamplePair{{Positive: id(), Negative: id()}}, Filter: g.someFilter(),
		}}
	case 11:
		return request{"Count", &pb.CountPoints{CollectionName: corpus, Filter: g.someFilter()}}
	case 12:
		return request{"Facet", &pb.FacetCounts{CollectionName: corpus, Key: g.pick("color", "x", "secret"), Filter: g.someFilter(), Limit: proto.Uint64(100)}}
	case 13:
		return request{"Get", &pb.GetPoints{CollectionName: corpus, Ids: g.ids(9), WithPayload: yes, WithVectors: pb.NewWithVectorsInclude("text")}}
	case 14:
		m := &pb.SearchMatrixPoints{CollectionName: corpus, Sample: proto.Uint64(100), Limit: proto.Uint64(90), Using: proto.String(g.pick("", "plain")), Filter: g.someFilter()}
		return request{g.pick("SearchMatrixPairs", "SearchMatrixOffsets"), m}
	}
	return request{"Scroll", &pb.ScrollPoints{
		CollectionName: corpus, Filter: g.someFilter(), WithPayload: yes, WithVectors: pb.NewWithVectors(true), Limit: proto.Uint32(uint32(1 + g.r.IntN(9))),
	}}
}
