// Package qdrantsim is an in-memory server that speaks Qdrant's own gRPC API.
//
// It stands in for Qdrant in tests and in the local stack where no real server
// is at hand. It answers as Qdrant 1.19 does (codes, texts, defaults, token
// checks) or it refuses with Unimplemented; it never guesses an answer. What it
// covers is listed in the README beside this file and held to the same
// expectations as a real server by the conformance package.
package qdrantsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"k8s.io/utils/clock"
)

// DefaultVersion is the server version reported until SetVersion is called.
const DefaultVersion = "1.19.0"

// maxMessageBytes is Qdrant's own default limit on a gRPC request (32 MiB).
const maxMessageBytes = 32 << 20

// pingPolicy bears the official client's keepalive (every 10 s, also when idle),
// which gRPC's default policy would answer by closing the connection.
var pingPolicy = keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}

// Options configures a Server.
type Options struct {
	// APIKey gives full access, and is the secret that signs tokens.
	APIKey string
	// ReadOnlyAPIKey gives global read access. Empty: there is none.
	ReadOnlyAPIKey string
	// JWTDisabled makes a token just another wrong API key.
	JWTDisabled bool
	// NoAuth lets every request in with full access; the keys are ignored.
	NoAuth bool
	// Addr is the address to listen on. Default "127.0.0.1:0": a free port.
	Addr string
	// RESTAddr is the address of the REST listener. Default "127.0.0.1:0".
	RESTAddr string
	// Clock decides whether a token has expired. Default: the real clock.
	Clock clock.PassiveClock
}

// Fault is called for every recorded request before it is answered; a non-nil
// error is sent to the client instead of an answer.
type Fault func(ctx context.Context, fullMethod string, req any) error

// Server is a running simulator. All methods may be called concurrently.
type Server struct {
	opts  Options
	grpc  *grpc.Server
	lis   net.Listener
	rest  *restServer
	store *store
	calls recorder

	faults faults

	mu      sync.RWMutex
	fault   Fault
	version string
}

// Start listens on opts.Addr and serves until Close. It fails if the address
// cannot be bound, or if neither a key nor NoAuth is given.
func Start(opts Options) (*Server, error) {
	if opts.APIKey == "" && opts.ReadOnlyAPIKey == "" && !opts.NoAuth {
		return nil, errors.New("qdrantsim: set APIKey, or NoAuth to serve everybody")
	}
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	lis, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("qdrantsim: %w", err)
	}
	s := &Server{opts: opts, lis: lis, store: newStore(), version: DefaultVersion}
	s.grpc = grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.KeepaliveEnforcementPolicy(pingPolicy),
		grpc.UnaryInterceptor(s.intercept),
		grpc.UnknownServiceHandler(s.unknown),
	)
	s.register()
	if s.rest, err = startREST(s, opts.RESTAddr); err != nil {
		_ = lis.Close()
		return nil, fmt.Errorf("qdrantsim: %w", err)
	}
	go func() { _ = s.grpc.Serve(s.faults.track(lis)) }()
	return s, nil
}

func (s *Server) register() {
	qdrant.RegisterQdrantServer(s.grpc, rootService{s: s})
	qdrant.RegisterCollectionsServer(s.grpc, collectionsService{s: s})
	qdrant.RegisterPointsServer(s.grpc, pointsService{s: s})
	qdrant.RegisterSnapshotsServer(s.grpc, snapshotsService{s: s})
	s.registerStorageRead()
	healthpb.RegisterHealthServer(s.grpc, healthService{})
}

// Addr is the "host:port" the server listens on.
func (s *Server) Addr() string { return s.lis.Addr().String() }

// RESTURL is the base URL of the REST API, such as "http://127.0.0.1:6333".
func (s *Server) RESTURL() string { return s.rest.url() }

// Close stops the server and drops its connections; its data is gone.
func (s *Server) Close() {
	s.rest.close()
	s.grpc.Stop()
}

// SetFault installs f, or removes the fault when f is nil.
func (s *Server) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// SetVersion changes the version that HealthCheck reports, such as "1.16.3".
// Below 1.19 the server also ignores the search parameter `idf`, as those
// servers do; it changes nothing else.
func (s *Server) SetVersion(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = version
}

func (s *Server) currentFault() Fault {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.fault
}

func (s *Server) currentVersion() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// rootService answers the version; both health checks need no credential.
type rootService struct {
	qdrant.UnimplementedQdrantServer
	s *Server
}

func (r rootService) HealthCheck(context.Context, *qdrant.HealthCheckRequest) (*qdrant.HealthCheckReply, error) {
	return &qdrant.HealthCheckReply{Title: "qdrant - vector search engine", Version: r.s.currentVersion()}, nil
}

type healthService struct {
	healthpb.UnimplementedHealthServer
}

func (healthService) Check(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
}
