package redis_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// expect audits and compares what is found; it returns the messages.
func (s *stage) expect(what string, want ...string) string {
	s.t.Helper()
	found, _ := s.audit()
	var got []string
	var text strings.Builder
	for _, f := range found {
		got = append(got, s.is(f))
		text.WriteString(f.Message + "\n")
	}
	slices.Sort(got)
	if diff := cmp.Diff(sorted(want), got); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return text.String()
}

func (s *stage) mend() {
	s.t.Helper()
	_, plan := s.audit()
	must(s.t, s.Apply(s.t.Context(), plan))
	s.expect("mended")
}

// A node that came back without its data and its users is told from one that was never claimed, and built again with its
// tombstones.
func TestANodeThatRestartedEmpty(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	must(t, os.WriteFile(aclFile(t, s.second), []byte("user "+s.second.AdminUser+" on >"+s.second.AdminPassword+" ~* &* +@all\nuser default off\n"), 0o600))
	must(t, s.second.Restart(t.Context()))
	addOperator(t, s.second)
	missing := []string{"|Warning|Hazard|marker-gone|marker in second", "|Warning|Missing||user app on second", "|Warning|Missing||tombstones in second",
		"|Info|Changed||user app on second on disk"}
	for _, id := range []string{"acme", "other"} {
		missing = append(missing, id+"|Warning|Missing||claim on tenantID "+id+" in second", id+"|Warning|Missing||user tenant-"+id+" on second",
			id+"|Info|Changed||user tenant-"+id+" on second on disk")
	}
	missing = append(missing, "off|Warning|Missing||claim on tenantID off in second", "off|Warning|Missing||user tenant-off on second")
	text := s.expect("restarted empty", missing...)
	if !strings.Contains(text, "came back without its data") {
		t.Errorf("messages do not say what happened:\n%s", text)
	}
	_, plan := s.audit()
	if err := s.Apply(t.Context(), plan); err == nil || !strings.Contains(err.Error(), "carries no marker") {
		t.Errorf("written without a marker: %v", err)
	}
	s.claimed()
	s.mend()
	if got := admin(t, s.second).HGet(t.Context(), cache.ClaimsKey, "gone").Val(); !strings.Contains(got, `"tombstone":true`) {
		t.Errorf("the tombstone is %q", got)
	}
}

// Users that are gone while the records stand, such as on a replica: the record says that they once stood.
func TestUsersThatAreGone(t *testing.T) {
	t.Parallel()
	primary := stacktest.NewRedis(t, stack.RedisOptions{})
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: primary})
	linked(t, replica)
	s := &stage{first: primary, second: replica, rig: open(t, nil, primary, replica).claimed()}
	s.convergePlane()
	s.tenants = append(s.tenants, s.onboard("acme"))
	s.expect("clean")
	must(t, os.WriteFile(aclFile(t, replica), []byte("user "+replica.AdminUser+" on >"+replica.AdminPassword+" ~* &* +@all\nuser default off\n"), 0o600))
	must(t, replica.Restart(t.Context()))
	addOperator(t, replica)
	linked(t, replica)
	text := s.expect("restarted", "acme|Warning|Missing||user tenant-acme on second", "acme|Info|Changed||user tenant-acme on second on disk",
		"|Warning|Missing||user app on second", "|Info|Changed||user app on second on disk")
	if !strings.Contains(text, "stood here and is gone") {
		t.Errorf("messages do not say that they once stood:\n%s", text)
	}
	s.mend()
}

// A replica that nobody declared has users that nobody closes.
func TestAReplicaThatIsNoNode(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	replica := stacktest.NewRedis(t, stack.RedisOptions{ReplicaOf: s.first})
	linked(t, replica)
	text := s.expect("undeclared", "|Warning|Hazard|replica-not-among-nodes|replicas of first")
	if !strings.Contains(text, replica.Addr()) || !strings.Contains(text, "redis.nodes") {
		t.Errorf("the message names neither the replica nor the remedy: %s", text)
	}
	addOperator(t, replica)
	s.cfg.Nodes = append(s.cfg.Nodes, replica.Addr())
	s.reopen()
	_, plan := s.audit()
	must(t, s.Apply(t.Context(), plan))
	s.expect("declared")
	replica.Kill()
	await(t, "the primary to notice", func() bool {
		return strings.Contains(admin(t, s.first).Info(t.Context(), "replication").Val(), "connected_slaves:0")
	})
	if _, err := s.DiffPlane(t.Context(), plane.Fresh); plane.CauseOf(err) != plane.Unreachable {
		t.Errorf("a replica that is away: %s", summary(err))
	}
}

