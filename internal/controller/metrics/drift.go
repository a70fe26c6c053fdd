package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tenantry/tenantry/internal/boundary"
)

// drift is what the operator found, and what it refused or fights about.
type drift struct {
	findings *openFindings
	denied   *prometheus.CounterVec
	fights   *prometheus.GaugeVec
}

func newDrift() *drift {
	return &drift{
		findings: newOpenFindings(),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_denied_attempts_total",
			Help: "Attempts with a tenant's credential that a server refused, by plane, layer and reason.",
		}, []string{"plane", "layer", "reason"}),
		fights: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tenantry_fights",
			Help: "Objects that another hand changes back over and over, by plane and layer.",
		}, []string{"plane", "layer"}),
	}
}

func (d *drift) collectors() []prometheus.Collector {
	return []prometheus.Collector{d.findings, d.denied, d.fights}
}

func (d *drift) forget(plane string) {
	d.findings.forget(plane)
	labels := prometheus.Labels{"plane": plane}
	d.denied.DeletePartialMatch(labels)
	d.fights.DeletePartialMatch(labels)
}

// Denied counts attempts with a tenant's credential that a server refused. reason comes from a short list, never from a
// request.
func (m *Metrics) Denied(plane string, layer boundary.Layer, reason string, n int) {
	m.drift.denied.WithLabelValues(plane, string(layer), reason).Add(float64(n))
}

// Fights records how many objects of a layer another hand changes back over and over.
func (m *Metrics) Fights(plane string, layer boundary.Layer, n int) {
	m.drift.fights.WithLabelValues(plane, string(layer)).Set(float64(n))
}

// Findings records what is open for a subject of a plane: a Tenant by its name, "" for the plane itself. Layers that could
// not be read keep what they had. Nothing open and nothing unread forgets the subject.
func (m *Metrics) Findings(plane, subject string, found []boundary.Finding, unread ...boundary.Layer) {
	m.drift.findings.set(plane, subject, found, unread)
}

type openFinding struct {
	layer    boundary.Layer
	kind     boundary.Kind
	severity boundary.Severity
	accepted bool
}

// openFindings counts findings without a label per tenant.
type openFindings struct {
	open, accepted *prometheus.Desc
	mu             sync.Mutex
	by             map[string]map[string]map[openFinding]int // plane, subject
}

func newOpenFindings() *openFindings {
	return &openFindings{
		open: prometheus.NewDesc("tenantry_findings", "Open findings, but for accepted hazards, by plane, layer, kind and severity.",
			[]string{"plane", "layer", "kind", "severity"}, nil),
		accepted: prometheus.NewDesc("tenantry_findings_accepted", "Open hazards that acceptedHazards name, by plane, layer and severity.",
			[]string{"plane", "layer", "severity"}, nil),
		by: map[string]map[string]map[openFinding]int{},
	}
}

func (o *openFindings) set(plane, subject string, found []boundary.Finding, unread []boundary.Layer) {
	counts := map[openFinding]int{}
	for _, f := range found {
		counts[openFinding{f.Layer, f.Kind, f.Severity, f.IsAccepted()}]++
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, n := range o.by[plane][subject] {
		for _, l := range unread {
			if key.layer == l {
				counts[key] = max(counts[key], n)
			}
		}
	}
	if len(counts) == 0 {
		delete(o.by[plane], subject)
		return
	}
	if o.by[plane] == nil {
		o.by[plane] = map[string]map[openFinding]int{}
	}
	o.by[plane][subject] = counts
}

func (o *openFindings) forget(plane string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.by, plane)
}

// Describe implements prometheus.Collector.
func (o *openFindings) Describe(ch chan<- *prometheus.Desc) {
	ch <- o.open
	ch <- o.accepted
}

// Collect implements prometheus.Collector.
func (o *openFindings) Collect(ch chan<- prometheus.Metric) {
	open, accepted := map[[4]string]int{}, map[[3]string]int{}
	o.mu.Lock()
	for plane, subjects := range o.by {
		for _, counts := range subjects {
			for f, n := range counts {
				if f.accepted {
					accepted[[3]string{plane, string(f.layer), string(f.severity)}] += n
				} else {
					open[[4]string{plane, string(f.layer), string(f.kind), string(f.severity)}] += n
				}
			}
		}
	}
	o.mu.Unlock()
	for l, n := range open {
		ch <- prometheus.MustNewConstMetric(o.open, prometheus.GaugeValue, float64(n), l[:]...)
	}
	for l, n := range accepted {
		ch <- prometheus.MustNewConstMetric(o.accepted, prometheus.GaugeValue, float64(n), l[:]...)
	}
}
