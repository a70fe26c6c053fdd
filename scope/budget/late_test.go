package budget_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tenantry/tenantry/scope/budget"
)

// slowFor makes whatever a tenant reserves take a minute.
func (w *world) slowFor(tenant string) {
	w.t.Helper()
	w.superIn(w.database, fmt.Sprintf(`CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF new.tenant_id = '%s' THEN PERFORM pg_sleep(60); END IF; RETURN new; END $$`, tenant),
		"CREATE TRIGGER slow BEFORE INSERT ON tenantry.ai_usage_logs FOR EACH ROW EXECUTE FUNCTION public.slow()")
}

// A tenant whose calls do not end in time waits by itself, and lifts nobody's limits, its own neither.
func TestSlowTenantLiftsNoLimits(t *testing.T) {
	for name, c := range map[string]struct {
		serverTimeout string
		timeout       time.Duration
	}{
		"the client gives up": {"0", 2 * time.Second},
		"the server gives up": {"2s", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "acme", "globex", "initech")
			w.limits("acme", 1000, 1_000_000)
			w.limits("globex", 5, 1_000_000)
			w.limits("initech", 1000, 1_000_000)
			w.slowFor("acme")
			w.superIn(w.database, "ALTER ROLE "+w.app+" SET statement_timeout = '"+c.serverTimeout+"'")
			h := w.heldWith("initech", budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Timeout: c.timeout})
			answers := map[string]chan error{}
			for tenant, tokens := range map[string]int64{"acme": 10, "globex": 6, "initech": 10} {
				answers[tenant] = make(chan error, 1)
				go func() {
					_, err := h.Reserve(as(t, tenant), ask("", tokens, 0))
					answers[tenant] <- err
				}()
			}
			h.queued(3)
			h.letGo()
			if err := <-answers["globex"]; !errors.Is(err, budget.ErrRefused) {
				t.Errorf("over its limit, in one batch with the slow one: %v", err)
			}
			must(t, <-answers["initech"])
			if err := <-answers["acme"]; !errors.Is(err, budget.ErrBusy) {
				t.Errorf("the slow one: %v", err)
			}
			if _, err := h.Reserve(as(t, "globex"), ask("", 6, 0)); !errors.Is(err, budget.ErrRefused) {
				t.Errorf("over its limit, after the slow one: %v", err)
			}
			if opened := h.of(budget.EventOpened); len(opened) > 0 {
				t.Errorf("granted unchecked: %+v", opened)
			}
		})
	}
}

// A settlement in the spool that does not get through in time holds up those of no other tenant.
func TestSlowTenantHoldsUpNoFlush(t *testing.T) {
	w, p, dsn := apart(t)
	w.slowFor("acme")
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Timeout: time.Second, Observe: ev.add})
	p.set(down)
	for _, tenant := range []string{"acme", "globex"} {
		r, err := c.Reserve(as(t, tenant), ask("of "+tenant, 1, 0))
		must(t, err)
		must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	}
	p.set(up)
	ev.wait(t, "the other tenant's settlement", func() bool { return c.Spooled() == 1 })
	if got := w.standing("of globex"); got != "Settled big 1 0 1" {
		t.Error(got)
	}
	if held := ev.of(budget.EventHeldUp); len(held) == 0 || held[0].TenantID != "acme" || !errors.Is(held[0].Err, budget.ErrBusy) {
		t.Errorf("held up: %+v", held)
	}
}

// Locking its own row buys a tenant nothing.
func TestLockedTenantIsNotGrantedUnchecked(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	unlock := w.lock("acme")
	c := w.client(budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), LockTimeout: time.Millisecond})
	if r, err := c.Reserve(as(t, "acme"), ask("", 1, 0)); !errors.Is(err, budget.ErrBusy) {
		t.Errorf("got %+v, %v", r, err)
	}
	unlock()
}

// A server that is frozen is away, though nothing says so.
func TestFrozenServerIsAway(t *testing.T) {
	w, p, dsn := apart(t)
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Timeout: time.Second})
	r, err := c.Reserve(as(t, "acme"), ask("before", 1, 0))
	must(t, err)
	must(t, r.Release(t.Context()))
	p.set(stuck)
	r, err = c.Reserve(as(t, "acme"), ask("during", 1, 0))
	must(t, err)
	if !r.Unchecked {
		t.Errorf("granted: %+v", r)
	}
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	p.set(up)
	must(t, c.Flush(t.Context()))
	if got := w.standing("during"); got != "Settled big 1 0 1" {
		t.Error(got)
	}
}

// A pool whose connections are all taken does not mean that PostgreSQL is away.
func TestExhaustedPoolOpensNothing(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	pool := w.pool(w.dsn(w.app), 1)
	c, err := budget.New(pool, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Timeout: 100 * time.Millisecond})
	must(t, err)
	conn, err := pool.Acquire(t.Context())
	must(t, err)
	r, err := c.Reserve(as(t, "acme"), ask("", 1, 0))
	if !errors.Is(err, budget.ErrUnavailable) || errors.Is(err, budget.ErrBusy) {
		t.Errorf("got %+v, %v", r, err)
	}
	conn.Release()
	must(t, c.Close(t.Context()))
}
