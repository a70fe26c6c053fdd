package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/test/harness"
)

// weekRounds of the audit, one right after the other, while everything else goes on.
const weekRounds = 500

// onlookers see every status that is ever written.
type onlookers struct {
	mu sync.Mutex
	// known are the ids of what stood when nothing had been done yet, such as the plane's maintenance role.
	known map[string]bool
	// disturbed says that servers have begun to go away: who is being changed by its declaration may show what is left to do.
	disturbed bool
	findings  []string
	statuses  int
}

// watch follows all Tenants and DataPlanes until the test ends.
func (o *onlookers) watch(t *testing.T, c *harness.Cluster) {
	t.Helper()
	scheme, err := operator.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	w, err := client.NewWithWatch(c.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []client.ObjectList{&tenantryv1.TenantList{}, &tenantryv1.DataPlaneList{}} {
		stream, err := w.Watch(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for e := range stream.ResultChan() {
				switch object := e.Object.(type) {
				case *tenantryv1.Tenant:
					if object.Status.AppliedHash != "" { // what has never stood cannot have drifted
						o.note(object.Name, object.Status.Findings)
					}
				case *tenantryv1.DataPlane:
					o.note(object.Name, object.Status.Findings)
				}
			}
		}()
	}
}

// untouched are those whose declarations do not change: whatever happens around them, nothing is ever found.
var untouched = map[string]bool{"eu-1": true, "acme": true, "delta": true}

// disturb says that servers go away from now on.
func (o *onlookers) disturb() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.disturbed = true
}

func (o *onlookers) note(name string, found []tenantryv1.Finding) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.statuses++
	if o.disturbed && !untouched[name] {
		return
	}
	for _, f := range found {
		if o.known[f.ID] {
			continue
		}
		o.findings = append(o.findings, fmt.Sprintf("%s: %s %s %s %s: %s", name, f.Severity, f.Layer, f.Kind, f.Object, f.Message))
	}
}

func (o *onlookers) seen() ([]string, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.findings...), o.statuses
}

// TestAWeekOfAuditsFindsNothing: rounds of the audit as fast as they come, while tenants come, go, are suspended and come back,
// credentials are deleted, somebody asks for looks, and servers restart. No status ever shows a finding, until one thing is
// changed by hand: that is found.
func TestAWeekOfAuditsFindsNothing(t *testing.T) {
	t.Parallel()
	f := &fleet{Cluster: harness.NewCluster(t), trips: map[boundary.Layer]int{}}
	f.servers = harness.NewServers(t, stacktest.NewPostgres(t, stack.PostgresOptions{}), documents)
	key := "a-key-of-32-characters-for-tests"
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key}) // of its own: it goes away now and then
	if err != nil {
		t.Fatal(err)
	}
	f.servers.Qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
	f.StartOperator(t, operator.Options{
		AuditPause: time.Millisecond, Hooks: planeconnect.Hooks{Trace: f.trace},
	})
	f.servers.DataPlane(t, f.Cluster, "eu-1", priced)
	f.AwaitDataPlane(t, "eu-1", harness.Ready)
	steady := []string{"acme", "beta", "gamma", "delta"}
	for _, name := range steady {
		f.Make(t, harness.NewTenant("eu-1", name))
		f.Make(t, harness.NewCorpus(name, name+"-notes"))
	}
	for _, name := range steady {
		f.AwaitTenant(t, name, harness.Isolated...)
		awaitSecret(t, f.Cluster, name+"-qdrant")
	}
	o := &onlookers{known: map[string]bool{}}
	for _, known := range f.AwaitDataPlane(t, "eu-1", harness.Ready).Status.Findings {
		o.known[known.ID] = true
	}
	o.watch(t, f.Cluster)

	var busy sync.WaitGroup
	var cycles atomic.Int64
	enough := func() bool { return f.round() >= weekRounds }
	for _, live := range f.lives(t, sim, o) {
		busy.Go(func() {
			for i := 0; !enough() && !t.Failed(); i++ {
				live(i)
				cycles.Add(1)
			}
		})
	}
	busy.Wait()
	for _, name := range steady {
		f.AwaitTenant(t, name, harness.Isolated...)
	}
	found, statuses := o.seen()
	t.Logf("%d rounds, %d statuses seen, %d turns of what goes on beside", f.round(), statuses, cycles.Load())
	for i, line := range found {
		if i == 20 {
			break
		}
		t.Errorf("found, and nobody did it: %s", line)
	}
	f.hands(t)[boundary.Cache].change("acme")
	harness.Eventually(t, harness.SettleWithin, "the one change that was made by hand", func(context.Context) error {
		return f.hands(t)[boundary.Cache].changed("acme")
	})
}

