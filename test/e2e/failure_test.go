package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// outage is one server of a plane that goes away and comes back.
type outage struct {
	condition, plane string
	stop, start      func(t *testing.T)
	others           []string
}

// TestPartialFailure: with one server down, the other layers converge, the missing one is Unknown with the reason, Ready
// is not True, nothing is handed out, and everything heals without a restart when the server returns.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	layers := []string{"VectorIsolated", "RowsIsolated", "CacheIsolated"}
	for name, prepare := range map[string]func(t *testing.T, s *servers) outage{
		"Redis": func(_ *testing.T, s *servers) outage {
			return outage{"CacheIsolated", "RedisReachable", func(*testing.T) { s.redis.Kill() }, func(t *testing.T) {
				if err := s.redis.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, layers[:2]}
		},
		"PostgreSQL": func(t *testing.T, s *servers) outage {
			s.pg = stacktest.NewPostgres(t, stack.PostgresOptions{})
			s.db = stacktest.Database(t, s.pg)
			s.prepareDatabase(t)
			return outage{"RowsIsolated", "PostgresReachable", func(*testing.T) { s.pg.Kill() }, func(t *testing.T) {
				if err := s.pg.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			}, []string{layers[0], layers[2]}}
		},
		// A simulator of its own: a real server that was named must not be stopped by a test.
		"Qdrant": func(t *testing.T, s *servers) outage {
			key := "a-key-of-32-characters-for-tests"
			sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
			if err != nil {
				t.Fatal(err)
			}
			s.qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
			return outage{"VectorIsolated", "QdrantReachable", func(*testing.T) { sim.SetFault(unavailable) },
				func(*testing.T) { sim.SetFault(nil) }, layers[1:]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := newCluster(t), newServers(t)
			o := prepare(t, s)
			c.startOperator(t, operator.Options{})
			s.dataPlane(t, c, "eu-1")
			awaitPlane(t, c, "eu-1", ready)
			c.create(t, newTenant("eu-1", "before"))
			awaitTenant(t, c, "before", isolated...)

			o.stop(t)
			awaitPlane(t, c, "eu-1", want{Type: o.plane, Status: "Unknown", Reason: "Unreachable"}, want{Type: "Ready", Status: "False"})
			c.create(t, newTenant("eu-1", "during"))
			wants := []want{{Type: o.condition, Status: "Unknown", Reason: "Unreachable"}, {Type: "Ready", Status: "False"},
				{Type: "CredentialsIssued", Status: "False", Reason: "BoundaryNotVerified"}}
			for _, other := range o.others {
				wants = append(wants, want{Type: other, Status: "True"})
			}
			during := awaitTenant(t, c, "during", wants...)
			if len(during.Status.Credentials) != 0 {
				t.Errorf("credentials were handed out: %+v", during.Status.Credentials)
			}
			awaitTenant(t, c, "before", want{Type: o.condition, Status: "Unknown"}, want{Type: "Ready", Status: "False"})

			o.start(t)
			awaitPlane(t, c, "eu-1", ready)
			awaitTenant(t, c, "before", isolated...)
			awaitTenant(t, c, "during", isolated...)
		})
	}
}

// TestBlip: a server that is away for less than three audit intervals rewrites no Tenant.
func TestBlip(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	key := "a-key-of-32-characters-for-tests"
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	s.qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = 3 })
	awaitPlane(t, c, "eu-1", ready)
	c.create(t, newTenant("eu-1", "acme"))
	before := awaitTenant(t, c, "acme", isolated...)
	sim.SetFault(unavailable)
	awaitPlane(t, c, "eu-1", want{Type: "QdrantReachable", Status: "Unknown"})
	sim.SetFault(nil)
	awaitPlane(t, c, "eu-1", ready)
	after := awaitTenant(t, c, "acme", isolated...)
	if before.ResourceVersion != after.ResourceVersion {
		t.Errorf("a blip rewrote the Tenant:\n%s\n%s", summary(before), summary(after))
	}
}

// TestOneNodeAway: the other nodes of a Redis converge, suspensions reach them, and nothing is called isolated.
func TestOneNodeAway(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	second := stacktest.NewRedis(t, stack.RedisOptions{AdminPassword: s.redis.AdminPassword})
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Redis.Nodes = append(dp.Spec.Redis.Nodes, second.Addr()) })
	awaitPlane(t, c, "eu-1", ready)
	c.create(t, newTenant("eu-1", "acme"))
	awaitTenant(t, c, "acme", isolated...)

	second.Kill()
	awaitPlane(t, c, "eu-1", want{Type: "RedisReachable", Status: "Unknown", Says: second.Addr()})
	c.create(t, newTenant("eu-1", "during"))
	awaitTenant(t, c, "during", want{Type: "CacheIsolated", Status: "Unknown", Says: second.Addr()}, want{Type: "CredentialsIssued", Status: "False"})
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	eventually(t, settleWithin, "the suspension on the node that answers", func(ctx context.Context) error {
		rule, err := s.redisAdmin(t).Do(ctx, "ACL", "GETUSER", "tenant-acme").Result()
		if err != nil {
			return err
		}
		if !strings.Contains(fmt.Sprint(rule), "off") {
			return fmt.Errorf("still on: %v", rule)
		}
		return s.redisAdmin(t).Do(ctx, "ACL", "GETUSER", "tenant-during").Err()
	})
	awaitTenant(t, c, "acme", want{Type: "CredentialsIssued", Status: "Unknown", Reason: "BoundaryNotVerified"}, want{Type: "Ready", Status: "False"})

	if err := second.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitTenant(t, c, "acme", want{Type: "Ready", Status: "True", Reason: "Suspended"})
	awaitTenant(t, c, "during", isolated...)
}
