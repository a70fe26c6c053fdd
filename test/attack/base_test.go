package attack_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What makes a message valid, so that a hostile value elsewhere in the request is what decides.

func near() *pb.VectorInput { return pb.NewVectorInput(1, 2, 3, 4) }

func one(x float32) *pb.Expression {
	return &pb.Expression{Variant: &pb.Expression_Constant{Constant: x}}
}

func byVector() *pb.VectorExample {
	return &pb.VectorExample{Example: &pb.VectorExample_Vector{Vector: pb.NewVectorDense([]float32{1, 2, 3, 4})}}
}

func ones() *pb.PointsSelector { return pb.NewPointsSelectorIDs([]*pb.PointId{pb.NewIDNum(1)}) }

func red() map[string]*pb.Value { return pb.NewValueMap(map[string]any{"color": "red"}) }

// complete fills what a message of a type must have. Messages that it does not know stay as they are.
func complete(m proto.Message, v view) {
	if completeUpdate(m, v) || completeQuery(m, v) || completeLegacy(m) {
		return
	}
	switch m := m.(type) {
	case *pb.Condition:
		m.ConditionOneOf = match("color", "red").ConditionOneOf
	case *pb.FieldCondition:
		m.Key, m.Match = "color", &pb.Match{MatchValue: &pb.Match_Keyword{Keyword: "red"}}
	case *pb.IsEmptyCondition:
		m.Key = "color"
	case *pb.IsNullCondition:
		m.Key = "color"
	case *pb.NestedCondition:
		m.Key, m.Filter = "parts", &pb.Filter{Must: []*pb.Condition{match("color", "red")}}
	case *pb.HasIdCondition:
		m.HasId = []*pb.PointId{pb.NewIDNum(1)}
	case *pb.OrderBy:
		m.Key = "n"
	case *pb.FacetCounts:
		m.Key = "color"
	case *pb.CreateFieldIndexCollection:
		m.FieldName, m.FieldType = "color", pb.FieldType_FieldTypeKeyword.Enum()
	case *pb.DeleteFieldIndexCollection:
		m.FieldName = "color"
	case *pb.GetPoints:
		m.Ids = []*pb.PointId{pb.NewIDNum(1)}
	case *pb.ReplicatePoints:
		m.Filter = &pb.Filter{}
	}
}

func completeUpdate(m proto.Message, v view) bool {
	switch m := m.(type) {
	case *pb.UpsertPoints:
		m.Points, m.Wait = []*pb.PointStruct{ownPoint()}, pb.PtrOf(true)
	case *pb.PointsUpdateOperation_PointStructList:
		m.Points = []*pb.PointStruct{ownPoint()}
	case *pb.PointStruct:
		proto.Merge(m, ownPoint())
	case *pb.PointVectors:
		m.Id, m.Vectors = pb.NewIDNum(1), pb.NewVectors(4, 3, 2, 1)
	case *pb.UpdatePointVectors:
		m.Points, m.Wait = []*pb.PointVectors{{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(4, 3, 2, 1)}}, pb.PtrOf(true)
	case *pb.PointsUpdateOperation_UpdateVectors:
		m.Points = []*pb.PointVectors{{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(4, 3, 2, 1)}}
	case *pb.DeletePoints:
		m.Points, m.Wait = ones(), pb.PtrOf(true)
	case *pb.PointsUpdateOperation_DeletePoints:
		m.Points = ones()
	case *pb.DeletePointVectors:
		m.PointsSelector, m.Vectors, m.Wait = ones(), &pb.VectorsSelector{Names: []string{"text"}}, pb.PtrOf(true)
	case *pb.PointsUpdateOperation_DeleteVectors:
		m.PointsSelector, m.Vectors = ones(), &pb.VectorsSelector{Names: []string{"text"}}
	case *pb.SetPayloadPoints:
		m.Payload, m.PointsSelector, m.Wait = red(), ones(), pb.PtrOf(true)
	case *pb.PointsUpdateOperation_SetPayload:
		m.Payload, m.PointsSelector = red(), ones()
	case *pb.PointsUpdateOperation_OverwritePayload:
		m.Payload, m.PointsSelector = red(), ones()
	case *pb.DeletePayloadPoints:
		m.Keys, m.PointsSelector, m.Wait = []string{"color"}, ones(), pb.PtrOf(true)
	case *pb.PointsUpdateOperation_DeletePayload:
		m.Keys, m.PointsSelector = []string{"color"}, ones()
	case *pb.ClearPayloadPoints:
		m.Points, m.Wait = ones(), pb.PtrOf(true)
	case *pb.PointsUpdateOperation_ClearPayload:
		m.Points = ones()
	case *pb.UpdateBatchPoints:
		m.Wait = pb.PtrOf(true)
	case *pb.PointsUpdateOperation:
		m.Operation = &pb.PointsUpdateOperation_DeletePoints_{DeletePoints: &pb.PointsUpdateOperation_DeletePoints{Points: ones()}}
	case *pb.LookupLocation:
		m.CollectionName = v.collection
	case *pb.WithLookup:
		m.Collection, m.WithPayload = v.collection, pb.NewWithPayload(true)
	default:
		return false
	}
	return true
}

func ownPoint() *pb.PointStruct {
	p := point(mallory+"/"+docs, 3)
	p.Id = pb.NewIDNum(3)
	return p
}

