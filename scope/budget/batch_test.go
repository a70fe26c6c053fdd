package budget_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/scope/budget"
	"github.com/tenantry/tenantry/scope/postgres"
)

// held is a client with one lane, whose first round trip ends only when it is let go: what is asked meanwhile queues.
type held struct {
	*budget.Client
	*events
	letGo  func()
	before *budget.Reservation // of the first round trip, once it is over
	over   chan struct{}
}

func (w *world) held(tenant string) *held {
	w.t.Helper()
	return w.heldWith(tenant, budget.Options{})
}

func (w *world) heldWith(tenant string, o budget.Options) *held {
	w.t.Helper()
	ev, gate := newEvents(), make(chan struct{})
	var first atomic.Bool
	h := &held{events: ev, letGo: sync.OnceFunc(func() { close(gate) }), over: make(chan struct{})}
	o.Lanes, o.Observe = 1, func(e budget.Event) {
		if e.Kind == budget.EventBatch && first.CompareAndSwap(false, true) {
			ev.add(budget.Event{Kind: "held"})
			<-gate
			return
		}
		ev.add(e)
	}
	h.Client = w.client(o)
	w.t.Cleanup(h.letGo)
	go func() {
		defer close(h.over)
		var err error
		if h.before, err = h.Reserve(as(w.t, tenant), ask("before", 1, 0)); err != nil {
			w.t.Error(err)
		}
	}()
	ev.wait(w.t, "the first round trip", func() bool { return len(ev.of("held")) > 0 })
	return h
}

// queued waits until so many calls are, beside the first.
func (h *held) queued(n int) {
	for h.Pending() != n+1 {
		runtime.Gosched()
	}
}

func TestBatchIsOneRoundTripAndEachAnswersForItself(t *testing.T) {
	w := newWorld(t, "acme", "globex", "poor")
	w.limits("acme", 1000, 1_000_000)
	w.limits("globex", 1000, 1_000_000)
	w.limits("poor", 5, 1_000_000)
	h := w.held("acme")
	asked := map[string]struct {
		tenant string
		budget.Request
		want error
	}{
		"fits":           {"acme", ask("fits", 10, 0), nil},
		"other tenant":   {"globex", retry("fits", 20, 0), nil}, // the same id, of another tenant
		"does not fit":   {"poor", ask("", 6, 0), budget.ErrRefused},
		"unknown tenant": {"nobody", ask("", 1, 0), postgres.ErrUnknownTenant},
		"unknown model":  {"acme", budget.Request{Model: "unheard-of"}, budget.ErrNoPrice},
		"taken":          {"acme", retry("before", 2, 0), budget.ErrOtherFigures},
		"complex":        {"globex", budget.Request{Model: "big", Complexity: budget.Complex, InputTokens: 30}, nil},
	}
	for range 50 {
		asked[fmt.Sprint("more ", len(asked))] = asked["other tenant"] // retries of one request
	}
	var work sync.WaitGroup
	for name, q := range asked {
		work.Go(func() {
			r, err := h.Reserve(as(t, q.tenant), q.Request)
			if !errors.Is(err, q.want) {
				t.Errorf("%s: got %v, want %v", name, err, q.want)
			}
			if err == nil && (r.TenantID != q.tenant || r.Model != "big") {
				t.Errorf("%s: got another's answer: %+v", name, r)
			}
		})
	}
	h.queued(len(asked))
	h.letGo()
	work.Wait()
	if batches := h.of(budget.EventBatch); len(batches) != 1 || batches[0].Count != len(asked) {
		t.Errorf("%d calls took these round trips: %+v", len(asked), batches)
	}
	for tenant, want := range map[string]string{"acme": "0 used, 11 reserved", "globex": "0 used, 50 reserved", "poor": "0 used, 0 reserved"} {
		if got := w.counters(tenant); got != want {
			t.Errorf("%s: %s, want %s", tenant, got, want)
		}
	}
	w.agree()
}

