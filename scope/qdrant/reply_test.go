package qdrant

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

func call(t testing.TB, s *Scope, method string, m proto.Message) *Call {
	t.Helper()
	c, err := s.Request("/qdrant."+method, m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func respond(t testing.TB, c *Call, reply proto.Message) proto.Message {
	t.Helper()
	out, err := c.Response(reply)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stored is an id as it stands in docs.
func stored(t testing.TB, s *Scope, id *pb.PointId) *pb.PointId {
	t.Helper()
	return pb.NewIDUUID(sealed(t, s.collections[docs].ids, id))
}

func storedPayload() map[string]*pb.Value {
	return map[string]*pb.Value{
		TenantField: text(acme), CorpusField: text("corpus-docs"),
		"a": pb.NewValueStruct(&pb.Struct{Fields: map[string]*pb.Value{TenantField: withUnknown(text("mine"))}}),
	}
}

func clientPayload() map[string]*pb.Value {
	return map[string]*pb.Value{"a": pb.NewValueStruct(&pb.Struct{Fields: map[string]*pb.Value{TenantField: text("mine")}})}
}

var secretShard = &pb.ShardKey{Key: &pb.ShardKey_Keyword{Keyword: "evil"}}

func denseOutput() *pb.VectorOutput {
	return &pb.VectorOutput{Vector: &pb.VectorOutput_Dense{Dense: &pb.DenseVector{Data: []float32{1}}}}
}

func usage() *pb.Usage {
	return &pb.Usage{Hardware: &pb.HardwareUsage{Cpu: 9}, Inference: &pb.InferenceUsage{Models: map[string]*pb.ModelUsage{"m": {Tokens: 1}}}}
}

func TestQueryReply(t *testing.T) {
	s := newTestScope(t)
	reply := &pb.QueryResponse{Time: 0.5, Usage: usage(), Result: []*pb.ScoredPoint{
		withUnknown(&pb.ScoredPoint{
			Id: stored(t, s, pb.NewIDNum(7)), Payload: storedPayload(), Score: 0.5, Version: 1234, ShardKey: secretShard,
			Vectors: &pb.VectorsOutput{VectorsOptions: &pb.VectorsOutput_Vector{Vector: withUnknown(denseOutput())}},
		}),
		{Id: stored(t, s, pb.NewIDUUID(uuidA)), Score: 0.25, OrderValue: &pb.OrderValue{Variant: &pb.OrderValue_Int{Int: 3}}},
	}}
	want := &pb.QueryResponse{
		Time: 0.5, Usage: &pb.Usage{Inference: &pb.InferenceUsage{Models: map[string]*pb.ModelUsage{"m": {Tokens: 1}}}},
		Result: []*pb.ScoredPoint{
			{Id: pb.NewIDNum(7), Payload: clientPayload(), Score: 0.5,
				Vectors: &pb.VectorsOutput{VectorsOptions: &pb.VectorsOutput_Vector{Vector: denseOutput()}}},
			{Id: pb.NewIDUUID(uuidA), Score: 0.25, OrderValue: &pb.OrderValue{Variant: &pb.OrderValue_Int{Int: 3}}},
		},
	}
	got := respond(t, call(t, s, "Points/Query", plainQuery()), reply)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestForeignPointEndsTheReply: an id that nothing of ours stores means that a boundary is open. Nothing is passed on.
func TestForeignPointEndsTheReply(t *testing.T) {
	s := newTestScope(t)
	for name, id := range map[string]*pb.PointId{"a number": pb.NewIDNum(1), "no uuid": pb.NewIDUUID("x"), "empty": {}} {
		out, err := call(t, s, "Points/Query", plainQuery()).Response(&pb.QueryResponse{Result: []*pb.ScoredPoint{{Id: id}}})
		if refusalOf(t, err).Code != codes.Internal || out != nil {
			t.Errorf("%s gave %v, %v", name, out, err)
		}
	}
	_, err := call(t, s, "Points/Count", &pb.CountPoints{CollectionName: docs}).Response(&pb.FacetResponse{Hits: []*pb.FacetHit{
		{Value: &pb.FacetValue{Variant: &pb.FacetValue_StringValue{StringValue: "evil"}}, Count: 3},
	}})
	if refusalOf(t, err).Code != codes.Internal {
		t.Errorf("a count of others gave %v", err)
	}
	_, err = call(t, s, "Points/Query", plainQuery()).Response(&pb.ScrollResponse{})
	if refusalOf(t, err).Reason != ReasonWrongMessage {
		t.Errorf("a reply of another type gave %v", err)
	}
}

// TestReplyByPattern: what counts others' doings goes, a tenant's own collection keeps its own.
func TestReplyByPattern(t *testing.T) {
	s := newTestScope(t)
	cases := map[string]struct {
		collection string
		id         *pb.PointId
		want       *pb.ScoredPoint
	}{
		"dedicated": {own, pb.NewIDNum(7), &pb.ScoredPoint{Id: pb.NewIDNum(7), Version: 5, Payload: map[string]*pb.Value{TenantField: text("x")}}},
		"reference": {laws, pb.NewIDNum(7), &pb.ScoredPoint{Id: pb.NewIDNum(7), Payload: map[string]*pb.Value{TenantField: text("x")}}},
		"shared":    {docs, stored(t, s, pb.NewIDNum(7)), &pb.ScoredPoint{Id: pb.NewIDNum(7)}},
	}
	for name, tt := range cases {
		c := call(t, s, "Points/Search", &pb.SearchPoints{CollectionName: tt.collection, Limit: 1})
		reply := &pb.SearchResponse{Result: []*pb.ScoredPoint{
			{Id: tt.id, Version: 5, ShardKey: secretShard, Payload: map[string]*pb.Value{TenantField: text("x")}},
		}}
		want := &pb.SearchResponse{Result: []*pb.ScoredPoint{tt.want}}
		if diff := cmp.Diff(want, respond(t, c, reply), protocmp.Transform(), protocmp.IgnoreEmptyMessages()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestWriteReply(t *testing.T) {
	s := newTestScope(t)
	for collection, want := range map[string]*pb.UpdateResult{
		docs: {Status: pb.UpdateStatus_Completed}, own: {Status: pb.UpdateStatus_Completed, OperationId: proto.Uint64(99)},
	} {
		c := call(t, s, "Points/Delete", &pb.DeletePoints{CollectionName: collection, Points: byIDs()})
		got := respond(t, c, &pb.PointsOperationResponse{Result: &pb.UpdateResult{OperationId: proto.Uint64(99), Status: pb.UpdateStatus_Completed}})
		if diff := cmp.Diff(&pb.PointsOperationResponse{Result: want}, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s: -want +got\n%s", collection, diff)
		}
	}
}

// TestGet: the order of the request, every point once, missing ones left out.
func TestGet(t *testing.T) {
	s := newTestScope(t)
	a, b := pb.NewIDNum(1), pb.NewIDUUID(uuidA)
	c := call(t, s, "Points/Get", &pb.GetPoints{CollectionName: docs, Ids: []*pb.PointId{
		pb.NewIDUUID(strings.ToUpper(uuidA)), pb.NewIDNum(404), pb.NewIDNum(1), pb.NewIDUUID("urn:uuid:" + uuidA),
	}})
	if limit := c.Message.(*pb.ScrollPoints).GetLimit(); limit != 3 {
		t.Errorf("limit is %d, want 3 different ids", limit)
	}
	got := respond(t, c, &pb.ScrollResponse{Time: 2, NextPageOffset: stored(t, s, pb.NewIDNum(1)), Result: []*pb.RetrievedPoint{
		{Id: stored(t, s, pb.NewIDNum(1)), Payload: storedPayload()}, {Id: stored(t, s, pb.NewIDUUID(uuidA))},
	}})
	want := &pb.GetResponse{Time: 2, Result: []*pb.RetrievedPoint{{Id: b}, {Id: a, Payload: clientPayload()}}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	empty := call(t, s, "Points/Get", &pb.GetPoints{CollectionName: docs})
	if diff := cmp.Diff(&pb.GetResponse{}, empty.Answer, protocmp.Transform()); diff != "" || empty.Message != nil {
		t.Errorf("no ids: %v, %s", empty.Message, diff)
	}
}

func TestScrollReply(t *testing.T) {
	s := newTestScope(t)
	c := call(t, s, "Points/Scroll", &pb.ScrollPoints{CollectionName: docs})
	got := respond(t, c, &pb.ScrollResponse{NextPageOffset: stored(t, s, pb.NewIDNum(9)), Result: []*pb.RetrievedPoint{{Id: stored(t, s, pb.NewIDNum(8)), ShardKey: secretShard}}})
	want := &pb.ScrollResponse{NextPageOffset: pb.NewIDNum(9), Result: []*pb.RetrievedPoint{{Id: pb.NewIDNum(8)}}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// What came back is what the next page begins at.
	next := call(t, s, "Points/Scroll", &pb.ScrollPoints{CollectionName: docs, Offset: got.(*pb.ScrollResponse).GetNextPageOffset()})
	if diff := cmp.Diff(stored(t, s, pb.NewIDNum(9)), next.Message.(*pb.ScrollPoints).GetOffset(), protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestMatrixAndGroupReplies(t *testing.T) {
	s := newTestScope(t)
	one, two := pb.NewIDNum(1), pb.NewIDNum(2)
	cases := map[string]struct {
		call        *Call
		reply, want proto.Message
	}{
		"pairs": {
			call(t, s, "Points/SearchMatrixPairs", &pb.SearchMatrixPoints{CollectionName: docs}),
			&pb.SearchMatrixPairsResponse{Result: &pb.SearchMatrixPairs{Pairs: []*pb.SearchMatrixPair{{A: stored(t, s, pb.NewIDNum(1)), B: stored(t, s, pb.NewIDNum(2)), Score: 1}}}},
			&pb.SearchMatrixPairsResponse{Result: &pb.SearchMatrixPairs{Pairs: []*pb.SearchMatrixPair{{A: one, B: two, Score: 1}}}},
		},
		"offsets": {
			call(t, s, "Points/SearchMatrixOffsets", &pb.SearchMatrixPoints{CollectionName: docs}),
			&pb.SearchMatrixOffsetsResponse{Result: &pb.SearchMatrixOffsets{Ids: []*pb.PointId{stored(t, s, pb.NewIDNum(1)), stored(t, s, pb.NewIDNum(2))}}},
			&pb.SearchMatrixOffsetsResponse{Result: &pb.SearchMatrixOffsets{Ids: []*pb.PointId{one, two}}},
		},
		"groups": {
			call(t, s, "Points/QueryGroups", &pb.QueryPointGroups{CollectionName: docs, GroupBy: "a", WithLookup: &pb.WithLookup{Collection: own}}),
			&pb.QueryGroupsResponse{Result: &pb.GroupsResult{Groups: []*pb.PointGroup{{
				Hits:   []*pb.ScoredPoint{{Id: stored(t, s, pb.NewIDNum(1)), Payload: storedPayload()}},
				Lookup: &pb.RetrievedPoint{Id: pb.NewIDNum(5), Payload: map[string]*pb.Value{TenantField: text("x")}, ShardKey: secretShard},
			}}}},
			&pb.QueryGroupsResponse{Result: &pb.GroupsResult{Groups: []*pb.PointGroup{{
				Hits:   []*pb.ScoredPoint{{Id: one, Payload: clientPayload()}},
				Lookup: &pb.RetrievedPoint{Id: pb.NewIDNum(5), Payload: map[string]*pb.Value{TenantField: text("x")}},
			}}}},
		},
		"count": {
			call(t, s, "Points/Count", &pb.CountPoints{CollectionName: docs}),
			&pb.FacetResponse{Time: 1, Hits: []*pb.FacetHit{{Value: &pb.FacetValue{Variant: &pb.FacetValue_StringValue{StringValue: acme}}, Count: 3}}},
			&pb.CountResponse{Time: 1, Result: &pb.CountResult{Count: 3}},
		},
		"count of nothing": {
			call(t, s, "Points/Count", &pb.CountPoints{CollectionName: docs}), &pb.FacetResponse{}, &pb.CountResponse{Result: &pb.CountResult{}},
		},
	}
	for name, tt := range cases {
		if diff := cmp.Diff(tt.want, respond(t, tt.call, tt.reply), protocmp.Transform()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestCollectionInfo(t *testing.T) {
	s := newTestScope(t)
	c := call(t, s, "Collections/Get", &pb.GetCollectionInfoRequest{CollectionName: docs})
	golden(t, filepath.Join("testdata", "rewrite", "collection-info.golden"), shown(t, c))
	got := respond(t, c, &pb.FacetResponse{Hits: []*pb.FacetHit{{Value: &pb.FacetValue{Variant: &pb.FacetValue_StringValue{StringValue: acme}}, Count: 3}}})
	golden(t, filepath.Join("testdata", "rewrite", "collection-info-answer.golden"), protoText(t, got))

	server := func() proto.Message {
		return &pb.GetCollectionInfoResponse{Result: &pb.CollectionInfo{
			Status: pb.CollectionStatus_Yellow, OptimizerStatus: &pb.OptimizerStatus{Error: "/var/lib/qdrant is full"}, SegmentsCount: 8,
			PointsCount: proto.Uint64(5), IndexedVectorsCount: proto.Uint64(4), Warnings: []*pb.CollectionWarning{{Message: "w"}},
			UpdateQueue:   &pb.UpdateQueueInfo{Length: 2},
			PayloadSchema: map[string]*pb.PayloadSchemaInfo{"a": {DataType: pb.PayloadSchemaType_Keyword, Points: proto.Uint64(3)}},
			Config: &pb.CollectionConfig{
				Metadata: map[string]*pb.Value{"owner": text("x")}, Params: &pb.CollectionParams{ShardNumber: 2, VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 4})},
			},
		}}
	}
	want := server().(*pb.GetCollectionInfoResponse)
	want.Result.OptimizerStatus.Error, want.Result.Warnings, want.Result.Config.Metadata = "hidden here: ask the platform", nil, nil
	c = call(t, s, "Collections/Get", &pb.GetCollectionInfoRequest{CollectionName: own})
	if diff := cmp.Diff(want, respond(t, c, server()), protocmp.Transform()); diff != "" {
		t.Errorf("own: -want +got\n%s", diff)
	}
	want.Result.SegmentsCount, want.Result.IndexedVectorsCount, want.Result.UpdateQueue = 0, nil, nil
	want.Result.PayloadSchema["a"].Points = nil
	c = call(t, s, "Collections/Get", &pb.GetCollectionInfoRequest{CollectionName: laws})
	if diff := cmp.Diff(want, respond(t, c, server()), protocmp.Transform()); diff != "" {
		t.Errorf("reference: -want +got\n%s", diff)
	}
}

func TestLocalAnswers(t *testing.T) {
	s := newTestScope(t)
	exists := func(yes bool) proto.Message {
		return &pb.CollectionExistsResponse{Result: &pb.CollectionExists{Exists: yes}}
	}
	var listed []*pb.CollectionDescription
	for _, name := range []string{docs, laws, notes, own} {
		listed = append(listed, &pb.CollectionDescription{Name: name})
	}
	cases := map[string]struct {
		method    string
		in, want  proto.Message
		wantError string
	}{
		"list":             {"/qdrant.Collections/List", &pb.ListCollectionsRequest{}, &pb.ListCollectionsResponse{Collections: listed}, ""},
		"exists":           {"/qdrant.Collections/CollectionExists", &pb.CollectionExistsRequest{CollectionName: docs}, exists(true), ""},
		"does not":         {"/qdrant.Collections/CollectionExists", &pb.CollectionExistsRequest{CollectionName: "theirs"}, exists(false), ""},
		"physical":         {"/qdrant.Collections/CollectionExists", &pb.CollectionExistsRequest{CollectionName: physicalShared}, exists(false), ""},
		"aliases":          {"/qdrant.Collections/ListAliases", &pb.ListAliasesRequest{}, &pb.ListAliasesResponse{}, ""},
		"aliases of":       {"/qdrant.Collections/ListCollectionAliases", &pb.ListCollectionAliasesRequest{CollectionName: docs}, &pb.ListAliasesResponse{}, ""},
		"aliases of other": {"/qdrant.Collections/ListCollectionAliases", &pb.ListCollectionAliasesRequest{CollectionName: "x"}, nil, notFound("x").Message},
		"version": {"/qdrant.Qdrant/HealthCheck", &pb.HealthCheckRequest{},
			&pb.HealthCheckReply{Title: "qdrant - vector search engine", Version: "1.19.0"}, ""},
		"health":         {"/grpc.health.v1.Health/Check", &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, ""},
		"health of what": {"/grpc.health.v1.Health/Check", &healthpb.HealthCheckRequest{Service: "StorageRead"}, nil, "unknown service"},
		"unknown field":  {"/qdrant.Collections/List", withUnknown(&pb.ListCollectionsRequest{}), nil, "not supported"},
	}
	for name, tt := range cases {
		c, err := s.Request(tt.method, tt.in)
		if tt.wantError != "" {
			if r := refusalOf(t, err); !strings.Contains(r.Message, tt.wantError) {
				t.Errorf("%s gave %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, c.Answer, protocmp.Transform()); diff != "" || c.Message != nil || len(c.Access) > 0 {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if out := respond(t, c, c.NewReply()); out != c.Answer {
			t.Errorf("%s: its response is %v", name, out)
		}
	}
}

// TestNewRequestAndReply: whoever decodes gets a message of the right type for every RPC.
func TestNewRequestAndReply(t *testing.T) {
	for _, name := range Methods() {
		m, ok := NewRequest(name)
		if !ok || m.ProtoReflect().Descriptor() != methods[name].in.Descriptor() {
			t.Errorf("%s: request %v, %v", name, m, ok)
		}
		reply := (&Call{Method: name}).NewReply()
		if reply.ProtoReflect().Descriptor() != methods[name].out.Descriptor() {
			t.Errorf("%s: reply %v", name, reply)
		}
	}
	if !slices.IsSorted(Methods()) || !slices.Contains(Methods(), "/qdrant.Points/Query") {
		t.Errorf("methods are %v", Methods())
	}
	if _, ok := NewRequest("/qdrant.Collections/Create"); !ok {
		t.Error("a refused RPC has no request message")
	}
}
