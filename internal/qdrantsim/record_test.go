package qdrantsim_test

import (
	"strings"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenantry/tenantry/internal/qdrantsim"
)

func replyOf(t *testing.T, desc protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(desc.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

func TestMetadataIsRecordedWithoutCredentials(t *testing.T) {
	s, c := owned(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-one", "1", "x-one", "2", "openai-api-key", "k", "authorization", "Bearer secret")
	if _, err := c.Count(ctx, &qdrant.CountPoints{CollectionName: "c"}); err != nil {
		t.Fatal(err)
	}
	md := s.Calls()[0].Metadata
	same(t, md["x-one"], []string{"1", "2"})
	same(t, md["openai-api-key"], []string{"k"})
	same(t, md["api-key"], []string{qdrantsim.HiddenCredential})
	same(t, md["authorization"], []string{qdrantsim.HiddenCredential})
}

// Every request names the points it could touch, however little it shows.
func TestTouched(t *testing.T) {
	selectB := qdrant.NewPointsSelectorFilter(of("b"))
	byID := func(n uint64) *qdrant.VectorInput { return qdrant.NewVectorInputID(qdrant.NewIDNum(n)) }
	few := qdrant.PtrOf(uint64(1))
	for name, tc := range map[string]struct {
		request proto.Message
		want    string
	}{
		"Get":                {&qdrant.GetPoints{CollectionName: "c", Ids: []*qdrant.PointId{qdrant.NewIDNum(3), qdrant.NewIDNum(99)}}, "c/3 c/99"},
		"Scroll":             {&qdrant.ScrollPoints{CollectionName: "c", Filter: of("a"), Limit: qdrant.PtrOf(uint32(1))}, "c/1 c/2"},
		"Scroll by alias":    {&qdrant.ScrollPoints{CollectionName: "alias", Filter: of("b")}, "c/3"},
		"Count":              {&qdrant.CountPoints{CollectionName: "c", Filter: of("a")}, "c/1 c/2"},
		"Count inexact":      {&qdrant.CountPoints{CollectionName: "c", Filter: of("a"), Exact: qdrant.PtrOf(false)}, "c/1 c/2 c/3"},
		"Facet":              {&qdrant.FacetCounts{CollectionName: "c", Key: "t", Filter: of("b")}, "c/3"},
		"Query":              {&qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQuery(1, 0), Filter: of("a"), Limit: few}, "c/1 c/2"},
		"Query by id":        {&qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryNearest(byID(3)), Filter: of("a")}, "c/1 c/2 c/3"},
		"Query by lookup":    {&qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryNearest(byID(5)), Filter: of("b"), LookupFrom: &qdrant.LookupLocation{CollectionName: "d"}}, "c/3 d/5"},
		"Query of prefetch":  {&qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Filter: of("a"), Prefetch: []*qdrant.PrefetchQuery{{Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewIDNum(2), qdrant.NewIDNum(3))}}}}}, "c/2"},
		"Query of leaves":    {&qdrant.QueryPoints{CollectionName: "c", Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Prefetch: []*qdrant.PrefetchQuery{{Filter: of("a")}, {Query: qdrant.NewQueryNearest(byID(3)), Filter: of("a")}}}, "c/1 c/2 c/3"},
		"QueryBatch":         {&qdrant.QueryBatchPoints{CollectionName: "c", QueryPoints: []*qdrant.QueryPoints{{CollectionName: "d", Filter: of("b")}}}, "c/3"},
		"QueryGroups":        {&qdrant.QueryPointGroups{CollectionName: "c", Query: qdrant.NewQuery(1, 0), GroupBy: "g", Filter: of("b")}, "c/3"},
		"QueryGroups lookup": {&qdrant.QueryPointGroups{CollectionName: "c", Query: qdrant.NewQuery(1, 0), GroupBy: "g", Filter: of("b"), WithLookup: &qdrant.WithLookup{Collection: "d"}}, "c/3 d/3"},
		"Search":             {&qdrant.SearchPoints{CollectionName: "c", Vector: []float32{1, 0}, Limit: 1, Filter: of("a")}, "c/1 c/2"},
		"Recommend":          {&qdrant.RecommendPoints{CollectionName: "c", Positive: []*qdrant.PointId{qdrant.NewIDNum(3)}, Limit: 1, Filter: of("a")}, "c/1 c/2 c/3"},
		"SearchMatrixPairs":  {&qdrant.SearchMatrixPoints{CollectionName: "c", Filter: of("a")}, "c/1 c/2"},
		"Upsert":             {&qdrant.UpsertPoints{CollectionName: "c", Points: []*qdrant.PointStruct{owner(3, "a"), owner(8, "a")}, UpdateFilter: of("a")}, "c/3 c/8"},
		"UpdateVectors":      {&qdrant.UpdatePointVectors{CollectionName: "c", UpdateFilter: of("a"), Points: []*qdrant.PointVectors{{Id: qdrant.NewIDNum(3), Vectors: qdrant.NewVectors(1, 1)}}}, "c/3"},
		"Delete":             {&qdrant.DeletePoints{CollectionName: "c", Points: selectB}, "c/3"},
		"Delete by id":       {&qdrant.DeletePoints{CollectionName: "c", Points: qdrant.NewPointsSelector(qdrant.NewIDNum(9))}, "c/9"},
		"SetPayload":         {&qdrant.SetPayloadPoints{CollectionName: "c", PointsSelector: selectB}, "c/3"},
		"DeleteVectors":      {&qdrant.DeletePointVectors{CollectionName: "c", PointsSelector: selectB, Vectors: &qdrant.VectorsSelector{Names: []string{""}}}, "c/3"},
		"UpdateBatch": {&qdrant.UpdateBatchPoints{CollectionName: "c", Operations: []*qdrant.PointsUpdateOperation{
			qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{Payload: qdrant.NewValueMap(map[string]any{"t": "z"}), PointsSelector: selectB}),
			qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: qdrant.NewPointsSelectorFilter(of("z"))}),
		}}, "c/3"},
		"CreateFieldIndex": {&qdrant.CreateFieldIndexCollection{CollectionName: "c", FieldName: "x", FieldType: qdrant.FieldType_FieldTypeKeyword.Enum()}, "c/1 c/2 c/3"},
		"Count refused":    {&qdrant.CountPoints{CollectionName: "c", Filter: &qdrant.Filter{MinShould: &qdrant.MinShould{}}}, ""},
		"Recommend missed": {&qdrant.RecommendPoints{CollectionName: "c", Positive: []*qdrant.PointId{qdrant.NewIDNum(77)}, Limit: 1, Filter: of("a")}, "c/1 c/2 c/77"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := touchable(t)
			method, _, _ := strings.Cut(name, " ")
			out := qdrant.File_points_service_proto.Services().ByName("Points").Methods().ByName(protoreflect.Name(method)).Output()
			_ = c.GetConnection().Invoke(t.Context(), "/qdrant.Points/"+method, tc.request, replyOf(t, out)) // some are refused
			same(t, strings.Join(s.Calls()[0].Touched, " "), tc.want)
		})
	}
}

