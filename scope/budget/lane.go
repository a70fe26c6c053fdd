package budget

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// lane sends batches one after the other. While one is under way, calls queue.
type lane struct {
	client *Client
	slow   bool // one tenant at a time: those whose rows are locked

	mu      sync.Mutex
	queues  [kindCount]queue
	last    kind
	running bool
}

var seed = maphash.MakeSeed()

func newLane(c *Client, slow bool) *lane {
	l := &lane{client: c, slow: slow}
	for i := range l.queues {
		l.queues[i].drop = c.drop
	}
	return l
}

// lane of a tenant. All of a tenant's calls take the same, so that they do not wait for each other's locks on the server.
func (c *Client) lane(tenant string) *lane {
	if c.quarantine.has(tenant) {
		return c.slow
	}
	return c.lanes[maphash.String(seed, tenant)%uint64(len(c.lanes))]
}

func (c *Client) enqueue(calls ...*call) {
	for _, x := range calls {
		c.pending.enter()
		c.lane(x.tenant).add(x)
	}
}

func (l *lane) add(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queues[c.kind].push(c)
	if !l.running {
		l.running = true
		go l.run()
	}
}

// run sends batches until there is nothing to send.
func (l *lane) run() {
	for batch := l.next(); batch != nil; batch = l.next() {
		l.client.send(batch, l.slow, l.client.o.Timeout)
	}
}

// next takes a batch of one kind. Kinds take turns.
func (l *lane) next() []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range kindCount {
		l.last = (l.last + 1) % kindCount
		q := &l.queues[l.last]
		for q.count > 0 {
			if batch := l.take(q); len(batch) > 0 {
				return batch
			}
		}
	}
	l.running = false
	return nil
}

func (l *lane) take(q *queue) []*call {
	if l.slow {
		return q.takeTenant(l.client.o.MaxBatch)
	}
	return q.take(l.client.o.MaxBatch)
}

// pauses before the attempts to send a batch: connections of the pool may be dead without anybody knowing.
var pauses = []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond}

// busyRounds is how often a tenant whose row is locked is tried before its calls fail.
const busyRounds = 20

// send a batch, of which every call gets its answer. All calls are idempotent, so that any may be sent again.
func (c *Client) send(batch []*call, slow bool, patience time.Duration) {
	var err error
	var verdict class
	begun := time.Now()
	for attempt := 0; attempt < len(pauses) && (attempt == 0 || time.Since(begun) < c.o.Timeout); {
		c.pause(pauses[attempt])
		err = c.exec(context.Background(), batch, patience)
		if verdict = c.judge(err); verdict != away {
			c.up()
		}
		if verdict == away || verdict == late {
			doubt(batch)
		}
		switch verdict {
		case fine:
			c.concludeAll(batch, func(x *call) error { return x.err })
			return
		case locked:
			c.locked(batch, err, slow, patience)
			return
		case late:
			c.late(batch, err, slow)
			return
		case theirs:
			c.apart(batch, err, slow, patience)
			return
		case everyones:
			c.concludeAll(batch, func(x *call) error { return x.fail(state(err), message(err), err) })
			return
		case away, starved, collided:
			attempt++
		}
	}
	if verdict != away {
		c.concludeAll(batch, func(*call) error { return unavailable(err) })
		return
	}
	c.down()
	c.concludeAll(batch, func(*call) error { return &awayError{err} })
}

func doubt(batch []*call) {
	for _, x := range batch {
		x.unsure = true
	}
}

// pause waits, and not at all where there is nothing to wait for.
func (c *Client) pause(d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.stopped:
	}
}

// apart finds the calls that the server cannot take, by halves, so that the others get their answers.
func (c *Client) apart(batch []*call, err error, slow bool, patience time.Duration) {
	if len(batch) == 1 {
		x := batch[0]
		c.conclude(x, x.fail(state(err), message(err), err))
		return
	}
	c.send(batch[:len(batch)/2], slow, patience)
	c.send(batch[len(batch)/2:], slow, patience)
}