func completeQuery(m proto.Message, _ view) bool {
	pairs := []*pb.ContextInputPair{{Positive: near(), Negative: pb.NewVectorInput(4, 3, 2, 1)}}
	switch m := m.(type) {
	case *pb.QueryPoints:
		m.Query, m.WithPayload = pb.NewQueryNearest(near()), pb.NewWithPayload(true)
	case *pb.QueryPointGroups:
		m.Query, m.GroupBy, m.WithPayload = pb.NewQueryNearest(near()), "x", pb.NewWithPayload(true)
	case *pb.PrefetchQuery:
		m.Query = pb.NewQueryNearest(near())
	case *pb.Query:
		m.Variant = pb.NewQueryNearest(near()).Variant
	case *pb.VectorInput:
		m.Variant = near().Variant
	case *pb.RecommendInput:
		m.Positive = []*pb.VectorInput{near()}
	case *pb.DiscoverInput:
		m.Target, m.Context = near(), &pb.ContextInput{Pairs: pairs}
	case *pb.ContextInput:
		m.Pairs = pairs
	case *pb.ContextInputPair:
		m.Positive, m.Negative = pairs[0].Positive, pairs[0].Negative
	case *pb.NearestInputWithMmr:
		m.Nearest, m.Mmr = near(), &pb.Mmr{}
	case *pb.RelevanceFeedbackInput:
		m.Target, m.Feedback, m.Strategy = near(), []*pb.FeedbackItem{{Example: near(), Score: 1}}, naive()
	case *pb.FeedbackItem:
		m.Example, m.Score = near(), 1
	case *pb.Formula:
		m.Expression = one(1)
	case *pb.Expression:
		m.Variant = one(1).Variant
	case *pb.MultExpression:
		m.Mult = []*pb.Expression{one(1)}
	case *pb.SumExpression:
		m.Sum = []*pb.Expression{one(1)}
	case *pb.DivExpression:
		m.Left, m.Right = one(1), one(2)
	case *pb.PowExpression:
		m.Base, m.Exponent = one(1), one(2)
	case *pb.DecayParamsExpression:
		m.X = one(1)
	case *pb.GeoDistance:
		m.Origin, m.To = &pb.GeoPoint{}, "place"
	default:
		return false
	}
	return true
}

func naive() *pb.FeedbackStrategy {
	return &pb.FeedbackStrategy{Variant: &pb.FeedbackStrategy_Naive{Naive: &pb.NaiveFeedbackStrategy{A: 1, B: 1, C: 1}}}
}

func completeLegacy(m proto.Message) bool {
	vec, yes := []float32{1, 2, 3, 4}, pb.NewWithPayload(true)
	switch m := m.(type) {
	case *pb.SearchPoints:
		m.Vector, m.Limit, m.WithPayload = vec, 10, yes
	case *pb.SearchPointGroups:
		m.Vector, m.Limit, m.GroupSize, m.GroupBy, m.WithPayload = vec, 10, 3, "x", yes
	case *pb.RecommendPoints:
		m.PositiveVectors, m.Limit, m.WithPayload = []*pb.Vector{pb.NewVectorDense(vec)}, 10, yes
	case *pb.RecommendPointGroups:
		m.PositiveVectors, m.Limit, m.GroupSize, m.GroupBy, m.WithPayload = []*pb.Vector{pb.NewVectorDense(vec)}, 10, 3, "x", yes
	case *pb.DiscoverPoints:
		m.Target, m.Limit, m.WithPayload = &pb.TargetVector{Target: &pb.TargetVector_Single{Single: byVector()}}, 10, yes
	case *pb.TargetVector:
		m.Target = &pb.TargetVector_Single{Single: byVector()}
	case *pb.VectorExample:
		m.Example = byVector().Example
	case *pb.ContextExamplePair:
		m.Positive, m.Negative = byVector(), byVector()
	case *pb.ScrollPoints:
		m.WithPayload = yes
	default:
		return false
	}
	return true
}

// prefetched gives formulas and fusions what they work on.
func prefetched(m protoreflect.Message) {
	switch q := m.Interface().(type) {
	case *pb.QueryPoints:
		if needsPrefetch(q.GetQuery()) && len(q.Prefetch) == 0 {
			q.Prefetch = []*pb.PrefetchQuery{{Query: pb.NewQueryNearest(near())}}
		}
	case *pb.QueryPointGroups:
		if needsPrefetch(q.GetQuery()) && len(q.Prefetch) == 0 {
			q.Prefetch = []*pb.PrefetchQuery{{Query: pb.NewQueryNearest(near())}}
		}
	case *pb.PrefetchQuery:
		if needsPrefetch(q.GetQuery()) && len(q.Prefetch) == 0 {
			q.Prefetch = []*pb.PrefetchQuery{{Query: pb.NewQueryNearest(near())}}
		}
	}
	eachMessage(m, prefetched)
}

func needsPrefetch(q *pb.Query) bool {
	return q.GetFormula() != nil || q.GetRrf() != nil || isFusion(q)
}

func isFusion(q *pb.Query) bool {
	_, ok := q.GetVariant().(*pb.Query_Fusion)
	return ok
}

// eachMessage visits the messages right inside of one.
func eachMessage(m protoreflect.Message, visit func(protoreflect.Message)) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
					visit(e.Message())
					return true
				})
			}
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				visit(v.List().Get(i).Message())
			}
		default:
			visit(v.Message())
		}
		return true
	})
}