// What the server cannot take at all costs the others in its batch nothing.
func TestBatchWithPoison(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1000, 1_000_000)
	w.limits("globex", 1000, 1_000_000)
	w.superIn(w.database, `CREATE FUNCTION public.poison() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF new.request_id = 'poison' THEN RAISE EXCEPTION 'no such thing' USING ERRCODE = '22000'; END IF; RETURN new; END $$`,
		"CREATE TRIGGER poison BEFORE INSERT ON tenantry.ai_usage_logs FOR EACH ROW EXECUTE FUNCTION public.poison()")
	h := w.held("acme")
	var work sync.WaitGroup
	for i := range 20 {
		id, tenant := fmt.Sprint(i), []string{"acme", "globex"}[i%2]
		if i == 7 {
			id = "poison"
		}
		work.Go(func() {
			_, err := h.Reserve(as(t, tenant), ask(id, 1, 0))
			e, failed := errors.AsType[*budget.Error](err)
			if failed != (id == "poison") || (failed && e.Code != "22000") {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	h.queued(20)
	h.letGo()
	work.Wait()
	if got := w.counters("acme") + "; " + w.counters("globex"); got != "0 used, 11 reserved; 0 used, 9 reserved" {
		t.Error(got)
	}
}

// lock a tenant's row until unlock is called.
func (w *world) lock(tenant string) (unlock func()) {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.pg.SuperuserDSN(w.database))
	must(w.t, err)
	unlock = sync.OnceFunc(func() { _ = conn.Close(context.Background()) }) // which ends the transaction
	w.t.Cleanup(unlock)
	_, err = conn.Exec(context.Background(), "BEGIN")
	must(w.t, err)
	_, err = conn.Exec(context.Background(), "SELECT FROM tenantry.tenant_budgets WHERE tenant_id = $1 FOR UPDATE", tenant)
	must(w.t, err)
	return unlock
}

// A tenant can hold its own row locked for as long as it likes. It waits alone.
func TestLockedTenantHoldsUpNobody(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1_000_000, 1_000_000)
	w.limits("globex", 1_000_000, 1_000_000)
	ev := newEvents()
	c := w.client(budget.Options{Lanes: 1, LockTimeout: 20 * time.Millisecond, Observe: ev.add})
	unlock := w.lock("acme")

	answers := make(chan error, 1)
	go func() {
		r, err := c.Reserve(as(t, "acme"), ask("", 1, 0))
		if err == nil {
			err = r.Settle(t.Context(), budget.Usage{InputTokens: 1})
		}
		answers <- err
	}()
	ev.wait(t, "a round trip that meets the lock", func() bool { return len(ev.of(budget.EventBatch)) > 0 })
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 25 {
				r, err := c.Reserve(as(t, "globex"), ask("", 1, 0))
				if err == nil {
					err = r.Settle(t.Context(), budget.Usage{InputTokens: 1})
				}
				if err != nil {
					t.Errorf("the other tenant: %v", err)
				}
			}
		})
	}
	work.Wait()
	select {
	case err := <-answers:
		t.Fatalf("the locked tenant has its answer: %v", err)
	default:
	}
	unlock()
	must(t, <-answers)
	if got := w.counters("acme") + "; " + w.counters("globex"); got != "1 used, 0 reserved; 200 used, 0 reserved" {
		t.Error(got)
	}
}