// locked sends each tenant by itself, and those whose rows stay locked to the slow lane, where nobody else waits for them.
func (c *Client) locked(batch []*call, err error, slow bool, patience time.Duration) {
	tenants := byTenant(batch)
	switch {
	case len(tenants) > 1:
		for _, calls := range tenants {
			c.send(calls, slow, patience)
		}
	case !slow:
		c.confine(batch)
	default:
		c.quarantine.met(batch[0].tenant, time.Now(), true)
		c.lockedStill(batch, err)
	}
}

// confine a tenant to the slow lane.
func (c *Client) confine(batch []*call) {
	c.quarantine.met(batch[0].tenant, time.Now(), false)
	for _, x := range batch {
		c.slow.add(x)
	}
}

// late finds the tenant whose calls take so long: each is sent by itself, and given less time, for others wait behind it. In the
// slow lane it has all the time there is, once.
func (c *Client) late(batch []*call, err error, slow bool) {
	tenants := byTenant(batch)
	switch {
	case len(tenants) > 1:
		begun := time.Now()
		for _, calls := range tenants {
			if time.Since(begun) > c.o.Timeout { // it is no one's alone
				c.concludeAll(calls, func(*call) error { return unavailable(err) })
				continue
			}
			c.send(calls, slow, min(c.o.Timeout, max(c.o.Timeout/10, 2*c.o.LockTimeout)))
		}
	case !slow:
		c.confine(batch)
	default:
		c.quarantine.met(batch[0].tenant, time.Now(), true)
		c.concludeAll(batch, func(*call) error { return busy(err) })
	}
}

func (c *Client) lockedStill(batch []*call, err error) {
	for _, x := range batch {
		x.busy++
		if x.busy > busyRounds || c.isStopped() {
			c.conclude(x, busy(err))
			continue
		}
		c.slow.add(x)
	}
}

func byTenant(batch []*call) [][]*call {
	sorted := slices.Clone(batch)
	slices.SortStableFunc(sorted, func(a, b *call) int { return cmp.Compare(a.tenant, b.tenant) })
	var out [][]*call
	for i, x := range sorted {
		if i == 0 || x.tenant != sorted[i-1].tenant {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], x)
	}
	return out
}

func (c *Client) concludeAll(batch []*call, why func(*call) error) {
	for _, x := range batch {
		c.conclude(x, why(x))
	}
}

// conclude gives a call its answer. What was reserved, or may have been, for somebody who does not wait any more is given back.
func (c *Client) conclude(x *call, err error) {
	waited := x.finish(err)
	c.observeCall(x)
	if x.kind == reserving && !waited && mayStand(err) {
		c.giveBack(x)
	}
	if x.orphan && errors.Is(err, ErrUnavailable) && c.spool != nil {
		_ = c.toSpool(x, freed) // otherwise it expires
	}
	c.pending.leave()
}

// giveBack a reservation that nobody has, in the background. One with an id of the caller's stays for the caller's retry.
func (c *Client) giveBack(x *call) {
	if !x.generated {
		return
	}
	back := newCall(releasing, x.tenant, x.id)
	back.orphan = true
	c.enqueue(back)
}

// drop a call that was not sent.
func (c *Client) drop(x *call) {
	x.finish(context.Canceled)
	c.pending.leave()
}

// mayStand says whether a reservation that was answered so may stand in the ledger.
func mayStand(err error) bool {
	_, failed := errors.AsType[*Error](err)
	return !failed && !errors.Is(err, ErrRefused)
}

// exec is one round trip.
func (c *Client) exec(ctx context.Context, batch []*call, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now()
	err := c.ask(ctx, batch)
	c.o.Observe(Event{Kind: EventBatch, Call: batch[0].kind.String(), Count: len(batch), Took: time.Since(begun), Err: err})
	return err
}
