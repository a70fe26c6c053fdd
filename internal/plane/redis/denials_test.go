package redis_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// denied runs commands, each of which must be refused.
func denied(t *testing.T, c *goredis.Client, commands ...string) {
	t.Helper()
	for _, line := range commands {
		var args []any
		for word := range strings.FieldsSeq(line) {
			args = append(args, word)
		}
		if err := c.Do(t.Context(), args...).Err(); !refused(err) {
			t.Fatalf("%s was not refused: %v", line, err)
		}
	}
}

// denials asks for what is new and returns it without the nodes.
func denials(t *testing.T, s plane.Server) []string {
	t.Helper()
	found, err := s.(plane.DenialServer).Denials(t.Context())
	must(t, err)
	var out []string
	for _, d := range found {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s|%s %s %s %s %d", d.Tenant, d.User, d.Reason, d.Command, d.Target, d.Count)))
	}
	slices.Sort(out)
	return out
}

func TestDenials(t *testing.T) {
	t.Parallel()
	first, second := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, first, second).claimed()
	r.convergePlane()
	r.onboard("acme")
	r.onboard("other")
	must(t, errorOf(r.DiffPlane(t.Context(), plane.Fresh)))
	s := plane.Metered(r.Server, func(boundary.Layer, string, time.Duration, string) {})
	expect := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(sorted(want), denials(t, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	expect("settled")
	acme := as(t, first, "acme")
	denied(t, acme, "get ai:other:k", "get ai:other:k", "set ai:other:s v", "get web:k", "flushall", "config get x", "subscribe ai:other:c")
	denied(t, as(t, second, "acme"), "keys *")
	denied(t, login(t, second.Addr(), "app", "app-password"), "get web:k")
	expect("two nodes",
		"acme|tenant-acme channel subscribe another-tenant 1", "acme|tenant-acme command config|get  1", "acme|tenant-acme command flushall  1",
		"acme|tenant-acme key get another-tenant 2", "acme|tenant-acme key get outside 1", "acme|tenant-acme key set another-tenant 1",
		"|app key get outside 1", "acme|tenant-acme command keys  1")
	expect("told once")
	denied(t, acme, "get ai:other:k", "get ai:other:k", "get ai:other:k")
	expect("an entry that grew", "acme|tenant-acme key get another-tenant 3")

	must(t, admin(t, first).Do(t.Context(), "acl", "log", "reset").Err())
	denied(t, acme, "get ai:other:k")
	expect("a log that somebody else reset", "acme|tenant-acme key get another-tenant 1")

	for _, user := range []string{"tenant-acme", "tenant-ghost", "whoever-ai:other:k"} {
		if err := login(t, first.Addr(), user, "wrong").Ping(t.Context()).Err(); err == nil {
			t.Fatalf("%s came in", user)
		}
	}
	expect("logins that failed", "| auth auth  4", "acme|tenant-acme auth auth  2")

	r.reopen()
	s = r.Server
	expect("after a restart of the manager", "| auth auth  4", "acme|tenant-acme auth auth  2",
		"acme|tenant-acme key get another-tenant 1", "|app key get outside 1", "acme|tenant-acme command keys  1")
	if diff := cmp.Diff(plural("read ACL log of ", first, second), logReads(r)); diff != "" {
		t.Errorf("round trips (-want +got):\n%s", diff)
	}
	must(t, first.Restart(t.Context()))
	addOperator(t, first)
	denied(t, as(t, first, "acme"), "get ai:other:k")
	expect("after a restart of the server", "acme|tenant-acme key get another-tenant 1")
}

func TestDenialsHoldNothingOfAClient(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	r.onboard("acme")
	acme := as(t, server, "acme")
	must(t, acme.Do(t.Context(), "client", "setname", "sekret-name-cmd=sekret").Err())
	denied(t, acme, "get ai:other:sekret", "get sekret", "subscribe sekret", "config get sekret")
	if err := login(t, server.Addr(), "sekret", "sekret").Ping(t.Context()).Err(); err == nil {
		t.Fatal("somebody came in")
	}
	found, err := r.Denials(t.Context())
	must(t, err)
	var text bytes.Buffer
	for _, d := range found {
		fmt.Fprintf(&text, "%s %+v\n", d, d)
	}
	if len(found) != 5 || strings.Contains(text.String(), "sekret") {
		t.Errorf("%d denials: %s", len(found), text.String())
	}
}

// Keys of any size are logged in full. What a tenant sends must neither fill the operator's memory nor hide what is refused
// to it or to others, before and after.
func TestDenialsAreBounded(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	r.onboard("acme")
	r.onboard("other")
	acme, other := as(t, server, "acme"), as(t, server, "other")
	huge := func() {
		t.Helper()
		if err := acme.Get(t.Context(), "ai:other:"+strings.Repeat("k", 9<<20)).Err(); !refused(err) {
			t.Fatal(err)
		}
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(sorted(want), denials(t, r.Server)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	const told, unread = "other|tenant-other key get another-tenant 1", "| other other  1"
	huge()
	expect("the newest is too large", unread)
	denied(t, other, "get ai:acme:a")
	expect("what follows", told)
	huge()
	denied(t, other, "get ai:acme:b")
	expect("an older one is too large", told, unread)
	denied(t, other, "get ai:acme:c")
	expect("what follows that", told)

	hazards := func() (checks []string) {
		d, err := r.DiffPlane(t.Context(), plane.Fresh)
		must(t, err)
		for _, f := range d.Hazards {
			if f.Object == "ACL log of "+server.Addr() {
				checks = append(checks, f.Check+" "+string(f.Severity))
			}
		}
		return checks
	}
	if diff := cmp.Diff([]string{"denials-unreadable Warning"}, hazards()); diff != "" {
		t.Errorf("hazards (-want +got):\n%s", diff)
	}
	r.clock.SetTime(r.clock.Now().Add(10 * time.Minute))
	if got := hazards(); len(got) > 0 {
		t.Errorf("told of for ever: %v", got)
	}

	must(t, admin(t, server).Do(t.Context(), "acl", "log", "reset").Err())
	for i := range 300 {
		denied(t, acme, fmt.Sprintf("get ai:other:%d", i))
	}
	expect("many", "acme|tenant-acme key get another-tenant 128")
}

// Without the right the plane works, nothing fills the log, and a capability says what to run.
func TestDenialsWithoutTheRight(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, server).claimed()
	r.onboard("acme")
	must(t, admin(t, server).Do(t.Context(), "acl", "setuser", operatorUser, "-acl|log").Err())
	denied(t, as(t, server, "acme"), "get ai:other:k")
	if got := denials(t, r.Server); len(got) > 0 {
		t.Errorf("told without the right: %v", got)
	}
	log := func() string { return admin(t, server).Do(t.Context(), "acl", "log").String() }
	before := strings.Count(log(), operatorUser)
	for range 3 {
		denials(t, r.Server)
	}
	if after := strings.Count(log(), operatorUser); after != before {
		t.Errorf("asking filled the log: %d entries of the operator, then %d", before, after)
	}
	remedy := "ACL SETUSER " + operatorUser + " +acl|log"
	d, err := r.Describe(t.Context())
	must(t, err)
	if caps := strings.Join(d.Capabilities, "\n"); !strings.Contains(caps, remedy) || !strings.Contains(caps, server.Addr()) {
		t.Errorf("capabilities do not say %q: %s", remedy, caps)
	}
	run(t, server, remedy)
	d, err = r.Describe(t.Context())
	must(t, err)
	if caps := strings.Join(d.Capabilities, "\n"); strings.Contains(caps, "acl|log") {
		t.Errorf("still: %s", caps)
	}
	if diff := cmp.Diff(sorted([]string{"acme|tenant-acme key get another-tenant 1", "|" + operatorUser + " command acl|log  1"}), denials(t, r.Server)); diff != "" {
		t.Errorf("told with the right (-want +got):\n%s", diff)
	}
}

// A node that is away hides what it refused, not what others did.
func TestDenialsWithANodeAway(t *testing.T) {
	t.Parallel()
	up, down := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, up, down).claimed()
	r.onboard("acme")
	denied(t, as(t, up, "acme"), "flushall")
	down.Kill()
	found, err := r.Denials(t.Context())
	if plane.CauseOf(err) != plane.Unreachable || !strings.Contains(summary(err), down.Addr()) {
		t.Errorf("got %s", summary(err))
	}
	if len(found) != 1 || found[0].String() != "1 attempt to run flushall was refused on "+up.Addr() {
		t.Errorf("got %v", found)
	}
}

// run executes a command from a message, as an administrator would.
func run(t testing.TB, server *stack.Redis, command string) {
	t.Helper()
	var args []any
	for word := range strings.FieldsSeq(command) {
		args = append(args, word)
	}
	if err := admin(t, server).Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

func sorted(words []string) []string {
	return slices.Sorted(slices.Values(words))
}

// logReads lists the round trips that read logs.
func logReads(r *rig) []string {
	var out []string
	for _, name := range r.calls.reads {
		if strings.HasPrefix(name, "read ACL log") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// plural puts words before the servers' addresses, in order.
func plural(words string, servers ...*stack.Redis) []string {
	var out []string
	for _, s := range servers {
		out = append(out, words+s.Addr())
	}
	slices.Sort(out)
	return out
}
