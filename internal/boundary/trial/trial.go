// Package trial is the pure part of live probes: what is tried against a boundary, what came of it, and what follows.
//
// A trial has a positive control (the tenant reaches its own) and negatives (it reaches nothing else). Where the control
// fails, the negatives prove nothing, and say so. Packages under internal/plane carry trials out; internal/probe says
// when, and keeps what came of them.
package trial

import (
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Result of an attempt; the words of the API.
type Result string

// The results.
const (
	// Passed: the control saw its own, or a negative was refused.
	Passed Result = "Passed"
	// Failed: a boundary was crossed.
	Failed Result = "Failed"
	// Void: it proves nothing, because a control failed or the server could not be asked.
	Void Result = "Void"
)

// Subject is whom to try as, and whom it must not reach.
type Subject struct {
	// Tenant with the credentials that its Secrets hold. Layers without one have nothing to try.
	Tenant boundary.Tenant
	// Others on the same plane, without credentials, at most a handful.
	Others []boundary.Tenant
	// Turn counts the rounds, so that what is too much for one is tried in turns.
	Turn int
	// Whole: everything is to be tried at once, because something is open or wavers, and what is not looked at closes nothing.
	Whole bool
}

// Attempt is one sort of attempt in one round, over all nodes, tables or collections that it was tried on.
type Attempt struct {
	Layer boundary.Layer
	// Words say what was tried, the same in every round.
	Words string
	// Control: it is the positive control of its layer.
	Control bool
	// Closed: it is tried of a tenant whose access is closed only.
	Closed bool
	// Wavered: of two tries in this round it got through at one. Idle: it is Void because there was nothing to try it on.
	Wavered, Idle bool
	// Severity of a crossing: Critical where a tenant reaches, weighs or spoils what is another's, else Warning.
	Severity boundary.Severity
	Result   Result
	// Answer says where and why it failed or is void, in our words: no key, row or secret. "" for what passed.
	Answer string
	// Remedy of a crossing: a statement, an ACL command or an API call.
	Remedy string
}

// Sheet collects the attempts on one layer in the order in which they were begun.
type Sheet struct {
	layer    boundary.Layer
	attempts []*Attempt
}

// NewSheet begins a sheet.
func NewSheet(layer boundary.Layer) *Sheet { return &Sheet{layer: layer} }

// Control begins the positive control, or returns it where it was begun.
func (s *Sheet) Control(words string) *Attempt {
	a := s.Negative(words, boundary.Warning)
	a.Control = true
	return a
}

// Negative begins an attempt that must be refused, or returns the one of these words.
func (s *Sheet) Negative(words string, severity boundary.Severity) *Attempt {
	if i := slices.IndexFunc(s.attempts, func(a *Attempt) bool { return a.Words == words }); i >= 0 {
		return s.attempts[i]
	}
	a := &Attempt{Layer: s.layer, Words: words, Severity: severity}
	s.attempts = append(s.attempts, a)
	return a
}

// Held records that one try of it went as it should.
func (a *Attempt) Held() {
	if a.Result == "" {
		a.Result = Passed
	}
}

// Crossed records that one try of it got through. The first one stays.
func (a *Attempt) Crossed(answer, remedy string) {
	if a.Result != Failed {
		a.Result, a.Answer, a.Remedy = Failed, answer, remedy
	}
}

// Unproven records that one try of it could not be judged. A crossing weighs more.
func (a *Attempt) Unproven(answer string) {
	if a.Result != Failed && a.Result != Void {
		a.Result, a.Answer = Void, answer
	}
}

// Nothing records that there was nothing to try it on, which is nobody's fault.
func (a *Attempt) Nothing(answer string) {
	a.Idle = a.Result != Failed && a.Result != Void
	a.Unproven(answer)
}

// Attempts of the sheet. What was begun and never tried is left out. Without its control, nothing that was refused counts.
func (s *Sheet) Attempts() []Attempt {
	var out []Attempt
	broken := ""
	for _, a := range s.attempts {
		if a.Control && a.Result != Passed && broken == "" {
			broken = "the positive control failed: " + a.Answer
		}
	}
	for _, a := range s.attempts {
		switch {
		case a.Result == "" && !a.Control:
			continue
		case a.Result == "":
			a.Unproven("it was not tried")
		case a.Result == Passed && broken != "":
			a.Result, a.Answer = Void, broken
		}
		out = append(out, *a)
	}
	return out
}

// Broken is the sheet of a layer of which nothing could be learned.
func Broken(layer boundary.Layer, why string) []Attempt {
	return []Attempt{{Layer: layer, Words: "is reached with the tenant's credential", Control: true, Severity: boundary.Warning,
		Result: Void, Answer: why}}
}
