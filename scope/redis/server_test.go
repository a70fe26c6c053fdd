package redis_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/scope/redis"
)

// Everything that the client sends is within what the operator grants: to a tenant's own user, and to the application's.
// The server's log of refusals stays empty, the commands of go-redis itself included.
func TestTheBoundaryAcceptsWhatIsSent(t *testing.T) {
	server := bounded(t, "acme", "acme-2")
	text, err := os.ReadFile("testdata/samples.txt")
	must(t, err)
	samples := strings.Split(strings.TrimSpace(string(text)), "\n")
	raw := admin(t, server)
	for _, user := range []string{cache.UserName("acme"), "app"} {
		c := open(t, options(server, user, password), redis.AllowScripts())
		ctx := as(t, "acme")
		must(t, raw.Do(t.Context(), "acl", "log", "reset").Err())
		for _, sample := range samples {
			args := []any{}
			for _, w := range strings.Fields(sample) {
				args = append(args, w)
			}
			run := func(p goredis.Pipeliner) error { p.Do(ctx, args...); return nil }
			switch args[0] {
			case "watch":
				err = c.Watch(ctx, func(*goredis.Tx) error { return nil }, "K", "K2")
			case "multi", "exec":
				_, err = c.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.Ping(ctx); return nil })
			default:
				_, err = c.Pipelined(ctx, run)
			}
			if errors.Is(err, redis.ErrRefused) || (err != nil && strings.Contains(err.Error(), "NOPERM")) {
				t.Errorf("%s: %s: %v", user, sample, err)
			}
			must(t, raw.Do(t.Context(), "del", "ai:acme:K").Err())
		}
		sub, err := c.Subscribe(soon(t, ctx), "a", "b")
		must(t, err)
		must(t, sub.Close())
		sub, err = c.SSubscribe(soon(t, ctx), "a")
		must(t, err)
		must(t, sub.Close())
		log, err := raw.Do(t.Context(), "acl", "log").Slice()
		must(t, err)
		if len(log) > 0 {
			t.Errorf("%s: the server refused %v", user, log)
		}
	}
	// And with a tenant's own user nobody becomes another, whatever the context says.
	c := open(t, options(server, cache.UserName("acme"), password))
	if err := c.Set(as(t, "acme-2"), "k", "v", 0).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("acme's user wrote as acme-2: %v", err)
	}
	if _, err := c.Subscribe(soon(t, as(t, "acme-2")), "c"); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("acme's user listens as acme-2: %v", err)
	}
}

func TestSubscriptions(t *testing.T) {
	c, raw := shared(t)
	acme, globex := soon(t, as(t, "acme")), soon(t, as(t, "globex"))
	one, err := c.Subscribe(acme, "news", "more")
	must(t, err)
	sharded, err := c.SSubscribe(acme, "news")
	must(t, err)
	// The first reaches nobody here.
	must(t, c.Publish(globex, "news", "of globex").Err())
	must(t, raw.Publish(t.Context(), "news", "of nobody").Err())
	must(t, c.Publish(acme, "news", "of acme").Err())
	must(t, c.SPublish(globex, "news", "of globex").Err())
	must(t, c.SPublish(acme, "news", "of acme").Err())
	for name, sub := range map[string]*redis.Subscription{"SUBSCRIBE": one, "SSUBSCRIBE": sharded} {
		m, err := sub.ReceiveMessage(acme)
		must(t, err)
		if m.Channel != "news" || m.Payload != "of acme" {
			t.Errorf("%s: got %q on %q", name, m.Payload, m.Channel)
		}
	}
	messages := one.Channel()
	must(t, c.Publish(acme, "more", "again").Err())
	must(t, c.Publish(acme, "more", "not taken").Err())
	if m := <-messages; m.Channel != "more" || m.Payload != "again" {
		t.Errorf("the channel gave %+v", m)
	}
	for _, sub := range []*redis.Subscription{one, sharded} {
		must(t, sub.Close())
	}
	rest := 0
	for range messages { // until it is closed
		rest++
	}
	if rest > 1 {
		t.Errorf("%d messages after the last", rest)
	}
	if _, err := c.Subscribe(acme); !errors.Is(err, redis.ErrRefused) {
		t.Errorf("no channels: %v", err)
	}
}

// On a cluster, the slot must be that of the key with its prefix.
func TestCluster(t *testing.T) {
	nodes := stacktest.NewRedisCluster(t, 3)
	o := options(nodes[0], nodes[0].AdminUser, nodes[0].AdminPassword)
	o.IsClusterMode = true
	for _, n := range nodes[1:] {
		o.Addrs = append(o.Addrs, n.Addr())
	}
	c := open(t, o)
	acme, globex := soon(t, as(t, "acme")), soon(t, as(t, "globex"))
	for _, key := range []string{"{t}a", "{t}b", "c", "d", "e"} {
		must(t, c.Set(acme, key, "of acme", 0).Err())
		must(t, c.Set(globex, key, "of globex", 0).Err())
	}
	if got, err := c.MGet(acme, "{t}a", "{t}b").Result(); err != nil || len(got) != 2 || got[1] != "of acme" {
		t.Errorf("MGET: %v, %v", got, err)
	}
	if n, err := c.Del(acme, "{t}a", "{t}b").Result(); err != nil || n != 2 {
		t.Errorf("DEL: %d, %v", n, err)
	}
	cmds, err := c.Pipelined(globex, func(p goredis.Pipeliner) error { p.Get(globex, "{t}a"); p.Get(globex, "d"); return nil })
	if err != nil || cmds[0].(*goredis.StringCmd).Val() != "of globex" {
		t.Errorf("pipeline: %v, %v", cmds, err)
	}
	_, err = c.TxPipelined(acme, func(p goredis.Pipeliner) error { p.Set(acme, "e", "1", 0); p.Incr(acme, "e"); return nil })
	must(t, err)
	if err := c.Watch(acme, func(*goredis.Tx) error { return nil }, "a"); !errors.Is(err, redis.ErrRefused) {
		t.Errorf("WATCH, which go-redis does not scope on clusters: %v", err)
	}
	if err := c.DBSize(acme).Err(); !errors.Is(err, redis.ErrRefused) {
		t.Errorf("DBSIZE, which go-redis sends past every hook on clusters: %v", err)
	}
	sub, err := c.Subscribe(acme, "news")
	must(t, err)
	must(t, c.Publish(globex, "news", "of globex").Err())
	must(t, c.Publish(acme, "news", "of acme").Err())
	if m, err := sub.ReceiveMessage(acme); err != nil || m.Payload != "of acme" {
		t.Errorf("got %v, %v", m, err)
	}
	must(t, sub.Close())
}
