package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// put stores one point with a payload that says whose it is.
func put(t *testing.T, c *pb.Client, collection string, id uint64, owner string) {
	t.Helper()
	_, err := c.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: collection, Wait: pb.PtrOf(true), Points: []*pb.PointStruct{
		{Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1, 0), Payload: pb.NewValueMap(map[string]any{"owner": owner})},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// send returns status and JSON of an answer.
func send(t testing.TB, r *http.Request) (int, http.Header, map[string]any) {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(b, &body); err != nil {
		t.Fatalf("%d %s: %v", res.StatusCode, b, err)
	}
	return res.StatusCode, res.Header, body
}

// message is the error of an answer in Qdrant's envelope.
func message(body map[string]any) string {
	s, _ := body["status"].(map[string]any)
	m, _ := s["error"].(string)
	return m
}

func TestBothProtocolsServeEachTenantItsOwn(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	for _, collection := range []string{docs, notes} {
		for _, id := range []string{acme, beta} {
			put(t, h.as(t, id), collection, 7, id) // the same id, so that one could overwrite the other
		}
		for _, id := range []string{acme, beta} {
			servesOwn(t, h, id, collection)
		}
	}
}

func servesOwn(t *testing.T, h *harness, id, collection string) {
	t.Helper()
	q := query()
	q.CollectionName = collection
	points, err := h.as(t, id).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 1 || points[0].GetId().GetNum() != 7 || len(points[0].GetPayload()) != 1 || points[0].GetPayload()["owner"].GetStringValue() != id {
		t.Errorf("gRPC: %s got %v of %s", id, points, collection)
	}
	path := "/collections/" + collection + "/points/query"
	code, header, body := send(t, h.request(t, id, http.MethodPost, path, `{"query":[1,0],"limit":3,"with_payload":true}`))
	answer := mustJSON(t, body["result"])
	if code != http.StatusOK || !strings.Contains(answer, `"id":7,"payload":{"owner":"`+id+`"}`) || strings.Count(answer, `"id"`) != 1 || body["status"] != "ok" {
		t.Errorf("REST: %s got %d %v of %s", id, code, body, collection)
	}
	if got := header.Get("Content-Type"); got != contentJSON {
		t.Errorf("content type %q", got)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is refused must not have reached Qdrant: the simulator's record stays empty.
func TestRefusedOverGRPC(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestBytes = 64 << 10 })
	conn := h.conn(t)
	unknownField := query()
	unknownField.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1))
	deep := &pb.Filter{}
	for range 200 {
		deep = &pb.Filter{Must: []*pb.Condition{pb.NewFilterAsCondition(deep)}}
	}
	nested := query()
	nested.Filter = deep
	long := query()
	long.Query = pb.NewQuery(make([]float32, 32<<10)...)
	foreign := query()
	foreign.CollectionName = physical(beta)
	for name, c := range map[string]struct {
		method  string
		header  []string
		nobody  bool
		message any
		want    codes.Code
		says    string
	}{
		"no credential":         {method: queryRPC, nobody: true, message: query(), want: codes.Unauthenticated},
		"a wrong credential":    {method: queryRPC, nobody: true, header: []string{"api-key", upstreamID}, message: query(), want: codes.Unauthenticated},
		"two credentials":       {method: queryRPC, header: []string{"authorization", "Bearer x"}, message: query(), want: codes.Unauthenticated},
		"an unknown field":      {method: queryRPC, message: unknownField, want: codes.InvalidArgument},
		"too deep":              {method: queryRPC, message: nested, want: codes.InvalidArgument, says: "could not be decoded"},
		"too long":              {method: queryRPC, message: long, want: codes.ResourceExhausted},
		"another's collection":  {method: queryRPC, message: foreign, want: codes.NotFound, says: "Not found: Collection `tenant_beta_docs` doesn't exist!"},
		"raw files":             {method: "/qdrant.StorageRead/ReadWhole", message: &emptypb.Empty{}, want: codes.Unimplemented},
		"internal points":       {method: "/qdrant.PointsInternal/Scroll", message: &emptypb.Empty{}, want: codes.Unimplemented},
		"no such method":        {method: "/qdrant.Points/Steal", message: &emptypb.Empty{}, want: codes.Unimplemented},
		"reflection":            {method: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", message: &emptypb.Empty{}, want: codes.Unimplemented},
		"watching the health":   {method: "/grpc.health.v1.Health/Watch", message: &healthpb.HealthCheckRequest{}, want: codes.Unimplemented},
		"anything that is left": {method: "/x", message: &emptypb.Empty{}, want: codes.Unimplemented},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), c.header...)
		if !c.nobody {
			ctx = h.with(t, acme, c.header...)
		}
		err := conn.Invoke(ctx, c.method, c.message, &emptypb.Empty{})
		if got := status.Convert(err); got.Code() != c.want || !strings.Contains(got.Message(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if strings.Contains(status.Convert(err).Message(), upstreamID) {
			t.Errorf("%s: the message repeats the credential: %v", name, err)
		}
	}
	if calls := sim.Calls(); len(calls) != 0 {
		t.Errorf("%d refused requests reached Qdrant: %v", len(calls), calls)
	}
	// The positive control: the same connection serves what is right.
	if err := conn.Invoke(h.with(t, acme), queryRPC, query(), &pb.QueryResponse{}); err != nil || len(sim.Calls()) != 1 {
		t.Errorf("%v after %d calls", err, len(sim.Calls()))
	}
}

