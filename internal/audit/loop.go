package audit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

const (
	// defaultInterval until the plane has been opened.
	defaultInterval = time.Second
	// earlyGap is how long is waited for more news before a round that somebody asked for.
	earlyGap = 200 * time.Millisecond
	// askGap is how long at least lies between a whole round and the next one that somebody asked for: asks share it.
	askGap = time.Second
)

// loop audits one plane. Its rounds follow one another in one goroutine.
type loop struct {
	auditor *Auditor
	name    string
	wake    chan struct{}
	lanes   lanes
	cancel  context.CancelFunc // nil before it runs

	mu sync.Mutex
	// asks for a whole round, by object.
	asks asks
	// hinted are the layers whose servers told of a change.
	hinted map[boundary.Layer]bool
}

func newLoop(a *Auditor, name string) *loop {
	return &loop{auditor: a, name: name, wake: make(chan struct{}, 1), hinted: map[boundary.Layer]bool{}}
}

func (l *loop) end() {
	if l.cancel != nil {
		l.cancel()
	}
}

// run makes rounds until ctx ends: a whole one every interval, and early ones when asked.
func (l *loop) run(ctx context.Context) {
	defer l.lanes.stop()
	next := time.Duration(0) // the first round at once: what was asked for was asked for before
	for pace := (pace{due: l.auditor.Clock.Now()}); ; next = pace.rest(l.auditor.Clock.Now(), l.asked()) {
		l.rest(ctx, next)
		if ctx.Err() != nil {
			return
		}
		p := l.auditor.Registry.Get(l.name)
		if p == nil {
			pace.due = l.auditor.Clock.Now().Add(defaultInterval)
			continue
		}
		whole := pace.rest(l.auditor.Clock.Now(), l.asked()) <= 0
		if !whole && !l.told() {
			continue
		}
		l.guard(ctx, "round", func() { l.round(ctx, p, whole) })
		if whole {
			pace.last = l.auditor.Clock.Now()
			pace.due = pace.last.Add(l.pause(p))
		}
	}
}

// pace is when whole rounds are made.
type pace struct {
	// due is when one is made unasked. last is the end of the last one; zero before any.
	due, last time.Time
}

// rest until the next whole round; none is left where it is at most 0.
func (p pace) rest(now time.Time, asked bool) time.Duration {
	if wait := p.last.Add(askGap).Sub(now); asked && wait < p.due.Sub(now) {
		return wait
	}
	return p.due.Sub(now)
}

// pause until the next whole round: never longer than the interval, and spread out so that planes do not move in step.
func (l *loop) pause(p *connect.Plane) time.Duration {
	pause := p.Interval
	if l.auditor.Pause > 0 {
		pause = l.auditor.Pause
	}
	return pause - time.Duration(rand.Int64N(int64(pause)/5+1)) //nolint:gosec // jitter
}

// rest waits, until it is woken at most.
func (l *loop) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-l.wake:
		gap := time.NewTimer(min(earlyGap, max(d, 0)))
		defer gap.Stop()
		select {
		case <-ctx.Done():
		case <-gap.C:
		}
	}
}

// poke wakes the loop.
func (l *loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// hint asks for an early look at one layer.
func (l *loop) hint(layer boundary.Layer) {
	l.mu.Lock()
	l.hinted[layer] = true
	l.mu.Unlock()
	l.poke()
}

// told says whether a server told of a change.
func (l *loop) told() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.hinted) > 0
}

// takeHints returns the layers that told of a change, and forgets them.
func (l *loop) takeHints() map[boundary.Layer]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	hinted := l.hinted
	l.hinted = map[boundary.Layer]bool{}
	return hinted
}

// guard keeps a panic from ending the loop.
func (l *loop) guard(ctx context.Context, what string, do func()) {
	defer func() {
		if r := recover(); r != nil {
			ctrl.LoggerFrom(ctx).Error(fmt.Errorf("panic: %v", r), "The audit goes on without "+what, "stack", string(debug.Stack()))
		}
	}()
	do()
}
