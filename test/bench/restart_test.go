package bench

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// BenchmarkRestart1000Tenants starts a new operator on a fleet at rest, and waits until it has compared every Tenant with
// the servers. It may write nothing, and read a number of times that does not depend on how many Tenants there are. The
// baseline reads what stands for each Tenant, one after the other.
func BenchmarkRestart1000Tenants(b *testing.B) {
	small := min(smallTenants, tenants(b))
	b.Run(fmt.Sprintf("tenants=%d", small), func(b *testing.B) { benchmarkRestart(b, small) })
	if n := tenants(b); n != small {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) { benchmarkRestart(b, n) })
	}
}

func benchmarkRestart(b *testing.B, n int) {
	f := fleets.settled(b, n)
	for b.Loop() {
		c := compared{tenants: n, simulated: f.servers.qdrant.Simulated}
		f.restart(b, &c)
		c.report(b, "Restart")
		show("The operator's round trips by name:" + f.operator.breakdown() + "\n")
	}
}

// restart measures one restart of the fleet's operator.
func (f *fleet) restart(tb testing.TB, c *compared) {
	tb.Helper()
	if err := f.operator.stop(); err != nil {
		tb.Fatal(err)
	}
	standing := f.versions(tb)
	p := newPlain(tb, f.servers, f.WithWatch)
	start := time.Now()
	p.readAll(tb, f.size)
	c.plain = side{took: time.Since(start), trips: p.counts.take()}

	start = time.Now()
	f.operator = f.startOperator(tb)
	f.awaitReconciled(tb, 1)
	c.operator = side{took: time.Since(start), trips: f.operator.take()}
	f.verifyRestart(tb, c.operator.trips)

	f.awaitReconciled(tb, 2) // and again after an audit interval
	if n := f.operator.writes(); n != 0 {
		tb.Errorf("a restart on a fleet at rest wrote %d times:%s", n, f.operator.breakdown())
	}
	if diff := cmp.Diff(standing, f.versions(tb)); diff != "" {
		tb.Errorf("a restart on a fleet at rest changed resources (-before +after):\n%s", diff)
	}
}

const (
	// restartTrips bounds the reads of one server from a start until every Tenant was compared.
	restartTrips = 60
	// pageSize is how many records of Qdrant are read at once.
	pageSize = 500
)

// verifyRestart holds the operator to a number of round trips that does not grow with the tenants, but for what is read page
// by page and the collections that are one tenant's own.
func (f *fleet) verifyRestart(tb testing.TB, got map[boundary.Layer]trips) {
	tb.Helper()
	for _, server := range []boundary.Layer{boundary.Rows, boundary.Cache, boundary.Vector} {
		limit := restartTrips
		if server == boundary.Vector {
			limit += f.size/pageSize + 2*dedicatedAmong(f.size)
		}
		if n := got[server].total(); n > limit {
			tb.Errorf("a restart with %d tenants took %d round trips to %s; at most %d were promised", f.size, n, nameOf[server], limit)
		}
	}
}

// awaitReconciled waits until every Tenant was compared on every server at least so many times by this operator. When so
// many comparisons were made and nobody waits to be looked at, none was left out: a usable plane enqueues all its Tenants.
func (f *fleet) awaitReconciled(tb testing.TB, times int) {
	tb.Helper()
	eventually(tb, readyWithin, 5*time.Millisecond, "every Tenant reconciled", func(context.Context) error {
		for layer, n := range f.operator.compared() {
			if n < times*f.size {
				return fmt.Errorf("%s: %d comparisons of %d", layer, n, times*f.size)
			}
		}
		return idle()
	})
}

// compared is how many comparisons of a Tenant with each server went well.
func (r *running) compared() map[string]int {
	out := map[string]int{string(boundary.Rows): 0, string(boundary.Cache): 0, string(boundary.Vector): 0}
	families, _ := r.metrics.Gather()
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			switch {
			case labels["call"] != "diff_tenant":
			case family.GetName() == "tenantry_backend_call_duration_seconds":
				out[labels["layer"]] += int(m.GetHistogram().GetSampleCount())
			case family.GetName() == "tenantry_backend_call_errors_total":
				out[labels["layer"]] -= int(m.GetCounter().GetValue())
			}
		}
	}
	return out
}

// idle says what the controller of Tenants still has to do.
func idle() error {
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		return err
	}
	found := 0
	for _, family := range families {
		label := map[string]string{"workqueue_depth": "name", "controller_runtime_active_workers": "controller"}[family.GetName()]
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if label == "" || l.GetName() != label || l.GetValue() != "tenant" {
					continue
				}
				if found++; m.GetGauge().GetValue() != 0 {
					return fmt.Errorf("%s is %v", family.GetName(), m.GetGauge().GetValue())
				}
			}
		}
	}
	if found < 2 {
		return errors.New("the controller's own metrics are not there")
	}
	return nil
}

// versions of everything that the operator may write to the API.
func (f *fleet) versions(tb testing.TB) map[string]string {
	tb.Helper()
	out := map[string]string{}
	for _, list := range []client.ObjectList{
		&tenantryv1.DataPlaneList{}, &tenantryv1.TenantList{}, &tenantryv1.CorpusList{}, &corev1.SecretList{}, &eventsv1.EventList{},
	} {
		if err := f.List(tb.Context(), list); err != nil {
			tb.Fatal(err)
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			m := o.(client.Object)
			out[fmt.Sprintf("%T %s", m, keyOf(m))] = m.GetResourceVersion()
			return nil
		}); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}
