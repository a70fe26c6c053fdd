package gateway

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// Protocols a request may come by; metric labels.
const (
	protocolGRPC = "grpc"
	protocolREST = "rest"
)

const (
	// otherTenants is the label of tenants beyond the bound, unknownMethod that of what is no operation at all.
	otherTenants  = "other"
	unknownMethod = "unknown"
)

// metrics of the gateway. Every label is bounded: tenants by a number, methods by the engine's list, the rest by code.
type metrics struct {
	requests *prometheus.CounterVec
	refused  *prometheus.CounterVec
	tokens   prometheus.Counter
	panics   prometheus.Counter
	inFlight prometheus.Gauge
	methods  map[string]*methodMetrics // full method → what needs no look-up per request
	unknown  *methodMetrics

	mu         sync.Mutex
	tenants    map[string]struct{} // that have a label of their own
	maxTenants int
}

type methodMetrics struct {
	label    string
	upstream prometheus.Observer
	duration map[string]prometheus.Observer // by protocol
}

func newMetrics(reg prometheus.Registerer, maxTenants int) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_gateway_requests_total",
			Help: "Requests by tenant (empty if none was authenticated), method, gRPC code and protocol.",
		}, []string{"tenant", "method", "code", "protocol"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_gateway_refused_total",
			Help: "Requests that the gateway refused without asking Qdrant, by reason.",
		}, []string{"reason"}),
		tokens: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tenantry_gateway_tokens_refused_total",
			Help: "Upstream tokens that Qdrant refused.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tenantry_gateway_panics_total",
			Help: "Requests that ended in a panic: each is a bug.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tenantry_gateway_in_flight",
			Help: "Requests being served.",
		}),
		methods: map[string]*methodMetrics{}, tenants: map[string]struct{}{}, maxTenants: maxTenants,
	}
	// From a tenth of a millisecond to about half a minute.
	buckets := prometheus.ExponentialBuckets(0.0001, 2.5, 15)
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tenantry_gateway_request_duration_seconds",
		Help:    "Duration of requests from their first byte to the answer, by method and protocol.",
		Buckets: buckets,
	}, []string{"method", "protocol"})
	upstream := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tenantry_gateway_upstream_duration_seconds",
		Help:    "Duration of calls to Qdrant, by the method that was asked for.",
		Buckets: buckets,
	}, []string{"method"})
	for _, full := range scopeqdrant.Declared() {
		m.methods[full] = newMethodMetrics(strings.TrimPrefix(full, "/qdrant."), duration, upstream)
	}
	m.unknown = newMethodMetrics(unknownMethod, duration, upstream)
	reg.MustRegister(m.requests, m.refused, m.tokens, m.panics, m.inFlight, duration, upstream)
	return m
}

func newMethodMetrics(label string, duration, upstream *prometheus.HistogramVec) *methodMetrics {
	return &methodMetrics{label: label, upstream: upstream.WithLabelValues(label), duration: map[string]prometheus.Observer{
		protocolGRPC: duration.WithLabelValues(label, protocolGRPC), protocolREST: duration.WithLabelValues(label, protocolREST),
	}}
}

// registerFreshness exposes how old what is served may be.
func registerFreshness(reg prometheus.Registerer, fresh func() time.Time) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tenantry_gateway_state_timestamp_seconds",
		Help: "When what is served was last known to be current, in seconds since 1970; 0 before the first time.",
	}, func() float64 {
		if t := fresh(); !t.IsZero() {
			return float64(t.Unix())
		}
		return 0
	}))
}

// method returns the metrics of an RPC.
func (m *metrics) method(full string) *methodMetrics {
	if mm := m.methods[full]; mm != nil {
		return mm
	}
	return m.unknown
}

// tenant returns the label of a known tenant: its own while there is room.
func (m *metrics) tenant(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tenants[id]; ok {
		return id
	}
	if len(m.tenants) >= m.maxTenants {
		return otherTenants
	}
	m.tenants[id] = struct{}{}
	return id
}

// done counts a finished request.
func (m *metrics) done(x *exchange, f *fault, took time.Duration) {
	code := codes.OK
	if f != nil {
		code = f.code
		if !f.upstream {
			m.refused.WithLabelValues(f.reason).Inc()
		}
	}
	m.requests.WithLabelValues(x.tenantLabel(), x.method.label, code.String(), x.Protocol).Inc()
	if o := x.method.duration[x.Protocol]; o != nil {
		o.Observe(took.Seconds())
	}
}