// touchable adds to owned an alias of "c" and a collection "d" with the points 3 and 5.
func touchable(t *testing.T) (*qdrantsim.Server, *qdrant.Client) {
	t.Helper()
	s, c := owned(t)
	collection(t, c, "d")
	_, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "d", Points: []*qdrant.PointStruct{owner(3, "b"), owner(5, "b")}})
	wantCode(t, err, codes.OK, "")
	wantCode(t, c.CreateAlias(t.Context(), "alias", "c"), codes.OK, "")
	s.ResetCalls()
	return s, c
}

func TestTouchedOfAWholeCollection(t *testing.T) {
	s, c := owned(t)
	if _, err := c.GetCollectionInfo(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateSnapshot(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	for _, call := range s.Calls() {
		same(t, call.Touched, []string{"c/1", "c/2", "c/3"})
	}
	same(t, s.CollectionNames(), []string{"c"})
	same(t, s.Points("none") == nil, true)
}

func TestTouchedIsBounded(t *testing.T) {
	s, c := owned(t)
	var points []*qdrant.PointStruct
	for i := range uint64(qdrantsim.MaxTouched + 1) {
		points = append(points, &qdrant.PointStruct{Id: qdrant.NewIDNum(i), Vectors: qdrant.NewVectors(1, 1)})
	}
	write(t, c, true, points...)
	call := s.Calls()[0]
	same(t, []any{len(call.Touched), call.TouchedMore}, []any{qdrantsim.MaxTouched, true})
	for range 60 { // more than 500,000 together
		if _, err := c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"}); err != nil {
			t.Fatal(err)
		}
	}
	calls := s.Calls()
	same(t, len(calls), 50)
	same(t, []any{len(calls[0].Touched), s.CallCount("/qdrant.Points/Count")}, []any{qdrantsim.MaxTouched, 60})
}
