package scope_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/tenantry/tenantry/scope"
)

// sessions stands for whatever your authentication verifies: here, which session belongs to which tenant.
var sessions = map[string]string{"s3ss10n": "acme"}

// A server that serves nobody without a tenant.
func ExampleHTTP() {
	fromSession := func(r *http.Request) (scope.Tenant, error) {
		cookie, err := r.Cookie("session")
		if err != nil {
			return scope.Tenant{}, scope.ErrUnauthenticated
		}
		return scope.ParseTenant(sessions[cookie.Value])
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, err := scope.FromContext(r.Context())
		if err != nil {
			panic(err) // cannot happen behind the middleware
		}
		_, _ = fmt.Fprintf(w, "hello, %s\n", tenant)
	})
	server := httptest.NewServer(scope.HTTP(fromSession)(hello))
	defer server.Close()

	for _, session := range []string{"s3ss10n", "guessed"} {
		r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL, nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: session})
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		_, _ = fmt.Fprint(os.Stdout, answer.StatusCode, " ", string(body))
	}
	// Output:
	// 200 hello, acme
	// 401 {"error":"unauthenticated"}
}

// Work that no request started: a job for one tenant at a time, each from the same context without a tenant.
func ExampleWithTenant() {
	background := context.Background()
	for _, id := range []string{"acme", "globex"} {
		tenant, err := scope.ParseTenant(id)
		if err != nil {
			panic(err)
		}
		ctx := scope.WithTenant(background, tenant)
		found, _ := scope.FromContext(ctx)
		_, _ = fmt.Fprintln(os.Stdout, "working for", found)
	}
	_, err := scope.FromContext(background)
	_, _ = fmt.Fprintln(os.Stdout, errors.Is(err, scope.ErrNoTenant))
	// Output:
	// working for acme
	// working for globex
	// true
}
