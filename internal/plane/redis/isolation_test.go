package redis_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// alone are granted commands that make no sense by themselves or outside of a transaction, or that answer later.
var alone = []string{"exec", "discard", "multi", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"}

// isolated is a server with two tenants of look-alike names.
func isolated(t *testing.T) (*stack.Redis, *rig) {
	t.Helper()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	r.convergePlane()
	for _, id := range []string{"acme", "acme-2"} {
		r.onboard(id)
	}
	return server, r
}

// fill puts a key into each place of a trial; strange is the place that gets the other tenant's, -1 for none.
func fill(trial, own, strange string, at int) []any {
	var args []any
	n := 0
	for _, w := range strings.Fields(trial) {
		if slices.Contains(placeholders, w) {
			key := own
			if n == at {
				key = strange
			}
			if w == "P" {
				key = strings.TrimSuffix(key, "k") + "*"
			}
			w = key
			n++
		}
		args = append(args, w)
	}
	return args
}

func places(trial string) int {
	return len(slices.DeleteFunc(strings.Fields(trial), func(w string) bool { return !slices.Contains(placeholders, w) }))
}

func refused(err error) bool {
	return err != nil && (strings.HasPrefix(err.Error(), "NOPERM") || strings.HasPrefix(err.Error(), "EXECABORT"))
}

// Every granted command, run by each of two tenants: on its own keys it may, and with the other's key in any place it
// may not.
func TestGrantedCommandsReachOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	server, _ := isolated(t)
	for _, pair := range [][2]string{{"acme", "acme-2"}, {"acme-2", "acme"}} {
		c := as(t, server, pair[0])
		own, strange := "ai:"+pair[0]+":k", "ai:"+pair[1]+":k"
		for _, trial := range trials {
			verb := strings.Fields(trial)[0]
			if slices.Contains(alone, verb) {
				continue
			}
			if err := c.Do(t.Context(), fill(trial, own, "", -1)...).Err(); refused(err) {
				t.Errorf("%s: %s on its own key: %v", pair[0], trial, err)
			}
			for i := range places(trial) {
				if err := c.Do(t.Context(), fill(trial, own, strange, i)...).Err(); !refused(err) {
					t.Errorf("%s: %s on a key of %s in place %d was not refused: %v", pair[0], trial, pair[1], i, err)
				}
			}
			must(t, admin(t, server).Del(t.Context(), own).Err())
		}
	}
}

// The server's own judgement of every command that it knows: granted and bound to the tenant's keys, or refused.
func TestEveryCommandOfTheServer(t *testing.T) {
	t.Parallel()
	server, _ := isolated(t)
	c := admin(t, server)
	tried := map[string]bool{}
	for _, trial := range trials {
		words := strings.Fields(trial)
		name := words[0]
		if slices.Contains([]string{"client", "command", "xgroup", "xinfo"}, name) {
			name += "|" + words[1]
		}
		tried[name] = true
		if got := dryrun(t, c, fill(trial, "ai:acme:k", "", -1)); got != "OK" {
			t.Errorf("%s on its own key: %s", trial, got)
		}
		for i := range places(trial) {
			if got := dryrun(t, c, fill(trial, "ai:acme:k", "ai:acme-2:k", i)); got == "OK" {
				t.Errorf("%s is allowed on another tenant's key in place %d", trial, i)
			}
		}
	}
	// These four cannot be refused to anybody; see the hazard of an open default user.
	unstoppable := []string{"auth", "hello", "quit", "reset"}
	names, err := c.Do(t.Context(), "command", "list").StringSlice()
	must(t, err)
	for _, name := range names {
		container := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, name+"|") })
		if tried[name] || container || slices.Contains(unstoppable, name) {
			continue
		}
		if got := dryrun(t, c, anyArgs(t, c, name)); !strings.Contains(got, "has no permissions to run") {
			t.Errorf("%s is not refused, and no trial covers it: %s", name, got)
		}
	}
}

func dryrun(t *testing.T, c *goredis.Client, args []any) string {
	t.Helper()
	got, err := c.Do(t.Context(), append([]any{"acl", "dryrun", cache.UserName("acme")}, args...)...).Text()
	if err != nil {
		return err.Error()
	}
	return got
}

