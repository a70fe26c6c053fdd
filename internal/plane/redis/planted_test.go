package redis_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// stage is a plane of two primaries with two open tenants, one that is suspended and one that is gone, all settled.
type stage struct {
	*rig
	first, second *stack.Redis
	tenants       []boundary.Tenant
}

func newStage(t *testing.T, change func(*redis.Config)) *stage {
	t.Helper()
	s := &stage{first: stacktest.NewRedis(t, stack.RedisOptions{}), second: stacktest.NewRedis(t, stack.RedisOptions{})}
	s.rig = open(t, change, s.first, s.second).claimed()
	s.convergePlane()
	acme, other, off, gone := s.onboard("acme"), s.onboard("other"), s.onboard("off"), s.onboard("gone")
	off.Access, gone.Access = boundary.Suspended, boundary.Retained
	s.converge(off)
	s.converge(gone)
	s.tenants = []boundary.Tenant{acme, other, off}
	return s
}

// audit looks anew and lists what is found of the plane and of all tenants. Nothing may be written for that.
func (s *stage) audit() (found []boundary.Finding, plan boundary.Plan) {
	s.t.Helper()
	s.calls.reset()
	whole, err := s.DiffPlane(s.t.Context(), plane.Fresh)
	must(s.t, err)
	found, plan = whole.Findings(), whole.Plan
	for _, tenant := range s.tenants {
		d, err := s.DiffTenant(s.t.Context(), tenant, plane.Recent)
		must(s.t, err)
		if d.Conflict != nil {
			s.t.Fatalf("conflict: %s", d.Conflict.Message)
		}
		found, plan = append(found, d.Findings()...), append(plan, d.Plan...)
	}
	if len(s.calls.writes) > 0 {
		s.t.Errorf("an audit wrote: %v", s.calls.writes)
	}
	// The servers' own administrator is one, and is told as such.
	return slices.DeleteFunc(found, func(f boundary.Finding) bool {
		return f.Check == cache.CheckAdministrator && strings.HasPrefix(f.Object, "user "+s.first.AdminUser+" on")
	}), plan
}

// is what a test says of a finding: whose, what, how bad, where.
func (s *stage) is(f boundary.Finding) string {
	object := strings.NewReplacer(s.first.Addr(), "first", s.second.Addr(), "second").Replace(f.Object)
	return strings.Join([]string{f.Tenant, string(f.Severity), string(f.Kind), f.Check, object}, "|")
}

// users lists all rules of both servers.
func (s *stage) users() []string {
	var out []string
	for _, server := range []*stack.Redis{s.first, s.second} {
		lines, err := admin(s.t, server).Do(s.t.Context(), "acl", "list").StringSlice()
		must(s.t, err)
		out = append(out, lines...)
	}
	return out
}

