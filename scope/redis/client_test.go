package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/redis"
)

func TestTenantsDoNotMeet(t *testing.T) {
	c, raw := shared(t)
	acme, globex := as(t, "acme"), as(t, "globex")
	must(t, c.Set(acme, "greeting", "of acme", 0).Err())
	must(t, c.Set(globex, "greeting", "of globex", 0).Err())
	if got := c.Get(acme, "greeting").Val(); got != "of acme" {
		t.Errorf("acme reads %q", got)
	}
	if got := raw.Get(t.Context(), "ai:globex:greeting").Val(); got != "of globex" {
		t.Errorf("stored for globex: %q", got)
	}
	// A key that spells out another's is a key of one's own.
	if got, err := c.Get(acme, "ai:globex:greeting").Result(); !errors.Is(err, goredis.Nil) {
		t.Errorf("acme reads %q, %v through a spelt-out key", got, err)
	}
	if n := c.Del(acme, "greeting", "ai:globex:greeting").Val(); n != 1 {
		t.Errorf("acme deleted %d keys", n)
	}
	if got := c.Get(globex, "greeting").Val(); got != "of globex" {
		t.Errorf("globex reads %q after acme's delete", got)
	}
}

func TestNoTenantIsAnError(t *testing.T) {
	c, raw := shared(t)
	must(t, raw.ConfigResetStat(t.Context()).Err())
	for name, ctx := range map[string]context.Context{
		"none":    t.Context(),
		"invalid": scope.WithTenant(t.Context(), scope.Tenant{ID: "*"}),
		"two":     scope.WithTenant(as(t, "acme"), scope.Tenant{ID: "globex"}),
	} {
		_, want := scope.FromContext(ctx)
		check := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %s: %v, want %v", name, what, err, want)
			}
		}
		check("SET", c.Set(ctx, "k", "v", 0).Err())
		check("Do", c.Do(ctx, "get", "k").Err())
		_, err := c.Pipelined(ctx, func(p goredis.Pipeliner) error { p.Ping(ctx); p.Get(ctx, "k"); return nil })
		check("pipeline", err)
		_, err = c.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.Incr(ctx, "k"); return nil })
		check("transaction", err)
		check("WATCH", c.Watch(ctx, func(*goredis.Tx) error { t.Error("the transaction began"); return nil }, "k"))
		_, err = c.Subscribe(ctx, "c")
		check("SUBSCRIBE", err)
		_, _, err = redis.NewCache(c, redis.CacheConfig{}).Get(ctx, redis.Question{})
		check("cache", err)
		_, err = redis.NewCache(c, redis.CacheConfig{}).Do(ctx, redis.Question{}, func(context.Context) ([]byte, error) {
			t.Error("the model was asked")
			return nil, nil
		})
		check("cache", err)
		must(t, c.Ping(ctx).Err())
	}
	stats := raw.Info(t.Context(), "commandstats").Val()
	for _, command := range []string{"get", "set", "incr", "watch", "multi", "subscribe", "psubscribe"} {
		if strings.Contains(stats, "cmdstat_"+command+":") {
			t.Errorf("%s reached the server", command)
		}
	}
}

