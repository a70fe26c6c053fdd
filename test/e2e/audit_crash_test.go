package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// harm changes one thing of acme in every layer, and of the plane, by hand.
func (f *fleet) harm(t *testing.T) (left func() error) {
	t.Helper()
	hands := f.hands(t)
	for _, layer := range planeconnect.Order {
		hands[layer].change("acme")
	}
	f.servers.Database.Exec(t, "ALTER TABLE documents NO FORCE ROW LEVEL SECURITY", "DROP POLICY tenant_isolation ON documents")
	db := f.servers.Database.Superuser(t)
	return func() error {
		for _, layer := range planeconnect.Order {
			if err := hands[layer].changed("acme"); err != nil {
				return fmt.Errorf("%s: %w", layer, err)
			}
		}
		var whole bool
		err := db.QueryRow(t.Context(), `SELECT relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
			FROM pg_class c WHERE oid = 'documents'::regclass`).Scan(&whole)
		return still(!whole, err)
	}
}

// clean says why a Tenant or the plane is not well.
func (f *fleet) clean(ctx context.Context, name string) error {
	dp, err := harness.Read[tenantryv1.DataPlane](ctx, f.Cluster, "", "eu-1")
	if err != nil {
		return err
	}
	tn, err := harness.Read[tenantryv1.Tenant](ctx, f.Cluster, "", name)
	if err != nil {
		return err
	}
	for _, o := range []harness.Object{dp, tn} {
		if err := harness.Ready.Check(o); err != nil {
			return err
		}
	}
	if n := len(tn.Status.Findings); n > 0 {
		return fmt.Errorf("findings: %+v", tn.Status.Findings)
	}
	return nil
}

// TestInvariant04KilledAtEveryCorrection kills the operator with SIGKILL before each change with which it mends what was changed by hand,
// on every server. Credentials that were issued stay as they are, and the next operator mends the rest.
func TestInvariant04KilledAtEveryCorrection(t *testing.T) {
	t.Parallel()
	f := &fleet{trips: map[boundary.Layer]int{}}
	f.Cluster, f.servers = harness.NewCluster(t), newServers(t)
	first := f.StartOperator(t, operator.Options{})
	f.servers.DataPlane(t, f.Cluster, "eu-1")
	f.AwaitDataPlane(t, "eu-1", harness.Ready)
	f.Make(t, harness.NewTenant("eu-1", "acme"))
	f.Make(t, harness.NewCorpus("acme", "notes"))
	f.AwaitTenant(t, "acme", harness.Isolated...)
	awaitSecret(t, f.Cluster, "acme-qdrant")
	first.Stop()
	issued := f.Credential(t, "acme-postgres")["password"]
	for step := 1; ; step++ {
		left := f.harm(t)
		died := runUntilKilled(t, f.Cluster, step, "changes", func(context.Context) error { return left() })
		survivor := f.StartOperator(t, operator.Options{})
		harness.Eventually(t, harness.SettleWithin, fmt.Sprintf("what is left after step %d", step), func(context.Context) error { return left() })
		harness.Eventually(t, harness.SettleWithin, "a clean status", func(ctx context.Context) error { return f.clean(ctx, "acme") })
		survivor.Stop()
		if f.Credential(t, "acme-postgres")["password"] != issued {
			t.Errorf("step %d: a correction replaced a credential", step)
		}
		if !died {
			if step < 4 {
				t.Errorf("the corrections took only %d changes", step-1)
			}
			t.Logf("killed before each of %d changes", step-1)
			return
		}
	}
}

// TestInvariant04TwoManagersDoNoHarm: an operator that is cut off in the middle of a correction, and goes on with its old plan after
// another one has mended everything and has suspended the tenant, does no harm that lasts.
func TestInvariant04TwoManagersDoNoHarm(t *testing.T) {
	t.Parallel()
	f := &fleet{trips: map[boundary.Layer]int{}}
	f.Cluster, f.servers = harness.NewCluster(t), newServers(t)
	var mu sync.Mutex
	var held chan struct{} // closed to let the first operator go on
	stuck := make(chan boundary.Change, 64)
	first := f.StartOperator(t, operator.Options{Hooks: planeconnect.Hooks{BeforeChange: func(c boundary.Change) error {
		mu.Lock()
		wait := held
		mu.Unlock()
		if wait != nil {
			stuck <- c
			<-wait
		}
		return nil
	}}})
	f.servers.DataPlane(t, f.Cluster, "eu-1")
	f.AwaitDataPlane(t, "eu-1", harness.Ready)
	f.Make(t, harness.NewTenant("eu-1", "acme"))
	f.Make(t, harness.NewCorpus("acme", "notes"))
	f.AwaitTenant(t, "acme", harness.Isolated...)
	awaitSecret(t, f.Cluster, "acme-qdrant")
	settle(t, f.Cluster)

	mu.Lock()
	held = make(chan struct{})
	mu.Unlock()
	release := sync.OnceFunc(func() { mu.Lock(); defer mu.Unlock(); close(held); held = nil })
	t.Cleanup(release) // before the operators are stopped
	left := f.harm(t)
	seen := map[boundary.Layer]bool{}
	harness.Eventually(t, harness.SettleWithin, "corrections under way in every layer", func(context.Context) error {
		for {
			select {
			case c := <-stuck:
				seen[c.Layer] = true
			default:
				if len(seen) < len(planeconnect.Order) {
					return fmt.Errorf("under way: %v", seen)
				}
				return nil
			}
		}
	})
	second := f.StartOperator(t, operator.Options{})
	harness.Eventually(t, harness.SettleWithin, "the second operator's corrections", func(context.Context) error { return left() })
	harness.Update(t, f.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	f.AwaitTenant(t, "acme", harness.Suspended...)
	release()
	first.Stop()
	settle(t, f.Cluster)
	tn := f.AwaitTenant(t, "acme", harness.Suspended...)
	if *tn.Status.FindingsTotal != 0 || condition.Get(tn, "Stalled") != nil {
		t.Errorf("status after two managers: %+v", tn.Status)
	}
	harness.Eventually(t, harness.SettleWithin, "a suspended tenant that is closed", func(ctx context.Context) error {
		err := harness.Redis(t, f.Credential(t, "acme-redis")["uri"]).Get(ctx, "ai:acme:k").Err()
		if err == nil || errors.Is(err, redis.Nil) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the cache does not refuse the suspended tenant: %w", err)
		}
		return nil
	})
	second.Stop()
}
