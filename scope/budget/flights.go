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
	// before is whom it was taken over from, nil for nobody: he has it back where nothing comes of the retry.
	before *flight
}

const tidyFrom = 1024

// begin is false if somebody else has the request. Whoever knows that the one before is over takes it from there.
func (f *flights) begin(x *call, retry bool, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := x.key()
	next := flight{of: x, until: now.Add(holdFor)}
	if before, ok := f.open[k]; ok && now.Before(before.until) {
		if !retry {
			return false
		}
		before.before = nil
		next.before = &before
	}
	if f.open == nil {
		f.open, f.tidy = map[key]flight{}, tidyFrom
	}
	f.open[k] = next
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
		f.open[k] = flight{of: x, until: until}
	}
}

// fail is for x of which nothing came: whoever had the request has it again.
func (f *flights) fail(x *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch k := x.key(); {
	case f.open[k].of != x:
	case f.open[k].before != nil:
		f.open[k] = *f.open[k].before
	default:
		delete(f.open, k)
	}
}

// end what began with x, unless somebody else has taken it.
func (f *flights) end(x *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := x.key()
	switch now := f.open[k]; {
	case now.of == x:
		delete(f.open, k)
	case now.before != nil && now.before.of == x:
		now.before = nil
		f.open[k] = now
	}
}
