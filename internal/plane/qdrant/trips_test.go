package qdrant_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// build puts tenants in place, several at a time.
func (r *rig) build(tenants []boundary.Tenant) {
	r.t.Helper()
	var wg sync.WaitGroup
	gate := make(chan struct{}, 8)
	for _, tn := range tenants {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			d, err := r.DiffTenant(context.Background(), tn, plane.Fresh)
			if err == nil {
				err = r.Apply(context.Background(), d.Plan)
			}
			if err != nil {
				r.t.Errorf("build %s: %v", tn.ID, err)
			}
		})
	}
	wg.Wait()
}

// sharing are tenants whose corpora are all in the shared collection.
func sharing(n int) []boundary.Tenant {
	out := make([]boundary.Tenant, 0, n)
	for i := range n {
		tn := tenant(fmt.Sprint("s", i))
		tn.Corpora = []boundary.Corpus{{
			Name: "notes", UID: "uid-of-notes-" + tn.ID, TenantID: tn.ID, TenantUID: tn.UID, Pattern: boundary.Shared, Collection: sharedName,
		}}
		out = append(out, tn)
	}
	return out
}

// audit is one look at everything: a snapshot, the plane, and every tenant.
func (r *rig) audit(s *qdrant.Server, tenants []boundary.Tenant) (reads int) {
	r.t.Helper()
	reads, writes := r.measure(func() {
		if err := s.Refresh(context.Background()); err != nil {
			r.t.Fatal(err)
		}
		if d, err := s.DiffPlane(context.Background(), plane.Recent); err != nil || len(d.Findings()) != 0 {
			r.t.Fatalf("a clean plane: %+v, %v", d.Findings(), err)
		}
		for _, tn := range tenants {
			if d, err := s.DiffTenant(context.Background(), tn, plane.Recent); err != nil || len(d.Findings()) != 0 {
				r.t.Fatalf("a clean tenant: %+v, %v", d.Findings(), err)
			}
		}
	})
	if writes != 0 {
		r.t.Errorf("an audit wrote %d times", writes)
	}
	return reads
}

func TestAnAuditTakesTheSameRoundTripsForTenAndForAThousandTenants(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	cost := map[int]int{}
	var built int
	tenants := sharing(1000)
	for _, n := range []int{10, 1000} {
		r.build(tenants[built:n])
		built = n
		manager := r.another()
		first := r.audit(manager, tenants[:n])
		cost[n] = r.audit(manager, tenants[:n])
		t.Logf("%d shared tenants: %d round trips, %d where snapshots are looked for", n, cost[n], first)
	}
	// version; collections thrice, with the key, with nothing and with a token; aliases; claims, tokens and the shared collection;
	// two calls for its points; grants; claims
	if cost[10] != 12 || cost[1000] != cost[10] {
		t.Errorf("round trips of an audit: %v, want 12 however many tenants there are", cost)
	}
}

// A dedicated collection costs each audit one call, and one more in the round that looks for snapshots.
func TestWhatADedicatedCollectionAddsToAnAudit(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	const dedicated = 20
	var tenants []boundary.Tenant
	for i := range dedicated {
		tenants = append(tenants, tenant(fmt.Sprint("d", i), "notes"))
	}
	manager := r.another()
	r.audit(manager, nil)
	before := r.audit(manager, nil)
	r.clock.SetTime(r.clock.Now().Add(time.Hour))
	beforeRound := r.audit(manager, nil)
	for _, tn := range tenants {
		r.open(tn)
	}
	for i, tn := range tenants {
		tenants[i] = r.issued(tn, "token-of-"+tn.ID)
	}
	if got := r.audit(manager, tenants); got != before+dedicated {
		t.Errorf("%d round trips with %d dedicated collections, %d without; want one more for each", got, dedicated, before)
	}
	r.clock.SetTime(r.clock.Now().Add(time.Hour))
	if got := r.audit(manager, tenants); got != beforeRound+2*dedicated {
		t.Errorf("%d round trips with %d dedicated collections in a round, %d without; want two more for each", got, dedicated, beforeRound)
	}
}

func TestRecordsAreReadToTheLastPage(t *testing.T) {
	r := newRig(t).claimed()
	tenants := sharing(7)
	r.build(tenants)
	manager := r.another()
	manager.SetPage(3)
	want := r.audit(r.another(), tenants)
	if got := r.audit(manager, tenants); got != want+2 { // three pages: the marker is a record too
		t.Errorf("%d round trips in pages of 3, %d in one page", got, want)
	}
}