// While users cannot be saved, memory and file differ: that stays a finding, and goes with the save.
func TestUsersThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	file := aclFile(t, s.second)
	must(t, os.Remove(file))
	must(t, os.Mkdir(file, 0o700)) // a file does not replace a directory
	run(t, s.second, "ACL SETUSER tenant-acme +keys")
	_, plan := s.audit()
	if err := s.Apply(t.Context(), plan); plane.CauseOf(err) != plane.ApplyFailed || !strings.Contains(err.Error(), "ACL SAVE failed on "+s.second.Addr()) {
		t.Errorf("got %s", summary(err))
	}
	text := s.expect("not saved", "acme|Warning|Changed||user tenant-acme on second on disk")
	if !strings.Contains(text, "run ACL SAVE") {
		t.Errorf("no remedy: %s", text)
	}
	must(t, os.Remove(file))
	s.mend()
}

func TestDataThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	c := admin(t, s.second)
	file := filepath.Join(filepath.Dir(aclFile(t, s.second)), "dump.rdb")
	must(t, os.RemoveAll(file))
	must(t, os.Mkdir(file, 0o700)) // a file does not replace a directory
	save := func(want string) {
		t.Helper()
		must(t, c.BgSave(t.Context()).Err())
		await(t, "the save", func() bool {
			info := c.Info(t.Context(), "persistence").Val()
			return strings.Contains(info, "rdb_bgsave_in_progress:0") && strings.Contains(info, "rdb_last_bgsave_status:"+want)
		})
	}
	save("err")
	text := s.expect("cannot be saved", "|Warning|Hazard|data-not-saved|data of second")
	if remedyIn(text) != "BGSAVE" {
		t.Errorf("no remedy: %s", text)
	}
	must(t, os.Remove(file))
	save("ok")
	s.expect("saved")
}

// The operator's user without a password lets everybody in.
func TestOperatorWithoutAPassword(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	run(t, s.second, "ACL SETUSER "+operatorUser+" nopass")
	text := s.expect("no password", "|Critical|Hazard|operator-user-open|user "+operatorUser+" on second")
	run(t, s.second, remedyIn(text)+" >"+operatorPassword.Reveal())
	s.expect("with its password")
}

// Versions are judged by their numbers where tenants may run scripts, and told as a capability where not.
func TestServerFlaws(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	for _, scripts := range []string{cache.Deny, cache.Allow} {
		r := open(t, func(c *redis.Config) { c.Spec.Scripts = scripts }, server).claimed()
		described, err := r.Describe(t.Context())
		must(t, err)
		whole, err := r.DiffPlane(t.Context(), plane.Fresh)
		must(t, err)
		var checks []string
		for _, f := range whole.Hazards {
			checks = append(checks, f.Check)
		}
		open := len(cache.Spec{}.Flaws(cache.Version{Number: described.Version})) > 0
		told := strings.Contains(strings.Join(described.Capabilities, "\n"), "CVE-")
		if got, want := slices.Contains(checks, cache.CheckFlaw), open && scripts == cache.Allow; got != want {
			t.Errorf("scripts: %s on %s: hazard %t, want %t", scripts, described.Version, got, want)
		}
		if want := open && scripts == cache.Deny; told != want {
			t.Errorf("scripts: %s on %s: told %t, want %t", scripts, described.Version, told, want)
		}
	}
}

// aclFile is where a server keeps its users.
func aclFile(t testing.TB, server *stack.Redis) string {
	t.Helper()
	c := admin(t, server)
	dir := c.ConfigGet(t.Context(), "dir").Val()["dir"]
	file := c.ConfigGet(t.Context(), "aclfile").Val()["aclfile"]
	if file == "" {
		t.Fatal("the server has no aclfile")
	}
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}
