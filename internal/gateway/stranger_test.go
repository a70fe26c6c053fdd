package gateway

import (
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the program links it with its exporter of traces
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// A message that was compressed a thousandfold must not be unpacked for anybody, least of all for a stranger.
func TestCompressedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	err := h.conn(t).Invoke(h.with(t, acme), queryRPC, &pb.QueryPoints{CollectionName: docs}, &pb.QueryResponse{}, grpc.UseCompressor("gzip"))
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), noCompression) {
		t.Error(err)
	}
	if calls := sim.Calls(); len(calls) > 0 {
		t.Errorf("%d requests reached Qdrant", len(calls))
	}
}

// Health checks are answered to strangers, so they read nothing of what a stranger sends.
func TestHealthChecksReadNothing(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	conn := h.conn(t)
	for method, answer := range map[string]proto.Message{
		healthCheck: &pb.HealthCheckReply{}, healthpb.Health_Check_FullMethodName: &healthpb.HealthCheckResponse{},
	} {
		stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, method)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(answer); err != nil {
			t.Errorf("%s waits for a message: %v", method, err)
		}
	}
}
