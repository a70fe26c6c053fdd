package budget_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
)

func TestMiddleware(t *testing.T) {
	w := newWorld(t, "acme", "poor", "small", "nobudget")
	w.limits("acme", 1000, 1_000_000)
	w.limits("poor", 1000, 100)
	w.limits("small", 99, 1_000_000)
	ev := newEvents()
	c := w.client(budget.Options{Observe: ev.add})
	_, err := w.client(budget.Options{}).Reserve(as(t, "acme"), budget.Request{ID: "elsewhere", Model: "big", InputTokens: 100, MaxOutputTokens: 100})
	must(t, err) // by another process
	ran := 0
	handler := c.HTTP(func(r *http.Request) (budget.Request, error) {
		if r.URL.Path == "/unclear" {
			return budget.Request{}, errors.New("secret reason")
		}
		return budget.Request{ID: r.Header.Get("Idempotency-Key"), Model: r.URL.Query().Get("model"), InputTokens: 100, MaxOutputTokens: 100,
			Retry: r.URL.Query().Has("retry")}, nil
	})(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ran++
		res := budget.FromContext(r.Context())
		switch r.URL.Path {
		case "/settle":
			must(t, res.Settle(r.Context(), budget.Usage{InputTokens: 10}))
		case "/panic":
			m := res.Meter(r.Context(), strings.NewReader(part+final), budget.SSE())
			readExactly(t, m, len(part))
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(http.StatusNoContent)
	}))
	door := scope.HTTP(scope.HeaderSetByTrustedGateway("Tenant"))(handler)
	call := func(tenant, target, id string) (answer string, header http.Header) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, nil)
		r.Header.Set("Tenant", tenant)
		r.Header.Set("Idempotency-Key", id)
		rec := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }()
			door.ServeHTTP(rec, r)
		}()
		return strings.TrimSpace(fmt.Sprint(rec.Code, " ", rec.Body)), rec.Header()
	}
	reset := `"resetsAt":"20\d\d-\d\d-01T00:00:00Z"`
	for _, x := range []struct{ tenant, target, id, want string }{
		{"acme", "/settle?model=big", "settled", `204`},
		{"acme", "/panic?model=big", "panicked", `200`}, // what a recorder shows of nothing
		{"acme", "/left?model=big", "left", `204`},
		{"acme", "/left?model=big", "left", `409 {"error":"conflict"}`},
		{"acme", "/left?model=big", "elsewhere", `409 {"error":"conflict"}`},
		{"acme", "/settle?model=big&retry=1", "elsewhere", `204`},
		{"acme", "/settle?model=big", "settled", `409 {"error":"conflict"}`},
		{"acme", "/settle?model=unheard-of", "", `400 {"error":"invalid"}`},
		{"acme", "/unclear", "", `400 {"error":"invalid"}`},
		{"poor", "/settle?model=big", "", `429 {"error":"budget_exceeded","used":0,"reserved":0,"limit":0.0001,"unit":"USD","model":"\*",` + reset + `}`},
		{"small", "/settle?model=big", "", `429 {"error":"budget_exceeded","used":0,"reserved":0,"limit":99,"unit":"Tokens","model":"\*",` + reset + `}`},
		{"nobudget", "/settle?model=big", "", `429 {"error":"no_budget"}`},
		{"nobody", "/settle?model=big", "", `500 {"error":"internal"}`},
	} {
		got, header := call(x.tenant, x.target, x.id)
		if !regexp.MustCompile("^" + x.want + "$").MatchString(got) {
			t.Errorf("%s %s: got %s, want %s", x.tenant, x.target, got, x.want)
		}
		after, _ := strconv.Atoi(header.Get("Retry-After"))
		if strings.Contains(got, "budget_exceeded") != (after > 0 && after <= 31*24*3600) {
			t.Errorf("%s %s: Retry-After %q", x.tenant, x.target, header.Get("Retry-After"))
		}
	}
	if ran != 4 {
		t.Errorf("the handler ran %d times", ran)
	}
	for id, want := range map[string]string{"settled": "Settled big 10 0 10", "panicked": "Settled big 100 100 300", "left": "Reserved big 0 0 0"} {
		if got := w.standing(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if left := ev.of(budget.EventLeft); len(left) != 1 || left[0].RequestID != "left" {
		t.Errorf("left: %+v", left)
	}
}

func TestWriteErrorWhileUnavailable(t *testing.T) {
	rec := httptest.NewRecorder()
	budget.WriteError(rec, fmt.Errorf("of mine: %w", budget.ErrUnavailable))
	if rec.Code != 503 || rec.Header().Get("Retry-After") != "1" || strings.Contains(rec.Body.String(), "mine") {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if budget.FromContext(context.Background()) != nil {
		t.Error("a reservation out of nowhere")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2027, 2, 28, 23, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		budget.Refused
		want time.Duration
	}{
		"until the period ends": {budget.Refused{Unit: budget.Tokens, Used: 100, Limit: 100, ResetsAt: now.Add(time.Hour)}, time.Hour},
		"open reservations":     {budget.Refused{Unit: budget.Tokens, Used: 10, Reserved: 90, Limit: 100, ResetsAt: now.Add(time.Hour)}, 5 * time.Second},
		"it ends before":        {budget.Refused{Unit: budget.Tokens, Used: 10, Reserved: 90, Limit: 100, ResetsAt: now.Add(2 * time.Second)}, 2 * time.Second},
		"a moment ago":          {budget.Refused{Unit: budget.USD, ResetsAt: now.Add(-time.Hour)}, time.Second},
		"no budget":             {budget.Refused{}, 0},
	} {
		if got := c.RetryAfter(now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Many calls with one id at once: one of them goes through, and is charged.
func TestOneCallForOneID(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 100_000, 1_000_000)
	c := w.client(budget.Options{})
	letGo := make(chan struct{})
	var ran, refused atomic.Int32
	handler := c.HTTP(func(*http.Request) (budget.Request, error) { return ask("one", 100, 900), nil })(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			n := ran.Add(1)
			<-letGo
			must(t, budget.FromContext(r.Context()).Settle(r.Context(), budget.Usage{InputTokens: 100, OutputTokens: 899 * int64(n)}))
		}))
	const callers = 8
	var work sync.WaitGroup
	for range callers {
		work.Go(func() {
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, httptest.NewRequestWithContext(as(t, "acme"), http.MethodPost, "/", nil))
			if rec.Code == http.StatusConflict && refused.Add(1) == callers-1 {
				close(letGo)
			}
		})
	}
	work.Wait()
	if got := w.standing("one"); ran.Load() != 1 || got != "Settled big 100 899 1898" {
		t.Errorf("%d went through: %s", ran.Load(), got)
	}
}

// An id is free again once its request has ended in whatever way; and what was left is not kept for ever.
func TestInFlight(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 100, 1_000_000)
	c := w.client(budget.Options{})
	_, err := c.Reserve(as(t, "acme"), ask("id", 101, 0))
	if !errors.Is(err, budget.ErrRefused) {
		t.Errorf("got %v", err)
	}
	r, err := c.Reserve(as(t, "acme"), ask("id", 10, 0)) // what was refused is not in flight
	must(t, err)
	if _, err := c.Reserve(as(t, "acme"), ask("id", 10, 0)); !errors.Is(err, budget.ErrInFlight) {
		t.Errorf("got %v", err)
	}
	again, err := c.Reserve(as(t, "acme"), retry("id", 10, 0))
	must(t, err)
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	if n := c.InFlight(); n != 1 {
		t.Errorf("%d in flight: the first took the second's", n)
	}
	must(t, again.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	if n := c.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}
