package cache

// Counters are what a node has counted since its start, in INFO commandstats.
type Counters struct {
	// Run is the id of this run of the server.
	Run string
	// Described counts the commands that describe every user: ACL LIST, ACL SAVE, CONFIG REWRITE; those that failed do not
	// count. Changed counts ACL SETUSER and Loaded ACL LOAD; Others are further commands that may change a user.
	Described, Changed, Loaded, Others int64
}

// same says that nobody can have changed a user between two looks.
func (c Counters) same(o Counters) bool {
	return c.Run == o.Run && c.Changed == o.Changed && c.Loaded == o.Loaded && c.Others == o.Others
}

// Pass is how the users of a node are read.
type Pass int

const (
	// PassList reads them with one ACL LIST.
	PassList Pass = iota
	// PassSlices reads them one by one, a slice at a time, between which the server answers others.
	PassSlices
	// PassKept reads nothing: no user has changed since the last pass in slices.
	PassKept
)

const (
	// listAtMost is how many users an ACL LIST may have to describe. Redis 7.0 works a description out of the commands that
	// a user may run (half a millisecond for a tenant's) and keeps it until the user changes.
	listAtMost = 200
	// keptAtMost is how many looks in a row may go by counters alone.
	keptAtMost = 20
)

// PassMemory is what is known of one node's descriptions. The zero value knows nothing.
type PassMemory struct {
	last  Counters
	cold  int
	kept  int
	users map[string]User
}

// Next says how to read the users now; users is how many there are, -1 where the server does not say. Keep must follow.
func (m *PassMemory) Next(v Version, now Counters, users int) Pass {
	same := now.same(m.last)
	m.cold, m.last = m.coldNow(now, users), now
	switch {
	case users < 0 || m.cold <= listAtMost || v.remembersRules():
		return PassList
	case same && m.users != nil && m.kept < keptAtMost:
		m.kept++
		return PassKept
	}
	return PassSlices
}

// coldNow is how many users the server has to describe anew, at most.
func (m *PassMemory) coldNow(now Counters, users int) int {
	changed := int(now.Changed - m.last.Changed)
	switch {
	case now.Run != m.last.Run, now.Loaded != m.last.Loaded, changed < 0, now.Described < m.last.Described:
		return users // another run, or its counters were reset: nothing is known
	case now.Described > m.last.Described:
		return min(users, changed)
	}
	return min(users, m.cold+changed)
}

// Keep remembers what a pass has read.
func (m *PassMemory) Keep(p Pass, users map[string]User) {
	switch p {
	case PassList:
		m.users = nil // the server describes them faster than we compare
	case PassSlices:
		m.users, m.kept = users, 0
	}
}

// Users of the last pass in slices; not to be changed.
func (m *PassMemory) Users() map[string]User { return m.users }

// remembersRules: since Redis 7.2, and in Valkey, a server keeps the words of a rule and never works them out
// (redis/redis#11224).
func (v Version) remembersRules() bool {
	n, ok := numbers(v.Number)
	return v.Valkey || ok && (n[0] > 7 || n[0] == 7 && n[1] >= 2)
}