// What somebody did by hand to a tenant's or the application's user is found on the node where it was done, left alone
// by who only looks, and mended by Apply, completely and at once.
func TestPlantedIsFoundAndMended(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	if found, _ := s.audit(); len(found) > 0 {
		t.Fatalf("found on a clean plane: %+v", found)
	}
	clean := s.users()
	const acme, disk = "Changed||user tenant-acme on second", "acme|Info|Changed||user tenant-acme on second on disk"
	tests := map[string]struct {
		plant string
		want  []string
		words string // of the message
	}{
		"another tenant's keys":        {"ACL SETUSER tenant-acme ~ai:other:*", []string{"acme|Critical|" + acme, disk}, "keys reach beyond its own: ~ai:other:*"},
		"another tenant's, to read":    {"ACL SETUSER tenant-acme %R~ai:other:*", []string{"acme|Critical|" + acme, disk}, "%R~ai:other:*"},
		"another tenant's, to write":   {"ACL SETUSER tenant-acme %W~ai:other:*", []string{"acme|Critical|" + acme, disk}, "%W~ai:other:*"},
		"all keys":                     {"ACL SETUSER tenant-acme allkeys", []string{"acme|Critical|" + acme, disk}, "~*"},
		"a prefix without delimiter":   {"ACL SETUSER tenant-acme ~ai:acme*", []string{"acme|Critical|" + acme, disk}, "~ai:acme*"},
		"a class that widens":          {"ACL SETUSER tenant-acme ~ai:acm[e:*", []string{"acme|Critical|" + acme, disk}, "~ai:acm[e:*"},
		"only reading its own":         {"ACL SETUSER tenant-acme resetkeys %R~ai:acme:*", []string{"acme|Warning|" + acme, disk}, "keys are not those"},
		"no keys":                      {"ACL SETUSER tenant-acme resetkeys", []string{"acme|Warning|" + acme, disk}, "none"},
		"another tenant's channels":    {"ACL SETUSER tenant-acme &ai:other:*", []string{"acme|Critical|" + acme, disk}, "channels reach beyond its own: ai:other:*"},
		"all channels":                 {"ACL SETUSER tenant-acme allchannels", []string{"acme|Critical|" + acme, disk}, "channels reach beyond"},
		"no channels":                  {"ACL SETUSER tenant-acme resetchannels", []string{"acme|Warning|" + acme, disk}, "channels are not those"},
		"a selector":                   {"ACL SETUSER tenant-acme (~* +get)", []string{"acme|Critical|" + acme, disk}, "selectors"},
		"any password":                 {"ACL SETUSER tenant-acme nopass", []string{"acme|Critical|" + acme, disk}, "any password"},
		"a second password":            {"ACL SETUSER tenant-acme >known", []string{"acme|Warning|" + acme, disk}, "did not set"},
		"another password":             {"ACL SETUSER tenant-acme resetpass >known", []string{"acme|Warning|" + acme, disk}, "lacks its password"},
		"no password":                  {"ACL SETUSER tenant-acme resetpass", []string{"acme|Warning|" + acme, disk}, "lacks its password"},
		"trusted payloads":             {"ACL SETUSER tenant-acme skip-sanitize-payload", []string{"acme|Warning|" + acme, disk}, "RESTORE"},
		"off":                          {"ACL SETUSER tenant-acme off", []string{"acme|Warning|" + acme, disk}, "is off"},
		"everything":                   {"ACL SETUSER tenant-acme ~* &* +@all", []string{"acme|Critical|" + acme, disk}, "commands that are not granted"},
		"listing keys":                 {"ACL SETUSER tenant-acme +scan", []string{"acme|Critical|" + acme, disk}, "not granted: scan"},
		"sorting by others' keys":      {"ACL SETUSER tenant-acme +sort", []string{"acme|Critical|" + acme, disk}, "sort"},
		"flushing":                     {"ACL SETUSER tenant-acme +flushall", []string{"acme|Critical|" + acme, disk}, "flushall"},
		"other databases":              {"ACL SETUSER tenant-acme +select", []string{"acme|Critical|" + acme, disk}, "select"},
		"scripts":                      {"ACL SETUSER tenant-acme +eval", []string{"acme|Critical|" + acme, disk}, "eval"},
		"a category":                   {"ACL SETUSER tenant-acme +@dangerous", []string{"acme|Critical|" + acme, disk}, "commands that are not granted"},
		"a command taken":              {"ACL SETUSER tenant-acme -get", []string{"acme|Warning|" + acme, disk}, "lacks commands: get"},
		"reset":                        {"ACL SETUSER tenant-acme reset", []string{"acme|Warning|" + acme, disk}, "closed"},
		"deleted":                      {"ACL DELUSER tenant-acme", []string{"acme|Warning|Missing||user tenant-acme on second", disk}, "stood here and is gone"},
		"a suspended tenant on":        {"ACL SETUSER tenant-off on >known", []string{"off|Info|Changed||user tenant-off on second on disk", "off|Warning|Changed||user tenant-off on second"}, "must be off"},
		"a suspended tenant's keys":    {"ACL SETUSER tenant-off ~ai:other:*", []string{"off|Critical|Changed||user tenant-off on second", "off|Info|Changed||user tenant-off on second on disk"}, "beyond its own"},
		"the application, every key":   {"ACL SETUSER app ~*", []string{"|Info|Changed||user app on second on disk", "|Warning|Changed||user app on second"}, "~*"},
		"the application, any command": {"ACL SETUSER app +@all", []string{"|Info|Changed||user app on second on disk", "|Warning|Changed||user app on second"}, "commands that are not granted"},
		"the application, no password": {"ACL SETUSER app nopass", []string{"|Critical|Changed||user app on second", "|Info|Changed||user app on second on disk"}, "any password"},
		"the application deleted":      {"ACL DELUSER app", []string{"|Info|Changed||user app on second on disk", "|Warning|Missing||user app on second"}, "stood here and is gone"},
		"a claim deleted":              {"HDEL {tenantry}:claims acme", []string{"acme|Warning|Missing||claim on tenantID acme in second", "|Warning|Hazard|tenant-user-without-claim|user tenant-acme on second"}, "no claim stands"},
		"a tombstone deleted":          {"HDEL {tenantry}:claims gone", []string{"|Warning|Missing||tombstones in second"}, "such as gone"},
		"what was saved forgotten":     {"HDEL {tenantry}:saved tenant-acme@SECOND", []string{"acme|Warning|Changed||user tenant-acme on second on disk"}, "ACL SAVE"},
		"what was saved, forged":       {"HSET {tenantry}:saved tenant-acme@SECOND x", []string{"acme|Warning|Changed||user tenant-acme on second on disk"}, "ACL SAVE"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, s.second, strings.ReplaceAll(test.plant, "SECOND", s.second.Addr()))
			planted := s.users()
			found, plan := s.audit()
			var got []string
			text := ""
			for _, f := range found {
				got, text = append(got, s.is(f)), text+f.Message+"\n"
			}
			slices.Sort(got)
			if diff := cmp.Diff(sorted(test.want), got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if !strings.Contains(text, test.words) {
				t.Errorf("messages do not say %q:\n%s", test.words, text)
			}
			if diff := cmp.Diff(planted, s.users()); diff != "" {
				t.Errorf("somebody who only looks has changed something:\n%s", diff)
			}
			must(t, s.Apply(t.Context(), plan))
			if found, _ := s.audit(); len(found) > 0 {
				t.Errorf("still found after Apply: %+v", found)
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(clean)), slices.Sorted(slices.Values(s.users()))); diff != "" {
				t.Errorf("users are not as before (-want +got):\n%s", diff)
			}
		})
	}
}

