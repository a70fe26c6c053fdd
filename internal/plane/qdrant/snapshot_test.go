package qdrant_test

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

func TestAThousandSettledTenantsCostOneSnapshot(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	tenants := sharing(1000)
	r.build(tenants)
	var wg sync.WaitGroup
	manager := r.another()
	reads, writes := r.measure(func() {
		for _, tn := range tenants {
			wg.Go(func() {
				if d, err := manager.DiffTenant(context.Background(), tn, plane.Recent); err != nil || !d.Settled() {
					t.Errorf("%s: %q, %v", tn.ID, d.Plan.Lines(), err)
				}
			})
		}
		wg.Wait()
	})
	// version, four lists, three collections, two calls for their points, one page of tokens, one of claims; and as this is the
	// first round, one look for snapshots of the server, three for those of the collections, and one for points of several tenants
	if reads > 17 || writes != 0 {
		t.Errorf("a cold start with 1,000 settled tenants cost %d reads and %d writes", reads, writes)
	}
}

func TestAnApplyOnlyForgetsWhatItTouched(t *testing.T) {
	r := newRig(t).claimed()
	old := r.open(tenant("old", "notes"))
	if d, err := r.DiffTenant(t.Context(), old, plane.Recent); err != nil || !d.Settled() {
		t.Fatalf("%q, %v", d.Plan.Lines(), err)
	}
	young := tenant("young", "notes")
	d, err := r.DiffTenant(t.Context(), young, plane.Recent)
	if err != nil || len(d.Plan) == 0 {
		t.Fatalf("%q, %v", d.Plan.Lines(), err)
	}
	if err := r.Apply(t.Context(), d.Plan); err != nil {
		t.Fatal(err)
	}
	lists := r.count("List")
	if d, err := r.DiffTenant(t.Context(), young, plane.Recent); err != nil || !d.Settled() {
		t.Errorf("after its apply, what the snapshot knew of the tenant must be read again: %q, %v", d.Plan.Lines(), err)
	}
	if r.count("List") != lists {
		t.Error("a whole snapshot was taken for one tenant")
	}
	for _, tn := range []boundary.Tenant{old, young} {
		reads, _ := r.measure(func() {
			if d, err := r.DiffTenant(t.Context(), tn, plane.Recent); err != nil || !d.Settled() {
				t.Errorf("%s: %q, %v", tn.ID, d.Plan.Lines(), err)
			}
		})
		if reads != 0 {
			t.Errorf("%s cost %d reads", tn.ID, reads)
		}
	}
}

func TestANewTenantCostsAHandfulOfRoundTrips(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme")
	reads, writes := r.measure(func() { r.settleTenant(acme) })
	if reads > 8 || writes != 1 {
		t.Errorf("a tenant without collections cost %d reads and %d writes", reads, writes)
	}
}

func TestAServerThatGoesAndComesBack(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	acme := r.open(tenant("acme", "notes"))
	r.sim.SetFault(func(context.Context, string, any) error { return status.Error(codes.Unavailable, "going down") })
	_, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	faulted(t, r, err, plane.Unreachable, "check that it runs")
	_, err = r.another().DiffPlane(t.Context(), plane.Recent)
	faulted(t, r, err, plane.Unreachable, "check that it runs")
	_, err = r.Describe(t.Context())
	faulted(t, r, err, plane.Unreachable, "check that it runs")
	_, err = r.CountPoints(t.Context(), acme.Corpora[0])
	faulted(t, r, err, plane.Unreachable, "check that it runs")
	r.sim.SetFault(nil)
	if d, err := r.DiffTenant(t.Context(), acme, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("after it came back: %q, %v", d.Plan.Lines(), err)
	}
}

func TestASnapshotOutlivesTheCallerWhoAskedFirst(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	acme := r.open(tenant("acme", "notes"))
	manager := r.another()
	asked := r.count("HealthCheck")
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.sim.SetFault(func(context.Context, string, any) error {
		once.Do(func() { close(entered); <-release })
		return nil
	})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := manager.DiffTenant(ctx, acme, plane.Recent)
		left <- err
	}()
	<-entered
	leave()
	if err := <-left; plane.CauseOf(err) != plane.Unreachable {
		t.Errorf("the caller who left got %v", err)
	}
	stays := make(chan error)
	go func() {
		_, err := manager.DiffTenant(context.Background(), acme, plane.Recent)
		stays <- err
	}()
	close(release)
	if err := <-stays; err != nil {
		t.Errorf("the caller who stayed got %v", err)
	}
	if n := r.count("HealthCheck") - asked; n != 1 {
		t.Errorf("%d snapshots were begun, one is enough", n)
	}
}
