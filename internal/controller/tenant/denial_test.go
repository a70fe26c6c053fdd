package tenant

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"k8s.io/apimachinery/pkg/runtime"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/plane"
)

// TestDenied: everything is counted; a Tenant is told once in ten minutes; whoever is not declared is told of to nobody.
func TestDenied(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := tenantryv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	acme := &tenantryv1.Tenant{}
	acme.Name, acme.UID, acme.Spec.DataPlane, acme.Status.TenantID = "acme", "u1", "eu-1", "acme"
	other := &tenantryv1.Tenant{}
	other.Name, other.UID, other.Spec.DataPlane = "claims-nothing", "u2", "eu-1"
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(acme, other).WithIndex(&tenantryv1.Tenant{}, indexTenantID,
		func(o client.Object) []string { return []string{o.(*tenantryv1.Tenant).EffectiveTenantID()} }).Build()
	reg := prometheus.NewRegistry()
	clk := clocktesting.NewFakeClock(time.Unix(1000, 0))
	rec := events.NewFakeRecorder(10)
	r := &Reconciler{Client: c, Recorder: rec, Metrics: metrics.New(reg), Clock: clk}
	tell := func(attempts ...plane.Denial) (notes []string) {
		r.Denied(context.Background(), "eu-1", attempts)
		for len(rec.Events) > 0 {
			notes = append(notes, <-rec.Events)
		}
		return notes
	}
	first := tell(
		plane.Denial{Tenant: "acme", Node: "redis-0:6379", Reason: "command", Command: "flushall", Count: 3},
		plane.Denial{Tenant: "acme", Node: "redis-1:6379", Reason: "key", Command: "get", Count: 1},
		plane.Denial{Tenant: "nobody", Reason: "key", Command: "get", Count: 1},
		plane.Denial{Tenant: "claims-nothing", Reason: plane.DeniedOther, Command: "get", Count: 1})
	if len(first) != 1 || !strings.Contains(first[0], "Warning AttemptDenied Cache: in this tenant's name 3 attempts to run flushall were refused on redis-0:6379; refused in all: 4") {
		t.Errorf("told %q", first)
	}
	clk.Step(deniedEvery - time.Second)
	if again := tell(plane.Denial{Tenant: "acme", Reason: "key", Count: 1}); len(again) != 0 {
		t.Errorf("told again: %q", again)
	}
	clk.Step(time.Second)
	if later := tell(plane.Denial{Tenant: "acme", Reason: "key", Count: 1}); len(later) != 1 {
		t.Errorf("after ten minutes: %q", later)
	}
	want := `
# HELP tenantry_denied_attempts_total Attempts with a tenant's credential that a server refused, by plane, layer and reason.
# TYPE tenantry_denied_attempts_total counter
tenantry_denied_attempts_total{layer="Cache",plane="eu-1",reason="command"} 3
tenantry_denied_attempts_total{layer="Cache",plane="eu-1",reason="key"} 4
tenantry_denied_attempts_total{layer="Cache",plane="eu-1",reason="other"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tenantry_denied_attempts_total"); err != nil {
		t.Error(err)
	}
}
