package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/gateway"
	"github.com/tenantry/tenantry/test/harness"
)

// TestGatewayApplications: a shared application acts for the tenant of its end user's verified token, or of the header where it
// is trusted to name one; nothing else makes it a tenant.
func TestGatewayApplications(t *testing.T) {
	t.Parallel()
	idp := newIssuer(t)
	w := newServed(t, func(dp *tenantryv1.DataPlane) {
		dp.Spec.OIDC = &tenantryv1.OIDCSpec{IssuerURL: idp.URL, Audience: "product", TenantClaim: "tenant_id"}
		dp.Spec.Applications = []tenantryv1.ApplicationSpec{
			{Namespace: harness.TrustedNamespace, ServiceAccount: "api", TenantFrom: tenantryv1.TenantFromEndUserToken},
			{Namespace: harness.TrustedNamespace, ServiceAccount: "jobs", TenantFrom: tenantryv1.TenantFromHeader},
		}
	}, func(o *gateway.Options) { o.IdentityProviders = idp.Client() })
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, w.tenant(t, "acme"), "files", 1, "of acme") })
	api := w.client(t, w.AccountToken(t, harness.TrustedNamespace, "api", harness.GatewayAudience))
	jobs := w.client(t, w.AccountToken(t, harness.TrustedNamespace, "jobs", harness.GatewayAudience))
	with := func(pairs ...string) context.Context { return metadata.AppendToOutgoingContext(t.Context(), pairs...) }
	const endUser, tenant = "tenantry-end-user-token", "tenantry-tenant"

	for name, ctx := range map[string]context.Context{
		"a verified claim": with(endUser, idp.token(t, "acme", "product")), "and a header that agrees": with(endUser, idp.token(t, "acme", "product"), tenant, "acme"),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := texts(ctx, api, "files"); err != nil || !slices.Equal(got, []string{"of acme"}) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if got, err := texts(with(tenant, "acme"), jobs, "files"); err != nil || !slices.Equal(got, []string{"of acme"}) {
		t.Errorf("by header: %v, %v", got, err)
	}
	for name, tc := range map[string]struct {
		client *qdrant.Client
		ctx    context.Context
		code   codes.Code
	}{
		"no tenant":                    {api, t.Context(), codes.Unauthenticated},
		"a header from the wrong one":  {api, with(tenant, "acme"), codes.Unauthenticated},
		"another audience":             {api, with(endUser, idp.token(t, "acme", "another")), codes.Unauthenticated},
		"two tenants that disagree":    {api, with(endUser, idp.token(t, "acme", "product"), tenant, "beta"), codes.PermissionDenied},
		"no header":                    {jobs, t.Context(), codes.Unauthenticated},
		"an end user of nobody's":      {api, with(endUser, idp.token(t, "nobody", "product")), codes.PermissionDenied},
		"a token of no known provider": {api, with(endUser, newIssuer(t).token(t, "acme", "product")), codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, tc.code, func(context.Context) error { return reading(tc.client, "files")(tc.ctx) })
		})
	}
}

// issuer is an OpenID Connect provider.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	i := &issuer{Server: httptest.NewTLSServer(mux), key: key}
	t.Cleanup(i.Close)
	answer := func(path string, document any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-type", "application/json")
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	answer("/.well-known/openid-configuration", map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	return i
}

func (i *issuer) token(t *testing.T, tenant, audience string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": i.URL, "aud": audience, "sub": "somebody", "tenant_id": tenant,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
