package postgres

import (
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// planeKey names the plane's own part among the tenants'. No tenantID is empty.
const planeKey = ""

// cache holds the last snapshot. Parts of it are forgotten when a plan touched them, and read again one by one, so that a
// thousand new tenants do not cost a thousand snapshots.
type cache struct {
	clock clock.PassiveClock
	age   time.Duration
	reads singleflight.Group

	mu sync.Mutex
	// at is when the snapshot was begun, zero where there is none.
	at      time.Time
	plane   rows.PlaneState
	tenants map[string]rows.TenantState
	// dropped parts are not to be served. touched says when, so that a read begun before is not stored after.
	dropped map[string]bool
	touched map[string]uint64
	tick    uint64
}

func newCache(c clock.PassiveClock, age time.Duration) *cache {
	return &cache{clock: c, age: age, dropped: map[string]bool{}, touched: map[string]uint64{}}
}

// begin marks the start of a read.
func (c *cache) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tick
}

func (c *cache) current() bool { return !c.at.IsZero() && c.clock.Since(c.at) < c.age }

// hasWhole says whether there is a snapshot that is young enough.
func (c *cache) hasWhole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current()
}

// tenantState returns a tenant's part, false where it has to be read.
func (c *cache) tenantState(id string) (rows.TenantState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tenants[id], c.current() && !c.dropped[id]
}

// planeState returns the plane's part, false where it has to be read.
func (c *cache) planeState() (rows.PlaneState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plane, c.current() && !c.dropped[planeKey]
}

// storeWhole keeps a snapshot whose reading began at tick begun, but for what was touched since.
func (c *cache) storeWhole(s rows.Snapshot, at time.Time, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.plane, c.tenants = at, s.Plane, s.Tenants
	maps.DeleteFunc(c.touched, func(_ string, tick uint64) bool { return tick <= begun })
	c.dropped = map[string]bool{}
	for key := range c.touched {
		c.dropped[key] = true
	}
}

func (c *cache) storeTenant(id string, s rows.TenantState, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched[id] > begun || c.tenants == nil {
		return
	}
	c.tenants[id] = s
	delete(c.dropped, id)
}

func (c *cache) storePlane(s rows.PlaneState, begun uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched[planeKey] > begun {
		return
	}
	c.plane = s
	delete(c.dropped, planeKey)
}

// forget drops parts that were, or may have been, changed.
func (c *cache) forget(keys map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	for key := range keys {
		c.touched[key], c.dropped[key] = c.tick, true
	}
}

// forgetAll drops the snapshot.
func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick++
	c.at = time.Time{}
}
