package harness

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Suite is a testing.TB for what all tests of a package share: its cleanups run when Close is called, from TestMain, and not
// at the end of the test that happened to need it first. That test is the one that fails if something cannot be made.
type Suite struct {
	testing.TB

	mu       sync.Mutex
	cleanups []func()
	closing  bool
	failed   bool
}

// NewSuite makes a Suite while the given test runs.
func NewSuite(first testing.TB) *Suite { return &Suite{TB: first} }

// Context outlives every test.
func (s *Suite) Context() context.Context { return context.Background() }

// Cleanup runs f at Close, the last one first.
func (s *Suite) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

// Errorf fails the first test while it runs, and the whole package from Close on.
func (s *Suite) Errorf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.TB.Errorf(format, args...)
		return
	}
	s.failed = true
	fmt.Fprintf(os.Stderr, "after the tests: "+format+"\n", args...)
}

// Close runs the cleanups and says whether all went well.
func (s *Suite) Close() bool {
	s.mu.Lock()
	s.closing = true
	todo := s.cleanups
	s.mu.Unlock()
	for i := len(todo) - 1; i >= 0; i-- {
		todo[i]()
	}
	return !s.failed
}