// A name may hold anything but spaces and zero bytes. redis-cli, given the remedy as it stands, changes that user and no other.
func TestRemediesNameTheUserTheyMean(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	before := len(s.users())
	for _, name := range []string{"plain", "x;FLUSHALL", "$(id)`id`", `a"b'c\d`, "esc\x1b[31m\x01", "\u202e\xff", `"quoted"`, `\x41`} {
		c := admin(t, s.second)
		must(t, c.Do(t.Context(), "acl", "setuser", name, "on", ">x", "~*", "+get").Err())
		must(t, c.Do(t.Context(), "acl", "setuser", "tenant-"+name, "on", ">x").Err())
		found, _ := s.audit()
		if len(found) != 2 {
			t.Errorf("%q: found %+v", name, found)
		}
		for _, f := range found {
			command := regexp.MustCompile(`ACL (SETUSER|DELUSER) [^ ,]+( resetkeys resetchannels)?`).FindString(f.Message)
			if err := c.Do(t.Context(), cliWords(t, command)...).Err(); err != nil {
				t.Errorf("%q: %s: %v", name, command, err)
			}
		}
		if found, _ := s.audit(); len(found) > 0 {
			t.Errorf("%q: still found after the remedies: %+v", name, found)
		}
		if n, err := c.Do(t.Context(), "acl", "deluser", name).Int(); n != 1 || err != nil {
			t.Errorf("%q: its name does not stand: %v", name, err)
		}
	}
	if left := s.users(); len(left) != before {
		t.Errorf("users that nobody made: %v", left)
	}
}

// cliWords splits a line as redis-cli does (sdssplitargs), of what double quotes may hold only \xHH.
func cliWords(t *testing.T, line string) (words []any) {
	t.Helper()
	if strings.ContainsAny(line, "\n'") {
		t.Fatalf("no single line: %q", line)
	}
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, `"`) {
			unquoted, err := strconv.Unquote(word)
			must(t, err)
			word = unquoted
		}
		words = append(words, word)
	}
	return words
}

// remedy is the command in a message, without what only its reader can fill in.
var remedy = regexp.MustCompile(`(ACL SETUSER|ACL DELUSER|CONFIG SET|BGSAVE)[^;,.]*|SET \{.*`)

func remedyIn(message string) string {
	text := remedy.FindString(message)
	for _, end := range []string{" and ", " on ", " there"} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimSpace(text)
}

