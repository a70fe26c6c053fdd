package postgres

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// planeKey names the plane's own part among the tenants'. No tenantID is empty.
const planeKey = ""

// cache holds the last snapshot: a plane's part and one for each tenant. Parts of it are forgotten when a plan touched them, and read again one by one, so that a
// thousand new tenants do not cost a thousand snapshots.
type cache[P, T any] struct {
	clock clock.PassiveClock
	age   time.Duration
	reads singleflight.Group

	mu sync.Mutex
	// at is when the snapshot was begun, zero where there is none. number is that of its reading.
	at      time.Time
	number  uint64
	begun   uint64
	plane   P
	tenants map[string]T
	// dropped parts are not to be served. touched says when, so that a read begun before is not stored after.
	dropped map[string]bool
	touched map[string]uint64
	tick    uint64
}

// The two snapshots of a database.
type (
	rowsCache   = cache[rows.PlaneState, rows.TenantState]
	budgetCache = cache[budget.PlaneState, budget.TenantState]
)

func newCache[P, T any](c clock.PassiveClock, age time.Duration) *cache[P, T] {
	return &cache[P, T]{clock: c, age: age, dropped: map[string]bool{}, touched: map[string]uint64{}}
}

// next numbers the readings of snapshots: what began later replaces what began before, and never the other way round.
func (c *cache[P, T]) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	return c.begun
}

// replaces says whether a reading began after that of the snapshot that stands.
func (c *cache[P, T]) replaces(number uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number <= c.number {
		return false
	}
	c.number = number
	return true
}

// begin marks the start of a read.
func (c *cache[P, T]) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tick
}

func (c *cache[P, T]) current() bool { return !c.at.IsZero() && c.clock.Since(c.at) < c.age }

// hasWhole says whether there is a snapshot that is young enough.
func (c *cache[P, T]) hasWhole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current()
}

// known says whether there is a snapshot of any age.
func (c *cache[P, T]) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.at.IsZero()
}

// tenantState returns a tenant's part, false where it has to be read.
func (c *cache[P, T]) tenantState(id string) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tenants[id], c.current() && !c.dropped[id]
}

// planeState returns the plane's part, false where it has to be read.
func (c *cache[P, T]) planeState() (P, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plane, c.current() && !c.dropped[planeKey]
}

// someTenant says whether a part of the snapshot is such, as it was read, whatever was touched since.
func (c *cache[P, T]) someTenant(such func(T) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, state := range c.tenants {
		if such(state) {
			return true
		}
	}
	return false
}

// storeWhole keeps a snapshot whose reading began at tick begun, but for what was touched since.
func (c *cache[P, T]) storeWhole(plane P, tenants map[string]T, at time.Time, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.plane, c.tenants = at, plane, tenants
	maps.DeleteFunc(c.touched, func(_ string, tick uint64) bool { return tick <= begun })
	c.dropped = map[string]bool{}
	for key := range c.touched {
		c.dropped[key] = true
	}
}

func (c *cache[P, T]) storeTenant(id string, s T, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched[id] > begun || c.tenants == nil {
		return
	}
	c.tenants[id] = s
	delete(c.dropped, id)
}

func (c *cache[P, T]) storePlane(s P, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched[planeKey] > begun {
		return
	}
	c.plane = s
	delete(c.dropped, planeKey)
}

// forget drops parts that were, or may have been, changed.
func (c *cache[P, T]) forget(keys map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	for key := range keys {
		c.touched[key], c.dropped[key] = c.tick, true
	}
}

// whole sees to it that there is a snapshot that is young enough. Callers share the taking of one, and each stops waiting
// when its own context ends.
func (c *cache[P, T]) whole(ctx context.Context, read func(context.Context) (P, map[string]T, error)) error {
	if c.hasWhole() {
		return nil
	}
	return c.share(ctx, func() error {
		if c.hasWhole() {
			return nil
		}
		return c.take(context.WithoutCancel(ctx), read)
	})
}

// take takes a snapshot whose reading begins now, whoever else is taking one.
func (c *cache[P, T]) take(ctx context.Context, read func(context.Context) (P, map[string]T, error)) error {
	number, begun, at := c.next(), c.begin(), c.clock.Now()
	plane, tenants, err := read(ctx)
	if err == nil && c.replaces(number) {
		c.storeWhole(plane, tenants, at, begun)
	}
	return err
}

func (c *cache[P, T]) share(ctx context.Context, take func() error) error {
	done := c.reads.DoChan("whole", func() (any, error) { return nil, take() })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-done:
		return result.Err
	}
}

// forgetAll drops the snapshot.
func (c *cache[P, T]) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	c.at = time.Time{}
}
