// Package stacktest hands the servers of the local stack to tests.
//
// A server is started when the first test asks for it and shared by all tests of the process, unless it was asked for
// with New…, for tests that stop or reconfigure it. Call [Main] from TestMain, so that the shared ones are stopped at the
// end:
//
//	func TestMain(m *testing.M) { stacktest.Main(m) }
//
// A missing program fails the test with the command that installs it; nothing is ever skipped.
package stacktest

import (
	"os"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
)

// Main runs the tests, stops the shared servers and exits with the tests' code.
func Main(m *testing.M) {
	code := m.Run()
	servers.stop()
	os.Exit(code)
}

// RepoRoot returns the directory of the repository.
func RepoRoot(t testing.TB) string {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// server is anything that the stack started.
type server interface{ Stop() }

// registry holds the shared servers of this process by what was asked for.
type registry struct {
	mu      sync.Mutex
	entries map[string]*entry
	order   []*entry // as started; stopped in reverse
}

type entry struct {
	once   sync.Once
	server server
	err    error
}

var servers = registry{entries: map[string]*entry{}}

func (r *registry) entry(key string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[key] == nil {
		r.entries[key] = &entry{}
		r.order = append(r.order, r.entries[key])
	}
	return r.entries[key]
}

func (r *registry) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.order) - 1; i >= 0; i-- {
		if e := r.order[i]; e.server != nil {
			e.server.Stop()
		}
	}
}

// shared returns the server that belongs to key, starting it once. Every test that asks for a server which could not
// be started fails with the reason.
func shared[S server](t testing.TB, key string, start func() (S, error)) S {
	t.Helper()
	e := servers.entry(key)
	e.once.Do(func() {
		s, err := start()
		if e.err = err; err == nil {
			e.server = s
		}
	})
	if e.err != nil {
		t.Fatal(e.err)
	}
	return e.server.(S)
}

// private starts a server for one test and stops it at the test's end.
func private[S server](t testing.TB, start func() (S, error)) S {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}
