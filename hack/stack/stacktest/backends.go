package stacktest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/tenantry/tenantry/hack/stack"
)

// Postgres returns the PostgreSQL server that the tests of this process share. Use [Database] for a database of your
// own; roles are shared by all databases, so give them random names.
func Postgres(t testing.TB) *stack.Postgres {
	t.Helper()
	return shared(t, "postgres", func() (*stack.Postgres, error) {
		return stack.StartPostgres(context.Background(), stack.PostgresOptions{})
	})
}

// NewPostgres starts a server for this test alone.
func NewPostgres(t testing.TB, opts stack.PostgresOptions) *stack.Postgres {
	t.Helper()
	return private(t, func() (*stack.Postgres, error) { return stack.StartPostgres(t.Context(), opts) })
}

// Database creates an empty database with a random name on the server and drops it, whoever is connected, when the
// test ends. It returns the name.
func Database(t testing.TB, pg *stack.Postgres) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := execute(pg, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(pg, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return name
}

// execute runs one statement as the superuser. It uses a context of its own: a test's is done before its cleanups.
func execute(pg *stack.Postgres, sql string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pg.SuperuserDSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// Redis returns the Redis server that the tests of this process share, one per distinct options. Without options it is
// the zero [stack.RedisOptions]. Options that name another server are not shared: use [NewRedis].
func Redis(t testing.TB, opts ...stack.RedisOptions) *stack.Redis {
	t.Helper()
	var o stack.RedisOptions
	if len(opts) > 0 {
		o = opts[0]
	}
	if o.ReplicaOf != nil {
		t.Fatal("a replica cannot be shared between tests: ask stacktest.NewRedis for it")
	}
	return shared(t, fmt.Sprintf("redis %+v", o), func() (*stack.Redis, error) {
		return stack.StartRedis(context.Background(), o)
	})
}

// NewRedis starts a server for this test alone.
func NewRedis(t testing.TB, opts stack.RedisOptions) *stack.Redis {
	t.Helper()
	return private(t, func() (*stack.Redis, error) { return stack.StartRedis(t.Context(), opts) })
}

// NewRedisCluster starts a cluster of primaries for this test alone.
func NewRedisCluster(t testing.TB, nodes int) []*stack.Redis {
	t.Helper()
	cluster, err := stack.StartRedisCluster(t.Context(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range cluster {
		t.Cleanup(node.Stop)
	}
	return cluster
}

// NewSentinel starts a sentinel for this test alone. Ask for the servers that it watches first: cleanups run in reverse.
func NewSentinel(t testing.TB, opts stack.SentinelOptions) *stack.Redis {
	t.Helper()
	return private(t, func() (*stack.Redis, error) { return stack.StartSentinel(t.Context(), opts) })
}

// Qdrant returns the vector database that the tests of this process share, with access tokens on: the server that
// QDRANT_ADDR names, else a qdrant on PATH, else the simulator. Give collections random names and delete them.
func Qdrant(t testing.TB) *stack.Qdrant {
	t.Helper()
	return shared(t, "qdrant", func() (*stack.Qdrant, error) {
		return stack.StartQdrant(context.Background(), stack.QdrantOptions{JWT: true})
	})
}

// NewQdrant starts a vector database for this test alone, unless QDRANT_ADDR names one.
func NewQdrant(t testing.TB, opts stack.QdrantOptions) *stack.Qdrant {
	t.Helper()
	return private(t, func() (*stack.Qdrant, error) { return stack.StartQdrant(t.Context(), opts) })
}
