package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
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
	// handshakeTimeout is for TLS and HTTP/2 settings of a new connection.
	handshakeTimeout = 10 * time.Second
)

// serverKeepalive: connections end after a while, so that clients spread over replicas that came later, and are looked after in between.
func serverKeepalive(requestTimeout time.Duration) keepalive.ServerParameters {
	return keepalive.ServerParameters{
		MaxConnectionIdle: 15 * time.Minute, MaxConnectionAge: 30 * time.Minute, MaxConnectionAgeGrace: 2 * requestTimeout,
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
}

func newGRPCServer(p *Pipeline, dir Directory, l Limits, config *tls.Config) *grpc.Server {
	g := &grpcAPI{pipeline: p, dir: dir, timeout: l.RequestTimeout}
	opts := []grpc.ServerOption{
		grpc.ForceServerCodecV2(serverCodec{}),
		grpc.MaxRecvMsgSize(l.RequestBytes), grpc.MaxHeaderListSize(maxHeaderBytes), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(connWindow), grpc.NumStreamWorkers(streamWorkers()),
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
	healthpb.RegisterHealthServer(s, healthService{dir: dir})
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
		return func(_ any, _ context.Context, receive func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			return g.version(receive)
		}
	}
	return func(_ any, ctx context.Context, receive func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		r := Request{Method: full, Header: incomingHeader{ctx}, Protocol: protocolGRPC,
			Read: func() (proto.Message, int, error) { return readGRPC(full, receive) }}
		if from, ok := peer.FromContext(ctx); ok {
			r.Peer = from.Addr
		}
		reply, err := g.pipeline.Do(ctx, r)
		if err != nil {
			return nil, withRetryAfter(ctx, err)
		}
		return reply, nil
	}
}

func readGRPC(full string, receive func(any) error) (proto.Message, int, error) {
	m, ok := scopeqdrant.NewRequest(full)
	if !ok {
		return nil, 0, &fault{code: codes.Unimplemented, reason: reasonUnknown, message: "This method is not served here"}
	}
	in := incoming{message: m}
	if err := receive(&in); err != nil {
		return nil, in.size, receiveFault(err)
	}
	if in.err != nil {
		return nil, in.size, &fault{code: codes.InvalidArgument, reason: reasonMalformed,
			message: "The message could not be decoded: it is damaged, or nested too deeply"}
	}
	return m, in.size, nil
}

// receiveFault says why a message did not arrive. The gRPC library has answered already; this is for the metrics.
func receiveFault(err error) error {
	st := status.Convert(err)
	f := &fault{code: st.Code(), reason: reasonMalformed, message: st.Message()}
	switch {
	case errors.Is(err, io.EOF):
		f.code, f.message = codes.InvalidArgument, "The request has no message"
	case f.code == codes.ResourceExhausted:
		f.reason = reasonTooLarge
	case f.code == codes.DeadlineExceeded:
		return errDeadline
	case f.code == codes.Canceled:
		return errCanceled
	}
	return f
}

func withRetryAfter(ctx context.Context, err error) error {
	var f *fault
	if errors.As(err, &f) && f.retryAfter > 0 {
		// Fails only for a stream that has ended, where nobody reads it.
		_ = grpc.SetTrailer(ctx, metadata.Pairs(retryAfterHeader, strconv.Itoa(f.retrySeconds())))
	}
	return err
}

// version answers Qdrant's health check, which needs no credential there either.
func (g *grpcAPI) version(receive func(any) error) (any, error) {
	if err := receive(&pb.HealthCheckRequest{}); err != nil {
		return nil, err
	}
	return &pb.HealthCheckReply{Title: title, Version: g.dir.ServerVersion()}, nil
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

// healthService is the standard health check: whether requests are served.
type healthService struct {
	healthpb.UnimplementedHealthServer
	dir Directory
}

// Check implements healthpb.HealthServer.
func (h healthService) Check(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	s := healthpb.HealthCheckResponse_SERVING
	if h.dir.Ready() != nil {
		s = healthpb.HealthCheckResponse_NOT_SERVING
	}
	return &healthpb.HealthCheckResponse{Status: s}, nil
}
