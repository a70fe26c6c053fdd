package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

const (
	// healthCheck is Qdrant's own check, which official clients send at their start to learn the version.
	healthCheck = "/qdrant.Qdrant/HealthCheck"
	// retryAfterHeader is a trailer in gRPC and a header in REST, in whole seconds.
	retryAfterHeader = "retry-after"

	// maxStreams of one connection. Further calls wait at the client.
	maxStreams = 256
	// maxHeaderBytes holds two tokens of the usual size and more.
	maxHeaderBytes = 32 << 10
	// streamWindow and connWindow are what a connection may hold unread. Fixed ones bound memory, and spare the pings by
	// which gRPC would measure the line: a tenth of the time of a small request.
	streamWindow, connWindow = 1 << 20, 4 << 20
	// receiveWindow is what one call of a client's may hold unread, before it is known who calls.
	receiveWindow = 128 << 10
	// handshakeTimeout is for TLS and HTTP/2 settings of a new connection.
	handshakeTimeout = 10 * time.Second
)

// serverKeepalive: connections end after a while, so that clients spread over replicas that came later, and are looked after in between.
func serverKeepalive(requestTimeout time.Duration) keepalive.ServerParameters {
	return keepalive.ServerParameters{
		MaxConnectionIdle: idleTimeout, MaxConnectionAge: 30 * time.Minute, MaxConnectionAgeGrace: 2 * requestTimeout,
		Time: time.Minute, Timeout: 20 * time.Second,
	}
}

// pingPolicy bears the official clients, which ping every 10 s, also when idle.
var pingPolicy = keepalive.EnforcementPolicy{MinTime: 3 * time.Second, PermitWithoutStream: true}

// grpcAPI serves Qdrant's gRPC services: those that the engine declares, health, and nothing else.
type grpcAPI struct {
	pipeline *Pipeline
	dir      Directory
	timeout  time.Duration
	limit    int // of a message
}

func newGRPCServer(p *Pipeline, dir Directory, l Limits, config *tls.Config) *grpc.Server {
	g := &grpcAPI{pipeline: p, dir: dir, timeout: l.RequestTimeout, limit: l.RequestBytes}
	opts := []grpc.ServerOption{
		grpc.ForceServerCodecV2(serverCodec{}),
		grpc.MaxRecvMsgSize(l.RequestBytes), grpc.MaxHeaderListSize(maxHeaderBytes), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.StaticStreamWindowSize(receiveWindow), grpc.StaticConnWindowSize(connWindow), grpc.NumStreamWorkers(streamWorkers()),
		grpc.KeepaliveParams(serverKeepalive(l.RequestTimeout)), grpc.KeepaliveEnforcementPolicy(pingPolicy),
		grpc.InTapHandle(g.tap), grpc.UnknownServiceHandler(g.unknown),
		grpc.WaitForHandlers(true),
	}
	if config != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(config)))
	}
	s := grpc.NewServer(opts...)
	for service, methods := range g.services() {
		s.RegisterService(&grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil), Methods: methods}, g)
	}
	s.RegisterService(&grpc.ServiceDesc{ServiceName: healthpb.Health_ServiceDesc.ServiceName, HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{
		{MethodName: "Check", Handler: func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
			return g.health(), nil
		}},
	}}, g)
	return s
}

// streamWorkers are goroutines that serve one request after the other: their stacks have grown already.
func streamWorkers() uint32 { return uint32(16 * runtime.GOMAXPROCS(0)) }

// services groups the declared methods, the refused too: whoever calls one is told why, once it is known who calls.
func (g *grpcAPI) services() map[string][]grpc.MethodDesc {
	services := map[string][]grpc.MethodDesc{}
	for _, full := range scopeqdrant.Declared() {
		service, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
		if service == healthpb.Health_ServiceDesc.ServiceName {
			continue // answered here, and without a credential
		}
		services[service] = append(services[service], grpc.MethodDesc{MethodName: method, Handler: g.handler(full)})
	}
	return services
}

// deadline is a context with the gateway's own time limit. The stream's end ends it, and its timer.
type deadline struct {
	context.Context
	cancel context.CancelFunc
}

// tap gives every stream its deadline before its first byte is read: a context made later would not end a read from a
// client that trickles.
func (g *grpcAPI) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout) //nolint:gosec // the stream's own context ends with it, and ends this one
	return deadline{ctx, cancel}, nil
}

// handler serves one method. The message is read only once the pipeline has let the caller in.
func (g *grpcAPI) handler(full string) grpc.MethodHandler {
	if full == healthCheck {
		return func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
			return g.version(), nil
		}
	}
	return func(_ any, ctx context.Context, _ func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		r := Request{Method: full, Header: incomingHeader{ctx}, Protocol: protocolGRPC,
			Read: func(l *lease) (proto.Message, int, error) { return readGRPC(ctx, full, g.limit, l) }}
		if from, ok := peer.FromContext(ctx); ok {
			r.Peer = from.Addr
		}
		answer, err := g.pipeline.Do(ctx, r)
		if err != nil {
			return nil, withRetryAfter(ctx, err)
		}
		return newParcel(answer, r.Peer), nil
	}
}

func withRetryAfter(ctx context.Context, err error) error {
	var f *fault
	if errors.As(err, &f) && f.retryAfter > 0 {
		// Fails only for a stream that has ended, where nobody reads it.
		_ = grpc.SetTrailer(ctx, metadata.Pairs(retryAfterHeader, strconv.Itoa(f.retrySeconds())))
	}
	return err
}

// version answers Qdrant's health check, which needs no credential there either. Neither health check reads its message: what
// strangers send takes no memory.
func (g *grpcAPI) version() *pb.HealthCheckReply {
	return &pb.HealthCheckReply{Title: title, Version: g.dir.ServerVersion()}
}

// health answers the standard health check: whether requests are served.
func (g *grpcAPI) health() *healthpb.HealthCheckResponse {
	if g.dir.Ready() != nil {
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}
	}
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}
}

func (g *grpcAPI) unknown(any, grpc.ServerStream) error {
	g.pipeline.metrics.refused.WithLabelValues(reasonUnknown).Inc()
	return status.Error(codes.Unimplemented, "This method is not served here")
}

// incomingHeader reads the metadata of a call without copying it.
type incomingHeader struct{ ctx context.Context }

// Values implements identity.Header.
func (h incomingHeader) Values(key string) []string {
	return metadata.ValueFromIncomingContext(h.ctx, key)
}