// Replies that hold keys name them as the caller does, whatever their type.
func TestRepliesHoldNoPrefix(t *testing.T) {
	c, _ := shared(t)
	for _, protocol := range []int{2, 3} {
		o := options(stacktest.Redis(t), stacktest.Redis(t).AdminUser, stacktest.Redis(t).AdminPassword)
		o.Protocol = protocol
		c = open(t, o)
		ctx := as(t, fmt.Sprintf("replies-%d", protocol))
		fill := func() {
			c.Del(ctx, "list", "zset")
			must(t, c.RPush(ctx, "list", "a", "b").Err())
			must(t, c.ZAdd(ctx, "zset", goredis.Z{Member: "m", Score: 1}, goredis.Z{Member: "n", Score: 2}).Err())
		}
		must(t, c.XAdd(ctx, &goredis.XAddArgs{Stream: "stream", ID: "1-1", Values: []string{"f", "v"}}).Err())
		must(t, c.XGroupCreate(ctx, "stream", "group", "0").Err())
		for name, f := range map[string]func() any{
			"BLPOP":    func() any { return c.BLPop(ctx, time.Second, "list").Val()[0] },
			"BRPOP":    func() any { return c.BRPop(ctx, time.Second, "none", "list").Val()[0] },
			"LMPOP":    func() any { key, _ := c.LMPop(ctx, "left", 1, "none", "list").Val(); return key },
			"BLMPOP":   func() any { key, _ := c.BLMPop(ctx, time.Second, "left", 1, "list").Val(); return key },
			"Do BLPOP": func() any { return c.Do(ctx, "BLPOP", "list", 1).Val().([]any)[0] },
			"BZPOPMIN": func() any { return c.BZPopMin(ctx, time.Second, "zset").Val().Key },
			"ZMPOP":    func() any { key, _ := c.ZMPop(ctx, "min", 1, "zset").Val(); return key },
			"BZMPOP":   func() any { key, _ := c.BZMPop(ctx, time.Second, "min", 1, "zset").Val(); return key },
			"XREAD":    func() any { return c.XReadStreams(ctx, "stream", "0").Val()[0].Stream },
			"Do XREAD": func() any { return streamOf(c.Do(ctx, "xread", "streams", "stream", "0").Val()) },
			"XREADGROUP": func() any {
				return c.XReadGroup(ctx, &goredis.XReadGroupArgs{Group: "group", Consumer: "c", Streams: []string{"stream", ">"}}).Val()[0].Stream
			},
			"pipeline": func() any {
				cmds, err := c.Pipelined(ctx, func(p goredis.Pipeliner) error { p.LMPop(ctx, "left", 1, "list"); return nil })
				must(t, err)
				key, _ := cmds[0].(*goredis.KeyValuesCmd).Val()
				return key
			},
			"transaction": func() any {
				cmds, err := c.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.ZMPop(ctx, "min", 1, "zset"); return nil })
				must(t, err)
				key, _ := cmds[0].(*goredis.ZSliceWithKeyCmd).Val()
				return key
			},
		} {
			fill()
			if got := f(); got != "list" && got != "zset" && got != "stream" {
				t.Errorf("protocol %d: %s names the key %v", protocol, name, got)
			}
		}
		err := c.XAck(ctx, "stream", "group", "nonsense").Err()
		if err == nil || strings.Contains(err.Error(), "ai:") {
			t.Errorf("protocol %d: an error of the server: %v", protocol, err)
		}
		err = c.XReadGroup(ctx, &goredis.XReadGroupArgs{Group: "none", Consumer: "c", Streams: []string{"stream", ">"}}).Err()
		if err == nil || strings.Contains(err.Error(), "ai:") || !goredis.HasErrorPrefix(err, "NOGROUP") {
			t.Errorf("protocol %d: an error of the server that names the key: %v", protocol, err)
		}
	}
}

func streamOf(reply any) any {
	switch v := reply.(type) {
	case map[any]any:
		for k := range v {
			return k
		}
	case []any:
		return v[0].([]any)[0]
	}
	return reply
}

