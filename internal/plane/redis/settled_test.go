package redis_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

func TestTenantFromNothingToSettled(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server)
	d, err := r.Describe(t.Context())
	must(t, err)
	if d.Marker != nil || d.Version == "" {
		t.Fatalf("described as %+v", d)
	}
	r.claimed()
	r.convergePlane()
	acme := r.onboard("acme")
	must(t, as(t, server, "acme").Set(t.Context(), "ai:acme:k", "v", 0).Err())
	must(t, login(t, server.Addr(), "app", "app-password").Get(t.Context(), "ai:acme:k").Err())

	r.reopen()
	d, err = r.Describe(t.Context())
	must(t, err)
	if diff := cmp.Diff(&marker, d.Marker); diff != "" {
		t.Errorf("marker (-want +got):\n%s", diff)
	}
	for _, f := range []plane.Freshness{plane.Recent, plane.Fresh} {
		whole, err := r.DiffPlane(t.Context(), f)
		must(t, err)
		one, err := r.DiffTenant(t.Context(), acme, f)
		must(t, err)
		if !whole.Settled() || !one.Settled() {
			t.Errorf("not settled: %v %v", whole.Plan.Lines(), one.Plan.Lines())
		}
	}
	if len(r.calls.writes) > 0 {
		t.Errorf("a settled plane was written to: %v", r.calls.writes)
	}
}

// Every rule that can be asked for is read back as what was set, or it would be put right for ever.
func TestRulesReadBackAsSet(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*redis.Config){
		"plain":       nil,
		"scripts":     func(c *redis.Config) { c.Spec.Scripts = "Allow" },
		"persistence": func(c *redis.Config) { c.Spec.Persistence = "None" },
		"prefix":      func(c *redis.Config) { c.Spec.KeyPrefix = "A_long-prefix" },
	}
	servers := map[string]stack.RedisOptions{
		"7.0":              {},
		"channels for all": {Settings: map[string]string{"acl-pubsub-default": "allchannels"}},
		"config file":      {Persistence: stack.RedisConfigRewrite},
	}
	for serverName, opts := range servers {
		for name, change := range changes {
			t.Run(serverName+"/"+name, func(t *testing.T) {
				r := open(t, change, stacktest.NewRedis(t, opts)).claimed()
				r.convergePlane()
				for _, id := range []string{"acme", "a", "0-9", strings.Repeat("x", 36)} {
					acme := r.onboard(id)
					acme.Access = boundary.Suspended
					r.converge(acme)
					acme.Access = boundary.Open
					r.converge(acme)
				}
			})
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	const tenants = 40
	r := open(t, nil, stacktest.NewRedis(t, stack.RedisOptions{})).claimed()
	r.convergePlane()
	r.calls.reset()
	all := make([]boundary.Tenant, tenants)
	for i := range all {
		all[i] = r.onboard(fmt.Sprintf("t%d", i))
	}
	// Two stages, each: read, check the marker, change, read again; a claim in the first, a save and its record in the second.
	if got, most := len(r.calls.reads)+len(r.calls.writes), 11*tenants; got > most {
		t.Errorf("%d new tenants cost %d round trips, more than %d", tenants, got, most)
	}

	r.reopen()
	var wg sync.WaitGroup
	for _, tenant := range all {
		wg.Go(func() {
			if d, err := r.DiffTenant(t.Context(), tenant, plane.Recent); err != nil || !d.Settled() {
				t.Errorf("%s: %v %v", tenant.ID, err, d.Plan.Lines())
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff([]string{"look at " + r.cfg.Nodes[0], "read users of " + r.cfg.Nodes[0]}, r.calls.reads); diff != "" {
		t.Errorf("round trips after a restart of the manager (-want +got):\n%s", diff)
	}
	if _, err := r.DiffTenant(t.Context(), all[0], plane.Recent); err != nil || len(r.calls.reads) != 2 {
		t.Errorf("a settled tenant was read again: %v %v", r.calls.reads, err)
	}
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	if _, err := r.DiffTenant(t.Context(), all[0], plane.Recent); err != nil || len(r.calls.reads) != 4 {
		t.Errorf("a snapshot that is too old was served: %v %v", r.calls.reads, err)
	}
}

// What an apply has touched is not served from a snapshot that was taken before.
func TestApplyForgetsWhatItTouched(t *testing.T) {
	t.Parallel()
	r := open(t, nil, stacktest.NewRedis(t, stack.RedisOptions{})).claimed()
	acme, other := r.onboard("acme"), r.onboard("other")
	_, err := r.DiffTenant(t.Context(), other, plane.Recent)
	must(t, err)
	acme.Access = boundary.Suspended
	d, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	must(t, err)
	must(t, r.Apply(t.Context(), d.Plan))
	r.calls.reset()
	d, err = r.DiffTenant(t.Context(), acme, plane.Recent)
	must(t, err)
	if !d.Settled() || len(r.calls.reads) != 1 {
		t.Errorf("plan %v after reading %v", d.Plan.Lines(), r.calls.reads)
	}
	if d, err = r.DiffTenant(t.Context(), other, plane.Recent); err != nil || !d.Settled() || len(r.calls.reads) != 1 {
		t.Errorf("the other tenant was read again: %v %v", r.calls.reads, err)
	}
}
