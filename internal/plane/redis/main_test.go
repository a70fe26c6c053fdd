package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

const (
	operatorUser     = "tenantry-operator"
	operatorPassword = boundary.Secret("operator-password-of-the-tests")
)

var marker = boundary.Marker{Plane: "eu-1", Installation: "installation", SchemaVersion: 1, KeyFingerprint: "keys"}

// rig is an opened plane and what it did to its servers.
type rig struct {
	*redis.Server
	t     testing.TB
	cfg   redis.Config
	clock *clocktest.FakePassiveClock
	calls calls
}

// calls counts round trips.
type calls struct {
	mu            sync.Mutex
	reads, writes []string
}

func (c *calls) trace(kind, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kind == "write" {
		c.writes = append(c.writes, name)
	} else {
		c.reads = append(c.reads, name)
	}
}

func (c *calls) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads, c.writes = nil, nil
}

// operatorRule reads the rule from the documentation, so that the tests run with exactly what users are told to grant.
func operatorRule(t testing.TB) []any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stacktest.RepoRoot(t), "docs", "redis", "operator-user.md"))
	must(t, err)
	block := regexp.MustCompile("(?s)```redis\n(ACL SETUSER .*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/redis/operator-user.md has no block ```redis with the ACL SETUSER command")
	}
	words := strings.Fields(strings.ReplaceAll(string(block[1]), "\\\n", " "))
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	args[2] = operatorUser
	for i, w := range words {
		if strings.HasPrefix(w, ">") {
			args[i] = ">" + operatorPassword.Reveal()
		}
	}
	return args
}

// addOperator gives a server the documented user.
func addOperator(t testing.TB, r *stack.Redis) {
	t.Helper()
	c := admin(t, r)
	must(t, c.Do(context.Background(), operatorRule(t)...).Err())
	if c.Do(context.Background(), "acl", "save").Err() != nil {
		_ = c.Do(context.Background(), "config", "rewrite").Err()
	}
}

// open opens a plane of these servers with a clock that stands still, claimed.
func open(t testing.TB, change func(*redis.Config), servers ...*stack.Redis) *rig {
	t.Helper()
	r := &rig{t: t, clock: clocktest.NewFakePassiveClock(time.Now())}
	r.cfg = redis.Config{
		Username: operatorUser, Password: operatorPassword, Marker: marker, Clock: r.clock, Trace: r.calls.trace,
		Spec: cache.Spec{KeyPrefix: "ai", Persistence: cache.ACLFile, AppUser: "app", AppPassword: "app-password"},
	}
	for _, s := range servers {
		addOperator(t, s)
		r.cfg.Nodes = append(r.cfg.Nodes, s.Addr())
	}
	if change != nil {
		change(&r.cfg)
	}
	r.reopen()
	return r
}

// reopen is a restart of the manager: nothing is known any more.
func (r *rig) reopen() {
	r.t.Helper()
	s, err := redis.Open(r.cfg)
	must(r.t, err)
	r.t.Cleanup(s.Close)
	r.Server = s
	r.calls.reset()
}

// claimed claims the plane.
func (r *rig) claimed() *rig {
	r.t.Helper()
	got, err := r.Claim(r.t.Context(), marker)
	must(r.t, err)
	if got != marker {
		r.t.Fatalf("the plane is claimed by %+v", got)
	}
	return r
}

func tenant(id string, password boundary.Secret) boundary.Tenant {
	t := boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: boundary.Open}
	if password != "" {
		t.Credentials = map[boundary.Layer]boundary.Credential{
			boundary.Cache: {Username: cache.UserName(id), Secret: password},
		}
	}
	return t
}

// converge does what the reconciler does and returns the plan that was applied.
func (r *rig) converge(t boundary.Tenant) boundary.Plan {
	r.t.Helper()
	ctx := r.t.Context()
	d, err := r.DiffTenant(ctx, t, plane.Fresh)
	must(r.t, err)
	if d.Conflict != nil {
		r.t.Fatalf("conflict: %s", d.Conflict.Message)
	}
	must(r.t, r.Apply(ctx, d.Plan))
	after, err := r.DiffTenant(ctx, t, plane.Fresh)
	must(r.t, err)
	if !after.Settled() {
		r.t.Fatalf("not settled after apply:\n%s", strings.Join(after.Plan.Lines(), "\n"))
	}
	return d.Plan
}

// convergePlane does the same for the plane as a whole.
func (r *rig) convergePlane() boundary.Plan {
	r.t.Helper()
	ctx := r.t.Context()
	d, err := r.DiffPlane(ctx, plane.Fresh)
	must(r.t, err)
	must(r.t, r.Apply(ctx, d.Plan))
	after, err := r.DiffPlane(ctx, plane.Fresh)
	must(r.t, err)
	if !after.Settled() {
		r.t.Fatalf("not settled after apply:\n%s", strings.Join(after.Plan.Lines(), "\n"))
	}
	return d.Plan
}

// onboard brings a tenant in, closed first and open then.
func (r *rig) onboard(id string) boundary.Tenant {
	r.t.Helper()
	r.converge(tenant(id, ""))
	t := tenant(id, password(id))
	r.converge(t)
	return t
}

func password(id string) boundary.Secret { return boundary.Secret("password-of-" + id) }

func admin(t testing.TB, r *stack.Redis) *goredis.Client {
	t.Helper()
	c := r.Client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// login connects as somebody, with one connection.
func login(t testing.TB, addr, user string, password boundary.Secret) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{
		Addr: addr, Username: user, Password: password.Reveal(), MaxRetries: -1, PoolSize: 1, DialerRetries: 1,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func as(t testing.TB, r *stack.Redis, id string) *goredis.Client {
	t.Helper()
	return login(t, r.Addr(), cache.UserName(id), password(id))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// await waits for a condition of a server that comes about by itself.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("waited in vain for " + what)
		}
	}
}

func summary(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s", plane.CauseOf(err), err)
}
