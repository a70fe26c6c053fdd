package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
)

// Options of a gateway. The zero value of each field is its default. An address of "0" turns that listener off; port 0
// takes a free one.
type Options struct {
	// DataPlane is the name of the plane to serve. Required.
	DataPlane string
	// Namespace of the operator, where the plane's gateway material lies. Required.
	Namespace string
	// Config reaches the API server. Required.
	Config *rest.Config

	// RESTAddress and GRPCAddress serve Qdrant's protocols. Defaults :6333 and :6334.
	RESTAddress, GRPCAddress string
	// ProbeAddress serves /healthz, /livez and /readyz, MetricsAddress /metrics. Defaults :8081 and :8080.
	ProbeAddress, MetricsAddress string
	// TLSCertDir holds tls.crt and tls.key for both protocols; a changed file is taken up. Default: no TLS.
	TLSCertDir string

	Limits Limits
	// MaxStaleness is how long the last known state is served while the API server is away. Default 30 min.
	MaxStaleness time.Duration
	// DrainTimeout is how long requests in flight may take to end after Start's context has. Default 30 s.
	DrainTimeout time.Duration
	// UpstreamConnections to Qdrant. Default 2.
	UpstreamConnections int

	// IdentityProviders reaches those that end users' tokens come from. Default: https with the system's roots.
	IdentityProviders *http.Client

	// Clock for limits and durations. Default the real one.
	Clock clock.WithTicker
	// Log gets what an operator should know. Default: nothing.
	Log logr.Logger
	// AccessLog writes one line per request at the default level, else at V(1).
	AccessLog bool
	// Registry registers and serves metrics. Default one of its own.
	Registry Registry
	// Tracer gives spans for requests. Default nil: no tracing and no cost.
	Tracer trace.TracerProvider
}

// Registry takes metrics and gives them out; *prometheus.Registry is one.
type Registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}

// Limits bound what requests may take. Zero fields are defaults.
type Limits struct {
	// TenantRate is requests per second and tenant, TenantBurst how many at once. Defaults 500 and one second's worth.
	// A negative rate is no limit.
	TenantRate  float64
	TenantBurst int
	// TenantConcurrency is requests in flight per tenant. Default 64.
	TenantConcurrency int
	// RequestBytes of one request; compressed ones are not taken. Default 32 MiB, which is Qdrant's own limit.
	RequestBytes int
	// ReplyBytes of one answer of Qdrant's. Default 64 MiB.
	ReplyBytes int
	// InFlightBytes of all requests in flight and answers that have not been written, each counted with at least 64 KiB, and as
	// what is made of it, too. One tenant may hold a quarter of it. Default 1 GiB.
	InFlightBytes int64
	// Connections to each of the addresses. Default 10,000. Further ones wait until others have ended.
	Connections int
	// RequestTimeout of one request from its first byte; a client's shorter deadline counts. Default 30 s.
	RequestTimeout time.Duration
	// MetricTenants is how many tenants get a label of their own; the rest share "other". Default 1,000.
	MetricTenants int
}

// Defaults of the options.
const (
	DefaultRESTAddress         = ":6333"
	DefaultGRPCAddress         = ":6334"
	DefaultProbeAddress        = ":8081"
	DefaultMetricsAddress      = ":8080"
	DefaultMaxStaleness        = 30 * time.Minute
	DefaultDrainTimeout        = 30 * time.Second
	DefaultUpstreamConnections = 2

	DefaultTenantRate        = 500
	DefaultTenantConcurrency = 64
	DefaultRequestBytes      = 32 << 20
	DefaultReplyBytes        = 64 << 20
	DefaultInFlightBytes     = 1 << 30
	DefaultConnections       = 10_000
	DefaultRequestTimeout    = 30 * time.Second
	DefaultMetricTenants     = 1000

	// maxConnections bounds the upstream pool: beyond it more connections cost more than they bring.
	maxConnections = 16
)

// off is the address of a listener that is not wanted.
const off = "0"

func (o *Options) complete() {
	orDefault(&o.RESTAddress, DefaultRESTAddress)
	orDefault(&o.GRPCAddress, DefaultGRPCAddress)
	orDefault(&o.ProbeAddress, DefaultProbeAddress)
	orDefault(&o.MetricsAddress, DefaultMetricsAddress)
	orDefault(&o.MaxStaleness, DefaultMaxStaleness)
	orDefault(&o.DrainTimeout, DefaultDrainTimeout)
	orDefault(&o.UpstreamConnections, DefaultUpstreamConnections)
	o.Limits.complete()
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
}

func (l *Limits) complete() {
	orDefault(&l.TenantRate, DefaultTenantRate)
	orDefault(&l.TenantBurst, max(1, int(l.TenantRate)))
	orDefault(&l.TenantConcurrency, DefaultTenantConcurrency)
	orDefault(&l.RequestBytes, DefaultRequestBytes)
	orDefault(&l.ReplyBytes, DefaultReplyBytes)
	orDefault(&l.InFlightBytes, DefaultInFlightBytes)
	orDefault(&l.Connections, DefaultConnections)
	orDefault(&l.RequestTimeout, DefaultRequestTimeout)
	orDefault(&l.MetricTenants, DefaultMetricTenants)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate names every option that cannot be meant.
func (o *Options) validate() error {
	var errs []error
	if o.DataPlane == "" {
		errs = append(errs, errors.New("name the plane to serve: set --data-plane"))
	}
	if o.Namespace == "" {
		errs = append(errs, errors.New("name the operator's namespace: set --namespace or POD_NAMESPACE"))
	}
	if o.RESTAddress == off && o.GRPCAddress == off {
		errs = append(errs, errors.New("both listeners are off: set --rest-bind-address or --grpc-bind-address"))
	}
	if n := o.UpstreamConnections; n < 1 || n > maxConnections {
		errs = append(errs, fmt.Errorf("--upstream-connections is %d: choose 1 to %d", n, maxConnections))
	}
	for _, f := range []struct {
		flag string
		n    int64
	}{
		{"--request-timeout", int64(o.Limits.RequestTimeout)}, {"--drain-timeout", int64(o.DrainTimeout)},
		{"--max-staleness", int64(o.MaxStaleness)}, {"--tenant-burst", int64(o.Limits.TenantBurst)},
		{"--tenant-concurrency", int64(o.Limits.TenantConcurrency)}, {"--max-request-bytes", int64(o.Limits.RequestBytes)},
		{"--max-in-flight-bytes", o.Limits.InFlightBytes}, {"--max-reply-bytes", int64(o.Limits.ReplyBytes)},
		{"--max-connections", int64(o.Limits.Connections)}, {"--metric-tenants", int64(o.Limits.MetricTenants)},
	} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: give a positive value", f.flag))
		}
	}
	// Negative ones are told of already.
	if least := int64(o.Limits.RequestBytes) * bodyCopies; o.Limits.InFlightBytes > 0 && o.Limits.InFlightBytes/shareOfTenant < least {
		errs = append(errs, fmt.Errorf("--max-in-flight-bytes is %d: one tenant may hold a quarter, and one request of --max-request-bytes takes %d; give %d at least",
			o.Limits.InFlightBytes, least, shareOfTenant*least))
	}
	return errors.Join(errs...)
}
