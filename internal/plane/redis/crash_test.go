package redis_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

var errCrash = errors.New("killed")

// Kept is a server that keeps its data over a restart, as the users.
var kept = stack.RedisOptions{Settings: map[string]string{"appendonly": "yes", "appendfsync": "always"}}

// The manager is killed before each change in turn. Whatever was reached, the next one converges, nobody could come in
// who should not, and what it built survives a restart of the server.
func TestCrashAtEveryChange(t *testing.T) {
	t.Parallel()
	opened := tenant("acme", password("acme"))
	closedTenant, suspended, retained := tenant("acme", ""), opened, opened
	suspended.Access, retained.Access = boundary.Suspended, boundary.Retained
	tests := map[string]struct{ before, want boundary.Tenant }{
		"building":   {boundary.Tenant{}, closedTenant},
		"at once":    {boundary.Tenant{}, opened},
		"opening":    {closedTenant, opened},
		"suspending": {opened, suspended},
		"reopening":  {suspended, opened},
		"retiring":   {opened, retained},
		"rekeying":   {opened, tenant("acme", "another password")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := stacktest.NewRedis(t, kept)
			for step := 0; ; step++ {
				r := open(t, nil, server)
				must(t, admin(t, server).FlushAll(t.Context()).Err())
				must(t, admin(t, server).Do(t.Context(), "acl", "deluser", "tenant-acme").Err())
				r.claimed()
				if test.before.ID != "" {
					r.converge(test.before)
				}
				crashed := r.applyUntil(step, test.want)
				r.cfg.BeforeChange = nil
				r.reopen()
				r.converge(test.want)
				must(t, server.Restart(t.Context()))
				r.reopen()
				d, err := r.DiffTenant(t.Context(), test.want, plane.Fresh)
				must(t, err)
				if !d.Settled() && name != "building" { // a user that was never opened need not be saved
					t.Errorf("killed before change %d: after a restart of the server: %v", step, d.Plan.Lines())
				}
				if !crashed {
					if step < 2 {
						t.Errorf("there were only %d changes", step)
					}
					return
				}
			}
		})
	}
}

// applyUntil applies what a tenant needs and is killed before a change; it says whether it got there.
func (r *rig) applyUntil(step int, t boundary.Tenant) bool {
	r.t.Helper()
	var mu sync.Mutex
	r.cfg.BeforeChange = func(boundary.Change) error {
		mu.Lock()
		defer mu.Unlock()
		if step--; step < 0 {
			return errCrash
		}
		return nil
	}
	r.reopen()
	d, err := r.DiffTenant(r.t.Context(), t, plane.Fresh)
	must(r.t, err)
	if err := r.Apply(r.t.Context(), d.Plan); err != nil && !errors.Is(err, errCrash) {
		r.t.Fatal(err)
	}
	return step < 0
}

// A rule that was saved wide by hand and put back in memory only is not taken for saved.
func TestCrashBetweenMendingAndSaving(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, kept)
	r := open(t, nil, server).claimed()
	acme := r.onboard("acme")
	must(t, admin(t, server).Do(t.Context(), "acl", "setuser", "tenant-acme", "~*").Err())
	must(t, admin(t, server).Do(t.Context(), "acl", "save").Err())
	if !r.applyUntil(1, acme) {
		t.Fatal("the apply ended before the save")
	}
	r.cfg.BeforeChange = nil
	r.reopen()
	if plan := r.converge(acme); len(plan) != 1 || plan[0].Op.String() != "ACL SAVE" {
		t.Errorf("plan: %v", plan.Lines())
	}
	must(t, server.Restart(t.Context()))
	if d, err := r.DiffTenant(t.Context(), acme, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("after a restart: %v %v", d.Plan.Lines(), err)
	}
}

