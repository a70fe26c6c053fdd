package budget_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
	"github.com/tenantry/tenantry/scope/postgres"
)

func ask(id string, in, out int64) budget.Request {
	return budget.Request{ID: id, Model: "big", InputTokens: in, MaxOutputTokens: out}
}

// retry is ask for a request whose first attempt is over.
func retry(id string, in, out int64) budget.Request {
	q := ask(id, in, out)
	q.Retry = true
	return q
}

func TestReserveSettleRelease(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	c := w.client(budget.Options{})
	ctx := as(t, "acme")

	r, err := c.Reserve(ctx, ask("one", 100, 200))
	must(t, err)
	if r.ID != "one" || r.TenantID != "acme" || r.Model != "big" || r.Again || r.Percent != 30 || r.ExpiresAt.IsZero() || r.ResetsAt.IsZero() || r.Unchecked {
		t.Errorf("reserved: %+v", r)
	}
	if got := w.counters("acme"); got != "0 used, 300 reserved" {
		t.Errorf("after reserve: %s", got)
	}
	again, err := c.Reserve(ctx, retry("one", 100, 200))
	must(t, err)
	if !again.Again || w.counters("acme") != "0 used, 300 reserved" {
		t.Errorf("a retry reserves again: %+v, %s", again, w.counters("acme"))
	}
	must(t, r.Settle(ctx, budget.Usage{InputTokens: 90, OutputTokens: 20}))
	must(t, r.Settle(ctx, budget.Usage{InputTokens: 90, OutputTokens: 20}))
	must(t, again.Settle(ctx, budget.Usage{InputTokens: 90, OutputTokens: 20}))
	for name, r := range map[string]*budget.Reservation{"itself": r, "a retry": again} {
		if err := r.Settle(ctx, budget.Usage{InputTokens: 1}); !errors.Is(err, budget.ErrOtherFigures) {
			t.Errorf("%s settles with other figures: %v", name, err)
		}
	}
	if got := w.counters("acme") + ", " + w.standing("one"); got != "110 used, 0 reserved, Settled big 90 20 130" {
		t.Errorf("after settle: %s", got)
	}

	r, err = c.Reserve(ctx, budget.Request{Model: "small", MaxOutputTokens: 500})
	must(t, err)
	must(t, r.Release(ctx))
	must(t, r.Release(ctx))
	if got := w.counters("acme") + ", " + w.standing(r.ID); got != "110 used, 0 reserved, Released small 0 0 0" {
		t.Errorf("after release: %s", got)
	}
	w.agree()
}

func TestRefused(t *testing.T) {
	w := newWorld(t, "acme", "globex", "initech")
	w.limits("acme", 1000, 1_000_000)
	w.limits("globex", 1_000_000, 100, "enforcement = 'Warn'")
	c := w.client(budget.Options{})
	_, err := c.Reserve(as(t, "acme"), ask("first", 600, 0))
	must(t, err)

	_, err = c.Reserve(as(t, "acme"), ask("second", 500, 0))
	refused, ok := errors.AsType[*budget.Refused](err)
	if !ok || !errors.Is(err, budget.ErrRefused) {
		t.Fatalf("got %v", err)
	}
	want := &budget.Refused{TenantID: "acme", RequestID: "second", Unit: budget.Tokens, Model: "*", Reserved: 600, Limit: 1000, Percent: 60}
	if diff := cmp.Diff(want, refused, cmpopts.IgnoreUnexported(budget.Refused{}), cmpopts.IgnoreFields(budget.Refused{}, "ResetsAt")); diff != "" {
		t.Error(diff)
	}
	if refused.ResetsAt.Day() != 1 {
		t.Errorf("resets at %v", refused.ResetsAt)
	}
	r, err := c.Reserve(as(t, "globex"), ask("warned", 200, 0))
	must(t, err)
	if r.Warning == nil || r.Warning.Unit != budget.USD || r.Warning.Limit != 100 {
		t.Errorf("a budget that only warns: %+v", r.Warning)
	}
	_, err = c.Reserve(as(t, "initech"), ask("", 1, 0))
	if refused, ok = errors.AsType[*budget.Refused](err); !ok || refused.Unit != "" || !strings.Contains(err.Error(), "AIBudget") {
		t.Errorf("without a budget: %v", err)
	}
}

