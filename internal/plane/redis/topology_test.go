package redis_test

import (
	"net"
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

// linked waits until a replica follows its primary.
func linked(t *testing.T, replica *stack.Redis) {
	t.Helper()
	await(t, "the replica to follow", func() bool {
		return strings.Contains(admin(t, replica).Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
}

// replicated waits until a replica holds the records of its primary: it says that it follows a while before.
func replicated(t *testing.T, primary, replica *stack.Redis) {
	t.Helper()
	records := func(server *stack.Redis) []any {
		c := admin(t, server)
		return []any{c.Get(t.Context(), cache.MarkerKey).Val(), c.HGetAll(t.Context(), cache.ClaimsKey).Val(), c.HGetAll(t.Context(), cache.SavedKey).Val()}
	}
	await(t, "the records to be replicated", func() bool { return cmp.Equal(records(primary), records(replica)) })
}

func TestReplica(t *testing.T) {
	t.Parallel()
	primary := stacktest.NewRedis(t, stack.RedisOptions{})
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: primary})
	linked(t, replica)
	r := open(t, nil, primary, replica).claimed()
	r.convergePlane()
	acme := r.onboard("acme")
	for _, server := range []*stack.Redis{primary, replica} {
		if err := as(t, server, "acme").Get(t.Context(), "ai:acme:k").Err(); err == nil || err.Error() != "redis: nil" {
			t.Errorf("%s: %v", server.Addr(), err)
		}
		if err := as(t, server, "acme").Get(t.Context(), "ai:other:k").Err(); !refused(err) {
			t.Errorf("%s: another tenant's key: %v", server.Addr(), err)
		}
	}

	replicated(t, primary, replica)
	primary.Kill()
	r.reopen()
	d, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	if !strings.Contains(summary(err), "Unreachable: Redis node "+primary.Addr()) || !d.Settled() {
		t.Errorf("primary away: %v %s", d.Plan.Lines(), summary(err))
	}
	acme.Access = boundary.Suspended
	d, err = r.DiffTenant(t.Context(), acme, plane.Fresh)
	if err == nil || len(d.Plan) == 0 {
		t.Fatalf("primary away: %v %v", d.Plan.Lines(), err)
	}
	must(t, r.Apply(t.Context(), d.Plan))
	if err := as(t, replica, "acme").Ping(t.Context()).Err(); err == nil {
		t.Error("the tenant is not suspended on the node that answers")
	}
	fresh, err := r.DiffTenant(t.Context(), tenant("late", ""), plane.Fresh)
	if err == nil || len(fresh.Plan) > 0 {
		t.Errorf("a new tenant is built where it cannot be claimed: %v %v", fresh.Plan.Lines(), err)
	}
	must(t, primary.Restart(t.Context()))
	addOperator(t, primary)
	linked(t, replica)
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	r.claimed()
	r.converge(acme)
}

func TestReplicaOfAStranger(t *testing.T) {
	t.Parallel()
	primary := stacktest.NewRedis(t, stack.RedisOptions{})
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: primary})
	linked(t, replica)
	r := open(t, nil, replica)
	if _, err := r.Describe(t.Context()); plane.CauseOf(err) != plane.InvalidSpec || !strings.Contains(err.Error(), primary.Addr()) {
		t.Errorf("got %s", summary(err))
	}
}

