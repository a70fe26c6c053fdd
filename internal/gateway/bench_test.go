package gateway

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/qdrantrest"
)

const (
	benchDimensions = 1536
	benchLimit      = 10 // nearest points
)

// workload is what one line of the benchmark's table measures: always the 10 nearest of a vector with 1,536 dimensions.
type workload struct {
	protocol   string
	collection string // docs is dedicated, notes is shared
	payload    bool   // asked for and answered
	pool       uint   // connections of a gRPC client; 0 is the official client's own choice, 3
	upstream   string // what the collection is called there, if it is none of the stub's
}

func (w workload) String() string {
	pattern := "dedicated"
	if w.collection == notes {
		pattern = "shared"
	}
	name := w.protocol + "/" + pattern + "/" + answers[w.payload]
	if w.pool != 0 {
		name += fmt.Sprintf("/%d-connection", w.pool)
	}
	return name
}

// answers with and without payload: maps of values are what decoding takes longest for.
var answers = map[bool]string{false: "ids", true: "payload"}

// physical is what the workload's collection is called upstream.
func (w workload) physical() string {
	if w.upstream != "" {
		return w.upstream
	}
	if w.collection == notes {
		return sharedNotes
	}
	return physical(acme)
}

// query of the workload, in the client's or the upstream's name for the collection.
func (w workload) query(collection string) *pb.QueryPoints {
	random := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, benchDimensions)
	for i := range v {
		v[i] = float32(random.NormFloat64() / 40) // about of length one, like an embedding
	}
	return &pb.QueryPoints{
		CollectionName: collection, Query: pb.NewQuery(v...), Limit: pb.PtrOf(uint64(benchLimit)), WithPayload: pb.NewWithPayload(w.payload),
	}
}

// reply is what the upstream answers: in a shared collection with stored ids, and with the tenant in the payload.
func (w workload) reply(tb testing.TB, s *scopeqdrant.Scope) *pb.QueryResponse {
	tb.Helper()
	upsert := &pb.UpsertPoints{CollectionName: w.collection}
	for i := range benchLimit {
		upsert.Points = append(upsert.Points, &pb.PointStruct{Id: pb.NewIDNum(uint64(i)), Vectors: pb.NewVectors(0, 1),
			Payload: benchPayload(i)})
	}
	call, err := s.Request(upsertRPC, upsert)
	if err != nil {
		tb.Fatal(err)
	}
	reply := &pb.QueryResponse{Time: 0.0001}
	for _, stored := range call.Message.(*pb.UpsertPoints).GetPoints() {
		p := &pb.ScoredPoint{Id: stored.GetId(), Score: 0.9, Version: 7}
		if w.payload {
			p.Payload = stored.GetPayload()
		}
		reply.Result = append(reply.Result, p)
	}
	return reply
}

// stage is where a workload is measured: an upstream stub of constant, negligible cost, and a gateway in front of it.
type stage struct {
	workload
	grpc string // the stub's address
	rest string // the URL of a stub that answers the same in JSON; REST only
	key  string // of the upstream
	h    *harness
}

func newStage(tb testing.TB, w workload) *stage {
	tb.Helper()
	dir := newFakeDirectory(tb, "")
	reply := w.reply(tb, dir.tenants[uid(acme)].Scope)
	s := &stage{workload: w, grpc: grpcStub(tb, reply)}
	if w.protocol == protocolREST {
		s.rest = restStub(tb, reply)
	}
	dir.upstream.Address = s.grpc
	s.h = start(tb, dir, func(o *Options) { o.Limits.TenantRate = -1 })
	return s
}

// direct are clients that ask the stub, through are clients that ask the gateway.
func (s *stage) direct(tb testing.TB, n int) []ask {
	return s.clients(tb, n, s.grpc, s.rest, s.key, s.physical())
}

func (s *stage) through(tb testing.TB, n int) []ask {
	return s.clients(tb, n, s.h.GRPCAddress(), s.h.RESTURL(), s.h.dir.gatewayToken(tb, acme, s.h.options.Clock.Now()), s.collection)
}

// ask is one request of a client that has connections of its own.
type ask func() error

func (s *stage) clients(tb testing.TB, n int, address, url, key, collection string) []ask {
	tb.Helper()
	out := make([]ask, n)
	for i := range out {
		if s.protocol == protocolREST {
			out[i] = askREST(tb, url+"/collections/"+collection+"/points/query", key, s.query(collection))
		} else {
			out[i] = askGRPC(tb, address, key, s.pool, s.query(collection))
		}
		for range 4 { // each connection of a client is made, and what is made once is there
			if err := out[i](); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return out
}

// askGRPC is the official client with its own settings.
func askGRPC(tb testing.TB, address, key string, pool uint, q *pb.QueryPoints) ask {
	tb.Helper()
	host, port, err := splitAddress(address)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := pb.NewClient(&pb.Config{Host: host, Port: port, APIKey: key, PoolSize: pool, SkipCompatibilityCheck: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return func() error {
		points, err := c.Query(tb.Context(), q)
		if err == nil && len(points) != benchLimit {
			return fmt.Errorf("got %d points", len(points))
		}
		return err
	}
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	return host, port, err
}

// askREST is a client that has its JSON ready and does not decode the answer: it costs as little as it can.
func askREST(tb testing.TB, url, key string, q *pb.QueryPoints) ask {
	tb.Helper()
	values := strings.Trim(strings.ReplaceAll(fmt.Sprint(q.GetQuery().GetNearest().GetDense().GetData()), " ", ","), "[]")
	body := fmt.Appendf(nil, `{"query":[%s],"limit":%d,"with_payload":%t}`, values, benchLimit, q.GetWithPayload().GetEnable())
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	c := &http.Client{Transport: transport}
	return func() error {
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", contentJSON)
		r.Header.Set(apiKey, key)
		resp, err := c.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %s, %w", resp.Status, err)
		}
		return nil
	}
}

// grpcStub neither decodes what comes nor encodes what goes.
func grpcStub(tb testing.TB, reply proto.Message) string {
	tb.Helper()
	raw := encoded(tb, reply)
	return serveRaw(tb, func(_ any, stream grpc.ServerStream) error {
		var in []byte
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		return stream.SendMsg(&raw)
	})
}

func encoded(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// serveRaw serves any method with bytes. The windows are fixed, as Qdrant's are.
func serveRaw(tb testing.TB, handler grpc.StreamHandler) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(handler), grpc.NumStreamWorkers(streamWorkers()),
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow), grpc.KeepaliveEnforcementPolicy(pingPolicy))
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(s.Stop)
	return l.Addr().String()
}

// rawCodec passes bytes through.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "proto" }

// restStub reads what comes and answers with constant JSON.
func restStub(tb testing.TB, reply proto.Message) string {
	tb.Helper()
	op, err := qdrantrest.Match(http.MethodPost, queryPath)
	if err != nil {
		tb.Fatal(err)
	}
	encoded, err := op.Encode(reply, time.Millisecond)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: headerTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the client has gone
		}
		w.Header().Set("Content-Type", contentJSON)
		_, _ = w.Write(encoded)
	})}
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(func() { _ = s.Close() })
	return "http://" + l.Addr().String()
}
