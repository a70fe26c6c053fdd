package budget_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
)

// A call to a model, reserved before and settled after.
func Example() {
	dsn, stop := exampleDatabase() // yours: the database of the DataPlane, as one of its appRoles
	defer stop()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	ledger, err := budget.New(pool, budget.Options{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = ledger.Close(context.Background()) }()

	ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: "acme"}) // the middleware does this
	r, err := ledger.Reserve(ctx, budget.Request{Model: "big", InputTokens: 900, MaxOutputTokens: 4000})
	if err != nil {
		panic(err)
	}
	// … call r.Model …
	if err := r.Settle(ctx, budget.Usage{InputTokens: 873, OutputTokens: 411}); err != nil {
		panic(err)
	}
	limits, err := ledger.Status(ctx)
	if err != nil {
		panic(err)
	}
	for _, l := range limits {
		_, _ = fmt.Fprintln(os.Stdout, l.Unit, l.Model, l.Used, "of", l.Limit)
	}
	_, err = ledger.Reserve(ctx, budget.Request{Model: "big", InputTokens: 900, MaxOutputTokens: 9000})
	if refused, ok := errors.AsType[*budget.Refused](err); ok {
		_, _ = fmt.Fprintln(os.Stdout, "refused:", refused.Unit, refused.Used, "used of", refused.Limit)
	}
	// Output:
	// Tokens * 1284 of 10000
	// USD * 1695 of 1000000
	// refused: Tokens 1284 used of 10000
}

// A proxy before a model that streams. The reader hangs up early: what the model may still have written is charged.
func ExampleReservation_Meter() {
	dsn, stop := exampleDatabase()
	defer stop()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	ledger, err := budget.New(pool, budget.Options{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = ledger.Close(context.Background()) }()

	ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: "acme"})
	r, err := ledger.Reserve(ctx, budget.Request{Model: "big", InputTokens: 100, MaxOutputTokens: 500})
	if err != nil {
		panic(err)
	}
	answer := strings.NewReader("data: {\"choices\":[{\"delta\":{\"content\":\"Good morning\"}}]}\n\n" +
		"data: {\"choices\":[{\"delta\":{\"content\":\", what can I do for you?\"}}]}\n\n") // response.Body
	m := r.Meter(ctx, answer, budget.SSE())
	func() {
		defer func() { _ = m.Close() }() // also when this panics
		_, _ = io.CopyN(io.Discard, m, 58)
	}()
	_, _ = fmt.Fprintf(os.Stdout, "%+v\n", m.Usage())
	// Output: {InputTokens:100 OutputTokens:500}
}

// The middleware reserves before the handler runs, and answers for it where that fails.
func ExampleClient_HTTP() {
	dsn, stop := exampleDatabase()
	defer stop()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	ledger, err := budget.New(pool, budget.Options{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = ledger.Close(context.Background()) }()

	reserve := ledger.HTTP(func(*http.Request) (budget.Request, error) {
		return budget.Request{Model: "small", InputTokens: 1000, MaxOutputTokens: 5000}, nil // from the request's body
	})
	handler := reserve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reservation := budget.FromContext(r.Context())
		_, _ = fmt.Fprintln(w, "answered by", reservation.Model)
		_ = reservation.Settle(r.Context(), budget.Usage{InputTokens: 1000, OutputTokens: 4500})
	}))
	door := scope.HTTP(func(*http.Request) (scope.Tenant, error) { return scope.Tenant{ID: "acme"}, nil })(handler) // yours: oidc
	for range 2 {
		rec := httptest.NewRecorder()
		door.ServeHTTP(rec, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", nil))
		answer, _, _ := strings.Cut(rec.Body.String(), `,"resetsAt"`)
		_, _ = fmt.Fprintln(os.Stdout, rec.Code, strings.TrimSpace(answer))
	}
	// Output:
	// 200 answered by small
	// 429 {"error":"budget_exceeded","used":5500,"reserved":0,"limit":10000,"unit":"Tokens","model":"*"
}
