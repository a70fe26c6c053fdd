package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"

	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity"
)

// Gateway serves the Qdrant of one plane to its tenants.
type Gateway struct {
	options  Options
	dir      *drainable
	pipeline *Pipeline

	grpc                 *grpc.Server
	rest, probe, metrics *http.Server
	listeners            listeners
	links                *links // nil if gRPC is off
	certs                *certwatcher.CertWatcher
	kill                 context.CancelFunc // ends requests that outlast the drain
}

type listeners struct{ rest, grpc, probe, metrics net.Listener }

// New makes a gateway and binds its addresses; it serves once Start runs. Errors say which option is wrong, or which
// address cannot be had.
func New(o Options) (*Gateway, error) {
	o.complete()
	if o.Config == nil {
		return nil, errors.New("a gateway needs to know where the API server is")
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	dir, err := directory.New(o.Config, directory.Options{
		Plane: o.DataPlane, Namespace: o.Namespace, MaxStaleness: o.MaxStaleness, Clock: o.Clock,
	})
	if err != nil {
		return nil, err
	}
	clients, err := kubernetes.NewForConfig(o.Config)
	if err != nil {
		return nil, fmt.Errorf("connect to the API server: %w", err)
	}
	auth, err := identity.New(identity.Options{
		Directory: dir, Plane: o.DataPlane, Reviews: clients.AuthenticationV1().TokenReviews(), HTTP: o.IdentityProviders, Clock: o.Clock,
	})
	if err != nil {
		return nil, err
	}
	return assemble(o, dir, auth)
}

// assemble puts a gateway together around whoever knows the tenants.
func assemble(o Options, dir Directory, auth Authenticator) (*Gateway, error) {
	g := &Gateway{options: o, dir: &drainable{Directory: dir}}
	certs, config, err := certificates(o.TLSCertDir)
	if err != nil {
		return nil, err
	}
	g.certs = certs
	if err := g.listeners.open(o); err != nil {
		return nil, err
	}
	if g.listeners.grpc != nil {
		g.links = newLinks(g.listeners.grpc, clientPatience(o.Limits), o.Clock)
		g.listeners.grpc = g.links
	}
	g.pipeline = newPipeline(o, g.dir, auth)
	base, kill := context.WithCancel(context.Background())
	g.kill = kill
	log := errorLog{o.Log}
	g.grpc = newGRPCServer(g.pipeline, g.dir, o.Limits, config)
	g.rest = newRESTServer(base, g.pipeline, g.dir, o.Limits, config, log)
	g.probe = newProbeServer(base, g.dir.Ready, o.Limits, log)
	g.metrics = newMetricsServer(base, o.Registry, o.Limits, log)
	return g, nil
}

func newPipeline(o Options, dir Directory, auth Authenticator) *Pipeline {
	m := newMetrics(o.Registry, o.Limits.MetricTenants)
	registerFreshness(o.Registry, dir.Freshness)
	access := o.Log.WithName("access")
	if !o.AccessLog {
		access = access.V(1)
	}
	return &Pipeline{
		auth: auth, dir: dir, metrics: m, trace: newTracing(o.Tracer), access: access, log: o.Log,
		upstream: &upstream{where: dir.Upstream, connections: o.UpstreamConnections},
		admit:    newAdmission(o.Limits, m.tenant), clock: o.Clock, timeout: o.Limits.RequestTimeout,
		trouble: &rate.Sometimes{Interval: troubleInterval}, replyBytes: o.Limits.ReplyBytes,
	}
}

func (l *listeners) open(o Options) error {
	for _, a := range []struct {
		to            *net.Listener
		what, address string
	}{
		{&l.rest, "REST", o.RESTAddress}, {&l.grpc, "gRPC", o.GRPCAddress},
		{&l.probe, "probes", o.ProbeAddress}, {&l.metrics, "metrics", o.MetricsAddress},
	} {
		bound, err := listen(a.what, a.address, o.Limits.Connections)
		if err != nil {
			l.close()
			return err
		}
		*a.to = bound
	}
	return nil
}

func (l *listeners) close() {
	for _, bound := range []net.Listener{l.rest, l.grpc, l.probe, l.metrics} {
		if bound != nil {
			_ = bound.Close() // it may have been closed by its server
		}
	}
}

// GRPCAddress is the host:port of Qdrant's gRPC API, "" if it is off.
func (g *Gateway) GRPCAddress() string { return address(g.listeners.grpc) }

// RESTURL is the base URL of Qdrant's REST API, "" if it is off.
func (g *Gateway) RESTURL() string {
	if g.certs != nil {
		return baseURL("https", g.listeners.rest)
	}
	return baseURL("http", g.listeners.rest)
}

// ProbeURL is the base URL of the probes, MetricsURL that of the metrics; "" if they are off.
func (g *Gateway) ProbeURL() string { return baseURL("http", g.listeners.probe) }

// MetricsURL is the base URL of the metrics, "" if they are off.
func (g *Gateway) MetricsURL() string { return baseURL("http", g.listeners.metrics) }

// Ready is nil while requests are served: enough is known, it is not stale, and the gateway is not on its way out.
func (g *Gateway) Ready() error { return g.dir.Ready() }

func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

func baseURL(scheme string, l net.Listener) string {
	if l == nil {
		return ""
	}
	return scheme + "://" + l.Addr().String()
}

// drainable is a Directory that is no longer ready once the gateway drains; it goes on answering requests in flight.
type drainable struct {
	Directory
	draining atomic.Bool
}

var _ Directory = (*directory.Directory)(nil)

var errDraining = errors.New("the gateway is shutting down")

// Ready implements Directory.
func (d *drainable) Ready() error {
	if d.draining.Load() {
		return errDraining
	}
	return d.Directory.Ready()
}

// running waits for the parts of a gateway and remembers the first failure.
type running struct {
	wg    sync.WaitGroup
	once  sync.Once
	err   error
	ended chan struct{} // closed at the first end that nobody asked for
}

func (r *running) run(what string, f func() error) {
	r.wg.Go(func() {
		if err := f(); err != nil {
			r.once.Do(func() {
				r.err = fmt.Errorf("%s: %w", what, err)
				close(r.ended)
			})
		}
	})
}
