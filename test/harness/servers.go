package harness

import (
	"net"
	"strconv"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// Servers are the backends of one plane. Those that are nil are not part of it.
type Servers struct {
	Database *Database
	Redis    *stack.Redis
	Qdrant   *stack.Qdrant
}

// NewServers are one of each: a database of its own on the given server, and a Redis and a Qdrant that nobody else uses.
func NewServers(t testing.TB, pg *stack.Postgres, statements ...string) *Servers {
	t.Helper()
	return &Servers{
		Database: NewDatabase(t, pg, statements...),
		Redis:    stacktest.NewRedis(t, stack.RedisOptions{}),
		Qdrant:   stacktest.NewQdrant(t, stack.QdrantOptions{JWT: true}),
	}
}

// RedisAdmin is a client of the server's administrator.
func (s *Servers) RedisAdmin(t testing.TB) *redis.Client {
	t.Helper()
	c := s.Redis.Client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// QdrantAdmin is a client with the API key.
func (s *Servers) QdrantAdmin(t testing.TB) *qdrant.Client {
	t.Helper()
	return Qdrant(t, s.Qdrant.Addr, s.Qdrant.APIKey)
}

// Redis connects with the uri of an issued Secret, and does not retry.
func Redis(t testing.TB, uri string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(uri)
	if err != nil {
		t.Fatal("the uri of the Secret is none that go-redis reads")
	}
	opts.MaxRetries = -1
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Qdrant connects with a key or token; "" is none.
func Qdrant(t testing.TB, address, key string) *qdrant.Client {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: port, APIKey: key, SkipCompatibilityCheck: true, PoolSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
