package scope_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/scope"
)

const (
	unauthenticated = `{"error":"unauthenticated"}` + "\n"
	unavailable     = `{"error":"unavailable"}` + "\n"
)

// whoami answers with the tenant that it finds, or with what it is told.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	tenant, err := scope.FromContext(r.Context())
	if err != nil {
		_, _ = io.WriteString(w, "no tenant")
		return
	}
	_, _ = io.WriteString(w, "served "+tenant.ID)
})

func TestHTTP(t *testing.T) {
	secret := errors.New("token abc of https://id.internal has expired")
	answer := func(tenant scope.Tenant, err error) func(*http.Request) (scope.Tenant, error) {
		return func(*http.Request) (scope.Tenant, error) { return tenant, err }
	}
	for name, c := range map[string]struct {
		resolve func(*http.Request) (scope.Tenant, error)
		path    string
		code    int
		body    string
	}{
		"a tenant":                     {answer(scope.Tenant{ID: "acme"}, nil), "/", 200, "served acme"},
		"an error":                     {answer(scope.Tenant{}, secret), "/", 401, unauthenticated},
		"an error beside a tenant":     {answer(scope.Tenant{ID: "acme"}, secret), "/", 401, unauthenticated},
		"nobody, and no error":         {answer(scope.Tenant{}, nil), "/", 401, unauthenticated},
		"no id":                        {answer(scope.Tenant{ID: "*"}, nil), "/", 401, unauthenticated},
		"the provider is away":         {answer(scope.Tenant{}, fmt.Errorf("%w: %w", scope.ErrUnavailable, secret)), "/", 503, unavailable},
		"exempt":                       {answer(scope.Tenant{}, secret), "/healthz", 200, "no tenant"},
		"exempt although there is one": {answer(scope.Tenant{ID: "acme"}, nil), "/healthz", 200, "no tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			var why error
			handler := scope.HTTP(c.resolve,
				scope.Exempt(func(r *http.Request) bool { return r.URL.Path == "/healthz" }),
				scope.OnRefused(func(_ context.Context, err error) { why = err }),
			)(whoami)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil))
			if w.Code != c.code || w.Body.String() != c.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, c.code, c.body)
			}
			if (w.Code >= 400) != (why != nil) {
				t.Errorf("answered %d and reported %v", w.Code, why)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (w.Code == 401) != (challenge == "Bearer") {
				t.Errorf("answered %d with the challenge %q", w.Code, challenge)
			}
		})
	}
}

// A middleware inside another must not let the inner one choose a second tenant.
func TestHTTPTwice(t *testing.T) {
	as := func(id string) func(http.Handler) http.Handler {
		return scope.HTTP(func(*http.Request) (scope.Tenant, error) { return scope.Tenant{ID: id}, nil })
	}
	w := httptest.NewRecorder()
	as("acme")(as("globex")(whoami)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "served") {
		t.Errorf("two tenants that disagree got %d %s", w.Code, w.Body)
	}
}

func TestHeaderSetByTrustedGateway(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		want   string
	}{
		"one":             {[]string{"acme"}, "acme"},
		"none":            {nil, ""},
		"empty":           {[]string{""}, ""},
		"two that differ": {[]string{"acme", "globex"}, ""},
		"two that agree":  {[]string{"acme", "acme"}, ""},
		"a list":          {[]string{"acme, globex"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header["X-Tenant"] = c.values
			got, err := scope.HeaderSetByTrustedGateway("x-tenant")(r)
			if got.ID != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
