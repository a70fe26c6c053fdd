// Package qdrant reads snapshots of a Qdrant and applies plans of the Vector layer over its gRPC API. What is right is
// decided in internal/boundary/vector.
package qdrant

import (
	"crypto/tls"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

const defaultSnapshotAge = 15 * time.Second

// Config says how to reach a Qdrant and what it is for.
type Config struct {
	// Address is host:port of the gRPC API.
	Address string
	// APIKey with full rights. Tokens are signed with it.
	APIKey boundary.Secret
	// TLS of the connection; nil = plain text.
	TLS *tls.Config
	// RESTURL of the REST API, "" where nobody said. Only whether it answers without TLS is asked of it, where there is TLS.
	RESTURL string
	// Spec of the plane.
	Spec vector.Spec
	// Marker that this installation writes, and that must stand on the server before anything else is written.
	Marker boundary.Marker
	// SnapshotAge is how old the shared snapshot may be. Default 15 s.
	SnapshotAge time.Duration
	// Clock tells the age of snapshots and the expiry of tokens. Default: the real one.
	Clock clock.PassiveClock
	// Trace is called once per round trip with kind "read" or "write" and the gRPC method; nil for none.
	Trace func(kind, name string)
	// BeforeChange is called before each change is applied and stops the plan with its error; nil for none.
	BeforeChange func(boundary.Change) error
}

// Server is one Qdrant. It implements plane.VectorServer.
type Server struct {
	cfg   Config
	judge vector.Plane
	conn  *grpc.ClientConn
	calls calls
	page  uint32 // records in an answer

	flight singleflight.Group
	cache  cache
	rounds rounds

	mu           sync.Mutex
	facts        facts
	rightsProven bool
}

// facts are what is known of the server itself.
type facts struct {
	version string
	open    bool
	tokens  vector.TokenSupport
}

var _ plane.VectorServer = (*Server)(nil)

// Open prepares the connection; nothing is sent before the first call. It fails where the address cannot be parsed.
func Open(cfg Config) (*Server, error) {
	if cfg.SnapshotAge <= 0 {
		cfg.SnapshotAge = defaultSnapshotAge
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.RealClock{}
	}
	conn, err := dial(cfg)
	if err != nil {
		return nil, plane.Faultf(plane.InvalidSpec, err, "%q is not an address of a Qdrant; write host:port of its gRPC API", cfg.Address)
	}
	return &Server{
		cfg: cfg, judge: vector.Plane{Spec: cfg.Spec, Marker: cfg.Marker}, conn: conn, calls: newCalls(conn),
		cache: newCache(), page: pageSize,
	}, nil
}

// Layer is boundary.Vector.
func (s *Server) Layer() boundary.Layer { return boundary.Vector }

// Close ends the connection.
func (s *Server) Close() { _ = s.conn.Close() }

func (s *Server) known() facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.facts
}

func (s *Server) learn(f facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = f
}