func TestRefusedOverREST(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestBytes = 1 << 10 })
	good := `{"query":[1,0],"limit":3}`
	for name, c := range map[string]struct {
		tenant, path, body string
		header             []string
		want               int
	}{
		"no credential":              {path: queryPath, body: good, want: http.StatusUnauthorized},
		"no credential, no path":     {path: "/collections/docs/nothing", body: good, want: http.StatusUnauthorized},
		"no such path":               {tenant: acme, path: "/profiler/slow_requests", body: good, want: http.StatusNotFound},
		"a path in another spelling": {tenant: acme, path: "/collections/%64ocs/points/query", body: good, want: http.StatusNotFound},
		"another's collection":       {tenant: acme, path: "/collections/tenant_beta_docs/points/query", body: good, want: http.StatusNotFound},
		"compressed":                 {tenant: acme, path: queryPath, body: good, header: []string{"Content-Encoding", "gzip"}, want: http.StatusUnsupportedMediaType},
		"no content type":            {tenant: acme, path: queryPath, body: good, header: []string{"Content-Type", ""}, want: http.StatusUnsupportedMediaType},
		"a form":                     {tenant: acme, path: queryPath, body: good, header: []string{"Content-Type", "application/x-www-form-urlencoded"}, want: http.StatusUnsupportedMediaType},
		"half a body":                {tenant: acme, path: queryPath, body: `{"query":[1,`, want: http.StatusBadRequest},
		"an odd query string":        {tenant: acme, path: queryPath + "?timeout=1;consistency=all", body: good, want: http.StatusBadRequest},
		"too long":                   {tenant: acme, path: queryPath, body: `{"query":[` + strings.Repeat("1,", 1<<10) + `1]}`, want: http.StatusRequestEntityTooLarge},
	} {
		r := h.request(t, c.tenant, http.MethodPost, c.path, c.body)
		if len(c.header) > 0 {
			r.Header.Set(c.header[0], c.header[1])
		}
		code, header, body := send(t, r)
		if code != c.want || message(body) == "" {
			t.Errorf("%s: %d %v, want %d and a message", name, code, body, c.want)
		}
		if code == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
	if calls := sim.Calls(); len(calls) != 0 {
		t.Errorf("%d refused requests reached Qdrant: %v", len(calls), calls)
	}
	if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, good)); code != http.StatusOK || len(sim.Calls()) != 1 {
		t.Errorf("%d %v after %d calls", code, body, len(sim.Calls()))
	}
}