// anyArgs are as many of the tenant's own keys as a command takes at least.
func anyArgs(t *testing.T, c *goredis.Client, name string) []any {
	t.Helper()
	var args []any
	for word := range strings.SplitSeq(name, "|") {
		args = append(args, word)
	}
	info, err := c.Do(t.Context(), "command", "info", name).Slice()
	must(t, err)
	arity := info[0].([]any)[1].(int64)
	for int64(len(args)) < max(arity, -arity) {
		args = append(args, "ai:acme:k")
	}
	return args
}

// What lists, flushes, leaves the database, reads undeclared keys or runs code is refused by the server itself.
func TestTraps(t *testing.T) {
	t.Parallel()
	server, _ := isolated(t)
	must(t, admin(t, server).MSet(t.Context(), "ai:acme:k", "own", "ai:acme-2:k", "other", "{tenantry}:x", "ours").Err())
	must(t, admin(t, server).LPush(t.Context(), "ai:acme:list", "k").Err())
	c := as(t, server, "acme")
	for _, line := range []string{
		"keys *", "keys ai:acme:*", "scan 0", "scan 0 match ai:acme:*", "randomkey", "dbsize", "flushall", "flushdb", "swapdb 0 1",
		"select 0", "select 1", "move ai:acme:k 1", "copy ai:acme:k ai:acme:l db 1", "copy ai:acme:k ai:acme:l",
		"eval return(redis.call('get','ai:acme-2:k')) 0", "eval return(1) 1 ai:acme:k", "script load return(1)", "fcall f 0",
		"sort ai:acme:list by nosort get ai:acme-2:*", "sort ai:acme:list by ai:acme-2:*", "sort ai:acme:list",
		"sort_ro ai:acme:list get ai:acme-2:*", "dump ai:acme:k", "restore ai:acme:r 0 x", "object encoding ai:acme:k",
		"migrate 127.0.0.1 1 ai:acme:k 0 1", "info", "config get *", "acl list", "acl whoami", "client list", "client kill type normal",
		"client tracking on bcast", "monitor", "pubsub channels", "role", "wait 0 1", "memory usage ai:acme:k",
		"slowlog get", "latency latest", "module list", "shutdown nosave", "save", "replicaof no one", "cluster info",
		"get ai:acme-2:k", "get ai:acme", "get ai:acmeevil:k", "get ai:*", "get ai:", "get k", "get {tenantry}:x",
		"hgetall {tenantry}:claims", "set {tenantry}:plane x", "subscribe ai:acme-2:c", "psubscribe *", "psubscribe ai:*",
		"psubscribe ai:acme*", "ssubscribe ai:acme-2:c", "publish ai:acme-2:c x", "publish __keyspace@0__:x x",
	} {
		var args []any
		for word := range strings.FieldsSeq(line) {
			args = append(args, word)
		}
		if err := c.Do(t.Context(), args...).Err(); !refused(err) {
			t.Errorf("%s: %v", line, err)
		}
	}
	// The application's user reaches every tenant and nothing else.
	app := login(t, server.Addr(), "app", "app-password")
	must(t, app.Get(t.Context(), "ai:acme-2:k").Err())
	for _, key := range []string{"k", "{tenantry}:x", "aix:acme:k"} {
		if err := app.Get(t.Context(), key).Err(); !refused(err) {
			t.Errorf("the application read %s: %v", key, err)
		}
	}
}

