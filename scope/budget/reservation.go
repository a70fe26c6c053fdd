package budget

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Reservation is room in a budget for one call to a model.
type Reservation struct {
	// ID of the request, and the tenant that it is charged to.
	ID, TenantID string
	// Model to call. Near a limit it may be a cheaper one than was asked for.
	Model string
	// Again says that it was reserved before under this id, and not a second time. Another process may be calling the model for
	// it: the middleware refuses it, and so should you unless the first attempt is known to be over.
	Again bool
	// Warning is the limit that it does not fit under, where the budget only warns. nil otherwise.
	Warning *Refused
	// Percent of the tightest limit that is used or reserved now.
	Percent int
	// ExpiresAt is when it ends by itself, and ResetsAt when the period does. Zero if Unchecked.
	ExpiresAt, ResetsAt time.Time
	// Unchecked says that it was granted while PostgreSQL was away: nobody looked at the budget.
	Unchecked bool

	client *Client
	asked  Usage
	flight *call // nil where the id is generated
	unsure bool  // it may be the client's own second attempt that it is Again for

	mu      sync.Mutex
	ended   spoolState // 0 while it is neither settled nor released
	figures Usage
	meters  []*Meter
}

func (c *call) reservation(client *Client) *Reservation {
	a := &c.answer
	r := &Reservation{
		ID: c.id, TenantID: c.tenant, Model: a.model, Again: a.again, Percent: int(a.percent), ExpiresAt: a.expiresAt, ResetsAt: a.resetsAt,
		client: client, asked: Usage{c.in, c.out}, unsure: c.unsure,
	}
	if a.decision == "Warned" {
		r.Warning = c.refused()
	}
	return r
}

// Settle charges what the call used in place of what was reserved. Settling again with the same figures changes nothing, with
// others it is [ErrOtherFigures]. It returns once the ledger, or the spool while PostgreSQL is away, has it durably. Where ctx
// ends first it goes on all the same, and whether it succeeded is not known: settle again with the same figures.
func (r *Reservation) Settle(ctx context.Context, u Usage) error {
	x := newCall(settling, r.TenantID, r.ID)
	x.model, x.in, x.out = r.Model, u.InputTokens, u.OutputTokens
	return r.end(ctx, x, used, u)
}

// Release gives back what was reserved, for a call that did not take place. Releasing again changes nothing.
func (r *Reservation) Release(ctx context.Context) error {
	x := newCall(releasing, r.TenantID, r.ID)
	x.model = r.Model
	return r.end(ctx, x, freed, Usage{})
}

func (r *Reservation) end(ctx context.Context, x *call, state spoolState, u Usage) error {
	if err := x.check(); err != nil {
		return err
	}
	r.mu.Lock()
	ended, figures := r.ended, r.figures
	r.mu.Unlock()
	switch {
	case ended == state && figures == u:
		return nil
	case ended == used && state == used:
		return x.fail("TN014", "it was settled with other figures, which stay", nil)
	case ended == used:
		return x.fail("TN017", "it was settled already", nil)
	}
	if err := r.client.end(ctx, x, state, r.Unchecked); err != nil {
		return err
	}
	r.mu.Lock()
	r.ended, r.figures = state, u
	r.mu.Unlock()
	if r.flight != nil {
		r.client.flights.end(r.flight)
	}
	return nil
}

// end settles or releases in the ledger, or in the spool where that is not there.
func (c *Client) end(ctx context.Context, x *call, state spoolState, unchecked bool) error {
	if unchecked {
		return c.toSpool(x, state)
	}
	err := c.do(ctx, x)
	if c.spool != nil && (errors.Is(err, ErrUnavailable) || errors.Is(err, ErrClosed)) {
		if spooled := c.toSpool(x, state); spooled != nil {
			return errors.Join(err, spooled)
		}
		return nil
	}
	return err
}

func (c *Client) toSpool(x *call, state spoolState) error {
	if err := c.spool.finish(x, state, time.Now()); err != nil {
		return err
	}
	c.o.Observe(Event{Kind: EventSpooled, TenantID: x.tenant, RequestID: x.id, Model: x.model, Usage: Usage{x.in, x.out}})
	c.wake()
	return nil
}

// observeCall tells what became of a call.
func (c *Client) observeCall(x *call) {
	e := Event{TenantID: x.tenant, RequestID: x.id, Model: x.model, Usage: Usage{x.in, x.out}, Err: x.err}
	switch {
	case x.orphan && errors.Is(x.err, ErrNotReserved):
		return // what nobody knew to be there was not there
	case errors.Is(x.err, ErrRefused):
		e.Kind = EventRefused
	case x.err != nil:
		e.Kind, e.Call = EventFailed, x.kind.String()
	default:
		e.Kind = [...]string{EventReserved, EventSettled, EventReleased}[x.kind]
		if x.kind == reserving {
			e.Model = x.answer.model
		}
	}
	c.o.Observe(e)
}
