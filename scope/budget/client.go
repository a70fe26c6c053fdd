package budget

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/scope"
)

// Client reserves and settles through one pool. It is safe for concurrent use.
type Client struct {
	pool  *pgxpool.Pool
	o     Options
	spool *spool // nil without one

	lanes      []*lane
	slow       *lane
	quarantine quarantine // tenants whose calls go to the slow lane
	pending    gate
	downUntil  atomic.Int64 // in ns of the epoch; 0 while PostgreSQL answers
	routes     routes
	flights    flights

	closing  atomic.Bool // no more reservations
	stop     sync.Once
	stopped  chan struct{} // no more calls
	poke     chan struct{} // wakes the flusher
	flushed  chan struct{} // closed when the flusher has ended
	flushing sync.Mutex
}

// New makes a client. The pool stays the caller's: close the client first. What an earlier process left in the spool is
// settled from now on; a spool that another process uses is an error.
func New(pool *pgxpool.Pool, o Options) (*Client, error) {
	if pool == nil {
		return nil, errors.New("scope/budget: there is no pool")
	}
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	c := &Client{pool: pool, o: o, stopped: make(chan struct{}), poke: make(chan struct{}, 1), flushed: make(chan struct{})}
	for range o.Lanes {
		c.lanes = append(c.lanes, newLane(c, false))
	}
	c.slow = newLane(c, true)
	if o.Spool == "" {
		close(c.flushed)
		return c, nil
	}
	if c.spool, err = openSpool(o.Spool, o.SpoolBytes, o.Observe); err != nil {
		return nil, err
	}
	go c.flushLoop()
	return c, nil
}

// Reserve asks for room in the budget of the context's tenant. What it reserves is held until it is settled, released or
// expired. Errors: those of scope.FromContext, [*Refused], [*Error], [ErrUnavailable]; where the context ends first, see
// the package's documentation.
func (c *Client) Reserve(ctx context.Context, r Request) (*Reservation, error) {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if c.closing.Load() {
		return nil, ErrClosed
	}
	if r.Model == "" && r.Complexity != "" {
		if r.Model, err = c.route(ctx, r.Complexity); err != nil {
			return nil, err
		}
	}
	x, err := r.call(tenant.ID)
	if err != nil {
		return nil, err
	}
	if x.generated { // nobody else can have it
		return c.reserve(ctx, x)
	}
	return c.reserveOwn(ctx, x, r.Retry)
}

// reserveOwn reserves under an id of the caller's, unless a caller of this client has that already.
func (c *Client) reserveOwn(ctx context.Context, x *call, retry bool) (r *Reservation, err error) {
	if !c.flights.begin(x, retry, time.Now()) {
		return nil, fmt.Errorf("%w: tenant %q, request %q", ErrInFlight, x.tenant, x.id)
	}
	e, spooled := entry{}, false
	if c.spool != nil {
		e, spooled = c.spool.find(x.key())
	}
	if spooled {
		r, err = c.spooled(x, e)
	} else {
		r, err = c.reserve(ctx, x)
	}
	if err != nil {
		c.flights.fail(x)
		return nil, err
	}
	c.flights.extend(x, r.ExpiresAt)
	r.flight = x
	return r, nil
}

func (c *Client) reserve(ctx context.Context, x *call) (*Reservation, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if c.open() && c.isDown() {
		return c.grant(x, errors.New("it did not answer a moment ago"))
	}
	err := c.do(ctx, x)
	if isAway(err) && c.open() {
		return c.grant(x, err)
	}
	if errors.Is(err, ErrUnavailable) {
		c.giveBack(x) // it may have arrived all the same
	}
	if err != nil {
		return nil, err
	}
	return x.reservation(c), nil
}

func (c *Client) open() bool { return c.o.WhenUnavailable == FailOpen }

// do sends a call and waits for its answer.
func (c *Client) do(ctx context.Context, x *call) error {
	if c.isStopped() {
		return ErrClosed
	}
	c.enqueue(x)
	return x.wait(ctx)
}

// grant what nobody can check now, once it is on disk.
func (c *Client) grant(x *call, cause error) (*Reservation, error) {
	if err := c.spool.hold(x, time.Now()); err != nil {
		return nil, fmt.Errorf("%w, and the spool takes nothing: %w: %w", ErrUnavailable, err, cause)
	}
	c.o.Observe(Event{Kind: EventOpened, TenantID: x.tenant, RequestID: x.id, Model: x.model, Err: cause})
	r := x.reservation(c)
	r.Model, r.Unchecked = x.model, true
	return r, nil
}

// spooled answers for a request that the spool knows.
func (c *Client) spooled(x *call, e entry) (*Reservation, error) {
	switch {
	case e.state != held:
		return nil, x.fail("TN017", "the request was settled or released already, and waits to be written", nil)
	case e.in != x.in || e.out != x.out || e.model != x.model:
		return nil, x.fail("TN014", "the request was reserved for another model or with other figures", nil)
	}
	r := x.reservation(c)
	r.Model, r.Again, r.Unchecked = e.model, true, true
	return r, nil
}

// downFor is how long FailOpen grants without asking after PostgreSQL was away.
const downFor = time.Second

func (c *Client) down() { c.downUntil.Store(time.Now().Add(downFor).UnixNano()) }

func (c *Client) up() {
	if c.downUntil.Load() != 0 {
		c.downUntil.Store(0)
		c.wake()
	}
}

// isDown says whether PostgreSQL was away a moment ago. Once that is over, one caller finds out for all.
func (c *Client) isDown() bool {
	until := c.downUntil.Load()
	now := time.Now()
	return until != 0 && (now.UnixNano() < until || !c.downUntil.CompareAndSwap(until, now.Add(downFor).UnixNano()))
}

func (c *Client) isStopped() bool {
	select {
	case <-c.stopped:
		return true
	default:
		return false
	}
}

// Close takes no more reservations, waits for calls and meters under way, and writes what the spool holds to the ledger. What
// it cannot write stays for the next process, and the error is [ErrUnavailable]. Other errors are those of ctx and the spool.
func (c *Client) Close(ctx context.Context) error {
	c.closing.Store(true)
	err := c.pending.wait(ctx)
	c.stop.Do(func() { close(c.stopped) })
	<-c.flushed
	if c.spool == nil {
		return err
	}
	if err == nil {
		err = c.Flush(ctx)
	}
	return errors.Join(err, c.spool.close())
}

// gate counts who is inside.
type gate struct {
	mu    sync.Mutex
	count int
	empty chan struct{} // closed when count gets 0, if somebody waits
}

func (g *gate) enter() {
	g.mu.Lock()
	g.count++
	g.mu.Unlock()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count--; g.count == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	if g.count == 0 {
		g.mu.Unlock()
		return nil
	}
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	g.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
