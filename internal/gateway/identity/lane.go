package identity

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// lane limits questions of one kind: so many at a time, and so many a second for each ServiceAccount, so that what is done in
// the name of one keeps no other out. It is safe for concurrent use.
type lane struct {
	slots     chan struct{}
	perSecond rate.Limit
	burst     int

	mu     sync.Mutex
	limits map[account]*rate.Limiter // of accounts that are listed
}

func newLane(perSecond rate.Limit, burst int) *lane {
	return &lane{
		slots: make(chan struct{}, concurrentReviews), perSecond: perSecond, burst: burst, limits: map[account]*rate.Limiter{},
	}
}

// enter takes a slot until leave is called.
func (l *lane) enter(of account, now time.Time) (leave func(), err error) {
	if l.perSecond != rate.Inf && !l.limit(of).AllowN(now, 1) {
		return nil, fmt.Errorf("more than %v new tokens of one account a second", l.perSecond)
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	default:
		return nil, fmt.Errorf("%d tokens are being asked about already", concurrentReviews)
	}
}

func (l *lane) limit(of account) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.limits[of]
	if one == nil {
		if len(l.limits) >= knownTokens {
			clear(l.limits) // what is no longer listed goes; the rest begins afresh
		}
		one = rate.NewLimiter(l.perSecond, l.burst)
		l.limits[of] = one
	}
	return one
}