func TestPipelinesAndTransactions(t *testing.T) {
	c, raw := shared(t)
	ctx := as(t, "pipes")
	for name, run := range map[string]func(context.Context, func(goredis.Pipeliner) error) ([]goredis.Cmder, error){
		"pipeline": c.Pipelined, "transaction": c.TxPipelined,
	} {
		t.Run(name, func(t *testing.T) {
			key := "of a " + name
			cmds, err := run(ctx, func(p goredis.Pipeliner) error {
				p.MSet(ctx, key, "1", key+" too", "2")
				p.Incr(ctx, key)
				p.MGet(ctx, key, key+" too")
				return nil
			})
			must(t, err)
			if diff := cmp.Diff([]any{"2", "2"}, cmds[2].(*goredis.SliceCmd).Val()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := raw.Get(t.Context(), "ai:pipes:"+key).Val(); got != "2" {
				t.Errorf("stored %q", got)
			}
			// One command that is refused ends all of them before anything is sent.
			cmds, err = run(ctx, func(p goredis.Pipeliner) error {
				p.Set(ctx, key, "lost", 0)
				p.FlushAll(ctx)
				return nil
			})
			if !errors.Is(err, redis.ErrRefused) || !errors.Is(cmds[0].Err(), redis.ErrRefused) {
				t.Errorf("with FLUSHALL in it: %v, %v", err, cmds[0].Err())
			}
			if got := c.Get(ctx, key).Val(); got != "2" {
				t.Errorf("part of what was refused was sent: %q", got)
			}
		})
	}
	for _, command := range []string{"multi", "exec", "watch", "discard"} {
		if err := c.Do(ctx, command, "k").Err(); !errors.Is(err, redis.ErrRefused) {
			t.Errorf("%s on a pooled connection: %v", command, err)
		}
	}
}

func TestWatch(t *testing.T) {
	c, raw := shared(t)
	ctx := as(t, "watch")
	increment := func(disturb string) error {
		return c.Watch(ctx, func(tx *goredis.Tx) error {
			n, err := tx.Get(ctx, "counter").Int()
			if err != nil && !errors.Is(err, goredis.Nil) {
				return err
			}
			if disturb != "" {
				must(t, raw.Set(t.Context(), disturb, 7, 0).Err())
			}
			_, err = tx.TxPipelined(ctx, func(p goredis.Pipeliner) error { p.Set(ctx, "counter", n+1, 0); return nil })
			return err
		}, "counter")
	}
	must(t, increment(""))
	must(t, increment("ai:other:counter")) // another tenant's key of the same name disturbs nobody
	if err := increment("ai:watch:counter"); !errors.Is(err, goredis.TxFailedErr) {
		t.Errorf("the watched key changed, but: %v", err)
	}
	err := c.Watch(ctx, func(tx *goredis.Tx) error {
		for name, err := range map[string]error{
			"AUTH": tx.Auth(ctx, "x").Err(), "SELECT": tx.Select(ctx, 1).Err(), "KEYS": tx.Keys(ctx, "*").Err(), "HELLO": tx.Hello(ctx, 3, "", "", "").Err(),
		} {
			if !errors.Is(err, redis.ErrRefused) {
				t.Errorf("%s in a transaction: %v", name, err)
			}
		}
		return nil
	}, "counter")
	must(t, err)
}

func TestKeysOfOtherTypesAreRefused(t *testing.T) {
	c, _ := shared(t)
	ctx := as(t, "types")
	must(t, c.Do(ctx, "SeT", []byte("bytes"), 1).Err())
	if got := c.Get(ctx, "bytes").Val(); got != "1" {
		t.Errorf("got %q", got)
	}
	text := "store"
	for _, args := range [][]any{
		{"get", 5}, {"get", nil}, {"get", &text}, {[]byte("get"), "k"}, {&text, "k"}, {}, {5},
		{"georadius", "k", 1.0, 1.0, 1.0, "km", &text, "ai:globex:k"},
		{"zunion", "two", "a", "b"}, {"zunion", 2.0, "a", "b"},
	} {
		if len(args) == 0 {
			continue // go-redis sends nothing for it
		}
		if err := c.Do(ctx, args...).Err(); !errors.Is(err, redis.ErrRefused) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// What go-redis answers past its hooks on clusters is refused on any server.
func TestRefusedMethods(t *testing.T) {
	c, _ := shared(t)
	ctx := as(t, "acme")
	for name, err := range map[string]error{
		"DBSIZE": c.DBSize(ctx).Err(), "SCRIPT FLUSH": c.ScriptFlush(ctx).Err(), "SCRIPT LOAD": c.ScriptLoad(ctx, "return 1").Err(),
		"SCRIPT EXISTS": c.ScriptExists(ctx, "x").Err(), "HIMPORT PREPARE": c.HImportPrepare(ctx, "x").Err(),
		"HIMPORT DISCARD": c.HImportDiscard(ctx, "x").Err(), "HIMPORT DISCARDALL": c.HImportDiscardAll(ctx).Err(),
		"KEYS": c.Keys(ctx, "*").Err(), "SCAN": c.Scan(ctx, 0, "*", 1).Err(), "RANDOMKEY": c.RandomKey(ctx).Err(),
		"FLUSHDB": c.FlushDB(ctx).Err(), "EVAL": c.Eval(ctx, "return 1", []string{"k"}).Err(), "SORT": c.Sort(ctx, "k", &goredis.Sort{}).Err(),
		"PUBSUB CHANNELS": c.PubSubChannels(ctx, "*").Err(), "COPY": c.Copy(ctx, "a", "b", 0, false).Err(), "INFO": c.Info(ctx).Err(),
		"MIGRATE": c.Migrate(ctx, "h", "1", "k", 0, 0).Err(), "CLIENT LIST": c.ClientList(ctx).Err(), "QUIT": c.Do(ctx, "quit").Err(),
	} {
		if !errors.Is(err, redis.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	scripted, _ := shared(t, redis.AllowScripts())
	sha := scripted.ScriptLoad(ctx, "return redis.call('INCR', KEYS[1])").Val()
	must(t, scripted.EvalSha(ctx, sha, []string{"scripted"}).Err())
	if got := c.Get(ctx, "scripted").Val(); got != "1" || !scripted.ScriptExists(ctx, sha).Val()[0] {
		t.Errorf("the script wrote %q", got)
	}
}

func TestNew(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*goredis.UniversalOptions)
		prefix string
		want   string
	}{
		"good":       {func(*goredis.UniversalOptions) {}, "ai_2-x", ""},
		"a database": {func(o *goredis.UniversalOptions) { o.DB = 1 }, "ai", "DB is 1"},
		"on connect": {func(o *goredis.UniversalOptions) {
			o.OnConnect = func(context.Context, *goredis.Conn) error { return nil }
		}, "ai", "OnConnect"},
		"client-side cache": {func(o *goredis.UniversalOptions) { o.ClientSideCacheConfig = &goredis.ClientSideCacheConfig{} }, "ai", "client-side"},
		"streaming":         {func(o *goredis.UniversalOptions) { o.StreamingCredentialsProvider = streaming{} }, "ai", "Streaming"},
		"prefix":            {func(*goredis.UniversalOptions) {}, "ai:*", "key prefix"},
		"no prefix":         {func(*goredis.UniversalOptions) {}, "", "key prefix"},
		"Tenantry's own":    {func(*goredis.UniversalOptions) {}, "tenantry", "key prefix"},
	} {
		o := &goredis.UniversalOptions{Addrs: []string{"localhost:1"}}
		c.change(o)
		client, err := redis.New(o, redis.KeyPrefix(c.prefix))
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if client != nil {
			_ = client.Close()
		}
	}
	if _, err := redis.New(nil); err == nil {
		t.Error("no options: no error")
	}
}

type streaming struct {
	auth.StreamingCredentialsProvider
}

// Many requests of many tenants through one small pool.
func TestConcurrently(t *testing.T) {
	server := stacktest.Redis(t)
	o := options(server, server.AdminUser, server.AdminPassword)
	o.PoolSize = 3
	c := open(t, o)
	var work sync.WaitGroup
	for i := range 8 {
		ctx, id := as(t, fmt.Sprintf("busy-%d", i)), fmt.Sprintf("busy-%d", i)
		work.Go(func() {
			for range 200 {
				if err := c.Set(ctx, "me", id, 0).Err(); err != nil {
					t.Error(err)
				}
				cmds, err := c.Pipelined(ctx, func(p goredis.Pipeliner) error { p.Get(ctx, "me"); return nil })
				if err != nil || cmds[0].(*goredis.StringCmd).Val() != id {
					t.Errorf("%s reads %v, %v", id, cmds, err)
				}
			}
		})
	}
	work.Wait()
}
