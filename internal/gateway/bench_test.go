package gateway

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// benchClients saturate two cores.
const benchClients = 32

// constant is an upstream of constant, negligible cost: it neither decodes what comes nor encodes what goes.
func constant(b *testing.B, payload bool) string {
	b.Helper()
	reply := &pb.QueryResponse{Time: 0.0001}
	for i := range 10 {
		p := &pb.ScoredPoint{Id: pb.NewIDNum(uint64(i)), Score: 0.9}
		if payload {
			p.Payload = pb.NewValueMap(map[string]any{"title": "a title of usual length", "page": i})
		}
		reply.Result = append(reply.Result, p)
	}
	encoded, err := proto.Marshal(reply)
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var in []byte
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		return stream.SendMsg(&encoded)
	}))
	go func() { _ = s.Serve(l) }()
	b.Cleanup(s.Stop)
	return l.Addr().String()
}

// rawCodec passes bytes through and looks at none that come.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}
func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
func (rawCodec) Name() string                         { return "proto" }

// nearest asks for the 10 nearest of a vector with 1,536 dimensions.
func nearest(collection string) *pb.QueryPoints {
	v := make([]float32, 1536)
	for i := range v {
		v[i] = float32(i) / 1536
	}
	return &pb.QueryPoints{CollectionName: collection, Query: pb.NewQuery(v...), Limit: pb.PtrOf(uint64(10)), WithPayload: pb.NewWithPayload(true)}
}

func BenchmarkDirect(b *testing.B) {
	for name, payload := range replies {
		b.Run(name, func(b *testing.B) { bench(b, constant(b, payload), "", physical(acme)) })
	}
}

func BenchmarkGateway(b *testing.B) {
	for name, payload := range replies {
		b.Run(name, func(b *testing.B) {
			h := start(b, newFakeDirectory(b, constant(b, payload)), func(o *Options) { o.Limits.TenantRate = -1 })
			bench(b, h.GRPCAddress(), h.dir.gatewayToken(b, acme, h.options.Clock.Now()), docs)
		})
	}
}

// replies with and without payload: maps of values are what decoding takes longest for.
var replies = map[string]bool{"ids": false, "payload": true}

// bench sends one query after the other, then those of many clients at once.
func bench(b *testing.B, address, key, collection string) {
	TuneCollector(os.Getenv)
	b.Run("serial", func(b *testing.B) {
		ask := asker(b, address, key, collection)
		b.ReportAllocs()
		defer reportCPU(b)()
		for b.Loop() {
			ask()
		}
	})
	b.Run(fmt.Sprintf("clients=%d", benchClients), func(b *testing.B) {
		work, done := make(chan struct{}, benchClients), make(chan struct{})
		for range benchClients {
			ask := asker(b, address, key, collection)
			go func() {
				for range work {
					ask()
				}
				done <- struct{}{}
			}()
		}
		b.ReportAllocs()
		defer reportCPU(b)()
		for b.Loop() {
			work <- struct{}{}
		}
		close(work)
		for range benchClients {
			<-done
		}
	})
}

// reportCPU reports what the process took of the processors: on a busy machine that says more than the clock does.
func reportCPU(b *testing.B) func() {
	before := cpu(b)
	return func() { b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op") }
}

func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// asker returns a client's one query, on a connection of its own.
func asker(b *testing.B, address, key, collection string) func() {
	b.Helper()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	ctx := context.Background()
	if key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, apiKey, key)
	}
	q := nearest(collection)
	ask := func() {
		if err := c.Invoke(ctx, queryRPC, q, &pb.QueryResponse{}); err != nil {
			b.Error(err)
		}
	}
	ask()
	return ask
}
