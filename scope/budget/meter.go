package budget

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"
)

// Meter is a streaming response that settles its reservation by itself. It is an io.ReadCloser.
type Meter struct {
	r    *Reservation
	ctx  context.Context
	body io.Reader
	x    Extractor
	stop func() bool // no longer waits for the end of ctx

	mu    sync.Mutex
	tally Tally
	over  error // why nothing more is read, nil while it is

	once    sync.Once
	settled chan struct{}
	err     error // of settling; set before settled is closed
}

// Meter wraps a streaming response. What x finds in it is settled, once, when the stream ends, fails, is closed or ctx is
// done, whichever is first; from then on nothing more can be read. Settling has a context of its own, which ends after
// Options.SettleTimeout: ctx may well be done.
//
// Close it with defer: that is what settles when the caller panics. Close closes body too if it is an io.Closer, waits for the
// settlement, and returns its error.
//
// Nothing of a stream that began is free: without a report of usage, input counts as reserved, and output as estimated (see
// [Tally.Usage]) if the stream came to its end, and as reserved if it was aborted (see Options.OnAbort). For a call that failed
// before there was a stream, use [Reservation.Release].
func (r *Reservation) Meter(ctx context.Context, body io.Reader, x Extractor) *Meter {
	m := &Meter{r: r, ctx: ctx, body: body, x: x, settled: make(chan struct{})}
	r.client.pending.enter()
	r.mu.Lock()
	r.meters = append(r.meters, m)
	r.mu.Unlock()
	m.stop = context.AfterFunc(ctx, func() { m.finish(context.Cause(ctx)) })
	return m
}

// Read reads on. What is returned has been counted.
func (m *Meter) Read(p []byte) (int, error) {
	if err := m.ended(); err != nil {
		return 0, err
	}
	n, err := m.body.Read(p)
	if over := m.count(p[:n], err); over != nil {
		return 0, over
	}
	if err != nil {
		m.finish(err)
	}
	return n, err
}

// ended says why nothing more is read. It need not wait until AfterFunc's goroutine has heard of the end of ctx.
func (m *Meter) ended() error {
	if m.ctx.Err() != nil {
		m.finish(context.Cause(m.ctx))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.over
}

// count what was read, unless it was settled meanwhile: then nobody gets to see it.
func (m *Meter) count(p []byte, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over != nil {
		return m.over
	}
	m.x.Feed(p, &m.tally)
	if err != nil {
		m.over = err
	}
	return nil
}

// Close ends the stream, waits until it is settled, and returns the error of that.
func (m *Meter) Close() error {
	m.finish(io.ErrClosedPipe)
	var err error
	if c, ok := m.body.(io.Closer); ok {
		err = c.Close()
	}
	<-m.settled
	return errors.Join(m.err, err)
}

// Usage is what was seen so far, and once the stream has ended what is charged.
func (m *Meter) Usage() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over == nil {
		return m.tally.Usage(m.r.asked)
	}
	return m.tally.charge(m.r.asked, !errors.Is(m.over, io.EOF), m.r.client.o.OnAbort)
}

// finish settles in the background, the first time it is called.
func (m *Meter) finish(why error) {
	m.once.Do(func() {
		m.mu.Lock()
		if m.over == nil {
			m.over = why
		}
		if x, ok := m.x.(ender); ok {
			x.end(&m.tally)
		}
		m.mu.Unlock()
		m.stop()
		go m.settle()
	})
}

func (m *Meter) settle() {
	defer m.r.client.pending.leave()
	defer close(m.settled)
	m.err = m.r.settleAnyway(m.ctx, m.Usage())
}

// settleAnyway tries for as long as Options.SettleTimeout, also when ctx is done.
func (r *Reservation) settleAnyway(ctx context.Context, u Usage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.client.o.SettleTimeout)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := r.Settle(ctx, u)
		if !errors.Is(err, ErrUnavailable) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// MeterSeq is [Reservation.Meter] for an iterator, such as the one of a model's client. see is given each element before the
// loop's body is. The reservation is settled when the loop ends in whatever way: its end, break, return, panic; and when ctx
// is done, which ends the loop too. All but its end are aborts, unless see has called [Tally.Complete]. It can be iterated once;
// if it never is, the reservation expires.
func MeterSeq[T any](ctx context.Context, r *Reservation, seq iter.Seq2[T, error], see func(T, *Tally)) iter.Seq2[T, error] {
	meter := sync.OnceValue(func() *Meter { return r.Meter(ctx, nil, nil) })
	return func(yield func(T, error) bool) {
		m := meter()
		end := io.EOF
		defer func() { _ = m.Close() }() // who wants the error asks Observe
		for element, err := range seq {
			if over := m.see(func(t *Tally) { see(element, t) }); over != nil {
				var none T
				yield(none, over)
				return
			}
			if !yield(element, err) {
				return
			}
			if err != nil {
				end = err
			}
		}
		m.finish(end)
	}
}

// see counts an element, unless the stream was settled meanwhile.
func (m *Meter) see(count func(*Tally)) error {
	if err := m.ended(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over == nil {
		count(&m.tally)
	}
	return m.over
}
