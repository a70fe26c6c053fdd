package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestDriftMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := New(reg)
	f := boundary.Finding{Layer: boundary.Cache, Kind: boundary.Changed, Severity: boundary.Critical}
	rows := boundary.Finding{Layer: boundary.Rows, Kind: boundary.Hazard, Severity: boundary.Warning}
	accepted := rows
	accepted.Accepted = boundary.Acceptance{Reason: "r", Expires: "2027-03-01"}
	m.Findings("eu-1", "acme", []boundary.Finding{f, rows, accepted})
	m.Findings("eu-1", "acme", []boundary.Finding{rows}, boundary.Cache) // what Cache had stands
	m.Findings("eu-1", "beta", []boundary.Finding{rows})
	m.Findings("eu-1", "gone", []boundary.Finding{rows})
	m.Findings("eu-1", "gone", nil)
	m.Findings("eu-1", "", []boundary.Finding{accepted})
	m.Denied("eu-1", boundary.Cache, "command", 2)
	m.Fights("eu-1", boundary.Rows, 1)
	m.Findings("eu-2", "", []boundary.Finding{f})
	m.Denied("eu-2", boundary.Cache, "key", 1)
	m.Fights("eu-2", boundary.Rows, 1)
	m.Forget("eu-2")
	want := `
# HELP tenantry_denied_attempts_total Attempts with a tenant's credential that a server refused, by plane, layer and reason.
# TYPE tenantry_denied_attempts_total counter
tenantry_denied_attempts_total{layer="Cache",plane="eu-1",reason="command"} 2
# HELP tenantry_fights Objects that another hand changes back over and over, by plane and layer.
# TYPE tenantry_fights gauge
tenantry_fights{layer="Rows",plane="eu-1"} 1
# HELP tenantry_findings Open findings, but for accepted hazards, by plane, layer, kind and severity.
# TYPE tenantry_findings gauge
tenantry_findings{kind="Changed",layer="Cache",plane="eu-1",severity="Critical"} 1
tenantry_findings{kind="Hazard",layer="Rows",plane="eu-1",severity="Warning"} 2
# HELP tenantry_findings_accepted Open hazards that acceptedHazards name, by plane, layer and severity.
# TYPE tenantry_findings_accepted gauge
tenantry_findings_accepted{layer="Rows",plane="eu-1",severity="Warning"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tenantry_denied_attempts_total", "tenantry_fights",
		"tenantry_findings", "tenantry_findings_accepted"); err != nil {
		t.Error(err)
	}
}
