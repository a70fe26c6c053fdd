package budget

import (
	"sync"
	"time"
)

// flights are the requests with ids of the caller's own that this client has given reservations for, and that are not ended:
// one id is given to one caller at a time, or many would call for the price of the cheapest. The zero value has none.
type flights struct {
	mu   sync.Mutex
	open map[key]flight
	tidy int // how many there may be before those that are over are looked for
}

type flight struct {
	of    *call
	until time.Time
}

const tidyFrom = 1024

// begin is false if somebody else has the request. Whoever knows that the one before is over takes it from there.
func (f *flights) begin(x *call, retry bool, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := x.key()
	if before, ok := f.open[k]; ok && now.Before(before.until) && !retry {
		return false
	}
	if f.open == nil {
		f.open, f.tidy = map[key]flight{}, tidyFrom
	}
	f.open[k] = flight{x, now.Add(holdFor)}
	if len(f.open) > f.tidy {
		f.clear(now)
	}
	return true
}

func (f *flights) clear(now time.Time) {
	for k, x := range f.open {
		if !now.Before(x.until) {
			delete(f.open, k)
		}
	}
	f.tidy = max(2*len(f.open), tidyFrom)
}

// extend to when the reservation expires.
func (f *flights) extend(x *call, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := x.key(); f.open[k].of == x && !until.IsZero() {
		f.open[k] = flight{x, until}
	}
}

// end what began with x, unless somebody else has taken it.
func (f *flights) end(x *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := x.key(); f.open[k].of == x {
		delete(f.open, k)
	}
}
