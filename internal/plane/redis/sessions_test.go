package redis_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// session is a tenant at work: an idle connection, one that is blocked, one that listens, one in a transaction.
type session struct {
	idle, watching *goredis.Conn
	blocked        chan error
	heard          chan error
}

func attend(t *testing.T, server *stack.Redis, id string) session {
	t.Helper()
	s := session{blocked: make(chan error, 1), heard: make(chan error, 1)}
	s.idle = as(t, server, id).Conn()
	must(t, s.idle.Set(t.Context(), "ai:"+id+":k", "v", 0).Err())
	s.watching = as(t, server, id).Conn()
	must(t, s.watching.Do(t.Context(), "multi").Err())
	must(t, s.watching.Do(t.Context(), "set", "ai:"+id+":late", "x").Err())
	blocked := as(t, server, id)
	go func() {
		s.blocked <- blocked.BLPop(context.WithoutCancel(t.Context()), time.Minute, "ai:"+id+":queue").Err()
	}()
	pubsub := as(t, server, id).Subscribe(t.Context(), "ai:"+id+":c")
	t.Cleanup(func() { _ = pubsub.Close() })
	_, err := pubsub.Receive(t.Context())
	must(t, err)
	go func() {
		_, err := pubsub.ReceiveMessage(context.WithoutCancel(t.Context()))
		s.heard <- err
	}()
	await(t, "the blocked client", func() bool {
		return strings.Contains(admin(t, server).Info(t.Context(), "clients").Val(), "blocked_clients:1")
	})
	return s
}

// ended says that nothing of the session is left.
func (s session) ended(t *testing.T, server *stack.Redis, user string) {
	t.Helper()
	if clients := admin(t, server).Do(t.Context(), "client", "list").String(); strings.Contains(clients, "user="+user+" ") {
		t.Errorf("connections are left:\n%s", clients)
	}
	if err := <-s.blocked; err == nil || errors.Is(err, goredis.Nil) {
		t.Errorf("the blocked client got an answer: %v", err)
	}
	if err := s.idle.Get(t.Context(), "ai:acme:k").Err(); err == nil {
		t.Error("the idle connection still reads")
	}
	if err := s.watching.Do(t.Context(), "exec").Err(); err == nil {
		t.Error("the transaction was executed")
	}
	if n := admin(t, server).Exists(t.Context(), "ai:acme:late").Val(); n != 0 {
		t.Error("the transaction wrote")
	}
}

func TestSuspensionEndsLiveSessions(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]boundary.Access{"suspended": boundary.Suspended, "retained": boundary.Retained} {
		t.Run(name, func(t *testing.T) {
			server := stacktest.NewRedis(t, stack.RedisOptions{})
			r := open(t, nil, server).claimed()
			acme := r.onboard("acme")
			s := attend(t, server, "acme")
			acme.Access = access
			r.converge(acme)
			s.ended(t, server, "tenant-acme")
			if err := as(t, server, "acme").Ping(t.Context()).Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGPASS") {
				t.Errorf("came in again: %v", err)
			}
			if got := admin(t, server).Get(t.Context(), "ai:acme:k").Val(); got != "v" {
				t.Errorf("the data is gone: %q", got)
			}
			if access == boundary.Suspended {
				acme.Access = boundary.Open
				r.converge(acme)
				must(t, as(t, server, "acme").Get(t.Context(), "ai:acme:k").Err())
			}
		})
	}
}

// Putting a rule back in one SETUSER does not disturb those who are at work with the right password.
func TestMendingKeepsLiveSessions(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	acme := r.onboard("acme")
	pubsub := as(t, server, "acme").Subscribe(t.Context(), "ai:acme:c")
	defer func() { _ = pubsub.Close() }()
	_, err := pubsub.Receive(t.Context())
	must(t, err)
	conn := as(t, server, "acme").Conn()
	id, err := conn.ClientID(t.Context()).Result()
	must(t, err)
	must(t, admin(t, server).Do(t.Context(), "acl", "setuser", "tenant-acme", "+flushall", "~*").Err())
	if plan := r.converge(acme); len(plan) == 0 || plan[0].Severity != boundary.Critical {
		t.Errorf("plan: %v", plan.Lines())
	}
	if again, err := conn.ClientID(t.Context()).Result(); err != nil || again != id {
		t.Errorf("the connection was not kept: %v", err)
	}
	if err := conn.Do(t.Context(), "flushall").Err(); !refused(err) {
		t.Errorf("the live connection keeps what was taken away: %v", err)
	}
	must(t, admin(t, server).Publish(t.Context(), "ai:acme:c", "still here").Err())
	if m, err := pubsub.ReceiveMessage(t.Context()); err != nil || m.Payload != "still here" {
		t.Errorf("the subscription was not kept: %v", err)
	}
}

