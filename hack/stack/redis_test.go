package stack_test

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestRedisUsersOverRestart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		persistence stack.RedisPersistence
		save        []any
		saved       bool // the save command is not refused
		kept        []string
	}{
		"ACL file":                  {"", []any{"acl", "save"}, true, []string{"default", "kept", "tenantry"}},
		"ACL file without a save":   {"", []any{"ping"}, true, []string{"default", "tenantry"}},
		"configuration file":        {stack.RedisConfigRewrite, []any{"config", "rewrite"}, true, []string{"default", "kept", "tenantry"}},
		"no ACL file to save":       {stack.RedisConfigRewrite, []any{"acl", "save"}, false, []string{"default", "tenantry"}},
		"no configuration file":     {stack.RedisNone, []any{"config", "rewrite"}, false, []string{"default", "tenantry"}},
		"neither file, no ACL file": {stack.RedisNone, []any{"acl", "save"}, false, []string{"default", "tenantry"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := stacktest.NewRedis(t, stack.RedisOptions{Persistence: test.persistence})
			client := dial(t, r)
			must(t, client.Do(t.Context(), "acl", "setuser", "kept", "on", ">secret").Err())
			if err := client.Do(t.Context(), test.save...).Err(); (err == nil) != test.saved {
				t.Errorf("%v: got error %v", test.save, err)
			}
			must(t, r.Restart(t.Context()))
			users, err := client.Do(t.Context(), "acl", "users").StringSlice()
			must(t, err)
			slices.Sort(users)
			if diff := cmp.Diff(test.kept, users); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedisDefaultUser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		opts stack.RedisOptions
		want string
	}{
		"off":                 {want: "NOAUTH Authentication required."},
		"open":                {opts: stack.RedisOptions{OpenDefaultUser: true}},
		"open, no files":      {opts: stack.RedisOptions{OpenDefaultUser: true, Persistence: stack.RedisNone}},
		"off, in config file": {opts: stack.RedisOptions{Persistence: stack.RedisConfigRewrite}, want: "NOAUTH Authentication required."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			anonymous := redis.NewClient(&redis.Options{Addr: stacktest.Redis(t, test.opts).Addr(), MaxRetries: -1})
			defer func() { _ = anonymous.Close() }()
			got := ""
			if err := anonymous.Get(t.Context(), "key").Err(); err != nil && !errors.Is(err, redis.Nil) {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("anonymous GET (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedisReplicaAndSentinel(t *testing.T) {
	primary := stacktest.NewRedis(t, stack.RedisOptions{})
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: primary})
	must(t, dial(t, primary).Set(t.Context(), "key", "value", 0).Err())
	await(t, "the replica to hold the key", func() bool {
		return dial(t, replica).Get(t.Context(), "key").Val() == "value"
	})
	sentinel := stacktest.NewSentinel(t, stack.SentinelOptions{Primary: primary})
	await(t, "the sentinel to find the replica", func() bool {
		return strings.Contains(sentinelInfo(t, sentinel), "status=ok,address="+primary.Addr()+",slaves=1")
	})
	primary.Kill()
	await(t, "the replica to take over", func() bool {
		return strings.Contains(sentinelInfo(t, sentinel), "address="+replica.Addr())
	})
	must(t, primary.Restart(t.Context()))
	await(t, "the old primary to follow the new one", func() bool {
		return dial(t, primary).Get(t.Context(), "key").Val() == "value" &&
			strings.Contains(dial(t, primary).Info(t.Context(), "replication").Val(), "role:slave")
	})
}

func sentinelInfo(t *testing.T, sentinel *stack.Redis) string {
	t.Helper()
	return dial(t, sentinel).Info(t.Context(), "sentinel").Val()
}

func TestRedisClusterServesKeysOfEveryNode(t *testing.T) {
	nodes := stacktest.NewRedisCluster(t, 3)
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{nodes[1].Addr()}, Username: nodes[0].AdminUser, Password: nodes[0].AdminPassword,
	})
	defer func() { _ = client.Close() }()
	for i := range 100 {
		must(t, client.Set(t.Context(), strconv.Itoa(i), "value", 0).Err())
	}
	total := int64(0)
	for _, node := range nodes {
		size, err := dial(t, node).DBSize(t.Context()).Result()
		must(t, err)
		if size == 0 {
			t.Errorf("%s holds no key", node.Addr())
		}
		total += size
	}
	if diff := cmp.Diff(int64(100), total); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestRedisStopLeavesNothing(t *testing.T) {
	r := stacktest.NewRedis(t, stack.RedisOptions{})
	info := dial(t, r).Info(t.Context(), "server").Val()
	_, pid, _ := strings.Cut(info, "process_id:")
	pid, _, _ = strings.Cut(pid, "\r")
	r.Stop()
	if _, err := os.Stat(r.LogFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the server's directory is still there: %v", err)
	}
	if alive(t, pid) {
		t.Errorf("process %s is still there", pid)
	}
}

func dial(t *testing.T, r *stack.Redis) *redis.Client {
	t.Helper()
	c := r.Client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}
