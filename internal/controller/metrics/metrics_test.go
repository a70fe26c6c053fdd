package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := New(reg)
	m.Call(boundary.Rows, "apply", time.Millisecond, "")
	m.Call(boundary.Rows, "apply", time.Millisecond, "Unreachable")
	m.Applied(boundary.Plan{{Layer: boundary.Cache, Kind: boundary.Missing}, {Layer: boundary.Cache, Kind: boundary.Missing}})
	m.Tenant("acme", map[boundary.Layer]string{boundary.Rows: "Isolated"})
	m.Tenant("beta", map[boundary.Layer]string{boundary.Rows: "Isolated", boundary.Cache: "Unknown"})
	m.Tenant("gone", map[boundary.Layer]string{boundary.Rows: "Isolated"})
	m.Tenant("gone", nil)
	m.Read("eu-1", boundary.Rows, time.Unix(1000, 0))
	m.Read("eu-2", boundary.Rows, time.Unix(2000, 0))
	m.Forget("eu-2")
	want := `
# HELP tenantry_backend_call_errors_total Failed calls to the servers of a plane, by layer, call and cause.
# TYPE tenantry_backend_call_errors_total counter
tenantry_backend_call_errors_total{call="apply",cause="Unreachable",layer="Rows"} 1
# HELP tenantry_changes_applied_total Changes applied to the servers of a plane, by layer and kind.
# TYPE tenantry_changes_applied_total counter
tenantry_changes_applied_total{kind="Missing",layer="Cache"} 2
# HELP tenantry_layer_last_read_timestamp_seconds When the server of a layer was last read with success, in seconds since 1970, by plane and layer.
# TYPE tenantry_layer_last_read_timestamp_seconds gauge
tenantry_layer_last_read_timestamp_seconds{layer="Rows",plane="eu-1"} 1000
# HELP tenantry_tenants Tenants by layer and state of that layer.
# TYPE tenantry_tenants gauge
tenantry_tenants{layer="Cache",state="Unknown"} 1
tenantry_tenants{layer="Rows",state="Isolated"} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tenantry_backend_call_errors_total",
		"tenantry_changes_applied_total", "tenantry_layer_last_read_timestamp_seconds", "tenantry_tenants"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(reg, "tenantry_backend_call_duration_seconds"); n != 1 {
		t.Errorf("%d duration series", n)
	}
}
