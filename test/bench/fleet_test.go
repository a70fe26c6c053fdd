package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/watch"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
)

const (
	// readyWithin bounds a fleet of any size that makes sense on one machine.
	readyWithin = 5 * time.Minute
	// appliers create objects side by side, as kubectl apply or a GitOps controller does.
	appliers = 4
)

// fleet is a plane with its tenants, its servers and its API server.
type fleet struct {
	*cluster
	servers *servers
	size    int
	// operator that works on it, nil while there is none.
	operator *running
}

// registry keeps fleets by size, so that a restart is measured on the one whose creation was.
type registry map[int]*fleet

var fleets = registry{}

func (r registry) stop() {
	for size := range r {
		r.drop(size)
	}
}

func (r registry) drop(size int) {
	f := r[size]
	if f == nil {
		return
	}
	if f.operator != nil {
		_ = f.operator.stop()
	}
	f.servers.stop()
	f.Stop()
	delete(r, size)
}

// fresh is an empty plane, opened by an operator and ready for tenants.
func (r registry) fresh(tb testing.TB, size int) *fleet {
	tb.Helper()
	r.drop(size)
	f := &fleet{cluster: newCluster(tb), servers: newServers(tb), size: size}
	r[size] = f
	f.operator = f.startOperator(tb)
	f.servers.dataPlane(tb, f.cluster)
	eventually(tb, time.Minute, 50*time.Millisecond, "DataPlane", func(ctx context.Context) error {
		dp, err := f.plane(ctx)
		if err == nil && !condition.IsTrue(dp, tenantryv1.ConditionReady) {
			err = fmt.Errorf("conditions: %+v", dp.Status.Conditions)
		}
		return err
	})
	return f
}

// settled is a fleet at rest with its operator running: one left by an earlier benchmark, else a new one.
func (r registry) settled(tb testing.TB, size int) *fleet {
	tb.Helper()
	f := r[size]
	if f == nil {
		f = r.fresh(tb, size)
		f.createTenants(tb)
	}
	f.rest(tb)
	return f
}

func (f *fleet) plane(ctx context.Context) (*tenantryv1.DataPlane, error) {
	dp := &tenantryv1.DataPlane{}
	dp.Name = planeName
	return dp, f.Get(ctx, keyOf(dp), dp)
}

const nameFormat = "t-%05d"

func tenantName(i int) string { return fmt.Sprintf(nameFormat, i) }

// createTenants creates every Tenant and Corpus and returns once all are Ready with their credentials.
func (f *fleet) createTenants(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), readyWithin)
	defer cancel()
	w, err := f.Watch(ctx, &tenantryv1.TenantList{})
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Stop()
	created := make(chan error, 1)
	go func() { created <- f.applyAll(ctx) }()
	f.awaitReady(tb, ctx, w, created)
}

func (f *fleet) applyAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(appliers)
	for i := range f.size {
		g.Go(func() error { return f.apply(ctx, i) })
	}
	return g.Wait()
}

func (f *fleet) apply(ctx context.Context, i int) error {
	t := &tenantryv1.Tenant{}
	t.Name = tenantName(i)
	t.Spec = tenantryv1.TenantSpec{
		DataPlane: planeName, Namespaces: []string{tenantNamespace},
		Credentials: &tenantryv1.CredentialsSpec{Namespace: tenantNamespace},
	}
	if err := f.Create(ctx, t); err != nil || !isDedicated(i) {
		return err
	}
	c := &tenantryv1.Corpus{}
	c.Namespace, c.Name = tenantNamespace, t.Name+"-notes"
	c.Spec = tenantryv1.CorpusSpec{Tenant: t.Name, Isolation: tenantryv1.IsolationDedicated, Vectors: shape}
	return f.Create(ctx, c)
}

// awaitReady follows the Tenants until all of them are complete.
func (f *fleet) awaitReady(tb testing.TB, ctx context.Context, w watch.Interface, created <-chan error) { //nolint:revive // helpers take tb first
	tb.Helper()
	ready := map[string]bool{}
	var last tenantryv1.Tenant
	for len(ready) < f.size {
		select {
		case <-ctx.Done():
			tb.Fatalf("%d of %d Tenants are Ready after %s; one that is not: %s %+v", len(ready), f.size, readyWithin, last.Name, last.Status)
		case err := <-created:
			if err != nil {
				tb.Fatal(err)
			}
			created = nil
		case e := <-w.ResultChan():
			t, ok := e.Object.(*tenantryv1.Tenant)
			if !ok {
				tb.Fatalf("the watch of Tenants ended: %+v", e.Object)
			}
			if isComplete(t) {
				ready[t.Name] = true
			} else {
				delete(ready, t.Name)
				last = *t
			}
		}
	}
}

// isComplete: Ready, with the token of its dedicated corpus where it has one.
func isComplete(t *tenantryv1.Tenant) bool {
	var i int
	if _, err := fmt.Sscanf(t.Name, nameFormat, &i); err != nil {
		return false
	}
	wanted := 2
	if isDedicated(i) {
		wanted = 3
	}
	return condition.IsTrue(t, tenantryv1.ConditionReady) && len(t.Status.Credentials) == wanted
}

const (
	restFor    = 3 * time.Second
	restWithin = 2 * time.Minute
)

// rest waits until the operator has written nothing anywhere for a while.
func (f *fleet) rest(tb testing.TB) {
	tb.Helper()
	writes, since := f.operator.writes(), time.Now()
	eventually(tb, restWithin, 50*time.Millisecond, "the operator to come to rest", func(ctx context.Context) error {
		if n := f.operator.writes(); n != writes {
			writes, since = n, time.Now()
		}
		if time.Since(since) < restFor {
			return fmt.Errorf("%d writes, the last of them %s ago", writes, time.Since(since))
		}
		dp, err := f.plane(ctx)
		if err == nil && int(dp.Status.Tenants) != f.size {
			err = fmt.Errorf("the DataPlane counts %d tenants of %d", dp.Status.Tenants, f.size)
		}
		return err
	})
}