// Whoever came in with a password that is not the tenant's is put out with it.
func TestIntrudersAreShutOut(t *testing.T) {
	t.Parallel()
	tests := map[string][]any{
		"second password": {">intruder"},
		"no password":     {"nopass"},
	}
	for name, rule := range tests {
		t.Run(name, func(t *testing.T) {
			server := stacktest.NewRedis(t, stack.RedisOptions{})
			r := open(t, nil, server).claimed()
			acme := r.onboard("acme")
			must(t, admin(t, server).Do(t.Context(), append([]any{"acl", "setuser", "tenant-acme"}, rule...)...).Err())
			intruder := login(t, server.Addr(), "tenant-acme", "intruder").Conn()
			must(t, intruder.Ping(t.Context()).Err())
			r.converge(acme)
			if err := intruder.Ping(t.Context()).Err(); !errors.Is(err, io.EOF) {
				t.Errorf("the intruder is still there: %v", err)
			}
			must(t, as(t, server, "acme").Ping(t.Context()).Err())
		})
	}
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	r.onboard("acme")
	r.converge(tenant("acme", "a new password"))
	must(t, login(t, server.Addr(), "tenant-acme", "a new password").Ping(t.Context()).Err())
	if err := as(t, server, "acme").Ping(t.Context()).Err(); err == nil {
		t.Error("the old password still works")
	}
}

// What was changed by hand is found and put right, and only that.
func TestDriftIsMended(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	acme, other := r.onboard("acme"), r.onboard("other")
	tests := map[string]struct {
		command  string
		severity boundary.Severity
	}{
		"user gone":         {"acl deluser tenant-acme", boundary.Warning},
		"switched off":      {"acl setuser tenant-acme off", boundary.Warning},
		"password removed":  {"acl setuser tenant-acme resetpass", boundary.Warning},
		"password added":    {"acl setuser tenant-acme >x", boundary.Warning},
		"no password":       {"acl setuser tenant-acme nopass", boundary.Critical},
		"keys of another":   {"acl setuser tenant-acme ~ai:other:*", boundary.Critical},
		"reading all":       {"acl setuser tenant-acme %R~*", boundary.Critical},
		"channels":          {"acl setuser tenant-acme &*", boundary.Critical},
		"all commands":      {"acl setuser tenant-acme +@all", boundary.Critical},
		"a category":        {"acl setuser tenant-acme +@read", boundary.Critical},
		"one command":       {"acl setuser tenant-acme +keys", boundary.Critical},
		"one subcommand":    {"acl setuser tenant-acme +config|get", boundary.Critical},
		"one command less":  {"acl setuser tenant-acme -get", boundary.Warning},
		"a category less":   {"acl setuser tenant-acme -@write", boundary.Warning},
		"keys taken":        {"acl setuser tenant-acme resetkeys", boundary.Warning},
		"channels taken":    {"acl setuser tenant-acme resetchannels", boundary.Warning},
		"selector":          {"acl setuser tenant-acme (~* +get)", boundary.Critical},
		"trusting payloads": {"acl setuser tenant-acme skip-sanitize-payload", boundary.Warning},
		"reset":             {"acl setuser tenant-acme reset", boundary.Warning},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var args []any
			for word := range strings.FieldsSeq(strings.ReplaceAll(test.command, "(~* +get)", "(~*_+get)")) {
				args = append(args, strings.ReplaceAll(word, "_", " "))
			}
			must(t, admin(t, server).Do(t.Context(), args...).Err())
			r.clock.SetTime(r.clock.Now().Add(time.Minute))
			d, err := r.DiffTenant(t.Context(), acme, plane.Recent)
			must(t, err)
			if findings := d.Findings(); len(findings) == 0 || findings[0].Severity != test.severity {
				t.Errorf("findings: %+v", findings)
			}
			if len(r.converge(acme)) == 0 {
				t.Error("the audit saw it, a fresh look did not")
			}
			if d, err := r.DiffTenant(t.Context(), other, plane.Fresh); err != nil || !d.Settled() {
				t.Errorf("the other tenant: %v %v", d.Plan.Lines(), err)
			}
			must(t, as(t, server, "acme").Set(t.Context(), "ai:acme:k", "v", 0).Err())
		})
	}
}
