package correction

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	acme  = Subject{Plane: "eu-1", Layer: boundary.Cache, Tenant: "uid-acme"}
)

func change(object string, phase boundary.Phase, severity boundary.Severity) boundary.Change {
	return boundary.Change{
		Layer: boundary.Cache, Tenant: "acme", Object: object, Kind: boundary.Changed, Phase: phase, Severity: severity, Summary: "s",
	}
}

// TestFight: whatever is changed back at once is put right at full speed three times, then ever more slowly, up to the bound.
func TestFight(t *testing.T) {
	const base = 15 * time.Second
	for name, tc := range map[string]struct {
		severity boundary.Severity
		want     []time.Duration
	}{
		"Critical": {boundary.Critical, []time.Duration{0, 0, base, 2 * base, MaxWaitCritical, MaxWaitCritical}},
		"Warning":  {boundary.Warning, []time.Duration{0, 0, base, 2 * base, 4 * base, 8 * base}},
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			p, now := boundary.Plan{change("user u", boundary.PhaseBuild, tc.severity)}, start
			for round, want := range tc.want {
				if due, _ := m.Split(acme, p, now); len(due) != 1 {
					t.Fatalf("round %d waits after its pause", round+1)
				}
				m.Corrected(acme, p, base, now)
				if got := len(m.Fights(acme, now)) == 1; got != (round+1 >= Rounds) {
					t.Errorf("after round %d a fight is %t", round+1, got)
				}
				if want > 0 {
					if due, held := m.Split(acme, p, now.Add(want-1)); len(due) != 0 || len(held) != 1 {
						t.Errorf("after round %d it does not wait %v", round+1, want)
					}
				}
				now = now.Add(want)
			}
		})
	}
}

func TestFinding(t *testing.T) {
	var m Memory
	p := boundary.Plan{change("user u", boundary.PhaseBuild, boundary.Critical), change("user u", boundary.PhaseOpen, boundary.Warning)}
	for range 4 {
		m.Corrected(acme, p, time.Second, start)
	}
	got := m.Fights(acme, start)
	if len(got) != 1 || got[0].Check != boundary.CheckFight || got[0].Tenant != "acme" || !strings.Contains(got[0].Message, "4 times since 2026-03-01T12:00:00Z") {
		t.Errorf("%+v", got)
	}
	if n := m.Count("eu-1", boundary.Cache, start); n != 1 {
		t.Errorf("%d fights are counted", n)
	}
	for name, s := range map[string]Subject{
		"another layer":  {"eu-1", boundary.Rows, "uid-acme"},
		"another tenant": {"eu-1", boundary.Cache, "uid-beta"},
		"another plane":  {"us-1", boundary.Cache, "uid-acme"},
	} {
		if got := m.Fights(s, start); len(got) > 0 {
			t.Errorf("%s has %+v", name, got)
		}
	}
}

// TestNothingOpensWhileSomethingWaits: what opens access rests on what was built before it.
func TestNothingOpensWhileSomethingWaits(t *testing.T) {
	var m Memory
	slow := change("policy p", boundary.PhaseBuild, boundary.Warning)
	for range Rounds {
		m.Corrected(acme, boundary.Plan{slow}, time.Minute, start)
	}
	closing, building := change("role r", boundary.PhaseClose, boundary.Critical), change("grant g", boundary.PhaseBuild, boundary.Warning)
	opening, removing := change("role r", boundary.PhaseOpen, boundary.Warning), change("role old", boundary.PhaseRemove, boundary.Info)
	due, held := m.Split(acme, boundary.Plan{closing, slow, building, opening, removing}, start.Add(time.Second))
	if diff := cmp.Diff(boundary.Plan{closing, building}, due); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(boundary.Plan{slow, opening, removing}, held); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	var m Memory
	p, now := boundary.Plan{change("user u", boundary.PhaseBuild, boundary.Warning)}, start
	for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, MaxRetry, MaxRetry} {
		m.Failed(acme, p, time.Minute, now)
		if due, _ := m.Split(acme, p, now.Add(want-1)); len(due) > 0 {
			t.Errorf("failure %d is tried again before %v", i+1, want)
		}
		if due, _ := m.Split(acme, p, now.Add(want)); len(due) == 0 {
			t.Errorf("failure %d is not tried again after %v", i+1, want)
		}
		now = now.Add(want)
	}
	if got := m.Fights(acme, now); len(got) > 0 {
		t.Errorf("what fails is no fight: %+v", got)
	}
}

// TestForgets: quiet ends a fight, and so does whoever changes the spec or asks for a look.
func TestForgets(t *testing.T) {
	p := boundary.Plan{change("user u", boundary.PhaseBuild, boundary.Warning)}
	for name, forget := range map[string]func(*Memory) time.Time{
		"quiet":    func(*Memory) time.Time { return start.Add(2*time.Minute + quiet + 1) },
		"by order": func(m *Memory) time.Time { m.Forget("eu-1", "uid-acme"); return start },
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			for range Rounds {
				m.Corrected(acme, p, time.Minute, start)
			}
			now := forget(&m)
			if got := m.Fights(acme, now); len(got) > 0 {
				t.Errorf("still a fight: %+v", got)
			}
			m.Corrected(acme, p, time.Minute, now)
			if due, _ := m.Split(acme, p, now); len(due) == 0 {
				t.Error("the first round after that waits")
			}
		})
	}
}

func TestBounded(t *testing.T) {
	var m Memory
	for i := range most + most/2 {
		m.Corrected(acme, boundary.Plan{change(fmt.Sprint("user ", i), boundary.PhaseBuild, boundary.Warning)}, time.Second, start.Add(time.Duration(i)))
	}
	if len(m.of) > most {
		t.Errorf("%d are remembered", len(m.of))
	}
	if _, ok := m.of[key{acme, fmt.Sprint("user ", most+most/2-1), boundary.Changed}]; !ok {
		t.Error("the last one was forgotten")
	}
}

// TestHarmlessChangesDelayNothingCritical: many rounds about something harmless leave no long pause for what is found worse, or
// for what closes access.
func TestHarmlessChangesDelayNothingCritical(t *testing.T) {
	for name, now := range map[string]boundary.Change{
		"Critical": change("role r", boundary.PhaseBuild, boundary.Critical),
		"closing":  change("role r", boundary.PhaseClose, boundary.Info),
	} {
		t.Run(name, func(t *testing.T) {
			var m Memory
			for range 12 {
				m.Corrected(acme, boundary.Plan{change("role r", boundary.PhaseBuild, boundary.Info)}, 15*time.Second, start)
			}
			if due, _ := m.Split(acme, boundary.Plan{change("role r", boundary.PhaseBuild, boundary.Info)}, start.Add(30*time.Minute)); len(due) > 0 {
				t.Error("the harmless one does not wait")
			}
			if due, _ := m.Split(acme, boundary.Plan{now}, start.Add(MaxWaitCritical)); len(due) == 0 {
				t.Error("it waits for longer than a minute")
			}
		})
	}
}