func TestErrors(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	c := w.client(budget.Options{})
	r, err := c.Reserve(as(t, "acme"), ask("taken", 1, 1))
	must(t, err)
	settled, err := c.Reserve(as(t, "acme"), ask("settled", 1, 1))
	must(t, err)
	must(t, settled.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	long := strings.Repeat("x", 129)
	for name, q := range map[string]struct {
		tenant string
		budget.Request
		want error
	}{
		"tenant":          {"nobody", ask("", 1, 1), postgres.ErrUnknownTenant},
		"model":           {"acme", budget.Request{Model: "unheard-of"}, budget.ErrNoPrice},
		"no model":        {"acme", budget.Request{}, budget.ErrInvalid},
		"long model":      {"acme", budget.Request{Model: long}, budget.ErrInvalid},
		"long id":         {"acme", budget.Request{ID: long, Model: "big"}, budget.ErrInvalid},
		"NUL":             {"acme", budget.Request{ID: "a\x00b", Model: "big"}, budget.ErrInvalid},
		"UTF-8":           {"acme", budget.Request{ID: "a\xff", Model: "big"}, budget.ErrInvalid},
		"negative":        {"acme", ask("", -1, 1), budget.ErrInvalid},
		"huge":            {"acme", ask("", 1, 1_000_000_001), budget.ErrInvalid},
		"complexity":      {"acme", budget.Request{Model: "big", Complexity: "simple"}, budget.ErrInvalid},
		"taken":           {"acme", retry("taken", 2, 1), budget.ErrOtherFigures},
		"in flight":       {"acme", ask("taken", 1, 1), budget.ErrInFlight},
		"settled already": {"acme", ask("settled", 1, 1), budget.ErrFinished},
		"no route":        {"acme", budget.Request{Complexity: budget.Standard}, budget.ErrNoPrice},
	} {
		if _, err := c.Reserve(as(t, q.tenant), q.Request); !errors.Is(err, q.want) {
			t.Errorf("%s: got %v, want %v", name, err, q.want)
		}
	}
	if _, err := c.Reserve(t.Context(), ask("", 1, 1)); !errors.Is(err, scope.ErrNoTenant) {
		t.Errorf("without a tenant: %v", err)
	}
	if err := r.Settle(t.Context(), budget.Usage{InputTokens: -1}); !errors.Is(err, budget.ErrInvalid) {
		t.Errorf("settle with negative tokens: %v", err)
	}
	if err := settled.Release(t.Context()); !errors.Is(err, budget.ErrFinished) {
		t.Errorf("release of what was settled: %v", err)
	}
}

func TestRouteAndStatus(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1000, 500, "degrade_percent = 50")
	c := w.client(budget.Options{})
	ctx := as(t, "acme")
	for complexity, want := range map[string]string{budget.Complex: "big", budget.Simple: "small"} {
		if got, err := c.Route(ctx, complexity); got != want || err != nil {
			t.Errorf("%s is routed to %q, %v", complexity, got, err)
		}
	}
	r, err := c.Reserve(ctx, budget.Request{Complexity: budget.Complex, InputTokens: 200})
	must(t, err)
	cheaper, err := c.Reserve(ctx, budget.Request{Complexity: budget.Complex, InputTokens: 400})
	must(t, err)
	if r.Model != "big" || cheaper.Model != "small" {
		t.Errorf("got %q, and near the limit %q", r.Model, cheaper.Model)
	}
	got, err := c.Status(ctx)
	must(t, err)
	want := []budget.Limit{
		{Unit: "Tokens", Model: "*", Reserved: 600, Limit: 1000, Percent: 60, Tier: "Premium", Enforcement: "Block"},
		{Unit: "USD", Model: "*", Reserved: 240, Limit: 500, Percent: 48, Tier: "Premium", Enforcement: "Block"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(budget.Limit{}, "PeriodStart", "ResetsAt")); diff != "" {
		t.Error(diff)
	}
	if got, err := c.Status(as(t, "globex")); len(got) != 0 || err != nil {
		t.Errorf("without a budget: %v, %v", got, err)
	}
	if _, err := c.Status(as(t, "nobody")); !errors.Is(err, postgres.ErrUnknownTenant) {
		t.Errorf("status of an unknown tenant: %v", err)
	}
}

// A thousand callers on one budget that is nearly used up: what fits is admitted, and not a token more.
func TestNoOvershootNoPhantomRefusal(t *testing.T) {
	const callers, each, room = 1000, 10, 137
	w := newWorld(t, "acme", "globex")
	w.limits("acme", room*each+each/2, 1_000_000)
	w.limits("globex", 1_000_000_000, 1_000_000_000)
	clients := []*budget.Client{w.client(budget.Options{Lanes: 4}), w.client(budget.Options{Lanes: 4})} // two processes
	sampler := w.sample("acme", room*each+each/2)
	var admitted, refused atomic.Int64
	var kept sync.Map
	var work sync.WaitGroup
	for i := range callers {
		c := clients[i%len(clients)]
		work.Go(func() {
			r, err := c.Reserve(as(t, "acme"), ask("", each, 0))
			switch {
			case err == nil:
				admitted.Add(1)
				kept.Store(r, true)
			case errors.Is(err, budget.ErrRefused):
				refused.Add(1)
			default:
				t.Error(err)
			}
			other, err := c.Reserve(as(t, "globex"), ask("", each, each))
			if err == nil {
				err = other.Settle(as(t, "globex"), budget.Usage{InputTokens: each})
			}
			if err != nil {
				t.Errorf("the other tenant: %v", err)
			}
		})
	}
	work.Wait()
	if admitted.Load() != room || refused.Load() != callers-room {
		t.Errorf("%d admitted and %d refused, want %d and %d", admitted.Load(), refused.Load(), room, callers-room)
	}
	// What is given back is there for the next at once.
	kept.Range(func(k, _ any) bool {
		work.Go(func() {
			r := k.(*budget.Reservation)
			if err := r.Release(t.Context()); err != nil {
				t.Error(err)
			}
			r, err := clients[0].Reserve(as(t, "acme"), ask("", each, 0))
			if err != nil {
				t.Errorf("after a release: %v", err)
				return
			}
			if err := r.Settle(t.Context(), budget.Usage{InputTokens: each}); err != nil {
				t.Error(err)
			}
		})
		return true
	})
	work.Wait()
	sampler()
	if got, want := w.counters("acme"), fmt.Sprintf("%d used, 0 reserved", room*each); got != want {
		t.Errorf("in the end: %s, want %s", got, want)
	}
	if got, want := w.counters("globex"), fmt.Sprintf("%d used, 0 reserved", callers*each); got != want {
		t.Errorf("the other tenant: %s, want %s", got, want)
	}
	w.agree()
}

// sample fails if a tenant is ever above its limit, until stop is called.
func (w *world) sample(tenant string, limit int64) (stop func()) {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.pg.SuperuserDSN(w.database))
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	samples := 0
	work.Go(func() {
		defer func() { _ = conn.Close(context.Background()) }()
		for ctx.Err() == nil {
			var sum int64
			if err := conn.QueryRow(context.Background(), "SELECT used[1] + reserved[1] FROM tenantry.tenant_budgets WHERE tenant_id = $1", tenant).Scan(&sum); err != nil {
				w.t.Error(err)
				return
			}
			if samples++; sum > limit {
				w.t.Errorf("%d used and reserved of %d", sum, limit)
			}
		}
	})
	return func() {
		cancel()
		work.Wait()
		if samples == 0 {
			w.t.Error("nothing was sampled")
		}
	}
}
