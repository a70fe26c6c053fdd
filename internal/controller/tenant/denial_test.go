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
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/metrics"
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
	tell := func(attempts ...Attempt) (notes []string) {
		r.Denied(context.Background(), "eu-1", boundary.Cache, attempts)
		for len(rec.Events) > 0 {
			notes = append(notes, <-rec.Events)
		}
		return notes
	}
	first := tell(
		Attempt{Tenant: "acme", Node: "redis-0:6379", Reason: "command", What: "flushall", Count: 3},
		Attempt{Tenant: "acme", Node: "redis-1:6379", Reason: "key", What: "get", Count: 1},
		Attempt{Tenant: "nobody", Reason: "key", What: "get", Count: 1},
		Attempt{Tenant: "claims-nothing", Reason: "made up", What: "get", Count: 1})
	if len(first) != 1 || !strings.Contains(first[0], "Warning AttemptDenied Cache: 4 attempts") || !strings.Contains(first[0], "flushall") {
		t.Errorf("told %q", first)
	}
	clk.Step(deniedEvery - time.Second)
	if again := tell(Attempt{Tenant: "acme", Reason: "key", Count: 1}); len(again) != 0 {
		t.Errorf("told again: %q", again)
	}
	clk.Step(time.Second)
	if later := tell(Attempt{Tenant: "acme", Reason: "key", Count: 1}); len(later) != 1 {
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
