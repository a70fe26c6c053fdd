package trial

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// track is what is remembered of one attempt, by its words, from round to round.
type track struct {
	// crossing is open until it is proved closed; nil for none.
	crossing *Attempt
	// voids counts how often in a row it could not be judged while the control of its layer passed.
	voids int
	// wavers has a bit for each of the last eight rounds in which it got through at one of two tries.
	wavers uint8
}

// tooOften is in how many of the last eight rounds a boundary may waver before that is a crossing.
const tooOften = 2

// step is the machine of one attempt: what is known after a round in which now came of it, nil where it was not tried.
//
//   - Failed opens a crossing. So does wavering twice in eight rounds.
//   - Passed closes it, which takes the control of its sheet, unless it wavers.
//   - Void, and not being tried, close nothing: who got through could see to either.
func (t track) step(now *Attempt, broken bool) track {
	if now == nil {
		return track{crossing: t.crossing, wavers: t.wavers}
	}
	next := track{crossing: t.crossing, voids: t.voids, wavers: t.wavers << 1}
	if now.Wavered {
		next.wavers |= 1
	}
	switch now.Result {
	case Failed:
		next.crossing, next.voids = now, 0
	case Passed:
		next.voids = 0
		if !next.wavering() {
			next.crossing = nil
		}
	case Void:
		if next.crossing == nil && now.Wavered && next.wavering() {
			a := *now
			a.Result, a.Answer, a.Wavered = Failed, "it got through at one of two tries, in more than one round", false
			next.crossing = &a
		}
		if !broken && !now.Control && !now.Idle {
			next.voids++
		}
	}
	return next
}

func (t track) wavering() bool { return bits.OnesCount8(t.wavers) >= tooOften }

// tracks are those of one layer after one more round.
func nextTracks(before map[string]track, attempts []Attempt, broken bool) map[string]track {
	next := map[string]track{}
	for i := range attempts {
		next[attempts[i].Words] = before[attempts[i].Words].step(&attempts[i], broken)
	}
	open := tried(attempts)
	for words, t := range before {
		if _, again := next[words]; again {
			continue
		}
		if broken { // it says nothing of those that it did not come to
			next[words] = t
			continue
		}
		t = t.step(nil, broken)
		if t.crossing != nil && t.crossing.Closed && open {
			t.crossing = nil // access is meant to be open again
		}
		if t.crossing != nil || t.wavers != 0 && len(attempts) > 0 {
			next[words] = t
		}
	}
	return next
}

// tried says that a round was one of a tenant whose access is open.
func tried(attempts []Attempt) bool {
	return slices.ContainsFunc(attempts, func(a Attempt) bool { return !a.Control && !a.Closed })
}

// overlay shows open crossings in place of what a round could not judge, and none that is closed.
func overlay(shown, round []Attempt, tracks map[string]track) []Attempt {
	var out []Attempt
	seen := map[string]bool{}
	for _, a := range shown {
		if crossing := tracks[a.Words].crossing; crossing != nil {
			a = *crossing
		} else if i := slices.IndexFunc(round, func(b Attempt) bool { return b.Words == a.Words }); a.Result == Failed && i >= 0 {
			a = round[i]
		}
		seen[a.Words] = true
		out = append(out, a)
	}
	for _, words := range slices.Sorted(maps.Keys(tracks)) {
		if crossing := tracks[words].crossing; crossing != nil && !seen[words] {
			out = append(out, *crossing)
		}
	}
	return out
}

// Restored is the outcome that begins with crossings which an earlier process saw.
func Restored(crossings []Attempt) Outcome {
	o := Outcome{}
	for _, a := range crossings {
		o = o.Next(map[boundary.Layer][]Attempt{a.Layer: append(slices.Clone(o.Layers[a.Layer]), a)})
	}
	return o
}

// crossingMessage of whom, words, answer and remedy.
const crossingMessage = "a live probe as %s got through: it %s (%s). %s"

// Recall makes an attempt of a finding that says it got through, so that a restart forgets no crossing. What was added of an
// acceptance that expired is left off: it is added anew. false where the finding is no crossing.
func Recall(f boundary.Finding) (Attempt, bool) {
	words, crossing := strings.CutPrefix(f.Object, crossingObject)
	if !crossing {
		return Attempt{}, false
	}
	a := Attempt{Layer: f.Layer, Words: words, Severity: f.Severity, Result: Failed, Answer: "seen before a restart"}
	message, _, _ := strings.Cut(f.Message, "; it was accepted (")
	if rest, ok := strings.CutPrefix(message, fmt.Sprintf("a live probe as %s got through: it %s (", who(f.Tenant), words)); ok {
		if answer, remedy, ok := strings.Cut(rest, "). "); ok {
			a.Answer, a.Remedy = answer, remedy
		}
	}
	return a, true
}
