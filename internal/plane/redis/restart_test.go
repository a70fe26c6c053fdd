package redis_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// as the stack's own administrator, whose user is part of the server's configuration.
func asAdministrator(server *stack.Redis) func(*redis.Config) {
	return func(c *redis.Config) {
		c.Username, c.Password = server.AdminUser, boundary.Secret(server.AdminPassword)
	}
}

func withPersistence(p string, change func(*redis.Config)) func(*redis.Config) {
	return func(c *redis.Config) { change(c); c.Spec.Persistence = p }
}

// A server that keeps its users and its data is as it was: nothing is written to it.
func TestRestartKeepsUsers(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"appendonly": "yes", "appendfsync": "always"}
	for _, p := range []string{cache.ACLFile, cache.ConfigRewrite} {
		t.Run(p, func(t *testing.T) {
			server := stacktest.NewRedis(t, stack.RedisOptions{Persistence: stack.RedisPersistence(p), Settings: settings})
			r := open(t, func(c *redis.Config) { c.Spec.Persistence = p }, server).claimed()
			r.convergePlane()
			acme, off := r.onboard("acme"), r.onboard("off")
			off.Access = boundary.Suspended
			r.converge(off)
			must(t, server.Restart(t.Context()))
			r.reopen()
			for _, tenant := range []boundary.Tenant{acme, off} {
				if d, err := r.DiffTenant(t.Context(), tenant, plane.Fresh); err != nil || !d.Settled() {
					t.Errorf("%s: %v %v", tenant.ID, d.Plan.Lines(), err)
				}
			}
			if d, err := r.DiffPlane(t.Context(), plane.Fresh); err != nil || !d.Settled() {
				t.Errorf("plane: %v %v", d.Plan.Lines(), err)
			}
			must(t, as(t, server, "acme").Ping(t.Context()).Err())
			if err := as(t, server, "off").Ping(t.Context()).Err(); err == nil {
				t.Error("the suspended tenant is back")
			}
		})
	}
}

// A server that keeps nothing comes back empty: without its marker nothing is written, then everything is built again.
func TestRestartLosesEverything(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{Persistence: stack.RedisNone})
	r := open(t, withPersistence(cache.None, asAdministrator(server)), server).claimed()
	r.convergePlane()
	acme := r.onboard("acme")
	must(t, server.Restart(t.Context()))

	d, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	must(t, err)
	err = r.Apply(t.Context(), d.Plan)
	if err == nil || !strings.Contains(err.Error(), "carries no marker") {
		t.Errorf("applied without a marker: %v", err)
	}
	if users := admin(t, server).Do(t.Context(), "acl", "users").String(); strings.Contains(users, "tenant-acme") {
		t.Errorf("written without a marker: %s", users)
	}
	described, err := r.Describe(t.Context())
	must(t, err)
	if described.Marker != nil {
		t.Errorf("a marker that is gone: %+v", described.Marker)
	}
	r.claimed()
	r.convergePlane()
	r.converge(acme)
	must(t, as(t, server, "acme").Ping(t.Context()).Err())
}

// Users that come back from a file without the claims that were lost with the data.
func TestRestartLosesTheClaims(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	acme, leaving := r.onboard("acme"), r.onboard("leaving")
	must(t, server.Restart(t.Context()))
	r.reopen()
	r.claimed()
	whole, err := r.DiffPlane(t.Context(), plane.Fresh)
	must(t, err)
	var unclaimed []string
	for _, f := range whole.Hazards {
		if f.Check == cache.CheckUnclaimedUser {
			unclaimed = append(unclaimed, strings.Fields(f.Object)[1])
		}
	}
	if diff := cmp.Diff([]string{"tenant-acme", "tenant-leaving"}, unclaimed); diff != "" {
		t.Errorf("users without a claim (-want +got):\n%s", diff)
	}
	r.converge(acme)
	leaving.Access = boundary.Retained
	r.converge(leaving)
	if err := as(t, server, "leaving").Ping(t.Context()).Err(); err == nil {
		t.Error("the user outlived its Tenant")
	}
	must(t, as(t, server, "acme").Ping(t.Context()).Err())
}

// What the plane declares and the server cannot do is a hazard, and not an endless attempt to save.
func TestPersistenceThatDoesNotWork(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		has      stack.RedisPersistence
		declared string
		want     boundary.Severity
	}{
		"aclfile":                     {stack.RedisACLFile, cache.ACLFile, ""},
		"config file":                 {stack.RedisConfigRewrite, cache.ConfigRewrite, ""},
		"neither":                     {stack.RedisNone, cache.None, ""},
		"no aclfile":                  {stack.RedisConfigRewrite, cache.ACLFile, boundary.Warning},
		"aclfile and config rewrite":  {stack.RedisACLFile, cache.ConfigRewrite, boundary.Warning},
		"no config file":              {stack.RedisNone, cache.ConfigRewrite, boundary.Warning},
		"aclfile, and none declared":  {stack.RedisACLFile, cache.None, boundary.Info},
		"neither, and aclfile wanted": {stack.RedisNone, cache.ACLFile, boundary.Warning},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := stacktest.NewRedis(t, stack.RedisOptions{Persistence: test.has})
			r := open(t, withPersistence(test.declared, asAdministrator(server)), server).claimed()
			r.convergePlane()
			r.onboard("acme")
			d, err := r.DiffPlane(t.Context(), plane.Fresh)
			must(t, err)
			var got boundary.Severity
			for _, f := range d.Hazards {
				if f.Check == cache.CheckNotPersistent {
					got = f.Severity
				}
			}
			if got != test.want {
				t.Errorf("hazard %q, want %q: %+v", got, test.want, d.Hazards)
			}
		})
	}
}
