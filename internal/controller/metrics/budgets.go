package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// States of an AIBudget.
const (
	BudgetWithin       = "Within"
	BudgetLimitReached = "LimitReached"
	BudgetNotEnforced  = "NotEnforced"
	BudgetUnknown      = "Unknown"
)

// BudgetState is how one AIBudget stands.
type BudgetState struct {
	// State is one of the constants.
	State string
	// Percent of the tightest limit that is used; negative where it is not known.
	Percent int
}

// budgets are the metrics of AIBudgets and of the ledgers.
type budgets struct {
	states  *budgetStates
	alerts  *prometheus.CounterVec
	expired *prometheus.CounterVec
	mended  *prometheus.CounterVec
}

func newBudgets() *budgets {
	return &budgets{
		states: newBudgetStates(),
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_budget_alerts_total",
			Help: "Thresholds of AIBudgets that were reached, once a period each, by how high they are.",
		}, []string{"threshold"}),
		expired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_budget_reservations_expired_total",
			Help: "Reservations that the audit found expired, neither settled nor released, by plane.",
		}, []string{"plane"}),
		mended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tenantry_budget_counters_mended_total",
			Help: "Tenants whose counters did not agree with the ledger and were counted anew, by plane.",
		}, []string{"plane"}),
	}
}

func (b *budgets) collectors() []prometheus.Collector {
	return []prometheus.Collector{b.states, b.alerts, b.expired, b.mended}
}

// Budget records how an AIBudget stands; nil forgets it.
func (m *Metrics) Budget(name string, state *BudgetState) { m.budgets.states.set(name, state) }

// BudgetAlert counts one threshold that was reached.
func (m *Metrics) BudgetAlert(percent int) {
	m.budgets.alerts.WithLabelValues(band(percent)).Inc()
}

// band of a threshold: labels are few, whatever percentages are declared.
func band(percent int) string {
	switch {
	case percent < 80:
		return "below 80"
	case percent < 100:
		return "80 to 99"
	}
	return "100 and more"
}

// Expired counts reservations of a plane that the audit ended.
func (m *Metrics) Expired(plane string, n int) {
	m.budgets.expired.WithLabelValues(plane).Add(float64(n))
}

// CountersMended counts tenants of a plane whose counters were counted anew.
func (m *Metrics) CountersMended(plane string, n int) {
	m.budgets.mended.WithLabelValues(plane).Add(float64(n))
}

func (b *budgets) forget(plane string) {
	labels := prometheus.Labels{"plane": plane}
	b.expired.DeletePartialMatch(labels)
	b.mended.DeletePartialMatch(labels)
}

// budgetStates counts AIBudgets by state and by percent used, without a label per tenant.
type budgetStates struct {
	count, used *prometheus.Desc
	mu          sync.Mutex
	by          map[string]BudgetState
}

func newBudgetStates() *budgetStates {
	return &budgetStates{
		count: prometheus.NewDesc("tenantry_budgets", "AIBudgets by state.", []string{"state"}, nil),
		used: prometheus.NewDesc("tenantry_budget_used_percent",
			"How many AIBudgets have used how much of their tightest limit in the running period, in percent.", nil, nil),
		by: map[string]BudgetState{},
	}
}

func (b *budgetStates) set(name string, state *BudgetState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if state == nil {
		delete(b.by, name)
		return
	}
	b.by[name] = *state
}

// Describe implements prometheus.Collector.
func (b *budgetStates) Describe(ch chan<- *prometheus.Desc) {
	ch <- b.count
	ch <- b.used
}

// usedBounds are the upper bounds of the buckets. The last says how many do not exceed their limits: all of them, but for
// enforcement Warn and late settlements.
var usedBounds = []float64{0, 25, 50, 75, 80, 90, 95, 99, 100}

// Collect implements prometheus.Collector.
func (b *budgetStates) Collect(ch chan<- prometheus.Metric) {
	counts, buckets := map[string]int{}, map[float64]uint64{}
	var known uint64
	var sum float64
	b.mu.Lock()
	for _, s := range b.by {
		counts[s.State]++
		if s.Percent < 0 {
			continue
		}
		known++
		sum += float64(s.Percent)
		for _, bound := range usedBounds {
			if float64(s.Percent) <= bound {
				buckets[bound]++
			}
		}
	}
	b.mu.Unlock()
	for _, bound := range usedBounds {
		buckets[bound] += 0 // every bucket is there
	}
	for state, n := range counts {
		ch <- prometheus.MustNewConstMetric(b.count, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstHistogram(b.used, known, sum, buckets)
}
