package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/redis"
)

// exampleServer starts a Redis for the examples. Yours is named in the DataPlane.
func exampleServer() (options *goredis.UniversalOptions, stop func()) {
	server, err := stack.StartRedis(context.Background(), stack.RedisOptions{})
	if err != nil {
		panic(err)
	}
	return &goredis.UniversalOptions{Addrs: []string{server.Addr()}, Username: server.AdminUser, Password: server.AdminPassword}, server.Stop
}

// One key name, two tenants, two values.
func Example() {
	options, stop := exampleServer()
	defer stop()
	client, err := redis.New(options)
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()

	// The middleware of package scope does this for each request.
	acme := scope.WithTenant(context.Background(), scope.Tenant{ID: "acme"})
	globex := scope.WithTenant(context.Background(), scope.Tenant{ID: "globex"})

	client.Set(acme, "plan", "premium", 0)
	client.Set(globex, "plan", "basic", 0)
	_, _ = fmt.Fprintln(os.Stdout, client.Get(acme, "plan").Val(), client.Get(globex, "plan").Val())

	_, err = client.Get(context.Background(), "plan").Result()
	_, _ = fmt.Fprintln(os.Stdout, errors.Is(err, scope.ErrNoTenant))

	err = client.FlushAll(acme).Err()
	_, _ = fmt.Fprintln(os.Stdout, err)
	// Output:
	// premium basic
	// true
	// scope/redis: refused FLUSHALL: it is not known to touch one tenant's keys only
}

// Ask a model once per tenant and question.
func ExampleCache_Do() {
	options, stop := exampleServer()
	defer stop()
	client, err := redis.New(options)
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()
	answers := redis.NewCache(client, redis.CacheConfig{TTL: 10 * time.Minute})

	question := redis.Question{Model: "gpt-4o", Prompt: "Summarise our contract.", Parameters: map[string]any{"temperature": 0}}
	for _, id := range []string{"acme", "acme", "globex"} {
		ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: id})
		answer, err := answers.Do(ctx, question, func(context.Context) ([]byte, error) {
			_, _ = fmt.Fprintln(os.Stdout, "asking for", id) // here you would call the model
			return []byte("contract of " + id), nil
		})
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintln(os.Stdout, string(answer))
	}
	// Output:
	// asking for acme
	// contract of acme
	// contract of acme
	// asking for globex
	// contract of globex
}
