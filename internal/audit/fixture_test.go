package audit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// fakeServer is a server whose readings a test holds in its hands.
type fakeServer struct {
	plane.Server
	layer boundary.Layer
	read  func(ctx context.Context) error

	mu      sync.Mutex
	reading int
	most    int // readings at once
	began   int
}

func (s *fakeServer) Layer() boundary.Layer { return s.layer }
func (s *fakeServer) Close()                {}

func (s *fakeServer) Refresh(ctx context.Context) error {
	s.mu.Lock()
	s.began++
	s.reading++
	s.most = max(s.most, s.reading)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reading--
	}()
	if s.read == nil {
		return nil
	}
	return s.read(ctx)
}

func (s *fakeServer) counts() (began, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began, s.most
}

// telling is a server that tells of changes.
type telling struct {
	*fakeServer
	changed chan func()
}

func (s *telling) Watch(ctx context.Context, changed func()) error {
	s.changed <- changed
	<-ctx.Done()
	return nil
}

// fakeJudge judges as a test says, and remembers whom.
type fakeJudge struct {
	names  []string
	tenant func(name string) (Urgency, error)
	plane  func() bool
}

func (j *fakeJudge) Plane(context.Context, *connect.Plane) bool { return j.plane != nil && j.plane() }

func (j *fakeJudge) Tenants(context.Context, *connect.Plane) ([]string, error) { return j.names, nil }

func (j *fakeJudge) Tenant(_ context.Context, _ *connect.Plane, name string) (Urgency, error) {
	if j.tenant == nil {
		return Settled, nil
	}
	return j.tenant(name)
}

// meter counts outcomes by layer, and rounds by their judgements.
type meter struct {
	mu       sync.Mutex
	outcomes map[string]int
	rounds   int
}

func (m *meter) Audited(_ string, layer boundary.Layer, outcome string, _ time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outcomes[string(layer)+" "+outcome]++
}

func (m *meter) AuditStep(_, step string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if step == "judge" {
		m.rounds++
	}
}

func (m *meter) Woken(string, string) {}

func (m *meter) count(what string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if what == "rounds" {
		return m.rounds
	}
	return m.outcomes[what]
}

// rig is an auditor of plane p with fake servers.
type rig struct {
	*Auditor
	plane *connect.Plane
	meter *meter

	mu    sync.Mutex
	woken []Object
}

// newRig begins to audit at once, every millisecond unless edited.
func newRig(t *testing.T, judge *fakeJudge, servers []plane.Server, edit ...func(*rig)) *rig {
	t.Helper()
	r := &rig{plane: &connect.Plane{Name: "p", Interval: 20 * time.Millisecond}, meter: &meter{outcomes: map[string]int{}}}
	r.Auditor = &Auditor{
		Registry: &connect.Registry{}, Judge: judge, Meter: r.meter, Clock: clock.RealClock{}, Pause: time.Millisecond,
		Wake: func(_ context.Context, o Object) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.woken = append(r.woken, o)
		},
	}
	for _, f := range edit {
		f(r)
	}
	r.Registry.Adopt(r.plane, servers...)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	r.Ensure("p")
	go func() { done <- r.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the audit does not end with its context")
		}
	})
	return r
}

func (r *rig) wokenCount(o Object) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.woken {
		if w == o {
			n++
		}
	}
	return n
}

func (r *rig) wokenTenants() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, w := range r.woken {
		if w.Tenant != "" {
			out = append(out, w.Tenant)
		}
	}
	return slices.Clone(out)
}

// eventually polls until check returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-end:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

func atLeast(what string, have func() int, want int) func() error {
	return func() error {
		if n := have(); n < want {
			return fmt.Errorf("%d %s, want %d", n, what, want)
		}
		return nil
	}
}
