package qdrant

import (
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

const uuidA = "550e8400-e29b-41d4-a716-446655440000"

var (
	red    = pb.NewMatch("color", "red")
	hasID1 = &pb.Condition{ConditionOneOf: &pb.Condition_HasId{HasId: &pb.HasIdCondition{HasId: []*pb.PointId{pb.NewIDNum(1)}}}}
)

// whole is a filter with an id in every corner.
func whole() *pb.Filter {
	id := func() *pb.Condition { return proto.Clone(hasID1).(*pb.Condition) }
	return &pb.Filter{
		Should: []*pb.Condition{id()}, Must: []*pb.Condition{proto.Clone(red).(*pb.Condition)}, MustNot: []*pb.Condition{id()},
		MinShould: &pb.MinShould{MinCount: 1, Conditions: []*pb.Condition{{ConditionOneOf: &pb.Condition_Filter{
			Filter: &pb.Filter{Must: []*pb.Condition{{ConditionOneOf: &pb.Condition_Nested{
				Nested: &pb.NestedCondition{Key: "parts", Filter: &pb.Filter{Should: []*pb.Condition{id(), pb.NewMatch(TenantField, "x")}}},
			}}}},
		}}}},
	}
}

func byFilter() *pb.PointsSelector { return pb.NewPointsSelectorFilter(whole()) }

func byIDs() *pb.PointsSelector {
	return pb.NewPointsSelectorIDs([]*pb.PointId{pb.NewIDNum(1), pb.NewIDUUID("{" + strings.ToUpper(uuidA) + "}")})
}

func lookup(name string) *pb.LookupLocation { return &pb.LookupLocation{CollectionName: name} }

func point() *pb.PointStruct {
	return &pb.PointStruct{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(1, 2), Payload: map[string]*pb.Value{"a": text("b")}}
}

func idInput(n uint64) *pb.VectorInput { return pb.NewVectorInputID(pb.NewIDNum(n)) }

func example(n uint64) *pb.VectorExample {
	return &pb.VectorExample{Example: &pb.VectorExample_Id{Id: pb.NewIDNum(n)}}
}

// rewrites are requests of every served RPC; what becomes of them stands in testdata/rewrite.
var rewrites = map[string]struct {
	method  string
	request func() proto.Message
}{
	"upsert": {"Upsert", func() proto.Message {
		stamped := point()
		stamped.Payload[TenantField] = text(acme)
		bare := &pb.PointStruct{Id: pb.NewIDUUID(uuidA), Vectors: pb.NewVectors(1)}
		return &pb.UpsertPoints{
			CollectionName: docs, Points: []*pb.PointStruct{point(), stamped, bare}, UpdateFilter: whole(), Wait: proto.Bool(true),
			UpdateMode: pb.UpdateMode_UpdateOnly.Enum(),
		}
	}},
	"delete-ids":    {"Delete", func() proto.Message { return &pb.DeletePoints{CollectionName: docs, Points: byIDs()} }},
	"delete-filter": {"Delete", func() proto.Message { return &pb.DeletePoints{CollectionName: docs, Points: byFilter()} }},
	"delete-all": {"Delete", func() proto.Message {
		return &pb.DeletePoints{CollectionName: docs, Points: pb.NewPointsSelectorFilter(&pb.Filter{})}
	}},
	"get": {"Get", func() proto.Message {
		return &pb.GetPoints{CollectionName: docs, Timeout: proto.Uint64(3), Ids: []*pb.PointId{
			pb.NewIDNum(2), pb.NewIDUUID(uuidA), pb.NewIDNum(2), pb.NewIDUUID(strings.ToUpper(uuidA)),
		}}
	}},
	"get-dedicated": {"Get", func() proto.Message { return &pb.GetPoints{CollectionName: own, Ids: []*pb.PointId{pb.NewIDNum(2)}} }},
	"update-vectors": {"UpdateVectors", func() proto.Message {
		return &pb.UpdatePointVectors{
			CollectionName: docs, Points: []*pb.PointVectors{{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(1)}}, UpdateFilter: whole(),
		}
	}},
	"delete-vectors": {"DeleteVectors", func() proto.Message {
		return &pb.DeletePointVectors{CollectionName: docs, PointsSelector: byFilter(), Vectors: &pb.VectorsSelector{Names: []string{"text"}}}
	}},
	"set-payload": {"SetPayload", func() proto.Message {
		return &pb.SetPayloadPoints{
			CollectionName: docs, Payload: map[string]*pb.Value{"a": text("b")}, PointsSelector: byIDs(), Key: proto.String("x.tenant_id"),
		}
	}},
	"overwrite-payload": {"OverwritePayload", func() proto.Message {
		return &pb.SetPayloadPoints{CollectionName: docs, Payload: map[string]*pb.Value{"a": text("b")}, PointsSelector: byFilter()}
	}},
	"delete-payload": {"DeletePayload", func() proto.Message {
		return &pb.DeletePayloadPoints{CollectionName: docs, Keys: []string{"a", `"b c".tenant_id`}, PointsSelector: byIDs()}
	}},
	"clear-payload": {"ClearPayload", func() proto.Message {
		return &pb.ClearPayloadPoints{CollectionName: docs, Points: byFilter(), Wait: proto.Bool(true)}
	}},
	"clear-payload-dedicated": {"ClearPayload", func() proto.Message { return &pb.ClearPayloadPoints{CollectionName: own, Points: byIDs()} }},
	"update-batch":            {"UpdateBatch", updateBatch},
	"scroll": {"Scroll", func() proto.Message {
		return &pb.ScrollPoints{CollectionName: docs, Filter: whole(), Offset: pb.NewIDNum(7), OrderBy: &pb.OrderBy{Key: "a"}}
	}},
	"scroll-reference": {"Scroll", func() proto.Message {
		return &pb.ScrollPoints{CollectionName: laws, Filter: whole(), Offset: pb.NewIDNum(7)}
	}},
	"count": {"Count", func() proto.Message {
		return &pb.CountPoints{CollectionName: docs, Filter: whole(), Exact: proto.Bool(false), Timeout: proto.Uint64(3)}
	}},
	"count-dedicated": {"Count", func() proto.Message { return &pb.CountPoints{CollectionName: own, Exact: proto.Bool(false)} }},
	"facet":           {"Facet", func() proto.Message { return &pb.FacetCounts{CollectionName: docs, Key: "source"} }},
	"search": {"Search", func() proto.Message {
		return &pb.SearchPoints{CollectionName: docs, Vector: []float32{1}, Filter: whole(), Limit: 3}
	}},
	"search-idf": {"Search", func() proto.Message {
		return &pb.SearchPoints{
			CollectionName: docs, Vector: []float32{1}, SparseIndices: &pb.SparseIndices{Data: []uint32{1}}, VectorName: proto.String("text"),
			Limit: 3,
		}
	}},
	"search-batch": {"SearchBatch", func() proto.Message {
		return &pb.SearchBatchPoints{CollectionName: docs, SearchPoints: []*pb.SearchPoints{
			{CollectionName: docs, Vector: []float32{1}, Limit: 1}, {Vector: []float32{1}, Filter: whole(), Limit: 1},
		}}
	}},
	"search-groups": {"SearchGroups", func() proto.Message {
		return &pb.SearchPointGroups{
			CollectionName: docs, Vector: []float32{1}, Limit: 1, GroupSize: 2, GroupBy: "source", WithLookup: &pb.WithLookup{Collection: laws},
		}
	}},
	"recommend": {"Recommend", func() proto.Message {
		return &pb.RecommendPoints{
			CollectionName: docs, Positive: []*pb.PointId{pb.NewIDNum(1)}, Negative: []*pb.PointId{pb.NewIDNum(2)}, Filter: whole(),
			LookupFrom: lookup(notes), Limit: 3,
		}
	}},
	"recommend-batch": {"RecommendBatch", func() proto.Message {
		return &pb.RecommendBatchPoints{CollectionName: docs, RecommendPoints: []*pb.RecommendPoints{
			{CollectionName: docs, Positive: []*pb.PointId{pb.NewIDNum(1)}, Using: proto.String("text"), Limit: 1},
		}}
	}},
	"recommend-groups": {"RecommendGroups", func() proto.Message {
		return &pb.RecommendPointGroups{
			CollectionName: docs, Positive: []*pb.PointId{pb.NewIDNum(1)}, LookupFrom: lookup(own), Limit: 1, GroupSize: 1, GroupBy: "source",
		}
	}},
	"discover": {"Discover", func() proto.Message {
		return &pb.DiscoverPoints{
			CollectionName: docs, Target: &pb.TargetVector{Target: &pb.TargetVector_Single{Single: example(1)}},
			Context: []*pb.ContextExamplePair{{Positive: example(2), Negative: example(3)}}, Filter: whole(), Limit: 1,
		}
	}},
	"discover-batch": {"DiscoverBatch", func() proto.Message {
		return &pb.DiscoverBatchPoints{CollectionName: docs, DiscoverPoints: []*pb.DiscoverPoints{
			{CollectionName: docs, Context: []*pb.ContextExamplePair{{Positive: example(2), Negative: example(3)}}, Limit: 1},
		}}
	}},
	"matrix-pairs":   {"SearchMatrixPairs", func() proto.Message { return &pb.SearchMatrixPoints{CollectionName: docs, Filter: whole()} }},
	"matrix-offsets": {"SearchMatrixOffsets", func() proto.Message { return &pb.SearchMatrixPoints{CollectionName: docs} }},
	"query-plain": {"Query", func() proto.Message {
		return &pb.QueryPoints{CollectionName: docs, Query: pb.NewQuery(1, 2), Limit: proto.Uint64(3)}
	}},
	"query-hybrid":  {"Query", hybridQuery},
	"query-lookups": {"Query", lookupQuery},
	"query-formula": {"Query", formulaQuery},
	"query-dedicated-lookup-shared": {"Query", func() proto.Message {
		return &pb.QueryPoints{CollectionName: own, Query: pb.NewQueryID(pb.NewIDNum(1)), LookupFrom: lookup(docs), Filter: whole()}
	}},
	"query-batch": {"QueryBatch", func() proto.Message {
		return &pb.QueryBatchPoints{CollectionName: docs, QueryPoints: []*pb.QueryPoints{
			{CollectionName: docs, Query: pb.NewQueryID(pb.NewIDNum(1))}, {CollectionName: docs, Filter: whole()},
		}}
	}},
	"query-groups": {"QueryGroups", func() proto.Message {
		return &pb.QueryPointGroups{
			CollectionName: docs, Query: pb.NewQueryID(pb.NewIDNum(1)), GroupBy: "source", WithLookup: &pb.WithLookup{Collection: own},
			Prefetch: []*pb.PrefetchQuery{{Query: pb.NewQuery(1)}},
		}
	}},
	"query-idf-corpus": {"Query", func() proto.Message {
		q := &pb.QueryPoints{CollectionName: docs, Query: pb.NewQuerySparse([]uint32{1}, []float32{1}), Using: proto.String("text")}
		q.Params = withIDF(whole())
		return q
	}},
}

// withIDF are params with an idf corpus, as a client of 1.19 sends them.
func withIDF(corpus *pb.Filter) *pb.SearchParams {
	raw, err := idfParams(corpus)
	if err != nil {
		panic(err)
	}
	out := &pb.SearchParams{HnswEf: proto.Uint64(9)}
	out.ProtoReflect().SetUnknown(raw)
	return out
}

func hybridQuery() proto.Message {
	return &pb.QueryPoints{
		CollectionName: docs, Query: pb.NewQueryFusion(pb.Fusion_RRF), Filter: whole(), Prefetch: []*pb.PrefetchQuery{
			{Query: pb.NewQuerySparse([]uint32{1}, []float32{1}), Using: proto.String("text"), Limit: proto.Uint64(20)},
			{Query: pb.NewQuery(1, 2), Prefetch: []*pb.PrefetchQuery{
				{Query: pb.NewQueryID(pb.NewIDNum(5)), Using: proto.String("text"), Filter: whole()},
				{Query: pb.NewQueryID(pb.NewIDNum(6)), Using: proto.String("plain")},
			}},
		},
	}
}

func lookupQuery() proto.Message {
	pair := &pb.ContextInputPair{Positive: idInput(2), Negative: idInput(3)}
	return &pb.QueryPoints{
		CollectionName: docs, LookupFrom: lookup(notes),
		Query: pb.NewQueryRecommend(&pb.RecommendInput{Positive: []*pb.VectorInput{idInput(1)}, Negative: []*pb.VectorInput{idInput(2)}}),
		Prefetch: []*pb.PrefetchQuery{
			{Query: pb.NewQueryDiscover(&pb.DiscoverInput{Target: idInput(1), Context: &pb.ContextInput{Pairs: []*pb.ContextInputPair{pair}}})},
			{Query: pb.NewQueryID(pb.NewIDNum(4)), LookupFrom: lookup(laws), Filter: whole()},
			{Query: pb.NewQueryMMR(idInput(5), &pb.Mmr{}), LookupFrom: lookup(docs)},
			{Query: &pb.Query{Variant: &pb.Query_RelevanceFeedback{RelevanceFeedback: &pb.RelevanceFeedbackInput{
				Target: idInput(6), Feedback: []*pb.FeedbackItem{{Example: idInput(7)}},
				Strategy: &pb.FeedbackStrategy{Variant: &pb.FeedbackStrategy_Naive{Naive: &pb.NaiveFeedbackStrategy{}}},
			}}}, LookupFrom: lookup(notes)},
		},
	}
}

func formulaQuery() proto.Message {
	condition := &pb.Expression{Variant: &pb.Expression_Condition{Condition: proto.Clone(hasID1).(*pb.Condition)}}
	variable := &pb.Expression{Variant: &pb.Expression_Variable{Variable: "$score[0]"}}
	return &pb.QueryPoints{
		CollectionName: docs, Prefetch: []*pb.PrefetchQuery{{Query: pb.NewQuery(1)}},
		Query: &pb.Query{Variant: &pb.Query_Formula{Formula: &pb.Formula{
			Defaults: map[string]*pb.Value{"price": pb.NewValueInt(1)},
			Expression: &pb.Expression{Variant: &pb.Expression_Sum{Sum: &pb.SumExpression{Sum: []*pb.Expression{
				variable, {Variant: &pb.Expression_Neg{Neg: condition}},
			}}}},
		}}},
	}
}

func updateBatch() proto.Message {
	type op = pb.PointsUpdateOperation
	return &pb.UpdateBatchPoints{CollectionName: docs, Operations: []*op{
		{Operation: &pb.PointsUpdateOperation_Upsert{Upsert: &pb.PointsUpdateOperation_PointStructList{
			Points: []*pb.PointStruct{point()}, UpdateFilter: whole(),
		}}},
		{Operation: &pb.PointsUpdateOperation_DeleteDeprecated{DeleteDeprecated: byIDs()}}, //nolint:staticcheck // clients still send it
		{Operation: &pb.PointsUpdateOperation_SetPayload_{SetPayload: &pb.PointsUpdateOperation_SetPayload{
			Payload: map[string]*pb.Value{"a": text("b")}, PointsSelector: byFilter(),
		}}},
		{Operation: &pb.PointsUpdateOperation_OverwritePayload_{OverwritePayload: &pb.PointsUpdateOperation_OverwritePayload{
			PointsSelector: byIDs(),
		}}},
		{Operation: &pb.PointsUpdateOperation_DeletePayload_{DeletePayload: &pb.PointsUpdateOperation_DeletePayload{
			Keys: []string{"a"}, PointsSelector: byIDs(),
		}}},
		{Operation: &pb.PointsUpdateOperation_ClearPayloadDeprecated{ClearPayloadDeprecated: byFilter()}}, //nolint:staticcheck // clients still send it
		{Operation: &pb.PointsUpdateOperation_UpdateVectors_{UpdateVectors: &pb.PointsUpdateOperation_UpdateVectors{
			Points: []*pb.PointVectors{{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(1)}}, UpdateFilter: &pb.Filter{},
		}}},
		{Operation: &pb.PointsUpdateOperation_DeleteVectors_{DeleteVectors: &pb.PointsUpdateOperation_DeleteVectors{
			PointsSelector: byFilter(), Vectors: &pb.VectorsSelector{Names: []string{""}},
		}}},
		{Operation: &pb.PointsUpdateOperation_DeletePoints_{DeletePoints: &pb.PointsUpdateOperation_DeletePoints{Points: byIDs()}}},
		{Operation: &pb.PointsUpdateOperation_ClearPayload_{ClearPayload: &pb.PointsUpdateOperation_ClearPayload{Points: byIDs()}}},
	}}
}
