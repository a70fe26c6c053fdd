package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
)

// LogEntry is one entry of a node's ACL LOG: attempts that the server counts together.
type LogEntry struct {
	// ID tells entries apart where the server does (Redis 7.2, Valkey 7.2 and newer); "" where it does not.
	ID string
	// Reason is the server's: command, key, channel or auth. Context: toplevel, multi, lua.
	Reason, Context string
	// Object is the key, the channel or the command. It is what a client sent: never print it.
	Object string
	// Username, of a failed login whatever a client sent.
	Username string
	// Command that was sent, as the server names it.
	Command string
	// Count of attempts so far.
	Count int64
	// At is the last attempt, by the server's clock.
	At time.Time
}

// identity tells entries apart without keeping what they hold. Without an ID several entries may share one.
func (e LogEntry) identity() string {
	if e.ID != "" {
		return e.ID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Reason, e.Context, e.Username, e.Object}, "\x00")))
	return hex.EncodeToString(sum[:])
}

const (
	// logGroup: a server adds an attempt to an entry of the same kind that is at most this old.
	logGroup = time.Minute
	// logBegin: the first look at a node takes what is at most this old.
	logBegin = time.Minute
	// logSlack is how far two readings of one time may differ: servers tell ages, a moment after their clock.
	logSlack = 50 * time.Millisecond
)

// LogMemory is what was last seen of one node's log. The zero value has seen nothing.
type LogMemory struct {
	run  string
	seen map[string][]sighting
}

type sighting struct {
	count int64
	at    time.Time
}

// Fresh returns the entries that are new since the last call, with the attempts that are new as their Count. run is the
// server's run id: another one is another log. now is the server's clock. Logs may be reset by others at any time.
func (m *LogMemory) Fresh(run string, now time.Time, entries []LogEntry) []LogEntry {
	first, known := m.run == "", m.seen
	if m.run != run {
		known = nil
	}
	m.run, m.seen = run, make(map[string][]sighting, len(entries))
	for _, e := range entries {
		m.seen[e.identity()] = append(m.seen[e.identity()], sighting{e.Count, e.At})
	}
	rest := untouched(known, entries)
	var out []LogEntry
	for _, e := range slices.Backward(rest) { // from old to new: the oldest of its kind is the one that grew
		fresh, seen := e, false
		if fresh.Count, seen = grown(known, e); !seen && first && now.Sub(e.At) > logBegin {
			continue
		}
		out = append(out, fresh)
	}
	slices.Reverse(out)
	return out
}

// untouched takes out of known, and leaves out of entries, what stands as it was seen.
func untouched(known map[string][]sighting, entries []LogEntry) (rest []LogEntry) {
	for _, e := range entries {
		same := func(s sighting) bool {
			return s.count == e.Count && (e.ID != "" || near(s.at, e.At))
		}
		if !take(known, e.identity(), same) {
			rest = append(rest, e)
		}
	}
	return rest
}

// grown is how many attempts an entry has more than when it was seen; all of them if it was not.
func grown(known map[string][]sighting, e LogEntry) (more int64, seen bool) {
	more = e.Count
	seen = take(known, e.identity(), func(s sighting) bool {
		added := e.Count - s.count
		fits := added > 0 && (e.ID != "" || e.At.Sub(s.at) <= time.Duration(added)*logGroup+logSlack)
		if fits {
			more = added
		}
		return fits
	})
	return more, seen
}

func take(known map[string][]sighting, identity string, fits func(sighting) bool) bool {
	at := slices.IndexFunc(known[identity], fits)
	if at >= 0 {
		known[identity] = slices.Delete(known[identity], at, at+1)
	}
	return at >= 0
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() <= logSlack }

// Whose says which tenant an entry speaks of, "" for none, and names its user if it is one that Tenantry knows: names of
// others may be whatever a client sent. claimed says whether a tenantID is claimed in the plane: it is asked for logins that
// failed, as anything else was tried by a user that stood.
func (s Spec) Whose(e LogEntry, claimed func(id string) bool) (tenant, user string) {
	if id, ok := strings.CutPrefix(e.Username, tenantUserPrefix); ok {
		if e.Reason != "auth" || claimed(id) {
			return id, e.Username
		}
		return "", ""
	}
	if e.Username != "" && slices.Contains([]string{s.AppUser, s.Operator, "default"}, e.Username) {
		return "", e.Username
	}
	return "", ""
}

// Within says whether a key or channel begins with the prefix of a tenant, and whether with that of the plane.
func (s Spec) Within(object, tenantID string) (own, plane bool) {
	rest, plane := strings.CutPrefix(object, s.KeyPrefix+":")
	return plane && tenantID != "" && strings.HasPrefix(rest, tenantID+":"), plane
}

var commandName = regexp.MustCompile(`^[a-z][a-z0-9_.|-]{0,63}$`)

// CommandName is the entry's command, "other" where the server says something that is no command's name.
func (e LogEntry) CommandName() string {
	name := e.Command
	switch e.Reason {
	case "command":
		name = e.Object
	case "auth":
		return "auth" // clients try with HELLO, then with AUTH
	}
	if name = strings.ToLower(name); commandName.MatchString(name) {
		return name
	}
	return "other"
}
