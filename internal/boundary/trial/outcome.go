package trial

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Checks of the findings that trials lead to; part of their ids.
const (
	// CheckCrossed: a live attempt crossed a boundary.
	CheckCrossed = "probe-crossed"
	// CheckUnproven: for several rounds nothing could be proved.
	CheckUnproven = "probe-unproven"
)

// Outcome is what is known of one tenant, layer by layer.
type Outcome struct {
	// Layers hold the attempts of the last round that had something to say of them.
	Layers map[boundary.Layer][]Attempt
	// Voids counts how often in a row the control of a layer failed.
	Voids map[boundary.Layer]int
	// tracks of the attempts of each layer, by their words.
	tracks map[boundary.Layer]map[string]track
}

// patience is how many rounds in a row may prove nothing before what was proved before counts no longer.
const patience = 3

// Next is the outcome after one more round. Of a layer that was not tried its open crossings stay; one of which nothing could be
// learned keeps what is known of it for two more rounds, so that a server that is away for a moment rewrites nothing.
func (o Outcome) Next(round map[boundary.Layer][]Attempt) Outcome {
	next := Outcome{Layers: map[boundary.Layer][]Attempt{}, Voids: map[boundary.Layer]int{}, tracks: map[boundary.Layer]map[string]track{}}
	layers := maps.Clone(round)
	if layers == nil {
		layers = map[boundary.Layer][]Attempt{}
	}
	for layer := range o.tracks {
		layers[layer] = round[layer]
	}
	for layer, attempts := range layers {
		broken := isVoid(attempts)
		tracks, shown := nextTracks(o.tracks[layer], attempts, broken), attempts
		if broken {
			next.Voids[layer] = o.Voids[layer] + 1
			if before, known := o.Layers[layer]; known && next.Voids[layer] < patience && !crosses(attempts) {
				shown = before
			}
		}
		if shown = overlay(shown, attempts, tracks); len(shown) > 0 || len(tracks) > 0 {
			next.Layers[layer], next.tracks[layer] = shown, tracks
		}
	}
	return next
}

// isVoid says that the control of a layer did not pass.
func isVoid(attempts []Attempt) bool {
	return slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Control && a.Result != Passed })
}

func crosses(attempts []Attempt) bool {
	return slices.ContainsFunc(attempts, func(a Attempt) bool { return a.Result == Failed })
}

// Crossed says whether any attempt got through.
func (o Outcome) Crossed() bool {
	return slices.ContainsFunc(o.sorted(), func(a Attempt) bool { return a.Result == Failed })
}

// Proven says whether every layer's control passed in the last round.
func (o Outcome) Proven() bool { return len(o.Voids) == 0 }

// Count of attempts with a result.
func (o Outcome) Count(r Result) int {
	n := 0
	for _, a := range o.sorted() {
		if a.Result == r {
			n++
		}
	}
	return n
}

// Evidence lists the attempts, failures first, at most n. It is the same for the same results.
func (o Outcome) Evidence(n int) []Attempt {
	all := o.sorted()
	return all[:min(n, len(all))]
}

func (o Outcome) sorted() []Attempt {
	var out []Attempt
	for _, attempts := range o.Layers {
		out = append(out, attempts...)
	}
	slices.SortFunc(out, func(a, b Attempt) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.weight(), b.weight()), cmp.Compare(a.Words, b.Words))
	})
	return inTurns(out)
}

// inTurns takes the layers of one result in turns, so that a list which is cut shows something of each.
func inTurns(sorted []Attempt) []Attempt {
	type place struct {
		result Result
		layer  boundary.Layer
	}
	at, seen := map[Attempt]int{}, map[place]int{}
	for _, a := range sorted {
		at[a] = seen[place{a.Result, a.Layer}]
		seen[place{a.Result, a.Layer}]++
	}
	slices.SortStableFunc(sorted, func(a, b Attempt) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(at[a], at[b]), cmp.Compare(a.Layer, b.Layer))
	})
	return sorted
}