// What Tenantry does not own is reported with the command that mends it: run as it stands in the message, it does. Apply
// leaves it alone.
func TestPlantedHazardsTellTheirRemedy(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	tests := map[string]struct {
		plant, undo string // undo what the remedy does not
		want        []string
	}{
		"default open": {"ACL SETUSER default on nopass ~* &* +@all", "ACL SETUSER default reset off",
			[]string{"|Critical|Hazard|default-user-open|user default on second"}},
		"default open for one command": {"ACL SETUSER default on nopass +ping", "ACL SETUSER default reset off",
			[]string{"|Critical|Hazard|default-user-open|user default on second"}},
		"everybody's keys": {"ACL SETUSER report on >x ~* +get", "ACL DELUSER report",
			[]string{"|Warning|Hazard|user-reaches-tenants|user report on second"}},
		"everybody's keys, by a selector": {"ACL SETUSER report on >x (~ai:* +get)", "ACL DELUSER report",
			[]string{"|Warning|Hazard|user-reaches-tenants|user report on second"}},
		"everybody's keys, any password": {"ACL SETUSER report on nopass %R~ai:*:notes +get", "ACL DELUSER report",
			[]string{"|Critical|Hazard|user-reaches-tenants|user report on second"}},
		"everybody's channels": {"ACL SETUSER bus on >x &* +subscribe", "ACL DELUSER bus",
			[]string{"|Warning|Hazard|user-reaches-tenants|user bus on second"}},
		"a tenant's keys": {"ACL SETUSER legacy on >x ~ai:acme:* +get", "ACL DELUSER legacy",
			[]string{"acme|Warning|Hazard|user-reaches-tenants|user legacy on second"}},
		"keys that overlap two tenants": {"ACL SETUSER legacy on >x ~ai:a* ~ai:o* +get", "ACL DELUSER legacy",
			[]string{"acme|Warning|Hazard|user-reaches-tenants|user legacy on second", "off|Warning|Hazard|user-reaches-tenants|user legacy on second",
				"other|Warning|Hazard|user-reaches-tenants|user legacy on second"}},
		"a tenant's keys, any password": {"ACL SETUSER legacy on nopass ~ai:acme:* +get", "ACL DELUSER legacy",
			[]string{"acme|Critical|Hazard|user-reaches-tenants|user legacy on second"}},
		"an administrator, any password": {"ACL SETUSER ops on nopass ~* &* +@all", "ACL DELUSER ops",
			[]string{"|Critical|Hazard|user-administers|user ops on second"}},
		"watching every command": {"ACL SETUSER spy on >x +monitor", "ACL DELUSER spy",
			[]string{"|Warning|Hazard|user-beyond-patterns|user spy on second"}},
		"flushing, by a selector": {"ACL SETUSER tool on >x ~web:* (+flushall +swapdb)", "ACL DELUSER tool",
			[]string{"|Warning|Hazard|user-beyond-patterns|user tool on second"}},
		"a tenant that nobody made": {"ACL SETUSER tenant-ghost on >x ~ai:ghost:* +get", "",
			[]string{"|Warning|Hazard|tenant-user-without-claim|user tenant-ghost on second"}},
		"a tenant that nobody made, on another's keys": {"ACL SETUSER tenant-ghost on >x ~ai:acme:* ~ai:ghost:* +get", "",
			[]string{"acme|Warning|Hazard|user-reaches-tenants|user tenant-ghost on second",
				"|Warning|Hazard|tenant-user-without-claim|user tenant-ghost on second"}},
		"a tenant that is gone": {"ACL SETUSER tenant-gone on >x ~ai:gone:* +get", "",
			[]string{"|Warning|Hazard|tenant-user-without-claim|user tenant-gone on second"}},
		"eviction of any key": {"CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lru", "CONFIG SET maxmemory 0 maxmemory-policy noeviction",
			[]string{"|Warning|Hazard|eviction-takes-claims|memory of second"}},
		"channels for new users": {"CONFIG SET acl-pubsub-default allchannels", "",
			[]string{"|Info|Hazard|new-users-get-all-channels|new users on second"}},
		"a forged marker": {`SET {tenantry}:plane {"plane":"eu-1","installation":"installation","schemaVersion":1,"keyFingerprint":"forged"}`, "",
			[]string{"|Warning|Hazard|marker-changed|marker in second"}},
		"somebody else's marker": {`SET {tenantry}:plane {"plane":"eu-1","installation":"theirs","schemaVersion":1,"keyFingerprint":"keys"}`, "",
			[]string{"|Warning|Hazard|marker-changed|marker in second"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, s.second, test.plant)
			planted := s.users()
			found, plan := s.audit()
			var got []string
			for _, f := range found {
				got = append(got, s.is(f))
			}
			slices.Sort(got)
			if diff := cmp.Diff(sorted(test.want), got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			must(t, s.Apply(t.Context(), plan))
			if diff := cmp.Diff(planted, s.users()); diff != "" {
				t.Errorf("Apply touched what is not Tenantry's:\n%s", diff)
			}
			// One command may close several findings; the second time it must do no harm.
			for _, f := range found {
				command := remedyIn(f.Message)
				if command == "" {
					t.Errorf("no command in %s", f.Message)
					continue
				}
				run(t, s.second, command)
			}
			if found, _ := s.audit(); len(found) > 0 {
				t.Errorf("still found after the remedies: %+v", found)
			}
			if test.undo != "" {
				run(t, s.second, test.undo)
			}
			if found, _ := s.audit(); len(found) > 0 {
				t.Errorf("still found: %+v", found)
			}
		})
	}
}
