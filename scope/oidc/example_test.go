package oidc_test

import (
	"context"
	"net/http"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/oidc"
)

// An HTTP server whose requests belong to the tenant that the end user's token names. It has no output: it needs a
// provider.
func Example() {
	resolver, err := oidc.New(context.Background(), oidc.Config{
		Issuer: "https://id.example.com", Audience: "product", TenantClaim: "tenant_id",
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /whoami", func(w http.ResponseWriter, r *http.Request) {
		tenant, err := scope.FromContext(r.Context())
		if err != nil {
			panic(err) // cannot happen behind the middleware
		}
		_, _ = w.Write([]byte(tenant.ID))
	})
	http.Handle("/", scope.HTTP(resolver.HTTP)(mux))
}
