package boundary

import (
	"fmt"
	"time"
)

// Acceptance is a decision to live with a hazard until a day.
type Acceptance struct {
	// ID of the finding, or its Rule, which is the same for every tenant and plane.
	ID string
	// Object as the finding names it.
	Object string
	// Reason for whoever reads the finding later.
	Reason string
	// Severity is the worst that is accepted; "" is Warning.
	Severity Severity
	// Expires is the day, YYYY-MM-DD in UTC, from which the hazard counts again.
	Expires string
}

// Names says that the acceptance speaks of a finding with this id, rule and object.
func (a Acceptance) Names(id, rule, object string) bool {
	if a.Object != object && a.Object != Printable(object) {
		return false
	}
	return a.ID == id || rule != "" && a.ID == rule && !onlyByID[rule]
}

// End is when the acceptance ends. One whose day cannot be read has ended: the safe side.
func (a Acceptance) End() time.Time {
	end, err := time.Parse(time.DateOnly, a.Expires)
	if err != nil {
		return time.Time{}
	}
	return end
}

// Accept marks the hazards that somebody decided to live with. One whose acceptance has expired counts again and says so.
// What Tenantry mends (Missing, Changed, Unexpected) is never accepted.
func Accept(found []Finding, list []Acceptance, now time.Time) []Finding {
	out := make([]Finding, 0, len(found))
	for _, f := range found {
		out = append(out, accept(f, list, now))
	}
	return out
}

// onlyByID are rules whose objects are the same for every tenant: one word must not accept them for all.
var onlyByID = map[string]bool{"probe-crossed": true, "probe-unproven": true}

// Covers says that a severity is not worse than what was accepted.
func (a Acceptance) Covers(s Severity) bool {
	rank := map[Severity]int{Info: 0, "": 1, Warning: 1, Critical: 2}
	return rank[s] <= rank[a.Severity]
}

func accept(f Finding, list []Acceptance, now time.Time) Finding {
	if f.Kind != Hazard || len(list) == 0 {
		return f
	}
	id, note := f.ID(), ""
	for _, a := range list {
		switch {
		case !a.Names(id, f.Rule(), f.Object):
		case !now.Before(a.End()):
			note = fmt.Sprintf("; it was accepted (%s), and that expired on %s", a.Reason, a.Expires)
		case !a.Covers(f.Severity):
			note = fmt.Sprintf("; what was accepted (%s) was not %s: add severity: %s if this is meant, too", a.Reason, f.Severity, f.Severity)
		default:
			f.Accepted = a
			return f
		}
	}
	f.Message += note
	return f
}

// NextExpiry is when the first acceptance ends after now, zero where none does.
func NextExpiry(list []Acceptance, now time.Time) time.Time {
	var next time.Time
	for _, a := range list {
		if end := a.End(); end.After(now) && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	return next
}
