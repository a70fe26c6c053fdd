package budget

import (
	"slices"
	"time"
)

// Usage is where a tenant stands in its running period.
type Usage struct {
	// UID of the AIBudget whose limits are in force.
	UID string
	// Start and End of the period; counting begins anew at End.
	Start, End time.Time
	// Limits in force, in their order in the row.
	Limits []LimitUsage
	// ExhaustedAt is when the first limit will be used up at the rate of the last hour, zero where none will in this period.
	ExhaustedAt time.Time
}

// LimitUsage is where one limit stands: tokens, or micro-dollars.
type LimitUsage struct {
	Limit

	Used, Reserved int64
}

// Percent of the limit that is used, in whole percents, rounded down; 100 for a limit of 0.
func (l LimitUsage) Percent() int {
	if l.Amount == 0 {
		return 100
	}
	whole, rest := l.Used/l.Amount, l.Used%l.Amount
	return int(min(whole*100+int64(float64(rest)*100/float64(l.Amount)), 1<<30))
}

// UsageOf reads a row. It is false for a tenant without an AIBudget. A row whose period has ended without a call since shows
// nothing used; its bounds are those of the period that ended until the next sweep moves them.
func UsageOf(s TenantState) (Usage, bool) {
	if s.UID == "" || !s.whole() {
		return Usage{}, false
	}
	u := Usage{UID: s.UID, Start: s.PeriodStart, End: s.PeriodEnd}
	ended := !s.Now.Before(s.PeriodEnd)
	for i := range s.Units {
		l := LimitUsage{Limit: Limit{Unit: s.Units[i], Model: s.Models[i], Amount: s.Amounts[i]}, Used: s.Used[i], Reserved: s.Reserved[i]}
		if ended {
			l.Used, l.Reserved = 0, 0
		}
		u.Limits = append(u.Limits, l)
	}
	if !ended {
		u.ExhaustedAt = exhausted(s)
	}
	return u, true
}

// rateWindow is how far back the recent rate looks.
const rateWindow = time.Hour

// exhausted draws a line from where use stood an hour ago, or at the start of a younger period, through now.
func exhausted(s TenantState) time.Time {
	since, base := baseline(s)
	elapsed := s.Now.Sub(since).Seconds()
	if elapsed <= 0 {
		return time.Time{}
	}
	var first time.Time
	for i := range s.Units {
		rate := float64(s.Used[i]-base[i]) / elapsed
		left := float64(s.Amounts[i] - s.Used[i])
		switch {
		case left <= 0:
			return s.Now
		case rate <= 0 || left/rate >= s.PeriodEnd.Sub(s.Now).Seconds():
			continue
		}
		at := s.Now.Add(time.Duration(left / rate * float64(time.Second)))
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// baseline is the last mark before the window, which holds at its beginning, else the start of the period.
func baseline(s TenantState) (time.Time, []int64) {
	from := s.Now.Add(-rateWindow)
	if from.Before(s.PeriodStart) {
		return s.PeriodStart, make([]int64, len(s.Units))
	}
	base, at := make([]int64, len(s.Units)), from
	known := false
	for _, m := range s.Marks {
		if m.At.Before(s.PeriodStart) || len(m.Used) != len(s.Units) {
			continue
		}
		if !m.At.After(from) || !known {
			base, known = m.Used, true
			if m.At.After(from) {
				at = m.At
			}
		}
	}
	if !known {
		return s.PeriodStart, base
	}
	return at, base
}

// markEvery is how long after a mark the next is due, where use has changed: the same figure is in sql/budget_mark.sql.
const markEvery = 10 * time.Minute

// Due says that a sweep has something to do for the tenant: a reservation has expired, its period has ended, or where use
// stands is to be noted.
func (s TenantState) Due() bool {
	if s.NextExpiry != nil && !s.NextExpiry.After(s.Now) || !s.PeriodEnd.After(s.Now) {
		return true
	}
	if s.UID == "" {
		return false
	}
	if len(s.Marks) == 0 {
		return true
	}
	last := s.Marks[len(s.Marks)-1]
	return s.Now.Sub(last.At) >= markEvery && !slices.Equal(last.Used, s.Used)
}

// Swept is what a sweep did.
type Swept struct {
	// Tenants looked after; Expired reservations that were ended.
	Tenants, Expired int
}
