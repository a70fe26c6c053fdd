package plane

import (
	"context"
	"time"

	"k8s.io/utils/clock"
)

// WatchInterval is how long at least lies between two calls of what a Watcher was given. Everybody who may log in to a server
// may be able to set it off, so that an early look must not cost more than this.
const WatchInterval = 3 * time.Second

// Watcher is a Server that can say early that something was changed there. Not every Server is one.
type Watcher interface {
	// Watch calls changed soon after somebody may have changed something that matters, at most once in WatchInterval, and
	// returns nil when ctx ends or the Server is closed. It connects again by itself, ever more slowly, and calls changed after
	// that, because it may have missed something. changed must not block.
	//
	// It is a hint and no more: it may come without a change, since a tenant's login can set it off too, and it may not come
	// at all, where the server was not set up for it or the change is one that it does not tell of. Only the audit's own
	// interval is a promise.
	Watch(ctx context.Context, changed func()) error
}

// Debounce calls changed for hints: at once for the first, then at most once in every, and never loses the last one. It
// returns when ctx ends. hints is to have room for one, and senders are not to wait: more says nothing that one does not.
func Debounce(ctx context.Context, c clock.WithTicker, every time.Duration, hints <-chan struct{}, changed func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hints:
		}
		if ctx.Err() != nil {
			return
		}
		changed()
		timer := c.NewTimer(every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
	}
}

// Hint leaves a hint where there is room, and does not wait.
func Hint(hints chan<- struct{}) {
	select {
	case hints <- struct{}{}:
	default:
	}
}