// A chunked body has no length to believe.
func TestChunkedBodyIsBounded(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestBytes = 1 << 10 })
	for body, want := range map[string]int{
		`{"query":[1,0]}`: http.StatusOK,
		`{"query":[` + strings.Repeat("1,", 1<<10) + `1]}`: http.StatusRequestEntityTooLarge,
	} {
		r := h.request(t, acme, http.MethodPost, queryPath, body)
		r.ContentLength = -1
		if code, _, answer := send(t, r); code != want {
			t.Errorf("%d %v, want %d", code, answer, want)
		}
	}
}

func TestAnsweredWithoutCredential(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	reply, err := client(t, h.GRPCAddress(), "").HealthCheck(t.Context())
	if err != nil || reply.GetVersion() != qdrantsim.DefaultVersion || reply.Commit != nil {
		t.Errorf("HealthCheck: %v %v", reply, err)
	}
	_, _, body := send(t, h.request(t, "", http.MethodGet, "/", ""))
	if diff := cmp.Diff(map[string]any{"title": title, "version": qdrantsim.DefaultVersion}, body); diff != "" {
		t.Error(diff)
	}
	health := healthpb.NewHealthClient(h.conn(t))
	for _, c := range []struct {
		ready error
		code  int
		want  healthpb.HealthCheckResponse_ServingStatus
	}{
		{nil, http.StatusOK, healthpb.HealthCheckResponse_SERVING},
		{io.ErrNoProgress, http.StatusServiceUnavailable, healthpb.HealthCheckResponse_NOT_SERVING},
	} {
		h.dir.set(func(d *fakeDirectory) { d.ready = c.ready })
		got, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil || got.GetStatus() != c.want {
			t.Errorf("health: %v %v, want %s", got, err, c.want)
		}
		for url, want := range map[string]int{
			h.RESTURL() + "/readyz": c.code, h.ProbeURL() + "/readyz": c.code,
			h.RESTURL() + "/healthz": http.StatusOK, h.ProbeURL() + "/healthz": http.StatusOK, h.RESTURL() + "/livez": http.StatusOK,
		} {
			if got := get(t, url); got != want {
				t.Errorf("%s: %d, want %d", url, got, want)
			}
		}
	}
	if calls := sim.Calls(); len(calls) != 0 {
		t.Errorf("health checks reached Qdrant: %v", calls)
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// Nothing that a client sends beside its message goes on to Qdrant.
func TestNoHeaderOfTheClientReachesQdrant(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	evil := []string{
		"openai-api-key", "k", "x-qdrant-routing-token", "r", "x-forwarded-for", "10.0.0.1", "traceparent",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate", "a=b", "tenantry-tenant", acme, "x-anything", "1",
	}
	if err := h.conn(t).Invoke(h.with(t, acme, evil...), queryRPC, query(), &pb.QueryResponse{}); err != nil {
		t.Fatal(err)
	}
	r := h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)
	for pair := range slices.Chunk(evil, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	if code, _, body := send(t, r); code != http.StatusOK {
		t.Fatal(code, body)
	}
	calls := sim.Calls()
	if len(calls) != 2 {
		t.Fatalf("%d calls", len(calls))
	}
	for _, call := range calls {
		var keys []string
		for k := range call.Metadata {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if diff := cmp.Diff([]string{":authority", "api-key", "content-type", "grpc-accept-encoding", "user-agent"}, keys); diff != "" {
			t.Error(diff)
		}
		if got := call.Metadata["grpc-accept-encoding"]; len(got) != 1 || got[0] != (noCompressor{}).Name() {
			t.Errorf("Qdrant may compress its answers: %q", got)
		}
		if got := call.Metadata["user-agent"]; len(got) != 1 || !strings.HasPrefix(got[0], "tenantry-gateway") {
			t.Errorf("user agent %q", got)
		}
	}
}
