package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestBudgets(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := New(reg)
	m.Budget("platform/acme", &BudgetState{State: BudgetWithin, Percent: 10})
	m.Budget("platform/acme", &BudgetState{State: BudgetLimitReached, Percent: 100})
	m.Budget("platform/beta", &BudgetState{State: BudgetWithin, Percent: 78})
	m.Budget("platform/over", &BudgetState{State: BudgetLimitReached, Percent: 120})
	m.Budget("platform/forged", &BudgetState{State: BudgetNotEnforced, Percent: -1})
	m.Budget("platform/gone", &BudgetState{State: BudgetWithin, Percent: 1})
	m.Budget("platform/gone", nil)
	for _, percent := range []int{50, 79, 80, 99, 100, 1000} {
		m.BudgetAlert(percent)
	}
	m.Expired("eu-1", 3)
	m.CountersMended("eu-1", 2)
	m.Expired("eu-2", 1)
	m.CountersMended("eu-2", 1)
	m.Forget("eu-2")
	want := `
# HELP tenantry_budgets AIBudgets by state.
# TYPE tenantry_budgets gauge
tenantry_budgets{state="LimitReached"} 2
tenantry_budgets{state="NotEnforced"} 1
tenantry_budgets{state="Within"} 1
# HELP tenantry_budget_alerts_total Thresholds of AIBudgets that were reached, once a period each, by how high they are.
# TYPE tenantry_budget_alerts_total counter
tenantry_budget_alerts_total{threshold="100 and more"} 2
tenantry_budget_alerts_total{threshold="80 to 99"} 2
tenantry_budget_alerts_total{threshold="below 80"} 2
# HELP tenantry_budget_counters_mended_total Tenants whose counters did not agree with the ledger and were counted anew, by plane.
# TYPE tenantry_budget_counters_mended_total counter
tenantry_budget_counters_mended_total{plane="eu-1"} 2
# HELP tenantry_budget_reservations_expired_total Reservations that the audit found expired, neither settled nor released, by plane.
# TYPE tenantry_budget_reservations_expired_total counter
tenantry_budget_reservations_expired_total{plane="eu-1"} 3
# HELP tenantry_budget_used_percent How many AIBudgets have used how much of their tightest limit in the running period, in percent.
# TYPE tenantry_budget_used_percent histogram
tenantry_budget_used_percent_bucket{le="0"} 0
tenantry_budget_used_percent_bucket{le="25"} 0
tenantry_budget_used_percent_bucket{le="50"} 0
tenantry_budget_used_percent_bucket{le="75"} 0
tenantry_budget_used_percent_bucket{le="80"} 1
tenantry_budget_used_percent_bucket{le="90"} 1
tenantry_budget_used_percent_bucket{le="95"} 1
tenantry_budget_used_percent_bucket{le="99"} 1
tenantry_budget_used_percent_bucket{le="100"} 2
tenantry_budget_used_percent_bucket{le="+Inf"} 3
tenantry_budget_used_percent_sum 298
tenantry_budget_used_percent_count 3
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tenantry_budgets", "tenantry_budget_alerts_total",
		"tenantry_budget_counters_mended_total", "tenantry_budget_reservations_expired_total", "tenantry_budget_used_percent"); err != nil {
		t.Error(err)
	}
}
