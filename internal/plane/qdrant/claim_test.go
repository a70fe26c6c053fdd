package qdrant_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

func TestTheFirstClaimOnAPlaneWins(t *testing.T) {
	r := newRig(t)
	rivals := []boundary.Marker{marker, {Plane: "eu-1", Installation: "another", SchemaVersion: 1, KeyFingerprint: "k"}}
	got := make([]boundary.Marker, 20)
	var wg sync.WaitGroup
	for i := range got {
		manager := r.another()
		wg.Go(func() {
			m, err := manager.Claim(context.Background(), rivals[i%2])
			if err != nil {
				t.Errorf("claim: %v", err)
			}
			got[i] = m
		})
	}
	wg.Wait()
	for _, m := range got[1:] {
		if diff := cmp.Diff(got[0], m); diff != "" {
			t.Fatalf("two claimants see different markers:\n%s", diff)
		}
	}
	again, err := r.Claim(t.Context(), rivals[0])
	if err != nil || again != got[0] {
		t.Errorf("a later claim sees %+v, %v; want %+v", again, err, got[0])
	}
}

func TestNothingIsWrittenToAServerThatIsNotOurs(t *testing.T) {
	for name, c := range map[string]struct {
		standing *boundary.Marker
		cause    plane.Cause
		remedy   string
	}{
		"unclaimed":          {nil, plane.OwnedElsewhere, "no marker"},
		"other installation": {&boundary.Marker{Plane: "eu-1", Installation: "other", SchemaVersion: 1, KeyFingerprint: "k"}, plane.OwnedElsewhere, "takeover"},
		"other plane":        {&boundary.Marker{Plane: "us-1", Installation: marker.Installation, SchemaVersion: 1, KeyFingerprint: "k"}, plane.OwnedElsewhere, "two DataPlanes"},
		"newer schema":       {&boundary.Marker{Plane: "eu-1", Installation: marker.Installation, SchemaVersion: 99, KeyFingerprint: "k"}, "SchemaTooNew", "upgrade the manager"},
		"other keys":         {&boundary.Marker{Plane: "eu-1", Installation: marker.Installation, SchemaVersion: 1, KeyFingerprint: "x"}, "KeyMismatch", "restore the original Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if c.standing != nil {
				if _, err := r.Claim(t.Context(), *c.standing); err != nil {
					t.Fatal(err)
				}
			}
			d, err := r.DiffTenant(t.Context(), tenant("acme", "notes"), plane.Fresh)
			if err != nil {
				t.Fatal(err)
			}
			_, writes := r.measure(func() { err = r.Apply(t.Context(), d.Plan) })
			faulted(t, r, err, c.cause, c.remedy)
			if writes != 0 {
				t.Errorf("%d writes", writes)
			}
		})
	}
}

func TestOfTwoTenantsWithOneIDExactlyOneWins(t *testing.T) {
	r := newRig(t).claimed()
	first, second := tenant("acme"), tenant("acme")
	second.UID, second.Name = "uid-of-the-other", "other"
	plans := map[string]boundary.Plan{}
	for _, tn := range []boundary.Tenant{first, second} {
		d, err := r.DiffTenant(t.Context(), tn, plane.Fresh)
		if err != nil {
			t.Fatal(err)
		}
		plans[tn.UID] = d.Plan // both see that the id is free
	}
	errs := map[string]error{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for uid, plan := range plans {
		manager := r.another()
		wg.Go(func() {
			err := manager.Apply(context.Background(), plan)
			mu.Lock()
			defer mu.Unlock()
			errs[uid] = err
		})
	}
	wg.Wait()
	if (errs[first.UID] == nil) == (errs[second.UID] == nil) {
		t.Fatalf("one must win and one must lose: %v", errs)
	}
	winner, loser := first, second
	if errs[first.UID] != nil {
		winner, loser = second, first
	}
	r.settleTenant(winner)
	d, err := r.DiffTenant(t.Context(), loser, plane.Fresh)
	if err != nil || d.Conflict == nil || d.Conflict.Holder != winner.UID || len(d.Plan) != 0 {
		t.Errorf("the loser sees conflict %+v and plan %q, %v", d.Conflict, d.Plan.Lines(), err)
	}
	loser.Access = boundary.Retained
	if d, err := r.DiffTenant(t.Context(), loser, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("the loser on its way out has plan %q, conflict %+v, %v", d.Plan.Lines(), d.Conflict, err)
	}
}