func TestLockedForLong(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	c := w.client(budget.Options{LockTimeout: time.Millisecond})
	unlock := w.lock("acme")
	if _, err := c.Reserve(as(t, "acme"), ask("", 1, 0)); !errors.Is(err, budget.ErrBusy) || !errors.Is(err, budget.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	unlock()
	_, err := c.Reserve(as(t, "acme"), ask("", 1, 0))
	must(t, err)
}

func TestCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		id       string
		inFlight bool
		want     string // what stands in the ledger
	}{
		"queued":                 {"", false, "nothing"},
		"queued, own id":         {"own", false, "nothing"},
		"under way":              {"", true, "Released big 0 0 0"},
		"under way, with own id": {"own", true, "Reserved big 0 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "acme", "globex")
			w.limits("acme", 1000, 1_000_000)
			w.limits("globex", 1000, 1_000_000)
			ctx, cancel := context.WithCancelCause(as(t, "acme"))
			why := errors.New("the caller hung up")
			gate := make(chan struct{})
			ev := newEvents()
			var trips atomic.Int32
			client := w.client(budget.Options{Lanes: 1, Observe: func(e budget.Event) {
				ev.add(e)
				if e.Kind == budget.EventBatch && trips.Add(1) == 1 {
					<-gate
				}
			}})
			other := make(chan error, 1)
			ask1 := func() {
				_, err := client.Reserve(as(t, "globex"), ask("", 1, 0))
				other <- err
			}
			got := make(chan error, 1)
			ask2 := func() {
				_, err := client.Reserve(ctx, ask(c.id, 10, 10))
				got <- err
			}
			first, second := ask1, ask2
			if c.inFlight {
				first, second = ask2, ask1
			}
			go first()
			ev.wait(t, "the first round trip", func() bool { return len(ev.of(budget.EventBatch)) > 0 })
			go second()
			for client.Pending() != 2 {
				runtime.Gosched()
			}
			cancel(why)
			if err := <-got; !errors.Is(err, why) {
				t.Errorf("got %v", err)
			}
			close(gate)
			if err := <-other; err != nil {
				t.Errorf("another caller's call: %v", err)
			}
			for client.Pending() != 0 {
				runtime.Gosched()
			}
			if got := w.value("SELECT coalesce(max(concat_ws(' ', state, model, input_tokens, output_tokens, cost_micros)), 'nothing') FROM tenantry.ai_usage_logs WHERE tenant_id = 'acme'"); got != c.want {
				t.Errorf("in the ledger: %s, want %s", got, c.want)
			}
			w.agree()
			if c.id == "" {
				return
			}
			r, err := client.Reserve(as(t, "acme"), ask(c.id, 10, 10))
			must(t, err)
			if r.Again != c.inFlight {
				t.Errorf("the caller's retry: %+v", r)
			}
			must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 10}))
		})
	}
}

// A Settle whose caller leaves is done all the same.
func TestSettleGoesOnWithoutItsCaller(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	h := w.held("acme")
	h.letGo()
	<-h.over
	ctx, cancel := context.WithCancel(as(t, "acme"))
	cancel()
	if err := h.before.Settle(ctx, budget.Usage{InputTokens: 7}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	must(t, h.Close(t.Context()))
	if got := w.standing("before"); got != "Settled big 7 0 7" {
		t.Error(got)
	}
}

// Connections that die under their round trips cost nobody anything.
func TestConnectionsDie(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1_000_000, 10_000_000)
	c := w.client(budget.Options{})
	var pairs atomic.Int64
	var work sync.WaitGroup
	const callers, each = 16, 60
	for range callers {
		work.Go(func() {
			for range each {
				r, err := c.Reserve(as(t, "acme"), ask("", 1, 1))
				if err == nil {
					err = r.Settle(t.Context(), budget.Usage{InputTokens: 1})
				}
				if err != nil {
					t.Error(err)
				}
				pairs.Add(1)
			}
		})
	}
	for n := int64(50); n < callers*each; n += 100 {
		for pairs.Load() < n {
			runtime.Gosched()
		}
		w.superIn(w.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"+w.app+"'")
	}
	work.Wait()
	if got, want := w.counters("acme"), fmt.Sprintf("%d used, 0 reserved", callers*each); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w.agree()
}

// A tenant that locks its row, frees it, and locks it again meets nobody else's calls with the second lock.
func TestLockedAgainAndAgain(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1000, 1_000_000)
	w.limits("globex", 1000, 1_000_000)
	ev := newEvents()
	c := w.client(budget.Options{Lanes: 1, LockTimeout: 20 * time.Millisecond, Observe: ev.add})
	reserve := func() chan error {
		answer := make(chan error, 1)
		go func() {
			_, err := c.Reserve(as(t, "acme"), ask("", 1, 0))
			answer <- err
		}()
		return answer
	}
	failed := func() (n int) {
		for _, e := range ev.of(budget.EventBatch) {
			if e.Err != nil {
				n++
			}
		}
		return n
	}
	unlock := w.lock("acme")
	answer := reserve()
	ev.wait(t, "the first lock", func() bool { return failed() > 0 })
	unlock()
	must(t, <-answer)
	unlock = w.lock("acme")
	met := failed()
	answer = reserve()
	ev.wait(t, "the second lock", func() bool { return failed() > met })
	if !c.Apart("acme") || c.Apart("globex") {
		t.Error("who held others up a moment ago shares their lane again")
	}
	unlock()
	must(t, <-answer)
	if !c.Apart("acme") {
		t.Error("one call that succeeds lets it out")
	}
}
