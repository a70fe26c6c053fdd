package budget

import (
	"context"
	"sync/atomic"
	"time"
)

// kind of a call.
type kind int

const (
	reserving kind = iota
	settling
	releasing
	kindCount
)

func (k kind) String() string { return [...]string{"reserve", "settle", "release"}[k] }

// States of a call, for the one who waits and the lane that works on it.
const (
	waiting   int32 = iota
	answered        // the answer stands
	abandoned       // nobody waits any more
)

// call is one element of a batch.
type call struct {
	kind              kind
	tenant, id, model string
	complexity        string
	in, out           int64
	generated         bool // nobody but us knows the id
	orphan            bool // it gives back what nobody has
	unsure            bool // a round trip with it had no known outcome
	busy              int  // how often the tenant's row was locked

	state atomic.Int32
	done  chan struct{}
	// Set before done is closed.
	answer answer
	err    error
}

// answer of the ledger to one call.
type answer struct {
	decision, model, unit, limitModel string
	again                             bool
	percent                           int32
	used, reserved, limit             int64
	resetsAt, expiresAt               time.Time
}

func newCall(k kind, tenant, id string) *call {
	return &call{kind: k, tenant: tenant, id: id, done: make(chan struct{})}
}

// finish gives the answer. It is false if nobody waits for it.
func (c *call) finish(err error) bool {
	c.err = err
	waited := c.state.CompareAndSwap(waiting, answered)
	close(c.done)
	return waited
}

// wait for the answer, or for the end of the context: then the call goes on without its caller.
func (c *call) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, abandoned) {
			return context.Cause(ctx)
		}
		<-c.done
		return c.err
	}
}

func (c *call) left() bool { return c.state.Load() == abandoned }
