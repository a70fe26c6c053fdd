package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// ledger counts what an operator does to its servers and to the API.
type ledger struct {
	mu     sync.Mutex
	reads  map[boundary.Layer]int
	writes []string
	api    []string
}

func (l *ledger) trace(layer boundary.Layer, kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reads == nil {
		l.reads = map[boundary.Layer]int{}
	}
	switch kind {
	case "watch": // a connection that only listens
		return
	case "read":
		l.reads[layer]++
		return
	}
	l.writes = append(l.writes, fmt.Sprintf("%s %s %s", layer, kind, name))
}

// rowsWritten counts the rows of the operator's tables that were ever inserted, updated or deleted.
func rowsWritten(t *testing.T, db *harness.Database) (n int) {
	t.Helper()
	if err := db.Superuser(t).QueryRow(t.Context(),
		"SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int FROM pg_stat_user_tables WHERE schemaname = 'tenantry'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// RoundTripper counts writes to the API.
func (l *ledger) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet {
			l.mu.Lock()
			l.api = append(l.api, r.Method+" "+r.URL.Path)
			l.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestInvariant05QuietOnceSettled: on a settled system a restart and several full resyncs write nothing to any server and nothing to the API.
func TestInvariant05QuietOnceSettled(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	first := c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", withGateway, priced, func(dp *tenantryv1.DataPlane) { dp.Spec.Redis.AppUser = "app" })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewReference("eu-1", "eu", "law"))
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)
	names := []string{"acme", "beta", "gamma"}
	for _, name := range names {
		c.Make(t, harness.NewTenant("eu-1", name, func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"eu"} }))
	}
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.Make(t, harness.NewCorpus("beta", "files", harness.InSharedCollection))
	c.AwaitCorpus(t, harness.TenantNamespace, "notes", harness.Ready)
	c.AwaitCorpus(t, harness.TenantNamespace, "files", harness.Ready)
	for _, name := range names {
		c.AwaitTenant(t, name, harness.Isolated...)
	}
	c.Make(t, tokens("acme", "acme", "1000", func(a *tenantryv1.AIBudget) { a.Spec.AlertPercents = []int32{50, 100} }))
	b := &books{Cluster: c, db: s.Database}
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "r1", 700)
	b.awaitEvents(t, map[string]int{"50 percent of the limit of 1000 Tokens for all models are used: 700": 1})
	awaitSecret(t, c, "acme-qdrant")
	awaitIDs(t, c, "acme")
	awaitIDs(t, c, "beta")
	harness.Update(t, c, "", "gamma", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	c.AwaitTenant(t, "gamma", harness.Want{Type: "Ready", Status: "True", Reason: "Suspended"})
	settle(t, c)
	first.Stop()
	before, written := versions(t, c), rowsWritten(t, s.Database)

	l := &ledger{}
	wrapped := rest.CopyConfig(c.Config)
	wrapped.Wrap(l.wrap)
	figures := prometheus.NewRegistry()
	harness.StartOperator(t, wrapped, operator.Options{Hooks: planeconnect.Hooks{Trace: l.trace}, Registerer: figures})
	harness.Eventually(t, harness.SettleWithin, "several resyncs", func(context.Context) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, layer := range planeconnect.Order {
			if l.reads[layer] < 12 {
				return fmt.Errorf("%s: %d reads", layer, l.reads[layer])
			}
		}
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.writes) > 0 {
		t.Errorf("writes to servers: %s", strings.Join(l.writes, "\n"))
	}
	if n := rowsWritten(t, s.Database); n != written || n == 0 {
		t.Errorf("%d rows of the operator's tables were written, and %d before", n, written)
	}
	// The plane notes when it was last audited, at most once a minute.
	stamps := slices.DeleteFunc(slices.Clone(l.api), func(w string) bool { return !strings.HasSuffix(w, "/dataplanes/eu-1/status") })
	if len(l.api) > len(stamps) || len(stamps) > 1 {
		t.Errorf("writes to the API: %s", strings.Join(l.api, "\n"))
	}
	for name, version := range versions(t, c) {
		if before[name] != version {
			t.Errorf("%s was rewritten", name)
		}
	}
	rounds, woken := auditFigures(t, figures)
	if woken > float64(len(names)) { // those that were judged before their first reconcile had read their Secrets
		t.Errorf("%g objects were woken in %g rounds of a settled plane: somebody judges otherwise than he reconciles", woken, rounds)
	}
	t.Logf("reads by layer: %v, %g snapshots, %g woken", l.reads, rounds, woken)
}

// auditFigures are how many snapshots the audit took and how many objects it asked to be reconciled.
func auditFigures(t *testing.T, figures *prometheus.Registry) (snapshots, woken float64) {
	t.Helper()
	families, err := figures.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			sum[f.GetName()] += m.GetCounter().GetValue()
		}
	}
	if sum["tenantry_audit_rounds_total"] == 0 {
		t.Error("nothing was audited")
	}
	return sum["tenantry_audit_rounds_total"], sum["tenantry_audit_woken_total"]
}

// settle waits until nothing moves any more: two looks at all versions, several audit intervals apart, agree.
func settle(t *testing.T, c *harness.Cluster) {
	t.Helper()
	last, same := versions(t, c), 0
	harness.Eventually(t, harness.SettleWithin, "a settled system", func(context.Context) error {
		now := versions(t, c)
		if fmt.Sprint(now) != fmt.Sprint(last) {
			last, same = now, 0
		}
		if same++; same < 60 {
			return fmt.Errorf("%d looks of 60 agree", same)
		}
		return nil
	})
}

// versions of everything that the operator writes, but for the plane's own freshness.
func versions(t *testing.T, c *harness.Cluster) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, list := range []client.ObjectList{
		&tenantryv1.TenantList{}, &tenantryv1.CorpusList{}, &tenantryv1.AIBudgetList{}, &corev1.SecretList{}, &eventsv1.EventList{},
	} {
		if err := c.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		for _, o := range items(t, list) {
			out[fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName())] = o.GetResourceVersion()
		}
	}
	return out
}
