package trial_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

func wavered(a *trial.Attempt) { a.Unproven("one of two tries"); a.Wavered = true }
func idle(a *trial.Attempt)    { a.Held(); a.Nothing("no rows") }

// rounds by letter: Passed, Failed, Void, Wavered, Idle; Broken control, - not tried, 0 access closed and held, X closed but open.
var rounds = map[rune]func() []trial.Attempt{
	'P': func() []trial.Attempt { return sheet(held, held, held) },
	'F': func() []trial.Attempt { return sheet(held, crossed, held) },
	'V': func() []trial.Attempt { return sheet(held, unknown, held) },
	'W': func() []trial.Attempt { return sheet(held, wavered, held) },
	'I': func() []trial.Attempt { return sheet(held, idle, held) },
	'B': func() []trial.Attempt { return trial.Broken(boundary.Cache, "Unreachable") },
	'C': func() []trial.Attempt { return sheet(unknown, held, held) },
	'-': func() []trial.Attempt { return nil },
	'0': func() []trial.Attempt { return closedSheet(held) },
	'X': func() []trial.Attempt { return closedSheet(crossed) },
}

func closedSheet(f func(*trial.Attempt)) []trial.Attempt {
	s := trial.NewSheet(boundary.Cache)
	s.Control("answers").Held()
	a := s.Negative("opens", boundary.Critical)
	a.Closed = true
	f(a)
	return s.Attempts()
}

// Only a proven refusal closes a crossing; what cannot be judged for long is a finding.
func TestTheMachineOfAnAttempt(t *testing.T) {
	const open, unjudged, broken = "probe-crossed probe: reads others", "probe-unproven unproven: reads others", "probe-unproven probe"
	for story, want := range map[string][]string{
		"F": {open}, "FP": nil, "PF": {open}, "FFP": nil,
		"FV": {open}, "FVVVV": {open}, "FB": {open}, "FBBB": {open, broken}, "FBBBBP": nil, "FCCC": {open, broken}, "FI": {open},
		"F-": {open}, "F----": {open}, "F--P": nil, "F-B": {open}, "F0": {open}, "F0P": nil,
		"X": {"probe-crossed probe: opens"}, "XP": nil, "X0": nil, "XB": {"probe-crossed probe: opens"}, "X-": {"probe-crossed probe: opens"},
		"W": nil, "WP": nil, "WW": {open}, "WPPPW": {open}, "WWP": {open}, "WWPPPPPPPP": nil, "WPPPPPPPPW": nil, "FW": {open},
		"VV": nil, "VVV": {unjudged}, "VVVV": {unjudged}, "VVPV": nil, "VVVP": nil, "VVBV": {unjudged}, "IIIII": nil, "BBB": {broken}, "BBBP": nil,
	} {
		t.Run(story, func(t *testing.T) {
			var o trial.Outcome
			for _, letter := range story {
				round := map[boundary.Layer][]trial.Attempt{}
				if attempts := rounds[letter](); attempts != nil {
					round[boundary.Cache] = attempts
				}
				o = o.Next(round)
			}
			var got []string
			for _, f := range o.Findings(boundary.Cache, "acme") {
				got = append(got, f.Check+" "+f.Object)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s", diff, summary(o))
			}
			if o.Crossed() != strings.Contains(fmt.Sprint(want), "crossed") {
				t.Errorf("crossed is %v", o.Crossed())
			}
		})
	}
}

func TestARestartForgetsNoCrossingThoughNothingCanBeAsked(t *testing.T) {
	first := trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: sheet(held, crossed, held)})
	want := first.Findings(boundary.Cache, "acme")
	expired := boundary.Accept(want, []boundary.Acceptance{{ID: want[0].ID(), Object: want[0].Object, Expires: "x"}}, time.Time{})
	a, ok := trial.Recall(expired[0])
	if !ok {
		t.Fatal("it is no crossing")
	}
	o := trial.Restored([]trial.Attempt{a}).Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: trial.Broken(boundary.Cache, "away")})
	if diff := cmp.Diff(want, o.Findings(boundary.Cache, "acme")); diff != "" {
		t.Error(diff)
	}
}
