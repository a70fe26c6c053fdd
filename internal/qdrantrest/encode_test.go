package qdrantrest_test

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const aUUID = "6e1f4d2a-0b1c-4d3e-8f5a-6b7c8d9e0f1a"

// answer encodes a reply to a request.
func answer(t *testing.T, line string, reply proto.Message) string {
	t.Helper()
	parts := append(strings.SplitN(line, " ", 3), "")
	op, _, err := decode(t, request{parts[0], parts[1], parts[2]})
	if err != nil {
		t.Fatal(err)
	}
	body, err := op.Encode(reply, 1500*time.Microsecond)
	if err != nil {
		t.Fatal(err)
	}
	if op.ContentType() == "application/json" && !json.Valid(body) {
		t.Errorf("not JSON: %s", body)
	}
	return string(body)
}

func denseOut(values ...float32) *pb.VectorOutput {
	return &pb.VectorOutput{Vector: &pb.VectorOutput_Dense{Dense: &pb.DenseVector{Data: values}}}
}

func oneOut(v *pb.VectorOutput) *pb.VectorsOutput {
	return &pb.VectorsOutput{VectorsOptions: &pb.VectorsOutput_Vector{Vector: v}}
}

func namedOut(v map[string]*pb.VectorOutput) *pb.VectorsOutput {
	return &pb.VectorsOutput{VectorsOptions: &pb.VectorsOutput_Vectors{Vectors: &pb.NamedVectorsOutput{Vectors: v}}}
}

func hit(id uint64, score float32) *pb.ScoredPoint {
	return &pb.ScoredPoint{Id: pb.NewIDNum(id), Score: score, Version: 3}
}

func record(id string) *pb.RetrievedPoint { return &pb.RetrievedPoint{Id: pb.NewID(id)} }

