package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/test/harness"
)

// outage is one server of a plane that goes away and comes back.
type outage struct {
	condition, plane string
	stop, start      func(t *testing.T)
	others           []string
}

// TestInvariant08OneServerAwayHidesNoOther: with one server down, the other layers converge, the missing one is Unknown with the reason, Ready
// is not True, nothing is handed out, and everything heals without a restart when the server returns.
func TestInvariant08OneServerAwayHidesNoOther(t *testing.T) {
	t.Parallel()
	layers := []string{"VectorIsolated", "RowsIsolated", "CacheIsolated"}
	for name, prepare := range map[string]func(t *testing.T, s *harness.Servers) outage{
		"Redis": func(_ *testing.T, s *harness.Servers) outage {
			return outage{"CacheIsolated", "RedisReachable", func(*testing.T) { s.Redis.Kill() }, func(t *testing.T) {
				if err := s.Redis.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, layers[:2]}
		},
		"PostgreSQL": func(t *testing.T, s *harness.Servers) outage {
			pg := stacktest.NewPostgres(t, stack.PostgresOptions{})
			s.Database = harness.NewDatabase(t, pg, documents)
			return outage{"RowsIsolated", "PostgresReachable", func(*testing.T) { pg.Kill() }, func(t *testing.T) {
				if err := pg.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, []string{layers[0], layers[2]}}
		},
		// A simulator of its own: a real server that was named must not be stopped by a test.
		"Qdrant": func(t *testing.T, s *harness.Servers) outage {
			key := "a-key-of-32-characters-for-tests"
			sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
			if err != nil {
				t.Fatal(err)
			}
			s.Qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
			return outage{"VectorIsolated", "QdrantReachable", func(*testing.T) { sim.SetFault(unavailable) },
				func(*testing.T) { sim.SetFault(nil) }, layers[1:]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := harness.NewCluster(t), newServers(t)
			o := prepare(t, s)
			c.StartOperator(t, operator.Options{})
			s.DataPlane(t, c, "eu-1")
			c.AwaitDataPlane(t, "eu-1", harness.Ready)
			c.Make(t, harness.NewTenant("eu-1", "before"))
			c.AwaitTenant(t, "before", harness.Isolated...)

			o.stop(t)
			c.AwaitDataPlane(t, "eu-1", harness.Want{Type: o.plane, Status: "Unknown", Reason: "Unreachable"},
				harness.Want{Type: "Ready", Status: "False"})
			c.Make(t, harness.NewTenant("eu-1", "during"))
			wants := []harness.Want{{Type: o.condition, Status: "Unknown", Reason: "Unreachable"}, {Type: "Ready", Status: "False"},
				{Type: "CredentialsIssued", Status: "False", Reason: "BoundaryNotVerified"}}
			for _, other := range o.others {
				wants = append(wants, harness.Want{Type: other, Status: "True"})
			}
			during := c.AwaitTenant(t, "during", wants...)
			if len(during.Status.Credentials) != 0 {
				t.Errorf("credentials were handed out: %+v", during.Status.Credentials)
			}
			c.AwaitTenant(t, "before", harness.Want{Type: o.condition, Status: "Unknown"}, harness.Want{Type: "Ready", Status: "False"})

			o.start(t)
			c.AwaitDataPlane(t, "eu-1", harness.Ready)
			c.AwaitTenant(t, "before", harness.Isolated...)
			c.AwaitTenant(t, "during", harness.Isolated...)
		})
	}
}

// TestBlip: a server that is away for less than three audit intervals rewrites no Tenant.
func TestBlip(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	key := "a-key-of-32-characters-for-tests"
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	s.Qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = 3 })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	before := c.AwaitTenant(t, "acme", harness.Isolated...)
	sim.SetFault(unavailable)
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "QdrantReachable", Status: "Unknown"})
	sim.SetFault(nil)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	after := c.AwaitTenant(t, "acme", harness.Isolated...)
	if before.ResourceVersion != after.ResourceVersion {
		t.Errorf("a blip rewrote the Tenant:\n%s", cmp.Diff(before, after))
	}
}

// TestOneNodeAway: the other nodes of a Redis converge, suspensions reach them, and nothing is called isolated.
func TestOneNodeAway(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	second := stacktest.NewRedis(t, stack.RedisOptions{AdminPassword: s.Redis.AdminPassword})
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Redis.Nodes = append(dp.Spec.Redis.Nodes, second.Addr()) })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.AwaitTenant(t, "acme", harness.Isolated...)

	second.Kill()
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "RedisReachable", Status: "Unknown", Says: second.Addr()})
	c.Make(t, harness.NewTenant("eu-1", "during"))
	c.AwaitTenant(t, "during", harness.Want{Type: "CacheIsolated", Status: "Unknown", Says: second.Addr()},
		harness.Want{Type: "CredentialsIssued", Status: "False"})
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	harness.Eventually(t, harness.SettleWithin, "the suspension on the node that answers", func(ctx context.Context) error {
		rule, err := s.RedisAdmin(t).Do(ctx, "ACL", "GETUSER", "tenant-acme").Result()
		if err != nil {
			return err
		}
		if !strings.Contains(fmt.Sprint(rule), "off") {
			return fmt.Errorf("still on: %v", rule)
		}
		return s.RedisAdmin(t).Do(ctx, "ACL", "GETUSER", "tenant-during").Err()
	})
	c.AwaitTenant(t, "acme", harness.Want{Type: "CredentialsIssued", Status: "Unknown", Reason: "BoundaryNotVerified"},
		harness.Want{Type: "Ready", Status: "False"})

	if err := second.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.AwaitTenant(t, "acme", harness.Want{Type: "Ready", Status: "True", Reason: "Suspended"})
	c.AwaitTenant(t, "during", harness.Isolated...)
}