// lives are what goes on beside the audit, each over and over in a goroutine of its own.
func (f *fleet) lives(t *testing.T, sim *qdrantsim.Server, o *onlookers) []func(turn int) {
	t.Helper()
	return []func(int){
		func(i int) { f.comeAndGo(t, fmt.Sprintf("guest-%d", i)) },
		func(int) { // suspended and back
			for _, access := range []tenantryv1.TenantAccess{tenantryv1.AccessSuspended, tenantryv1.AccessActive} {
				harness.Update(t, f.Cluster, "", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.Access = access })
				want := harness.Isolated
				if access == tenantryv1.AccessSuspended {
					want = harness.Suspended
				}
				f.AwaitTenant(t, "beta", want...)
			}
		},
		func(i int) { f.renew(t, []string{"gamma-postgres", "gamma-redis", "gamma-qdrant"}[i%3]) },
		func(i int) { // somebody asks for a look
			token := fmt.Sprint(i)
			harness.Update(t, f.Cluster, "", "delta", func(tn *tenantryv1.Tenant) { annotate(tn, token) })
			harness.AwaitThat(t, f.Cluster, "", "delta", func(tn *tenantryv1.Tenant) error {
				if tn.Status.LastHandledReconcileAt != token {
					return fmt.Errorf("not answered: %q", tn.Status.LastHandledReconcileAt)
				}
				return nil
			})
		},
		func(i int) {
			harness.Eventually(t, fleetWithin, "half of the week", func(context.Context) error {
				if n := f.round(); n < weekRounds/2 {
					return fmt.Errorf("%d rounds", n)
				}
				return nil
			})
			o.disturb()
			f.disturb(t, sim, i)
		},
	}
}

// comeAndGo is a tenant's whole life.
func (f *fleet) comeAndGo(t *testing.T, name string) {
	t.Helper()
	tn := harness.NewTenant("eu-1", name)
	f.Make(t, tn)
	f.AwaitTenant(t, name, harness.Isolated...)
	f.Remove(t, tn)
}

// renew deletes a credential, and waits for the next one.
func (f *fleet) renew(t *testing.T, name string) {
	t.Helper()
	var secret corev1.Secret
	at := types.NamespacedName{Namespace: harness.TenantNamespace, Name: name}
	if err := f.Get(t.Context(), at, &secret); err != nil {
		t.Error(err)
		return
	}
	old := secret.UID
	if err := f.Delete(t.Context(), &secret); err != nil {
		t.Error(err)
		return
	}
	harness.Eventually(t, harness.SettleWithin, "a new "+name, func(ctx context.Context) error {
		err := f.Get(ctx, at, &secret)
		if err == nil && secret.UID == old {
			err = fmt.Errorf("it is still the old one")
		}
		return err
	})
}

// disturb restarts a server, or has it fail for a while, and waits until the plane is well again.
func (f *fleet) disturb(t *testing.T, sim *qdrantsim.Server, turn int) {
	t.Helper()
	switch turn % 3 {
	case 0:
		sim.SetFault(unavailable)
		f.AwaitDataPlane(t, "eu-1", harness.Want{Type: "QdrantReachable", Status: "Unknown"})
		sim.SetFault(nil)
	case 1:
		if err := f.servers.Database.Server.Restart(t.Context()); err != nil {
			t.Error(err)
		}
	case 2:
		if err := f.servers.RedisAdmin(t).Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Error(err)
		}
	}
	f.AwaitDataPlane(t, "eu-1", harness.Ready)
}
