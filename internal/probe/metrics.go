package probe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// Metrics say what probes find and what they cost. Labels are bounded: planes, layers and fixed words, never tenants.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	oldest   *prometheus.GaugeVec
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_probe_attempts_total",
			Help: "Live attempts to cross a boundary, by plane, layer and outcome (Passed, Failed, Void).",
		}, []string{"plane", "layer", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tenantry_probe_duration_seconds",
			Help:    "How long the probe of one tenant in one layer took, by layer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 10),
		}, []string{"layer"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tenantry_probe_oldest_seconds",
			Help: "Age of the least recent probe among the tenants of a plane; above 3600 something keeps probes back.",
		}, []string{"plane"}),
	}
	reg.MustRegister(m.attempts, m.duration, m.oldest)
	return m
}

func (m *Metrics) tried(plane string, layer boundary.Layer, attempts []trial.Attempt, took time.Duration) {
	for _, a := range attempts {
		m.attempts.WithLabelValues(plane, string(layer), string(a.Result)).Inc()
	}
	m.duration.WithLabelValues(string(layer)).Observe(took.Seconds())
}

func (m *Metrics) age(plane string, oldest time.Duration) {
	m.oldest.WithLabelValues(plane).Set(oldest.Seconds())
}

func (m *Metrics) forget(plane string) {
	labels := prometheus.Labels{"plane": plane}
	m.attempts.DeletePartialMatch(labels)
	m.oldest.DeletePartialMatch(labels)
}
