package trial_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// sheet makes the attempts of one layer: a control and two negatives.
func sheet(control, first, second func(*trial.Attempt)) []trial.Attempt {
	s := trial.NewSheet(boundary.Cache)
	control(s.Control("uses its own"))
	first(s.Negative("reads others", boundary.Critical))
	second(s.Negative("lists", boundary.Warning))
	return s.Attempts()
}

func held(a *trial.Attempt)    { a.Held() }
func untried(*trial.Attempt)   {}
func crossed(a *trial.Attempt) { a.Held(); a.Crossed("on n1", "Do this"); a.Unproven("later") }
func unknown(a *trial.Attempt) { a.Held(); a.Unproven("no answer") }

func summary(o trial.Outcome) string {
	out := []string{fmt.Sprintf("%d/%d/%d", o.Count(trial.Passed), o.Count(trial.Failed), o.Count(trial.Void))}
	for _, a := range o.Evidence(20) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Result, a.Words, a.Answer)))
	}
	return strings.Join(out, "; ")
}

func TestOutcomeOfARound(t *testing.T) {
	for name, c := range map[string]struct {
		attempts []trial.Attempt
		want     string
		proven   bool
		findings []string
	}{
		"all held": {
			sheet(held, held, held), "3/0/0; Passed uses its own; Passed reads others; Passed lists", true, nil,
		},
		"crossed": {
			sheet(held, crossed, held), "2/1/0; Failed reads others on n1; Passed uses its own; Passed lists", true,
			[]string{"Critical probe-crossed a live probe as this tenant got through: it reads others (on n1). Do this"},
		},
		"a weaker crossing": {
			sheet(held, held, crossed), "2/1/0; Failed lists on n1; Passed uses its own; Passed reads others", true,
			[]string{"Warning probe-crossed a live probe as this tenant got through: it lists (on n1). Do this"},
		},
		"without its control nothing is proved": {
			sheet(unknown, held, held), "0/0/3; Void uses its own no answer; Void reads others the positive control failed: no answer; " +
				"Void lists the positive control failed: no answer", false, nil,
		},
		"a crossing counts without a control": {
			sheet(unknown, crossed, held), "0/1/2; Failed reads others on n1; Void uses its own no answer; " +
				"Void lists the positive control failed: no answer", false,
			[]string{"Critical probe-crossed a live probe as this tenant got through: it reads others (on n1). Do this"},
		},
		"a control that was not tried proves nothing": {
			sheet(untried, held, untried), "0/0/2; Void uses its own it was not tried; Void reads others the positive control failed: ", false, nil,
		},
		"one that cannot be judged": {
			sheet(held, unknown, held), "2/0/1; Void reads others no answer; Passed uses its own; Passed lists", true, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: c.attempts})
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(summary(o))); diff != "" {
				t.Error(diff)
			}
			if o.Proven() != c.proven {
				t.Errorf("proven is %v", o.Proven())
			}
			var findings []string
			for _, f := range o.Findings(boundary.Cache, "acme") {
				findings = append(findings, fmt.Sprintf("%s %s %s", f.Severity, f.Check, f.Message))
			}
			if diff := cmp.Diff(c.findings, findings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAServerThatIsAwayForAMomentRewritesNothingAndForLongProvesNothing(t *testing.T) {
	round := func(a []trial.Attempt) map[boundary.Layer][]trial.Attempt {
		return map[boundary.Layer][]trial.Attempt{boundary.Cache: a, boundary.Rows: nil}
	}
	away := trial.Broken(boundary.Cache, "Unreachable")
	o := trial.Outcome{}.Next(round(sheet(held, held, held)))
	for range 2 {
		o = o.Next(round(away))
		if got := o.Count(trial.Passed); got != 3 || o.Proven() {
			t.Fatalf("after a moment %d are left, proven %v", got, o.Proven())
		}
	}
	o = o.Next(round(away))
	found := o.Findings(boundary.Cache, "acme")
	if o.Count(trial.Passed) != 0 || len(found) != 1 || found[0].Check != trial.CheckUnproven || found[0].Severity != boundary.Warning {
		t.Fatalf("what was proved long ago still counts: %s %v", summary(o), found)
	}
	if o = o.Next(round(sheet(held, held, held))); o.Count(trial.Passed) != 3 || len(o.Findings(boundary.Cache, "acme")) != 0 {
		t.Fatalf("it does not recover: %s", summary(o))
	}
	if o = o.Next(map[boundary.Layer][]trial.Attempt{}); len(o.Layers) != 0 {
		t.Fatal("a layer that is not tried any more is remembered")
	}
}

func TestACrossingShowsAtOnceThoughNothingElseIsProved(t *testing.T) {
	o := trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: sheet(held, held, held)})
	o = o.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: sheet(unknown, crossed, held)})
	if !o.Crossed() {
		t.Fatal("a crossing waits for its control")
	}
}

func TestCanariesFitTheirPlane(t *testing.T) {
	for _, format := range []string{rows.Text, rows.UUID, rows.Integer} {
		spec := rows.Spec{Plane: "eu-1", Installation: "i", NameKey: []byte("naming"), IDFormat: format}
		pair, again := trial.Canaries(format, spec, []byte("key")), trial.Canaries(format, spec, []byte("key"))
		other := trial.Canaries(format, spec, []byte("another key"))
		for i, c := range pair {
			if err := spec.CheckID(c.ID); err != nil {
				t.Errorf("%s: %v", format, err)
			}
			if len(c.ID) > 36 || !trial.Reserved(c.ID, format) {
				t.Errorf("%s: %q is too long, or not reserved", format, c.ID)
			}
			for _, layer := range []boundary.Layer{boundary.Rows, boundary.Cache} {
				secret := c.Credentials[layer].Secret
				if secret != again[i].Credentials[layer].Secret || secret == other[i].Credentials[layer].Secret || len(secret) != 64 {
					t.Errorf("%s: the password of %s in %s does not follow from the key alone", format, c.ID, layer)
				}
			}
		}
		if pair[0].ID == pair[1].ID || pair[0].Credentials[boundary.Rows] == pair[1].Credentials[boundary.Rows] ||
			pair[0].Credentials[boundary.Rows].Secret == pair[0].Credentials[boundary.Cache].Secret {
			t.Errorf("%s: the canaries share something", format)
		}
	}
	if trial.Reserved("acme", rows.Text) || trial.Reserved("tenantry-canary-1", rows.UUID) {
		t.Error("an id is reserved that no canary of the plane has")
	}
}