func TestOneOfTwoPrimariesDown(t *testing.T) {
	t.Parallel()
	up, down := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, up, down).claimed()
	r.convergePlane()
	acme := r.onboard("acme")
	down.Kill()
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	if _, err := r.Describe(t.Context()); plane.CauseOf(err) != plane.Unreachable || !strings.Contains(err.Error(), down.Addr()) {
		t.Errorf("described: %s", summary(err))
	}
	for _, want := range []boundary.Tenant{tenant("other", ""), tenant("other", password("other"))} {
		d, err := r.DiffTenant(t.Context(), want, plane.Fresh)
		if !strings.Contains(summary(err), "Unreachable: Redis node "+down.Addr()) || strings.Contains(summary(err), up.Addr()) {
			t.Errorf("the fault does not name the node: %s", summary(err))
		}
		must(t, r.Apply(t.Context(), d.Plan))
	}
	must(t, as(t, up, "other").Ping(t.Context()).Err())
	if d, err := r.DiffTenant(t.Context(), acme, plane.Recent); err == nil || !d.Settled() {
		t.Errorf("a settled tenant: %v %v", d.Plan.Lines(), err)
	}

	must(t, down.Restart(t.Context())) // without its data, with the users of its file
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	r.claimed()
	r.convergePlane()
	r.converge(acme)
	r.converge(tenant("other", password("other")))
	must(t, as(t, down, "other").Ping(t.Context()).Err())
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	primary := stacktest.NewRedis(t, stack.RedisOptions{})
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: primary})
	linked(t, replica)
	sentinel := stacktest.NewSentinel(t, stack.SentinelOptions{Name: "main", Primary: primary})
	await(t, "the sentinel to find the replica", func() bool {
		return strings.Contains(admin(t, sentinel).Info(t.Context(), "sentinel").Val(), "slaves=1")
	})
	change := func(c *redis.Config) {
		c.Nodes, c.Discovery, c.MasterName = []string{sentinel.Addr()}, redis.Sentinel, "main"
	}
	r := open(t, change, primary, replica)
	if _, err := r.Describe(t.Context()); plane.CauseOf(err) != plane.AuthenticationFailed || !strings.Contains(err.Error(), "+sentinel|replicas") {
		t.Errorf("a sentinel that does not know the operator: %s", summary(err))
	}
	must(t, admin(t, sentinel).Do(t.Context(), "acl", "setuser", operatorUser, "on", ">"+operatorPassword.Reveal(), "-@all",
		"+sentinel|master", "+sentinel|replicas").Err())
	r.claimed()
	r.onboard("acme")
	for _, server := range []*stack.Redis{primary, replica} {
		must(t, as(t, server, "acme").Ping(t.Context()).Err())
	}

	failover(t, sentinel, primary, replica)
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	d, err := r.DiffTenant(t.Context(), tenant("late", password("late")), plane.Fresh)
	if !strings.Contains(summary(err), "Unreachable: Redis node "+primary.Addr()) {
		t.Errorf("the old primary is away: %s", summary(err))
	}
	must(t, r.Apply(t.Context(), d.Plan))
	must(t, as(t, replica, "late").Set(t.Context(), "ai:late:k", "v", 0).Err())
	must(t, as(t, replica, "acme").Set(t.Context(), "ai:acme:k", "v", 0).Err())

	r.cfg.MasterName = "unknown"
	r.reopen()
	if _, err := r.Describe(t.Context()); plane.CauseOf(err) != plane.InvalidSpec || !strings.Contains(err.Error(), `"unknown"`) {
		t.Errorf("a group that nobody monitors: %s", summary(err))
	}
}

// failover kills the primary and waits until the sentinel has made the replica the new one.
func failover(t *testing.T, sentinel, primary, replica *stack.Redis) {
	t.Helper()
	// A sentinel has one credential for all that it watches.
	must(t, admin(t, replica).Do(t.Context(), "acl", "setuser", primary.AdminUser, ">"+primary.AdminPassword).Err())
	await(t, "the sentinel to reach the replica", func() bool {
		replicas := admin(t, sentinel).Do(t.Context(), "sentinel", "replicas", "main").String()
		return strings.Contains(replicas, "master-link-status:ok")
	})
	replicated(t, primary, replica)
	primary.Kill()
	await(t, "the failover", func() bool {
		return strings.Contains(admin(t, replica).Info(t.Context(), "replication").Val(), "role:master") &&
			strings.HasSuffix(replica.Addr(), admin(t, sentinel).Do(t.Context(), "sentinel", "get-master-addr-by-name", "main").Val().([]any)[1].(string))
	})
}

// Three members share the slots: the users stand on each, the records on the one that serves their slot.
func TestCluster(t *testing.T) {
	t.Parallel()
	members := make([]*stack.Redis, 3)
	for i := range members {
		members[i] = stacktest.NewRedis(t, stack.RedisOptions{Cluster: true})
	}
	slots := []int{0, 5461, 10923, 16384}
	for i, m := range members {
		must(t, admin(t, m).ClusterAddSlotsRange(t.Context(), slots[i], slots[i+1]-1).Err())
		if i > 0 {
			meet(t, members[0], m)
		}
	}
	for _, m := range members {
		await(t, "the cluster", func() bool {
			c := admin(t, m)
			return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:ok") &&
				strings.Count(c.ClusterNodes(t.Context()).Val(), "connected") == 3
		})
		addOperator(t, m)
	}
	r := open(t, func(c *redis.Config) { c.Nodes, c.Discovery = []string{members[0].Addr()}, redis.Cluster })
	r.claimed()
	r.convergePlane()
	acme := r.onboard("acme")
	for _, m := range members {
		c := as(t, m, "acme")
		must(t, c.Ping(t.Context()).Err())
		must(t, c.ClusterShards(t.Context()).Err())
		if err := c.ClusterGetKeysInSlot(t.Context(), 1, 1).Err(); !refused(err) {
			t.Errorf("keys of a slot were listed: %v", err)
		}
	}
	r.reopen()
	if d, err := r.DiffTenant(t.Context(), acme, plane.Recent); err != nil || !d.Settled() || d.Objects != 4 {
		t.Errorf("%d objects, %v, %v", d.Objects, d.Plan.Lines(), err)
	}
	r.cfg.Nodes = []string{stacktest.Redis(t).Addr()}
	addOperator(t, stacktest.Redis(t))
	r.reopen()
	if _, err := r.Describe(t.Context()); plane.CauseOf(err) != plane.InvalidSpec {
		t.Errorf("no member: %s", summary(err))
	}
}

