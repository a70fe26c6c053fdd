package gateway

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	pb "github.com/qdrant/go-client/qdrant"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/gateway/identity"
)

// value sums the samples of a metric whose labels include those given; a histogram counts its observations.
func value(t testing.TB, h *harness, name string, labels map[string]string) float64 {
	t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && has(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func has(m *dto.Metric, labels map[string]string) bool {
	for k, v := range labels {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == k && l.GetValue() == v }) {
			return false
		}
	}
	return true
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := newFakeDirectory(t, sim.Addr())
	h := start(t, dir, func(o *Options) { o.Limits.MetricTenants = 3 })
	for i := range 6 {
		id := fmt.Sprintf("tenant-%d", i)
		dir.add(t, id)
		for range 2 { // what has a label keeps it
			_, err := h.as(t, id).Query(t.Context(), query())
			if status.Code(err) == codes.OK {
				t.Fatal("there is no such collection upstream")
			}
		}
	}
	if _, err := client(t, h.GRPCAddress(), "nobody").Query(t.Context(), query()); err == nil {
		t.Fatal("nobody was served")
	}
	if code, _, _ := send(t, h.request(t, "tenant-0", http.MethodGet, "/collections/a/b/c/d", "")); code != http.StatusNotFound {
		t.Fatal(code)
	}
	const requests = "tenantry_gateway_requests_total"
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   float64
	}{
		{requests, map[string]string{"tenant": "tenant-2", "method": "Points/Query", "code": "NotFound", "protocol": "grpc"}, 2},
		{requests, map[string]string{"tenant": "tenant-3"}, 0},
		{requests, map[string]string{"tenant": "other"}, 6},
		{requests, map[string]string{"tenant": "", "code": "Unauthenticated"}, 1},
		{requests, map[string]string{"tenant": "tenant-0", "method": "unknown", "code": "NotFound", "protocol": "rest"}, 1},
		{"tenantry_gateway_refused_total", map[string]string{"reason": identity.ReasonMalformed}, 1},
		{"tenantry_gateway_refused_total", map[string]string{"reason": reasonUnknown}, 1},
		{"tenantry_gateway_refused_total", nil, 2},
		{"tenantry_gateway_request_duration_seconds", map[string]string{"method": "Points/Query", "protocol": "grpc"}, 13},
		{"tenantry_gateway_upstream_duration_seconds", map[string]string{"method": "Points/Query"}, 12},
		{"tenantry_gateway_in_flight", nil, 0},
		{"tenantry_gateway_state_timestamp_seconds", nil, 1_700_000_000},
	} {
		if got := value(t, h, c.name, c.labels); got != c.want {
			t.Errorf("%s %v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	if got := get(t, h.MetricsURL()+"/metrics"); got != http.StatusOK {
		t.Errorf("/metrics: %d", got)
	}
}

// lines collects what is logged.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(prefix, args string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, prefix+" "+args)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

// Whatever happens, no secret and nothing of a message gets into the log.
func TestLogHoldsNothingOfMessages(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	var log lines
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.AccessLog, o.Log = true, funcr.New(log.add, funcr.Options{Verbosity: 9}) })
	c := h.as(t, acme)
	secret := "a-payload-that-is-nobodys-business"
	_, err := c.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: docs, Points: []*pb.PointStruct{
		{Id: pb.NewIDNum(424242), Vectors: pb.NewVectors(0.4711, 0), Payload: pb.NewValueMap(map[string]any{"x": secret})}}})
	must(t, err)
	q := query()
	q.Filter = &pb.Filter{Must: []*pb.Condition{pb.NewMatch("x", secret)}}
	_, err = c.Query(t.Context(), q)
	must(t, err)
	if code, _, _ := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"`+secret+`":1}`)); code != http.StatusBadRequest && code != http.StatusUnprocessableEntity {
		t.Fatal(code)
	}
	if _, err = client(t, h.GRPCAddress(), secret).Query(t.Context(), q); err == nil {
		t.Fatal("a wrong credential was taken")
	}
	h.dir.set(func(d *fakeDirectory) { d.upstream.Address = "127.0.0.1:1" })
	if _, err = c.Query(t.Context(), q); err == nil {
		t.Fatal("nobody answers there")
	}
	all := log.String()
	for _, never := range []string{secret, "424242", "0.4711", upstreamID, h.dir.gatewayToken(t, acme, h.options.Clock.Now())[:20]} {
		if strings.Contains(all, never) {
			t.Errorf("the log holds %q:\n%s", never, all)
		}
	}
	for _, always := range []string{
		`"method"="Points/Upsert"`, `"protocol"="rest"`, `"tenant"="acme"`, `"via"="Token"`, `"code"="OK"`, `"code"="Unauthenticated"`,
		`"reason"="UpstreamUnreachable"`, `"peer"="127.0.0.1:`, `"requestBytes"=`, `"replyBytes"=`, `"duration"=`,
	} {
		if !strings.Contains(all, always) {
			t.Errorf("the log lacks %s:\n%s", always, all)
		}
	}
}

