// Package metrics are the operator's own metrics. Labels are bounded: planes, layers and fixed words, never tenants.
package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Metrics of the operator.
type Metrics struct {
	calls   *prometheus.HistogramVec
	errors  *prometheus.CounterVec
	changes *prometheus.CounterVec
	read    *prometheus.GaugeVec
	tenants *tenantStates
	budgets *budgets
	drift   *drift
	audits  *audits
}

// New makes the metrics and registers them.
func New(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tenantry_backend_call_duration_seconds",
			Help:    "Duration of calls to the servers of a plane, by layer and call.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 3, 10),
		}, []string{"layer", "call"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_backend_call_errors_total",
			Help: "Failed calls to the servers of a plane, by layer, call and cause.",
		}, []string{"layer", "call", "cause"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_changes_applied_total",
			Help: "Changes applied to the servers of a plane, by layer and kind.",
		}, []string{"layer", "kind"}),
		read: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tenantry_layer_last_read_timestamp_seconds",
			Help: "When the server of a layer was last read with success, in seconds since 1970, by plane and layer.",
		}, []string{"plane", "layer"}),
		tenants: newTenantStates(), budgets: newBudgets(), drift: newDrift(), audits: newAudits(),
	}
	reg.MustRegister(m.calls, m.errors, m.changes, m.read, m.tenants)
	reg.MustRegister(m.budgets.collectors()...)
	reg.MustRegister(m.drift.collectors()...)
	reg.MustRegister(m.audits.collectors()...)
	return m
}

// Call records one call to a server; cause is "" for success. It is a plane.Meter.
func (m *Metrics) Call(layer boundary.Layer, call string, took time.Duration, cause string) {
	m.calls.WithLabelValues(string(layer), call).Observe(took.Seconds())
	if cause != "" {
		m.errors.WithLabelValues(string(layer), call, cause).Inc()
	}
}

// Applied counts the changes of a plan that was carried out.
func (m *Metrics) Applied(p boundary.Plan) {
	for _, c := range p {
		m.changes.WithLabelValues(string(c.Layer), string(c.Kind)).Inc()
	}
}

// Read records that a layer of a plane was read with success.
func (m *Metrics) Read(plane string, layer boundary.Layer, at time.Time) {
	m.read.WithLabelValues(plane, string(layer)).Set(float64(at.Unix()))
}

// Forget drops what is known of a plane that is gone.
func (m *Metrics) Forget(plane string) {
	m.read.DeletePartialMatch(prometheus.Labels{"plane": plane})
	m.budgets.forget(plane)
	m.audits.forget(plane)
	m.drift.forget(plane)
}

// Tenant records how the layers of a tenant stand; a nil map forgets the tenant.
func (m *Metrics) Tenant(name string, layers map[boundary.Layer]string) { m.tenants.set(name, layers) }

// tenantStates counts tenants by layer and state without a label per tenant.
type tenantStates struct {
	desc *prometheus.Desc
	mu   sync.Mutex
	by   map[string]map[boundary.Layer]string
}

func newTenantStates() *tenantStates {
	return &tenantStates{
		desc: prometheus.NewDesc("tenantry_tenants", "Tenants by layer and state of that layer.", []string{"layer", "state"}, nil),
		by:   map[string]map[boundary.Layer]string{},
	}
}

func (t *tenantStates) set(name string, layers map[boundary.Layer]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if layers == nil {
		delete(t.by, name)
		return
	}
	t.by[name] = layers
}

// Describe implements prometheus.Collector.
func (t *tenantStates) Describe(ch chan<- *prometheus.Desc) { ch <- t.desc }

// Collect implements prometheus.Collector.
func (t *tenantStates) Collect(ch chan<- prometheus.Metric) {
	type key struct{ layer, state string }
	counts := map[key]int{}
	t.mu.Lock()
	for _, layers := range t.by {
		for layer, state := range layers {
			counts[key{string(layer), state}]++
		}
	}
	t.mu.Unlock()
	for k, n := range counts {
		ch <- prometheus.MustNewConstMetric(t.desc, prometheus.GaugeValue, float64(n), k.layer, k.state)
	}
}
