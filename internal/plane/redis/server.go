package redis

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"golang.org/x/sync/singleflight"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// Server is all nodes of one Redis. It implements plane.Server.
type Server struct {
	cfg    Config
	flight singleflight.Group
	views  views
	savers keyed[saver]
	// passes over the nodes' users.
	passes keyed[pass]
	// refused holds "<node> <right>" of the optional rights that a node is known to refuse.
	refused sync.Map
	// harvest of the nodes' ACL logs.
	harvest harvest
	// unreadable logs.
	unreadable unreadable

	mu      sync.Mutex
	clients map[string]*redis.Client
}

var _ plane.DenialServer = (*Server)(nil)

// Open prepares the connections; it contacts no server. Errors are *plane.Fault with cause InvalidSpec.
func Open(cfg Config) (*Server, error) {
	silence()
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, clients: map[string]*redis.Client{}}, nil
}

// silence keeps the client library from writing to standard error: whatever fails is returned, and logged with its
// context by whoever asked.
var silence = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Layer returns boundary.Cache.
func (s *Server) Layer() boundary.Layer { return boundary.Cache }

// Close ends the connections.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		_ = c.Close()
	}
	clear(s.clients)
}

// client returns the connections to one node.
func (s *Server) client(addr string) *redis.Client {
	return s.clientFor(addr, func() *redis.Options { return s.options(addr) })
}

// clientFor makes a client once.
func (s *Server) clientFor(name string, options func() *redis.Options) *redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[name]
	if c == nil {
		c = redis.NewClient(options())
		s.clients[name] = c
	}
	return c
}

// options keep what a client sends by itself to HELLO, so that the operator needs no rights for more, and fail at once:
// the reconcilers retry.
func (s *Server) options(addr string) *redis.Options {
	return &redis.Options{
		Addr: addr, Username: s.cfg.Username, Password: s.cfg.Password.Reveal(), TLSConfig: s.cfg.TLS,
		MaxRetries: -1, DialerRetries: 1, DialTimeout: 3 * time.Second,
		ReadTimeout: 25 * time.Second, WriteTimeout: 5 * time.Second, ContextTimeoutEnabled: true,
		PoolSize: 8, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// retain closes the connections to nodes that are no longer part of the plane.
func (s *Server) retain(addrs []string) {
	keep := map[string]bool{}
	for _, a := range slices.Concat(addrs, s.cfg.Nodes) {
		keep[a], keep["log "+a] = true, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for a, c := range s.clients {
		if !keep[a] {
			_ = c.Close()
			delete(s.clients, a)
		}
	}
}

// DiffPlane compares the application's user and lists the hazards.
func (s *Server) DiffPlane(ctx context.Context, f plane.Freshness) (boundary.Diff, error) {
	snap, err := s.snapshot(ctx, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	d := s.cfg.Spec.DiffPlane(snap.nodes, snap.fault == nil)
	d.Hazards = slices.Concat(snap.hazards.Plane, s.unreadable.hazards(snap.nodes, s.cfg.Clock.Now()))
	boundary.SortFindings(d.Hazards)
	return d, snap.fault
}

// DiffTenant compares one tenant's boundary on every node that answers.
func (s *Server) DiffTenant(ctx context.Context, t boundary.Tenant, f plane.Freshness) (boundary.Diff, error) {
	snap, err := s.snapshot(ctx, plane.Recent)
	if err != nil {
		return boundary.Diff{}, err
	}
	seen := s.views.tenant(t.ID)
	if f == plane.Fresh || seen == nil {
		seen = s.readTenant(ctx, snap, t.ID)
		s.views.keep(t.ID, seen)
	}
	d := s.cfg.Spec.DiffTenant(seen.nodes, t)
	d.Hazards = append(d.Hazards, snap.hazards.Tenant(t.ID)...)
	return d, seen.fault
}