func TestAccessLogIsOffByDefault(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	var log lines
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Log = funcr.New(log.add, funcr.Options{}) })
	if _, err := h.as(t, acme).Query(t.Context(), query()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "Points/Query") {
		t.Error(log.String())
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	spans := tracetest.NewInMemoryExporter()
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)) })
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	ctx := h.with(t, acme, "traceparent", "00-"+theirs+"-b7ad6b7169203331-01")
	must(t, h.conn(t).Invoke(ctx, queryRPC, query(), &pb.QueryResponse{}))
	got := spans.GetSpans()
	var names []string
	for _, s := range got {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"scope", "upstream", "request"}, names); diff != "" {
		t.Fatal(diff)
	}
	request := got[2]
	if request.Parent.IsValid() || request.SpanContext.TraceID().String() == theirs {
		t.Error("the client's trace was continued")
	}
	if len(request.Links) != 1 || request.Links[0].SpanContext.TraceID().String() != theirs {
		t.Errorf("links: %v", request.Links)
	}
	want := []attribute.KeyValue{
		attribute.String("tenantry.method", "Points/Query"), attribute.String("tenantry.protocol", "grpc"),
		attribute.String("tenantry.tenant", acme), attribute.String("tenantry.via", "Token"),
	}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(request.Attributes)); diff != "" {
		t.Error(diff)
	}
	for _, s := range got[:2] {
		if s.Parent.SpanID() != request.SpanContext.SpanID() {
			t.Errorf("%s is no part of the request", s.Name)
		}
	}
	spans.Reset()
	refused := query()
	refused.CollectionName = "not-there"
	if err := h.conn(t).Invoke(h.with(t, acme), queryRPC, refused, &pb.QueryResponse{}); err == nil {
		t.Fatal("served")
	}
	for _, s := range spans.GetSpans() {
		if strings.Contains(fmt.Sprint(s), "not-there") {
			t.Errorf("a span holds what the client sent: %v", s)
		}
	}
}

// A panic ends one request, and shows neither the client nor the log what it was about.
func TestPanic(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	var log lines
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Log = funcr.New(log.add, funcr.Options{}) })
	r := h.request(t, acme, http.MethodPost, queryPath, "")
	_, err := h.pipeline.Do(t.Context(), Request{Method: queryRPC, Header: r.Header, Protocol: protocolREST,
		Read: func(*lease) (proto.Message, int, error) { panic("a payload") }})
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "payload") {
		t.Errorf("%v", err)
	}
	if all := log.String(); !strings.Contains(all, "telemetry_test.go") || strings.Contains(all, "a payload") {
		t.Errorf("the log: %s", all)
	}
	if got := value(t, h, "tenantry_gateway_panics_total", nil); got != 1 {
		t.Errorf("%v panics are counted", got)
	}
	if got := h.pipeline.admit.bytes.Load(); got != 0 {
		t.Errorf("%d bytes are held for ever", got)
	}
	if _, err := h.as(t, acme).Query(t.Context(), query()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestErrorsOfUnknownKindAreInternal(t *testing.T) {
	t.Parallel()
	if f := asFault(io.ErrClosedPipe); f != errInternal {
		t.Errorf("%v", f)
	}
}