// The server reads the escaped pattern as it was meant, whatever a name holds.
func TestEscapingOnTheServer(t *testing.T) {
	t.Parallel()
	c := admin(t, stacktest.Redis(t))
	tests := map[string][]string{
		"a*":    {"ai:ab:k", "ai:a:k"},
		"a?":    {"ai:ab:k"},
		"[ab]":  {"ai:a:k", "ai:b:k"},
		"[x":    {"ai:x", "ai:x:k", "ai:[x"},
		"[^a]":  {"ai:b:k"},
		`a\`:    {"ai:a:k"},
		`\*`:    {"ai:*:k", "ai:x:k"},
		"acme":  {"ai:acme-2:k", "ai:acme", "ai:acm"},
		"a]b[":  {"ai:ab:k"},
		"x-[]z": {"ai:x-z:k", "ai:x-:k"},
	}
	for id, others := range tests {
		pattern := cache.TenantPattern("ai", id)
		must(t, c.Do(t.Context(), "acl", "setuser", "glob", "reset", "on", "~"+pattern, "resetchannels", "&"+pattern, "+get", "+subscribe").Err())
		try := func(args ...any) string {
			got, err := c.Do(t.Context(), append([]any{"acl", "dryrun", "glob"}, args...)...).Text()
			must(t, err)
			return got
		}
		if got := try("get", "ai:"+id+":k"); got != "OK" {
			t.Errorf("%s on its own key: %s", id, got)
		}
		if got := try("subscribe", "ai:"+id+":k"); got != "OK" {
			t.Errorf("%s on its own channel: %s", id, got)
		}
		for _, key := range others {
			if try("get", key) == "OK" || try("subscribe", key) == "OK" {
				t.Errorf("%s reaches %s", id, key)
			}
		}
	}
}

// With scripts allowed, the server checks what a script does, declared or not.
func TestScripts(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, func(c *redis.Config) { c.Spec.Scripts = cache.Allow }, server).claimed()
	r.onboard("acme")
	must(t, admin(t, server).Set(t.Context(), "ai:other:k", "other", 0).Err())
	c := as(t, server, "acme")
	must(t, c.Eval(t.Context(), "return redis.call('set', KEYS[1], 'x')", []string{"ai:acme:k"}).Err())
	sha, err := c.ScriptLoad(t.Context(), "return redis.call('get', KEYS[1])").Result()
	must(t, err)
	must(t, c.EvalSha(t.Context(), sha, []string{"ai:acme:k"}).Err())
	scripts := map[string]func(context.Context) error{
		"declared key of another": func(ctx context.Context) error { return c.EvalSha(ctx, sha, []string{"ai:other:k"}).Err() },
		"undeclared key of another": func(ctx context.Context) error {
			return c.Eval(ctx, "return redis.call('get', 'ai:other:k')", nil).Err()
		},
		"listing":   func(ctx context.Context) error { return c.Eval(ctx, "return redis.call('keys', '*')", nil).Err() },
		"protected": func(ctx context.Context) error { return c.Eval(ctx, "return redis.pcall('flushall')", nil).Err() },
		"sorting": func(ctx context.Context) error {
			return c.Eval(ctx, "return redis.call('sort', KEYS[1], 'get', 'ai:other:*')", []string{"ai:acme:k"}).Err()
		},
		"acl escape": func(ctx context.Context) error { return c.Eval(ctx, "return redis.call('acl', 'whoami')", nil).Err() },
		"flush":      func(ctx context.Context) error { return c.ScriptFlush(ctx).Err() },
		"function":   func(ctx context.Context) error { return c.FunctionList(ctx, goredis.FunctionListQuery{}).Err() },
		"other db":   func(ctx context.Context) error { return c.Eval(ctx, "return redis.call('select', 1)", nil).Err() },
		"publication": func(ctx context.Context) error {
			return c.Eval(ctx, "return redis.call('publish', 'ai:other:c', 'x')", nil).Err()
		},
	}
	for name, run := range scripts {
		err := run(t.Context())
		if err == nil || !refused(err) && !strings.Contains(err.Error(), "can't") && !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// RESET cannot be refused: with an open default user, any tenant becomes it. That is found, and nothing is changed.
func TestResetToAnOpenDefaultUser(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{OpenDefaultUser: true})
	r := open(t, nil, server).claimed()
	r.onboard("acme")
	must(t, admin(t, server).Set(t.Context(), "ai:other:k", "other", 0).Err())
	conn := as(t, server, "acme").Conn()
	defer func() { _ = conn.Close() }()
	if err := conn.Get(t.Context(), "ai:other:k").Err(); !refused(err) {
		t.Fatalf("as the tenant: %v", err)
	}
	_ = conn.Do(t.Context(), "reset").Err()
	if got, err := conn.Do(t.Context(), "get", "ai:other:k").Text(); err != nil || got != "other" {
		t.Fatalf("the hole that the hazard is about is not there: %q %v", got, err)
	}
	critical := func() bool {
		d, err := r.DiffPlane(t.Context(), 1)
		must(t, err)
		return slices.ContainsFunc(d.Hazards, func(f boundary.Finding) bool {
			return f.Check == cache.CheckOpenDefault && f.Severity == boundary.Critical
		})
	}
	if !critical() {
		t.Error("the open default user was not found")
	}
	must(t, admin(t, server).Do(t.Context(), "acl", "setuser", "default", "off").Err())
	if critical() {
		t.Error("the hazard is still reported after its remedy")
	}
}
