package redis_test

import (
	"context"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	planeredis "github.com/tenantry/tenantry/internal/plane/redis"
	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/redis"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

const password = "password-of-the-tests"

func as(t testing.TB, id string) context.Context {
	return scope.WithTenant(t.Context(), scope.Tenant{ID: id})
}

// admin sees what is really stored.
func admin(t testing.TB, server *stack.Redis) *goredis.Client {
	t.Helper()
	c := server.Client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// bounded is a server on which the operator has built the boundary: the tenants' users and the application's.
func bounded(t testing.TB, tenants ...string) *stack.Redis {
	t.Helper()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	marker := boundary.Marker{Plane: "eu-1", Installation: "installation", SchemaVersion: 1, KeyFingerprint: "keys"}
	operator, err := planeredis.Open(planeredis.Config{
		Nodes: []string{server.Addr()}, Username: server.AdminUser, Password: boundary.Secret(server.AdminPassword), Marker: marker,
		Spec: cache.Spec{KeyPrefix: "ai", Persistence: cache.ACLFile, AppUser: "app", AppPassword: password, Scripts: cache.Allow},
	})
	must(t, err)
	t.Cleanup(operator.Close)
	_, err = operator.Claim(t.Context(), marker)
	must(t, err)
	apply := func(diff boundary.Diff, err error) {
		t.Helper()
		must(t, err)
		must(t, operator.Apply(t.Context(), diff.Plan))
	}
	apply(operator.DiffPlane(t.Context(), plane.Fresh))
	for _, id := range tenants {
		tenant := boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: boundary.Open}
		apply(operator.DiffTenant(t.Context(), tenant, plane.Fresh))
		tenant.Credentials = map[boundary.Layer]boundary.Credential{
			boundary.Cache: {Username: cache.UserName(id), Secret: password},
		}
		apply(operator.DiffTenant(t.Context(), tenant, plane.Fresh))
	}
	return server
}

func options(server *stack.Redis, user, password string) *goredis.UniversalOptions {
	return &goredis.UniversalOptions{
		Addrs: []string{server.Addr()}, Username: user, Password: password, MaxRetries: -1, DialerRetries: 1,
	}
}

func open(t testing.TB, o *goredis.UniversalOptions, opts ...redis.Option) *redis.Client {
	t.Helper()
	c, err := redis.New(o, opts...)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// shared is a scoped client of the server that this package's tests share, as its administrator: nothing but the client
// stands between tenants.
func shared(t testing.TB, opts ...redis.Option) (*redis.Client, *goredis.Client) {
	t.Helper()
	server := stacktest.Redis(t)
	return open(t, options(server, server.AdminUser, server.AdminPassword), opts...), admin(t, server)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon bounds what waits for a message.
func soon(t testing.TB, ctx context.Context) context.Context { //nolint:revive // t goes first in tests
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
