package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// TestAuditOnDemand: with an interval of an hour, a change by hand is found once somebody asks, on the plane or on a Tenant,
// and the answer comes only after a snapshot that was begun after the question.
func TestAuditOnDemand(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	var mu sync.Mutex
	snapshots := 0
	c.StartOperator(t, operator.Options{Hooks: planeconnect.Hooks{Trace: func(layer boundary.Layer, _, name string) {
		mu.Lock()
		defer mu.Unlock()
		if layer == boundary.Rows && name == "snapshot" {
			snapshots++
		}
	}}})
	taken := func() int {
		mu.Lock()
		defer mu.Unlock()
		return snapshots
	}
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = 3600 })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	for _, name := range []string{"acme", "beta"} {
		c.Make(t, harness.NewTenant("eu-1", name, func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport }))
		c.AwaitTenant(t, name, harness.Isolated...)
	}
	for round, ask := range []func(token string){
		func(token string) {
			harness.Update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) { annotate(dp, token) })
		},
		func(token string) {
			harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { annotate(tn, token) })
		},
	} {
		token := fmt.Sprintf("token-%d", round)
		for _, name := range []string{"acme", "beta"} {
			extra := []any{"ACL", "SETUSER", "tenant-" + name, fmt.Sprintf("~other%d:*", round)}
			if err := s.RedisAdmin(t).Do(t.Context(), extra...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		before := taken()
		ask(token)
		harness.Eventually(t, harness.SettleWithin, "the answer", func(ctx context.Context) error {
			dp, err := harness.Read[tenantryv1.DataPlane](ctx, c, "", "eu-1")
			if err != nil {
				return err
			}
			tn, err := harness.Read[tenantryv1.Tenant](ctx, c, "", "acme")
			if err == nil && dp.Status.LastHandledReconcileAt != token && tn.Status.LastHandledReconcileAt != token {
				err = errors.New("not yet")
			}
			return err
		})
		if taken() <= before {
			t.Errorf("%s was answered without a snapshot taken since", token)
		}
		for _, name := range []string{"acme", "beta"} { // one asked, and the round was for all
			c.AwaitTenant(t, name, harness.Want{Type: "CacheIsolated", Status: "False", Reason: "Drifted", Says: "other"})
		}
	}
}

func annotate(o interface {
	GetAnnotations() map[string]string
	SetAnnotations(map[string]string)
}, token string) {
	a := o.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[tenantryv1.ReconcileAtAnnotation] = token
	o.SetAnnotations(a)
}

// TestDDLIsNoticedAtOnce: with an interval of an hour, a policy that somebody drops is put back by the event trigger's notice
// alone.
func TestDDLIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = 3600 })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.AwaitTenant(t, "acme", harness.Isolated...)
	db := s.Database.Superuser(t)
	policies := func() (n int, err error) {
		err = db.QueryRow(t.Context(), "SELECT count(*) FROM pg_policy WHERE polrelid = 'public.documents'::regclass").Scan(&n)
		return n, err
	}
	if n, err := policies(); n == 0 || err != nil {
		t.Fatalf("%d policies stand before: %v", n, err)
	}
	s.Database.Exec(t, rows.SuperuserScript(rows.Spec{}))
	harness.Eventually(t, harness.SettleWithin, "the trigger's list", func(context.Context) error {
		var n int
		err := db.QueryRow(t.Context(), "SELECT count(*) FROM tenantry_guard.protected").Scan(&n)
		if err == nil && n == 0 {
			err = errors.New("it is empty")
		}
		return err
	})
	settle(t, c) // the script made notices of its own
	start := time.Now()
	s.Database.Exec(t, "DROP POLICY tenant_isolation ON public.documents")
	harness.Eventually(t, harness.SettleWithin, "the policy", func(context.Context) error {
		n, err := policies()
		if err == nil && n == 0 {
			err = errors.New("it is still gone")
		}
		return err
	})
	t.Logf("the policy stood again %s after it was dropped; the interval is an hour", time.Since(start).Round(time.Millisecond))
}

// TestInvariant06DriftIsFoundByContent: what is changed by hand on a server is found although no generation moved, in every
// layer, and mended; nothing but what was changed is ever reported.
func TestInvariant06DriftIsFoundByContent(t *testing.T) {
	t.Parallel()
	f := &fleet{trips: map[boundary.Layer]int{}}
	f.Cluster, f.servers = settled(t, operator.Options{Hooks: planeconnect.Hooks{Trace: f.trace}})
	c := f.Cluster
	before, err := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err != nil {
		t.Fatal(err)
	}
	for layer, h := range f.hands(t) {
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
		c.AwaitTenant(t, "acme", harness.Isolated...)
		h.change("acme")
		f.awaitFinding(t, "acme", layer)
		tn := c.AwaitTenant(t, "acme", harness.Want{Type: "Ready", Status: "False"})
		for _, found := range tn.Status.Findings {
			if string(found.Layer) != string(layer) || strings.TrimSpace(found.Message) == "" {
				t.Errorf("%s was changed, and this was found: %+v", layer, found)
			}
		}
		if h.changed("acme") == nil {
			t.Errorf("%s: drift that is only to be reported was mended", layer)
		}
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftCorrect })
		harness.Eventually(t, harness.SettleWithin, "the correction", func(context.Context) error { return h.changed("acme") })
		c.AwaitTenant(t, "acme", harness.Isolated...)
	}
	after := c.AwaitTenant(t, "acme", harness.Isolated...)
	if n := *after.Status.FindingsTotal; n != 0 || before.UID != after.UID {
		t.Errorf("%d findings are left", n)
	}
}
