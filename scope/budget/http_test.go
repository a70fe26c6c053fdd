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
	ran := 0
	handler := c.HTTP(func(r *http.Request) (budget.Request, error) {
		if r.URL.Path == "/unclear" {
			return budget.Request{}, errors.New("secret reason")
		}
		return budget.Request{ID: r.Header.Get("Idempotency-Key"), Model: r.URL.Query().Get("model"), InputTokens: 100, MaxOutputTokens: 100}, nil
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
	if ran != 3 {
		t.Errorf("the handler ran %d times", ran)
	}
	for id, want := range map[string]string{"settled": "Settled big 10 0 10", "panicked": "Settled big 100 2 104", "left": "Reserved big 0 0 0"} {
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