// rank of a result: the worst first.
func (a Attempt) rank() int { return slices.Index([]Result{Failed, Void, Passed}, a.Result) }

// weight within a layer: the control first, then what concerns the data of others.
func (a Attempt) weight() int {
	switch {
	case a.Control:
		return 0
	case a.Severity == boundary.Critical:
		return 1
	}
	return 2
}

// Findings of one layer: a hazard for each attempt that got through, and one where nothing could be proved for too long.
func (o Outcome) Findings(layer boundary.Layer, tenantID string) []boundary.Finding {
	var out []boundary.Finding
	for _, a := range o.Layers[layer] {
		if a.Result != Failed {
			continue
		}
		out = append(out, boundary.Finding{
			Layer: layer, Tenant: tenantID, Object: crossingObject + a.Words, Kind: boundary.Hazard, Severity: a.Severity, Check: CheckCrossed,
			Message: fmt.Sprintf(crossingMessage, who(tenantID), a.Words, a.Answer, a.Remedy),
		})
	}
	if o.Voids[layer] >= patience {
		out = append(out, boundary.Finding{
			Layer: layer, Tenant: tenantID, Object: "probe", Kind: boundary.Hazard, Severity: boundary.Warning, Check: CheckUnproven,
			Message: fmt.Sprintf("for %d rounds the live probes proved nothing, because their positive control failed (%s); "+
				"mend that, or nobody knows whether the boundary holds", patience, o.why(layer)),
		})
	}
	for words, t := range o.tracks[layer] {
		if t.voids >= patience && o.Voids[layer] < patience && t.crossing == nil {
			out = append(out, unjudged(layer, tenantID, words))
		}
	}
	boundary.SortFindings(out)
	return out
}

// unjudged is an attempt that nobody could judge for too long though the control of its layer passed.
func unjudged(layer boundary.Layer, tenantID, words string) boundary.Finding {
	return boundary.Finding{
		Layer: layer, Tenant: tenantID, Object: "unproven: " + words, Kind: boundary.Hazard, Severity: boundary.Warning, Check: CheckUnproven,
		Message: fmt.Sprintf("for %d rounds nobody could tell whether this tenant %s: the answers were neither rows nor a refusal for want of "+
			"a right; status.probe.evidence says which. Look for policies that raise errors, and for locks that are held", patience, words),
	}
}

// Wavers says that an attempt got through at one of two tries in the last round.
func (o Outcome) Wavers() bool {
	return slices.ContainsFunc(o.sorted(), func(a Attempt) bool { return a.Wavered })
}

func who(tenantID string) string {
	if tenantID == "" {
		return "a canary, so as any tenant,"
	}
	return "this tenant"
}

func (o Outcome) why(layer boundary.Layer) string {
	for _, a := range o.Layers[layer] {
		if a.Control && a.Result != Passed {
			return a.Answer
		}
	}
	return "no answer"
}

// Equal says whether two outcomes show and find the same.
func (o Outcome) Equal(other Outcome) bool {
	if !slices.Equal(o.sorted(), other.sorted()) {
		return false
	}
	for _, both := range []map[boundary.Layer]int{o.Voids, other.Voids} {
		for layer := range both {
			if (o.Voids[layer] >= patience) != (other.Voids[layer] >= patience) {
				return false
			}
		}
	}
	return maps.Equal(o.unjudged(), other.unjudged())
}

// unjudged are the attempts that could not be judged for too long.
func (o Outcome) unjudged() map[string]bool {
	out := map[string]bool{}
	for layer, tracks := range o.tracks {
		for words, t := range tracks {
			if t.voids >= patience {
				out[string(layer)+" "+words] = true
			}
		}
	}
	return out
}

const crossingObject = "probe: "

// IsCrossing says whether a finding's object is that of an attempt that got through.
func IsCrossing(object string) bool { return strings.HasPrefix(object, crossingObject) }
