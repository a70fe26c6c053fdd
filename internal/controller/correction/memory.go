// Package correction remembers what was put right, so that whatever another hand changes back over and over is noticed, told,
// and put right ever more slowly instead of at full speed; and what cannot be put right is tried ever more seldom.
package correction

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// Rounds after which a difference that comes back is a fight.
	Rounds = 3
	// MaxWait bounds the pause between two corrections in a fight.
	MaxWait = time.Hour
	// MaxWaitCritical bounds it for what is Critical and for what takes access away: another tenant's data may be open meanwhile.
	MaxWaitCritical = time.Minute
	// MaxRetry bounds the pause after corrections that failed.
	MaxRetry = 5 * time.Minute
	// quiet is what must pass, beyond the pause, without a correction for a difference to be forgotten.
	quiet = 10 * time.Minute
	// most is how many differences are remembered.
	most = 10_000
)

// Subject is whose differences are meant: a plane's own in one layer, or those of one of its Tenants.
type Subject struct {
	Plane string
	Layer boundary.Layer
	// Tenant is the UID of the Tenant; "" for the plane's own.
	Tenant string
}

type key struct {
	Subject

	object string
	kind   boundary.Kind
}

// record is what is known of one difference.
type record struct {
	tenant      string // tenantID, for the finding
	severity    boundary.Severity
	rounds      int // corrections that held until somebody changed it back
	failures    int // corrections in a row that failed
	first, last time.Time
	next        time.Time // no correction before
}

// Memory of corrections. Its zero value is empty and ready; it is safe for concurrent use, and lost with the process: a new
// leader notices a fight anew. nil remembers nothing.
type Memory struct {
	mu sync.Mutex
	of map[key]*record
}

// Split parts a plan into what is to be done now and what waits. Nothing is opened or removed while something waits: those
// changes rest on the ones before them.
func (m *Memory) Split(s Subject, p boundary.Plan, now time.Time) (due, held boundary.Plan) {
	if m == nil {
		return p, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range p {
		r := m.of[keyOf(s, c)]
		waits := r != nil && now.Before(r.until(c))
		if waits || len(held) > 0 && (c.Phase == boundary.PhaseOpen || c.Phase == boundary.PhaseRemove) {
			held = append(held, c)
		} else {
			due = append(due, c)
		}
	}
	return due, held
}

// Corrected notes that a plan was carried out and holds. base is the pause before the fourth round; it doubles with each.
func (m *Memory) Corrected(s Subject, p boundary.Plan, base time.Duration, now time.Time) {
	m.note(s, p, now, func(r *record) {
		r.rounds++
		r.failures = 0
		if r.rounds >= Rounds {
			r.next = now.Add(doubled(base, r.rounds-Rounds, longest(r.severity)))
		}
	})
}

// Failed notes that a plan could not be carried out. base is the pause before it is tried again; it doubles with each failure.
func (m *Memory) Failed(s Subject, p boundary.Plan, base time.Duration, now time.Time) {
	m.note(s, p, now, func(r *record) {
		r.failures++
		r.next = now.Add(doubled(base, r.failures-1, min(MaxRetry, longest(r.severity))))
	})
}

func (m *Memory) note(s Subject, p boundary.Plan, now time.Time, change func(*record)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[key]*record{}
	}
	for k, c := range perObject(s, p) {
		r := m.of[k]
		if r == nil || r.over(now) {
			r = &record{first: now}
			m.of[k] = r
		}
		r.tenant, r.severity, r.last = c.Tenant, c.Severity, now
		change(r)
	}
	m.tidy(now)
}

// Fights are the findings about differences that come back, for one subject.
func (m *Memory) Fights(s Subject, now time.Time) []boundary.Finding {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []boundary.Finding
	for k, r := range m.of {
		if k.Subject == s && r.rounds >= Rounds && !r.over(now) {
			out = append(out, r.finding(k))
		}
	}
	boundary.SortFindings(out)
	return out
}

// Count counts the differences of a plane and layer that come back, Tenants' included.
func (m *Memory) Count(plane string, layer boundary.Layer, now time.Time) int {
	if m == nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for k, r := range m.of {
		if k.Plane == plane && k.Layer == layer && r.rounds >= Rounds && !r.over(now) {
			n++
		}
	}
	return n
}

// Forget drops what is known of a Tenant in every layer, or with an empty UID of a plane's own objects: it is gone, its spec
// changed, or somebody asked for a look at once.
func (m *Memory) Forget(plane, tenant string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.of {
		if k.Plane == plane && k.Tenant == tenant {
			delete(m.of, k)
		}
	}
}

func keyOf(s Subject, c boundary.Change) key { return key{s, c.Object, c.Kind} }

// perObject keeps the worst change of each object and kind: several changes of one object are one correction.
func perObject(s Subject, p boundary.Plan) map[key]boundary.Change {
	out := map[key]boundary.Change{}
	for _, c := range p {
		k := keyOf(s, c)
		if have, ok := out[k]; !ok || c.Severity == boundary.Critical && have.Severity != boundary.Critical {
			out[k] = c
		}
	}
	return out
}

func longest(s boundary.Severity) time.Duration {
	if s == boundary.Critical {
		return MaxWaitCritical
	}
	return MaxWait
}

func doubled(base time.Duration, times int, most time.Duration) time.Duration {
	for range times {
		if base >= most {
			break
		}
		base *= 2
	}
	return min(base, most)
}

// until when a change waits. A difference that was harmless so far may have become Critical: the bound is that of the change.
func (r *record) until(c boundary.Change) time.Time {
	bound := longest(c.Severity)
	if c.Phase == boundary.PhaseClose {
		bound = MaxWaitCritical
	}
	if end := r.last.Add(bound); end.Before(r.next) {
		return end
	}
	return r.next
}

// over says that nobody changed it back for so long that it can be forgotten.
func (r *record) over(now time.Time) bool {
	pause := max(r.next.Sub(r.last), 0)
	return now.Sub(r.last) > 2*pause+quiet
}

func (r *record) finding(k key) boundary.Finding {
	return boundary.Finding{
		Layer: k.Layer, Tenant: r.tenant, Object: k.object, Kind: boundary.Hazard, Severity: boundary.Warning, Check: boundary.CheckFight,
		Message: fmt.Sprintf("another hand changes it back: it was found %s and put right %d times since %s, and is put right ever more slowly "+
			"now. Find out what else manages it (another operator, a script, a configuration file that is loaded again) and stop that, or "+
			"set drift: Report", found(k.kind), r.rounds, r.first.UTC().Format(time.RFC3339)),
	}
}

func found(k boundary.Kind) string {
	switch k {
	case boundary.Missing:
		return "missing"
	case boundary.Unexpected:
		return "beside what should stand"
	case boundary.Changed, boundary.Hazard:
	}
	return "changed"
}

// tidy forgets what is over, and the oldest where there are too many. m.mu is held.
func (m *Memory) tidy(now time.Time) {
	if len(m.of) <= most {
		return
	}
	keys := make([]key, 0, len(m.of))
	for k, r := range m.of {
		if r.over(now) {
			delete(m.of, k)
			continue
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Compare(m.of[a].last.UnixNano(), m.of[b].last.UnixNano()) })
	for _, k := range keys[:max(len(keys)-most*9/10, 0)] {
		delete(m.of, k)
	}
}