func TestEncode(t *testing.T) {
	opID := uint64(7)
	rich := hit(math.MaxUint64, 0.1)
	rich.Payload = pb.NewValueMap(map[string]any{"b": int64(math.MaxInt64), "a": 1.0, "c": []any{nil, true, "x\"\n\x01é\u2028"}, "d": map[string]any{}})
	rich.Vectors = namedOut(map[string]*pb.VectorOutput{
		"s": {Vector: &pb.VectorOutput_Sparse{Sparse: &pb.SparseVector{Indices: []uint32{1, 4294967295}, Values: []float32{0.1, 1}}}},
		"m": {Vector: &pb.VectorOutput_MultiDense{MultiDense: &pb.MultiDenseVector{Vectors: []*pb.DenseVector{{Data: []float32{1}}, {Data: []float32{2}}}}}},
		"d": denseOut(1, -0.25, 1e-7, 3.4028235e38, float32(math.NaN())),
	})
	rich.ShardKey, rich.OrderValue = pb.NewShardKey("k"), &pb.OrderValue{Variant: &pb.OrderValue_Float{Float: 2}}
	lookup := record(aUUID)
	lookup.Payload = pb.NewValueMap(map[string]any{"n": 1})
	groups := &pb.GroupsResult{Groups: []*pb.PointGroup{
		{Id: &pb.GroupId{Kind: &pb.GroupId_StringValue{StringValue: "x"}}, Hits: []*pb.ScoredPoint{hit(1, 1)}, Lookup: lookup},
		{Id: &pb.GroupId{Kind: &pb.GroupId_UnsignedValue{UnsignedValue: math.MaxUint64}}},
		{Id: &pb.GroupId{Kind: &pb.GroupId_IntegerValue{IntegerValue: -3}}, Lookup: record(aUUID)},
	}}
	old := record(aUUID)
	old.Vectors = oneOut(&pb.VectorOutput{Data: []float32{1, 2, 3, 4}, VectorsCount: proto.Uint32(2)}) //nolint:staticcheck // what older servers send
	oldSparse := record(aUUID)
	oldSparse.Vectors = oneOut(&pb.VectorOutput{Data: []float32{1}, Indices: &pb.SparseIndices{Data: []uint32{9}}}) //nolint:staticcheck // as above
	oldDense := record(aUUID)
	oldDense.Vectors = oneOut(&pb.VectorOutput{Data: []float32{1, 2}}) //nolint:staticcheck // as above
	usage := &pb.Usage{Hardware: &pb.HardwareUsage{Cpu: 5}}
	inferred := &pb.Usage{Inference: &pb.InferenceUsage{Models: map[string]*pb.ModelUsage{"m": {Tokens: 2}}}}

	tests := map[string]struct {
		request string
		reply   proto.Message
		want    string // between the envelope's beginning and its end; or the whole body after "="
	}{
		"update": {`PUT /collections/c/points {"points":[]}`,
			&pb.PointsOperationResponse{Result: &pb.UpdateResult{OperationId: &opID, Status: pb.UpdateStatus_Completed}}, `{"operation_id":7,"status":"completed"}`},
		"update without id": {`POST /collections/c/points/delete {"points":[1]}`,
			&pb.PointsOperationResponse{Result: &pb.UpdateResult{Status: pb.UpdateStatus_Acknowledged}}, `{"status":"acknowledged"}`},
		"batch of updates": {`POST /collections/c/points/batch {"operations":[]}`,
			&pb.UpdateBatchResponse{Result: []*pb.UpdateResult{{Status: pb.UpdateStatus_WaitTimeout}, {Status: pb.UpdateStatus_Completed}}}, `[{"status":"wait_timeout"},{"status":"completed"}]`},
		"count": {`POST /collections/c/points/count {}`, &pb.CountResponse{Result: &pb.CountResult{Count: 3}}, `{"count":3}`},
		"count of none with its cost": {`POST /collections/c/points/count {}`, &pb.CountResponse{Usage: usage},
			`={"result":{"count":0},"status":"ok","time":0.0015,"usage":{"hardware":{"cpu":5,"payload_io_read":0,"payload_io_write":0,"payload_index_io_read":0,"payload_index_io_write":0,"vector_io_read":0,"vector_io_write":0},"inference":null}}`},
		"what inference cost": {`POST /collections/c/points/count {}`, &pb.CountResponse{Usage: inferred},
			`={"result":{"count":0},"status":"ok","time":0.0015,"usage":{"inference":{"models":{"m":{"tokens":2}}}}}`},
		"no cost": {`POST /collections/c/points/count {}`, &pb.CountResponse{Usage: &pb.Usage{}}, `{"count":0}`},
		"query with everything": {`POST /collections/c/points/query {}`, &pb.QueryResponse{Result: []*pb.ScoredPoint{rich}},
			`{"points":[{"id":18446744073709551615,"version":3,"score":0.1,"payload":{"a":1.0,"b":9223372036854775807,"c":[null,true,"x\"\n\u0001é` + "\u2028" + `"],"d":{}},"vector":{"d":[1.0,-0.25,1e-07,3.4028235e+38,null],"m":[[1.0],[2.0]],"s":{"indices":[1,4294967295],"values":[0.1,1.0]}},"shard_key":"k","order_value":2.0}]}`},
		"query with nothing asked for": {`POST /collections/c/points/query {}`, &pb.QueryResponse{Result: []*pb.ScoredPoint{hit(1, -2)}}, `{"points":[{"id":1,"version":3,"score":-2.0}]}`},
		"query for what is empty": {`POST /collections/c/points/query {"with_payload":true,"with_vector":true}`, &pb.QueryResponse{Result: []*pb.ScoredPoint{hit(1, 0)}},
			`{"points":[{"id":1,"version":3,"score":0.0,"payload":{},"vector":{}}]}`},
		"query of none": {`POST /collections/c/points/query {}`, &pb.QueryResponse{}, `{"points":[]}`},
		"batch of queries": {`POST /collections/c/points/query/batch {"searches":[{"with_payload":true},{}]}`,
			&pb.QueryBatchResponse{Result: []*pb.BatchResult{{Result: []*pb.ScoredPoint{hit(1, 1)}}, {Result: []*pb.ScoredPoint{hit(1, 1)}}}},
			`[{"points":[{"id":1,"version":3,"score":1.0,"payload":{}}]},{"points":[{"id":1,"version":3,"score":1.0}]}]`},
		"groups": {`POST /collections/c/points/query/groups {"group_by":"a","with_lookup":"x"}`, &pb.QueryGroupsResponse{Result: groups},
			`{"groups":[{"hits":[{"id":1,"version":3,"score":1.0}],"id":"x","lookup":{"id":"` + aUUID + `","payload":{"n":1}}},{"hits":[],"id":18446744073709551615},{"hits":[],"id":-3,"lookup":{"id":"` + aUUID + `","payload":{}}}]}`},
		"search":           {`POST /collections/c/points/search {"vector":[1],"limit":1}`, &pb.SearchResponse{Result: []*pb.ScoredPoint{hit(1, 1)}}, `[{"id":1,"version":3,"score":1.0}]`},
		"batch of search":  {`POST /collections/c/points/search/batch {"searches":[]}`, &pb.SearchBatchResponse{Result: []*pb.BatchResult{{}}}, `[[]]`},
		"groups of search": {`POST /collections/c/points/search/groups {"vector":[1],"limit":1,"group_by":"a","group_size":1}`, &pb.SearchGroupsResponse{}, `{"groups":[]}`},
		"recommend":        {`POST /collections/c/points/recommend {"limit":1}`, &pb.RecommendResponse{}, `[]`},
		"discover":         {`POST /collections/c/points/discover {"limit":1}`, &pb.DiscoverResponse{}, `[]`},
		"get":              {`POST /collections/c/points {"ids":[1],"with_payload":["a"]}`, &pb.GetResponse{Result: []*pb.RetrievedPoint{record(aUUID)}}, `[{"id":"` + aUUID + `","payload":{}}]`},
		"get from older servers": {`POST /collections/c/points {"ids":[1],"with_vector":true}`, &pb.GetResponse{Result: []*pb.RetrievedPoint{old, oldSparse, oldDense}},
			`[{"id":"` + aUUID + `","vector":[[1.0,2.0],[3.0,4.0]]},{"id":"` + aUUID + `","vector":{"indices":[9],"values":[1.0]}},{"id":"` + aUUID + `","vector":[1.0,2.0]}]`},
		"get one":    {`GET /collections/c/points/` + aUUID, &pb.GetResponse{Result: []*pb.RetrievedPoint{record(aUUID)}}, `{"id":"` + aUUID + `","payload":{},"vector":{}}`},
		"get nobody": {`GET /collections/c/points/5`, &pb.GetResponse{}, `={"status":{"error":"Not found: Point with id 5 does not exists!"},"time":0.0015}`},
		"the last page": {`POST /collections/c/points/scroll {}`, &pb.ScrollResponse{Result: []*pb.RetrievedPoint{record(aUUID)}},
			`{"points":[{"id":"` + aUUID + `","payload":{}}],"next_page_offset":null}`},
		"a page": {`POST /collections/c/points/scroll {"with_payload":false}`, &pb.ScrollResponse{Result: []*pb.RetrievedPoint{record(aUUID)}, NextPageOffset: pb.NewIDNum(9)},
			`{"points":[{"id":"` + aUUID + `"}],"next_page_offset":9}`},
		"facet": {`POST /collections/c/facet {"key":"a"}`, &pb.FacetResponse{Hits: []*pb.FacetHit{
			{Value: &pb.FacetValue{Variant: &pb.FacetValue_StringValue{StringValue: "x"}}, Count: 2},
			{Value: &pb.FacetValue{Variant: &pb.FacetValue_IntegerValue{IntegerValue: -1}}},
			{Value: &pb.FacetValue{Variant: &pb.FacetValue_BoolValue{BoolValue: true}}, Count: 1},
		}}, `{"hits":[{"value":"x","count":2},{"value":-1,"count":0},{"value":true,"count":1}]}`},
		"pairs": {`POST /collections/c/points/search/matrix/pairs {}`, &pb.SearchMatrixPairsResponse{Result: &pb.SearchMatrixPairs{
			Pairs: []*pb.SearchMatrixPair{{A: pb.NewIDNum(1), B: pb.NewID(aUUID), Score: 0.5}},
		}}, `{"pairs":[{"a":1,"b":"` + aUUID + `","score":0.5}]}`},
		"offsets": {`POST /collections/c/points/search/matrix/offsets {}`, &pb.SearchMatrixOffsetsResponse{Result: &pb.SearchMatrixOffsets{
			OffsetsRow: []uint64{0}, OffsetsCol: []uint64{1}, Scores: []float32{1}, Ids: []*pb.PointId{pb.NewIDNum(1), pb.NewIDNum(2)},
		}}, `{"offsets_row":[0],"offsets_col":[1],"scores":[1.0],"ids":[1,2]}`},
		"version": {`GET /`, &pb.HealthCheckReply{Title: "qdrant", Version: "1.19.0"}, `={"title":"qdrant","version":"1.19.0"}`},
		"health":  {`GET /healthz`, &pb.HealthCheckReply{}, `=healthz check passed`},
		"ready":   {`GET /readyz`, &pb.HealthCheckReply{}, `=all shards are ready`},
		"collections": {`GET /collections`, &pb.ListCollectionsResponse{Collections: []*pb.CollectionDescription{{Name: "a"}}},
			`{"collections":[{"name":"a"}]}`},
		"aliases": {`GET /aliases`, &pb.ListAliasesResponse{Aliases: []*pb.AliasDescription{{AliasName: "a", CollectionName: "c"}}},
			`{"aliases":[{"alias_name":"a","collection_name":"c"}]}`},
		"exists":    {`GET /collections/c/exists`, &pb.CollectionExistsResponse{Result: &pb.CollectionExists{Exists: true}}, `{"exists":true}`},
		"no alias":  {`GET /collections/c/aliases`, &pb.ListAliasesResponse{}, `{"aliases":[]}`},
		"deletion":  {`DELETE /collections/c`, &pb.CollectionOperationResponse{}, `false`},
		"snapshots": {`GET /snapshots`, &pb.ListSnapshotsResponse{SnapshotDescriptions: []*pb.SnapshotDescription{{Name: "s", Size: 1, CreationTime: timestamppb.New(time.Unix(0, 0))}}}, `[{"name":"s","creation_time":"1970-01-01T00:00:00","size":1}]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want, whole := strings.CutPrefix(test.want, "=")
			if !whole {
				want = `{"result":` + want + `,"status":"ok","time":0.0015}`
			}
			if got := answer(t, test.request, test.reply); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestEncodeRefusesAnotherReply(t *testing.T) {
	op, err := qdrantrest.Match(http.MethodPost, "/collections/c/points/query")
	if err != nil {
		t.Fatal(err)
	}
	if body, err := op.Encode(&pb.CountResponse{}, 0); err == nil {
		t.Errorf("got %s, want an error", body)
	}
}

func TestStatus(t *testing.T) {
	one, err := qdrantrest.Match(http.MethodGet, "/collections/c/points/5")
	if err != nil {
		t.Fatal(err)
	}
	if got := one.Status(&pb.GetResponse{}); got != http.StatusNotFound {
		t.Errorf("a missing point: got %d, want 404", got)
	}
	if got := one.Status(&pb.GetResponse{Result: []*pb.RetrievedPoint{{}}}); got != http.StatusOK {
		t.Errorf("a point: got %d, want 200", got)
	}
	for code, want := range map[codes.Code]int{
		codes.InvalidArgument: 400, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.NotFound: 404,
		codes.Unimplemented: 405, codes.DeadlineExceeded: 408, codes.AlreadyExists: 409, codes.ResourceExhausted: 429,
		codes.Internal: 500, codes.Unknown: 500, codes.FailedPrecondition: 500, codes.Unavailable: 503, codes.OK: 200,
	} {
		if got := qdrantrest.HTTPStatus(code); got != want {
			t.Errorf("%v: got %d, want %d", code, got, want)
		}
	}
}

func TestEncodeError(t *testing.T) {
	got := string(qdrantrest.EncodeError(404, "no \"c\"\x00", time.Second))
	if want := `{"status":{"error":"no \"c\"\u0000"},"time":1.0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(qdrantrest.EncodeError(429, "", 0)); !strings.Contains(got, "Too Many Requests") {
		t.Errorf("got %s, want the status in words", got)
	}
}
