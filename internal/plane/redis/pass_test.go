package redis_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// fleet makes many tenants that stand as acme does, and returns them all.
func (r *rig) fleet(server *stack.Redis, n int) []boundary.Tenant {
	r.t.Helper()
	all := []boundary.Tenant{r.onboard("acme")}
	c := admin(r.t, server)
	lines, err := c.Do(r.t.Context(), "acl", "list").StringSlice()
	must(r.t, err)
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "user tenant-acme ") })
	for len(all) < n {
		p := c.Pipeline()
		for range 500 {
			id := fmt.Sprintf("t%d", len(all))
			one := tenant(id, password("acme")) // one password for all: it is not what is counted here
			args := []any{"acl", "setuser", cache.UserName(id)}
			for _, w := range strings.Fields(strings.ReplaceAll(lines[at], "ai:acme:", "ai:"+id+":"))[2:] {
				args = append(args, w)
			}
			p.Do(r.t.Context(), args...)
			claim, err := json.Marshal(boundary.Claim{TenantID: id, UID: one.UID})
			must(r.t, err)
			p.HSet(r.t.Context(), cache.ClaimsKey, id, claim)
			if all = append(all, one); len(all) == n {
				break
			}
		}
		_, err := p.Exec(r.t.Context())
		must(r.t, err)
	}
	return all
}

// look takes a snapshot, judges all, and returns the round trips that it cost.
func (r *rig) look(all []boundary.Tenant) []string {
	r.t.Helper()
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	r.calls.reset()
	whole, err := r.DiffPlane(r.t.Context(), plane.Recent)
	must(r.t, err)
	if !whole.Settled() {
		r.t.Errorf("the plane is not settled: %v", whole.Plan.Lines())
	}
	for _, one := range all {
		if d, err := r.DiffTenant(r.t.Context(), one, plane.Recent); err != nil || !d.Settled() {
			r.t.Fatalf("%s: %v %v", one.ID, d.Plan.Lines(), err)
		}
	}
	if len(r.calls.writes) > 0 {
		r.t.Errorf("written: %v", r.calls.writes)
	}
	slices.Sort(r.calls.reads)
	return r.calls.reads
}

// commandCalls is how often a server ran a command since its start.
func commandCalls(t testing.TB, server *stack.Redis, command string) int {
	t.Helper()
	_, rest, _ := strings.Cut(admin(t, server).Info(t.Context(), "commandstats").Val(), "cmdstat_"+command+":calls=")
	text, _, _ := strings.Cut(rest, ",")
	n, _ := strconv.Atoi(text)
	return n
}

// An audit costs the same round trips for 10 tenants and for 1,000, on each node.
func TestAuditCostIsConstant(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 1000} {
		first, second := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
		r := open(t, func(c *redis.Config) { c.Spec.Persistence = cache.None }, first, second).claimed()
		r.convergePlane()
		all := r.fleet(first, n)
		r.fleet(second, n)
		must(t, admin(t, first).Do(t.Context(), "acl", "save").Err()) // describes them all once
		must(t, admin(t, second).Do(t.Context(), "acl", "save").Err())
		r.look(all)
		want := append(plural("look at ", first, second), plural("read users of ", first, second)...)
		if diff := cmp.Diff(want, r.look(all)); diff != "" {
			t.Errorf("%d tenants (-want +got):\n%s", n, diff)
		}
		r.calls.reset()
		must(t, errorOf(r.Denials(t.Context())))
		if diff := cmp.Diff(plural("read ACL log of ", first, second), logReads(r)); diff != "" || len(r.calls.reads) != 2 {
			t.Errorf("denials of %d tenants (-want +got):\n%s\n%v", n, diff, r.calls.reads)
		}
	}
}

// A server that has described none of its many users yet is not asked for all at once, and what is read is the same.
func TestManyUsersAreReadInSlices(t *testing.T) {
	t.Parallel()
	const n, sliceUsers = 300, 50
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, func(c *redis.Config) { c.Spec.Persistence = cache.None }, server).claimed()
	r.convergePlane()
	all := r.fleet(server, n)
	described, err := r.Describe(t.Context())
	must(t, err)
	if !strings.HasPrefix(described.Version, "7.0.") {
		if got := r.look(all); slices.Contains(got, "read some users of "+server.Addr()) {
			t.Errorf("Redis %s keeps rules as they were set, and was read in slices", described.Version)
		}
		return
	}
	r.reopen()
	lists, users := commandCalls(t, server, "acl|list"), len(admin(t, server).Do(t.Context(), "acl", "users").Val().([]any))
	before := commandCalls(t, server, "acl|getuser")
	got := r.look(all)
	want := append([]string{"look at " + server.Addr()}, slices.Repeat([]string{"read some users of " + server.Addr()}, (users+sliceUsers-1)/sliceUsers)...)
	if diff := cmp.Diff(append(want, "read users of "+server.Addr()), got); diff != "" {
		t.Errorf("the first look (-want +got):\n%s", diff)
	}
	if now := commandCalls(t, server, "acl|list"); now != lists {
		t.Errorf("all users were asked for at once")
	}
	if now := commandCalls(t, server, "acl|getuser"); now-before != users {
		t.Errorf("%d users were read, %d stand", now-before, users)
	}
	if diff := cmp.Diff([]string{"look at " + server.Addr(), "read users of " + server.Addr()}, r.look(all)); diff != "" {
		t.Errorf("a look after which nobody changed anything (-want +got):\n%s", diff)
	}

	for plant, want := range map[string]string{
		"ACL SETUSER tenant-t7 +keys": "not granted: keys", "ACL DELUSER tenant-t8": "does not stand", "ACL SETUSER legacy on >x ~ai:* +get": "legacy"} {
		run(t, server, plant)
		r.clock.SetTime(r.clock.Now().Add(time.Minute))
		whole, err := r.DiffPlane(t.Context(), plane.Recent)
		must(t, err)
		text := fmt.Sprint(whole.Findings())
		for _, one := range all {
			d, err := r.DiffTenant(t.Context(), one, plane.Recent)
			must(t, err)
			text += fmt.Sprint(d.Findings())
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s was not found: %s", plant, text)
		}
	}
	if now := commandCalls(t, server, "acl|list"); now != lists {
		t.Errorf("all users were asked for at once")
	}
	run(t, server, "ACL SAVE") // describes them all
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	must(t, errorOf(r.DiffPlane(t.Context(), plane.Recent)))
	if now := commandCalls(t, server, "acl|list"); now != lists+1 {
		t.Errorf("users that are described are still read one by one")
	}
}