// meet joins a member; its bus is not on the port that others would expect.
func meet(t *testing.T, first, m *stack.Redis) {
	t.Helper()
	host, port, err := net.SplitHostPort(first.Addr())
	must(t, err)
	bus := admin(t, first).ConfigGet(t.Context(), "cluster-port").Val()["cluster-port"]
	must(t, admin(t, m).Do(t.Context(), "cluster", "meet", host, port, bus).Err())
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*redis.Config)
		want   string
	}{
		"fine":                      {func(*redis.Config) {}, ""},
		"no nodes":                  {func(c *redis.Config) { c.Nodes = nil }, "InvalidSpec: redis.nodes is empty: name at least one node as host:port"},
		"no master name":            {func(c *redis.Config) { c.Discovery = redis.Sentinel }, "InvalidSpec: redis.masterName is missing: sentinels need the name of the group that they monitor"},
		"unknown discovery":         {func(c *redis.Config) { c.Discovery = "DNS" }, `InvalidSpec: redis.discovery "DNS" is none of Static, Sentinel and Cluster`},
		"no prefix":                 {func(c *redis.Config) { c.Spec.KeyPrefix = "" }, "InvalidSpec: redis.keyPrefix is empty: tenants' keys are <keyPrefix>:<tenantID>:…"},
		"operator like a tenant":    {func(c *redis.Config) { c.Username = "tenant-ops" }, `InvalidSpec: redis.username "tenant-ops" begins with "tenant-", as the users of tenants do: a tenant of that name would replace the operator's own user; give the operator another one`},
		"application is operator":   {func(c *redis.Config) { c.Spec.AppUser = "tenantry" }, `InvalidSpec: redis.appUser "tenantry" is the operator's user or default: Tenantry replaces the rule of appUser; give the application a user of its own`},
		"application is default":    {func(c *redis.Config) { c.Spec.AppUser = "default" }, `InvalidSpec: redis.appUser "default" is the operator's user or default: Tenantry replaces the rule of appUser; give the application a user of its own`},
		"application like a tenant": {func(c *redis.Config) { c.Spec.AppUser = "tenant-app" }, `InvalidSpec: redis.appUser "tenant-app" begins with "tenant-", as the users of tenants do`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := redis.Config{Nodes: []string{"redis:6379"}, Username: "tenantry", Spec: cache.Spec{KeyPrefix: "ai"}}
			test.change(&cfg)
			s, err := redis.Open(cfg)
			if err == nil {
				s.Close()
			}
			if diff := cmp.Diff(test.want, summary(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// No claim becomes a tombstone while a user may still stand on some node.
func TestRetiringWithANodeThatFails(t *testing.T) {
	t.Parallel()
	up, down := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, up, down).claimed()
	gone := r.onboard("acme")
	gone.Access = boundary.Retained
	d, err := r.DiffTenant(t.Context(), gone, plane.Fresh)
	must(t, err)
	down.Kill()
	if err := r.Apply(t.Context(), d.Plan); plane.CauseOf(err) != plane.Unreachable || !strings.Contains(err.Error(), down.Addr()) {
		t.Errorf("applied: %s", summary(err))
	}
	if err := as(t, up, "acme").Ping(t.Context()).Err(); err == nil {
		t.Error("the tenant still comes in on the node that answers")
	}
	if claim := admin(t, up).HGet(t.Context(), cache.ClaimsKey, "acme").Val(); strings.Contains(claim, `"tombstone":true`) {
		t.Errorf("the claim is a tombstone already: %s", claim)
	}
	must(t, down.Restart(t.Context()))
	r.clock.SetTime(r.clock.Now().Add(time.Minute))
	r.claimed()
	r.converge(gone)
	if err := as(t, down, "acme").Ping(t.Context()).Err(); err == nil {
		t.Error("the user outlived its Tenant on the node that came back")
	}
}