// Two managers at once, as when leadership changes hands: both converge on the same.
func TestTwoAppliesAtOnce(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	a, b := open(t, nil, server).claimed(), open(t, nil, server)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		var wg sync.WaitGroup
		for _, r := range []*rig{a, b} {
			wg.Go(func() {
				for _, want := range []boundary.Tenant{tenant(id, ""), tenant(id, password(id))} {
					d, err := r.DiffTenant(t.Context(), want, plane.Fresh)
					if err == nil {
						err = r.Apply(t.Context(), d.Plan)
					}
					if err != nil {
						t.Errorf("%s: %v", id, err)
					}
				}
			})
		}
		wg.Wait()
		a.converge(tenant(id, password(id)))
		b.calls.reset()
		b.converge(tenant(id, password(id)))
		if len(b.calls.writes) > 0 {
			t.Errorf("%s: the second manager wrote again: %v", id, b.calls.writes)
		}
		must(t, as(t, server, id).Ping(t.Context()).Err())
	}
}

// Two Tenants want one tenantID at the same time, on two primaries: exactly one gets it, on both.
func TestTwoTenantsWantOneID(t *testing.T) {
	t.Parallel()
	servers := []*stack.Redis{stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})}
	a, b := open(t, nil, servers...).claimed(), open(t, nil, servers...)
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		mine, theirs := tenant(id, password(id)), tenant(id, password(id))
		theirs.UID = "uid-of-another"
		ready, applied := sync.WaitGroup{}, sync.WaitGroup{}
		ready.Add(2)
		for r, want := range map[*rig]boundary.Tenant{a: mine, b: theirs} {
			applied.Go(func() {
				d, err := r.DiffTenant(t.Context(), want, plane.Fresh)
				ready.Done()
				ready.Wait()
				if err == nil {
					err = r.Apply(t.Context(), d.Plan)
				}
				if err != nil && !strings.Contains(err.Error(), "claimed by another Tenant") {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		applied.Wait()
		first, err := a.DiffTenant(t.Context(), mine, plane.Fresh)
		must(t, err)
		second, err := a.DiffTenant(t.Context(), theirs, plane.Fresh)
		must(t, err)
		if (first.Conflict == nil) == (second.Conflict == nil) {
			t.Fatalf("%s: conflicts %v and %v", id, first.Conflict, second.Conflict)
		}
		winner, loser := mine, second
		if first.Conflict != nil {
			winner, loser = theirs, first
		}
		if len(loser.Plan) > 0 {
			t.Errorf("%s: the loser plans %v", id, loser.Plan.Lines())
		}
		a.converge(winner)
	}
}

// The loser of a conflict that goes away touches nothing; a tombstone refuses everybody else.
func TestClaimsOutliveTheirTenants(t *testing.T) {
	t.Parallel()
	r := open(t, nil, stacktest.NewRedis(t, stack.RedisOptions{})).claimed()
	acme := r.onboard("acme")
	loser := acme
	loser.UID, loser.Access = "uid-of-another", boundary.Retained
	r.calls.reset()
	if plan := r.converge(loser); len(plan) > 0 || len(r.calls.writes) > 0 {
		t.Errorf("the loser wrote: %v", r.calls.writes)
	}
	gone := acme
	gone.Access = boundary.Retained
	r.converge(gone)
	r.calls.reset()
	if plan := r.converge(gone); len(plan) > 0 || len(r.calls.writes) > 0 {
		t.Errorf("a tombstone was written to: %v", r.calls.writes)
	}
	loser.Access = boundary.Open
	for name, again := range map[string]boundary.Tenant{"another Tenant": loser, "the same": acme} {
		d, err := r.DiffTenant(t.Context(), again, plane.Fresh)
		must(t, err)
		if d.Conflict == nil || !d.Conflict.Tombstone || len(d.Plan) > 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Many saves at once become few, and each still covers its own change.
func TestSavesAreShared(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, kept)
	r := open(t, nil, server).claimed()
	ids := strings.Split("abcdefghijklmnopqrst", "")
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			want := tenant(id, password(id))
			d, err := r.DiffTenant(t.Context(), want, plane.Fresh)
			if err == nil {
				err = r.Apply(t.Context(), d.Plan)
			}
			if err != nil {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	wg.Wait()
	saves := 0
	for _, w := range r.calls.writes {
		if strings.HasPrefix(w, "acl save") {
			saves++
		}
	}
	if saves == 0 || saves >= len(ids) {
		t.Errorf("%d saves for %d tenants", saves, len(ids))
	}
	must(t, server.Restart(t.Context()))
	for _, id := range ids {
		must(t, as(t, server, id).Ping(t.Context()).Err())
	}
}
