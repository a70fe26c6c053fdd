package aibudget

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// writeEvery is how often the figures of one AIBudget are written at most, but for what must be known at once.
const writeEvery = time.Minute

// memory is what this process remembers of AIBudgets. Losing it costs nothing but a pause.
type memory struct {
	mu sync.Mutex
	of map[types.NamespacedName]*remembered
}

type remembered struct {
	// failing since then; zero where it is not.
	failing time.Time
	// written are the figures in status since then; zero where that is not known.
	written time.Time
}

func (m *memory) entry(name types.NamespacedName) *remembered {
	if m.of == nil {
		m.of = map[types.NamespacedName]*remembered{}
	}
	if m.of[name] == nil {
		m.of[name] = &remembered{}
	}
	return m.of[name]
}

// note records an outcome and returns for how long it has been a failure, zero where it is none.
func (m *memory) note(name types.NamespacedName, failed bool, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entry(name)
	if !failed {
		e.failing = time.Time{}
		return 0
	}
	if e.failing.IsZero() {
		e.failing = now
	}
	return now.Sub(e.failing)
}

// turn says whether figures may be written now. An AIBudget that this process sees for the first time, unless it never had
// any, waits its turn within the first minute, so that a restart does not write a whole fleet at once.
func (m *memory) turn(name types.NamespacedName, never bool, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entry(name)
	if e.written.IsZero() && !never {
		e.written = now.Add(-time.Duration(rand.Int64N(int64(writeEvery)))) //nolint:gosec // jitter
	}
	return never || now.Sub(e.written) >= writeEvery
}

// wrote records that figures are written now.
func (m *memory) wrote(name types.NamespacedName, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entry(name).written = now
}

func (m *memory) forget(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.of, name)
}
