package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenantry/tenantry/internal/boundary"
)

// audits are the metrics of the audit loop.
type audits struct {
	rounds   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	success  *prometheus.GaugeVec
	woken    *prometheus.CounterVec
}

func newAudits() *audits {
	return &audits{
		rounds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_audit_rounds_total",
			Help: "Snapshots that the audit took of a server, by plane, layer and outcome: Read, Failed, or Late for one that had not ended when the next was due.",
		}, []string{"plane", "layer", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tenantry_audit_duration_seconds",
			Help:    "Duration of a step of an audit, by plane and step: read (the snapshots of all servers), judge (the comparison of all Tenants).",
			Buckets: prometheus.ExponentialBuckets(0.005, 3, 9),
		}, []string{"plane", "step"}),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tenantry_audit_last_success_timestamp_seconds",
			Help: "When the last audit of a server that succeeded began, in seconds since 1970, by plane and layer.",
		}, []string{"plane", "layer"}),
		woken: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_audit_woken_total",
			Help: "Objects that the audit asked to be reconciled, by plane and kind. A settled plane asks for none.",
		}, []string{"plane", "kind"}),
	}
}

func (a *audits) collectors() []prometheus.Collector {
	return []prometheus.Collector{a.rounds, a.duration, a.success, a.woken}
}

// Audited counts one snapshot of the audit; outcome is Read, Failed or Late. began counts where it was read.
func (m *Metrics) Audited(plane string, layer boundary.Layer, outcome string, began time.Time) {
	m.audits.rounds.WithLabelValues(plane, string(layer), outcome).Inc()
	if outcome == "Read" {
		m.audits.success.WithLabelValues(plane, string(layer)).Set(float64(began.Unix()))
	}
}

// AuditStep records how long a step of a round took: read or judge.
func (m *Metrics) AuditStep(plane, step string, took time.Duration) {
	m.audits.duration.WithLabelValues(plane, step).Observe(took.Seconds())
}

// Woken counts an object that the audit asked to be reconciled.
func (m *Metrics) Woken(plane, kind string) { m.audits.woken.WithLabelValues(plane, kind).Inc() }

func (a *audits) forget(plane string) {
	by := prometheus.Labels{"plane": plane}
	a.rounds.DeletePartialMatch(by)
	a.duration.DeletePartialMatch(by)
	a.success.DeletePartialMatch(by)
	a.woken.DeletePartialMatch(by)
}
