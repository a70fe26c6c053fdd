package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	// flushEvery is how often the spool is looked at without a reason.
	flushEvery = 5 * time.Second
	// holdFor is how long a grant of the spool may stay unsettled before it is charged in full.
	holdFor = 15 * time.Minute
)

// wake the flusher.
func (c *Client) wake() {
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

func (c *Client) flushLoop() {
	defer close(c.flushed)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.stopped:
			return
		case <-timer.C:
		case <-c.poke:
			if c.downUntil.Load() != 0 && c.isDown() { // it is asked again when it may be back
				timer.Reset(downFor)
				continue
			}
		}
		wait := flushEvery
		if err := c.Flush(context.Background()); errors.Is(err, ErrUnavailable) {
			wait = downFor
		}
		timer.Reset(wait)
	}
}

// Spooled is how many requests the spool holds.
func (c *Client) Spooled() int {
	if c.spool == nil {
		return 0
	}
	return c.spool.len()
}

// Flush writes what the spool holds to the ledger now, as the client does by itself once PostgreSQL is back. What the ledger
// does not take stays (see [EventHeldUp]). Errors: [ErrUnavailable], those of the spool and of ctx.
func (c *Client) Flush(ctx context.Context) error {
	if c.spool == nil {
		return nil
	}
	c.flushing.Lock()
	defer c.flushing.Unlock()
	if err := c.spool.expire(time.Now().Add(-holdFor)); err != nil {
		return err
	}
	var late []*call
	for _, e := range c.spool.due() {
		late = append(late, e.call())
	}
	if len(late) == 0 {
		return nil
	}
	if err := c.tell(ctx, late); err != nil {
		return err
	}
	if err := c.tellUnreserved(ctx, late); err != nil {
		return err
	}
	return c.written(late)
}

// call that brings an entry to the ledger.
func (e entry) call() *call {
	k := settling
	if e.state == freed {
		k = releasing
	}
	x := newCall(k, e.tenant, e.id)
	x.model, x.in, x.out = e.model, e.in, e.out
	return x
}

// tellUnreserved settles what the ledger never heard of. It is reserved for no tokens first: what was used was used, and must
// not be refused for want of room. All of them are reserved before the first is settled, which may leave no room.
func (c *Client) tellUnreserved(ctx context.Context, late []*call) error {
	var reserve, settle []*call
	for _, x := range late {
		if x.kind == settling && errors.Is(x.err, ErrNotReserved) {
			first := newCall(reserving, x.tenant, x.id)
			first.model = x.model
			reserve, settle = append(reserve, first), append(settle, x)
		}
	}
	if err := c.tell(ctx, reserve); err != nil {
		return err
	}
	var admitted []*call
	for i, first := range reserve {
		if settle[i].err = first.err; first.err == nil {
			admitted = append(admitted, settle[i])
		}
	}
	return c.tell(ctx, admitted)
}

// tell the ledger, in batches. Calls that the server cannot take have their errors; an error is one of all.
func (c *Client) tell(ctx context.Context, calls []*call) error {
	for k := range kindCount {
		var same []*call
		for _, x := range calls {
			if x.kind == k {
				same = append(same, x)
			}
		}
		for batch := range slices.Chunk(same, c.o.MaxBatch) {
			if err := c.tellBatch(ctx, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) tellBatch(ctx context.Context, batch []*call) error {
	err := c.exec(ctx, batch, c.o.Timeout)
	verdict := c.judge(err)
	if verdict != away {
		c.up()
	}
	switch verdict {
	case fine:
		return nil
	case locked, late:
		return c.tellApart(ctx, batch, err)
	case theirs:
		if len(batch) == 1 {
			batch[0].err = batch[0].fail(state(err), message(err), err)
			return nil
		}
		for i := range batch {
			if err := c.tellBatch(ctx, batch[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	case everyones:
		return batch[0].fail(state(err), message(err), err)
	case away:
		c.down()
	}
	return unavailable(err)
}

// tellApart tells for each tenant by itself, so that one that holds the others up is held up alone.
func (c *Client) tellApart(ctx context.Context, batch []*call, err error) error {
	tenants := byTenant(batch)
	if len(tenants) == 1 {
		for _, x := range batch {
			x.err = busy(err)
		}
		return nil
	}
	for _, calls := range tenants {
		if err := c.tellBatch(ctx, calls); err != nil {
			return err
		}
	}
	return nil
}

// written forgets what the ledger has, and what it will never take.
func (c *Client) written(late []*call) error {
	var done []key
	flushed := 0
	for _, x := range late {
		switch {
		case x.err == nil:
			flushed++
		case x.kind == releasing && (errors.Is(x.err, ErrNotReserved) || errors.Is(x.err, ErrFinished) || errors.Is(x.err, ErrOtherFigures)):
		case errors.Is(x.err, ErrOtherFigures) || errors.Is(x.err, ErrInvalid):
			if err := c.spool.reject(x); err != nil {
				return err
			}
			c.o.Observe(Event{Kind: EventRejected, TenantID: x.tenant, RequestID: x.id, Model: x.model, Usage: Usage{x.in, x.out}, Err: x.err})
		default:
			c.o.Observe(Event{Kind: EventHeldUp, TenantID: x.tenant, RequestID: x.id, Model: x.model, Usage: Usage{x.in, x.out}, Err: x.err})
			continue
		}
		done = append(done, x.key())
	}
	err := c.spool.done(done)
	if flushed > 0 {
		c.o.Observe(Event{Kind: EventFlushed, Count: flushed})
	}
	return err
}

// reject writes what the ledger will never take to a file of its own, a line each, for people to look at.
func (s *spool) reject(x *call) error {
	f, err := os.OpenFile(s.path("rejected"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("scope/budget: keep what was rejected: %w", err)
	}
	line, err := json.Marshal(map[string]any{
		"tenant": x.tenant, "request": x.id, "model": x.model, "inputTokens": x.in, "outputTokens": x.out, "error": x.err.Error(), "time": time.Now().UTC(),
	})
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	return errors.Join(err, f.Sync(), f.Close())
}
