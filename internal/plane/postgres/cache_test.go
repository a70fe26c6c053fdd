package postgres

import (
	"testing"
	"time"

	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

const age = 15 * time.Second

// filled is a cache with a snapshot of the tenants a and b, both in state "old".
func filled() (*rowsCache, *clocktest.FakePassiveClock) {
	clock := clocktest.NewFakePassiveClock(time.Unix(1000, 0))
	c := newCache[rows.PlaneState, rows.TenantState](clock, age)
	storeOld(c, clock, c.begin())
	return c, clock
}

func oldSnapshot() rows.Snapshot {
	return rows.Snapshot{Tenants: map[string]rows.TenantState{"a": {State: "old"}, "b": {State: "old"}}}
}

func storeOld(c *rowsCache, clock *clocktest.FakePassiveClock, begun uint64) {
	s := oldSnapshot()
	c.storeWhole(s.Plane, s.Tenants, clock.Now(), begun)
}

// served is the state that the cache answers with, "" where it has to be read.
func served(c *rowsCache, id string) string {
	state, ok := c.tenantState(id)
	if !ok {
		return ""
	}
	return state.State
}

func TestWhatTheCacheServes(t *testing.T) {
	a := map[string]bool{"a": true}
	for name, c := range map[string]struct {
		happens func(*rowsCache, *clocktest.FakePassiveClock)
		a, b    string
	}{
		"nothing":   {func(*rowsCache, *clocktest.FakePassiveClock) {}, "old", "old"},
		"too old":   {func(_ *rowsCache, clock *clocktest.FakePassiveClock) { clock.SetTime(clock.Now().Add(age)) }, "", ""},
		"a plan":    {func(c *rowsCache, _ *clocktest.FakePassiveClock) { c.forget(a) }, "", "old"},
		"a claim":   {func(c *rowsCache, _ *clocktest.FakePassiveClock) { c.forgetAll() }, "", ""},
		"the plane": {func(c *rowsCache, _ *clocktest.FakePassiveClock) { c.forget(map[string]bool{planeKey: true}) }, "old", "old"},
		"a plan, then a read": {func(c *rowsCache, _ *clocktest.FakePassiveClock) {
			c.forget(a)
			c.storeTenant("a", rows.TenantState{State: "new"}, c.begin())
		}, "new", "old"},
		"a plan during a read": {func(c *rowsCache, _ *clocktest.FakePassiveClock) {
			begun := c.begin()
			c.forget(a)
			c.storeTenant("a", rows.TenantState{State: "stale"}, begun)
		}, "", "old"},
		"a plan during a snapshot": {func(c *rowsCache, clock *clocktest.FakePassiveClock) {
			begun := c.begin()
			c.forget(a)
			storeOld(c, clock, begun)
		}, "", "old"},
		"a plan before a snapshot": {func(c *rowsCache, clock *clocktest.FakePassiveClock) {
			c.forget(a)
			storeOld(c, clock, c.begin())
		}, "old", "old"},
	} {
		t.Run(name, func(t *testing.T) {
			cache, clock := filled()
			c.happens(cache, clock)
			if got := [2]string{served(cache, "a"), served(cache, "b")}; got != [2]string{c.a, c.b} {
				t.Errorf("a and b: %q, want %q", got, [2]string{c.a, c.b})
			}
		})
	}
}

func TestThePlanesPart(t *testing.T) {
	c, _ := filled()
	begun := c.begin()
	c.forget(map[string]bool{planeKey: true})
	c.storePlane(rows.PlaneState{}, begun)
	if _, ok := c.planeState(); ok {
		t.Error("a read that began before the plan is served after it")
	}
	c.storePlane(rows.PlaneState{}, c.begin())
	if _, ok := c.planeState(); !ok {
		t.Error("what was read after the plan is not served")
	}
}
