package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/oidc"
)

var now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// provider is an identity provider with one key.
type provider struct {
	*httptest.Server
	key  *ecdsa.PrivateKey
	away atomic.Bool
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
			"authorization_endpoint": p.URL, "token_endpoint": p.URL,
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		if p.away.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		raw, err := key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
			return
		}
		encode := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "use": "sig", "x": encode(raw[1:33]), "y": encode(raw[33:]),
		}}})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// token of the provider, with changes to its claims; nil takes a claim away.
func (p *provider) token(t testing.TB, key *ecdsa.PrivateKey, change jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": p.URL, "aud": "product", "sub": "user", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "tenant_id": "acme",
	}
	for k, v := range change {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "k"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (p *provider) resolver(t testing.TB) *oidc.Resolver {
	t.Helper()
	r, err := oidc.New(t.Context(), oidc.Config{
		Issuer: p.URL, Audience: "product", TenantClaim: "tenant_id", Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTenant(t *testing.T) {
	p := newProvider(t)
	r := p.resolver(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": p.URL, "aud": "product", "exp": now.Add(time.Hour).Unix(), "tenant_id": "acme",
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	good := p.token(t, p.key, nil)
	for name, c := range map[string]struct{ token, want string }{
		"good":                 {good, "acme"},
		"several audiences":    {p.token(t, p.key, jwt.MapClaims{"aud": []string{"other", "product"}}), "acme"},
		"another key":          {p.token(t, stranger, nil), ""},
		"unsigned":             {unsigned, ""},
		"another issuer":       {p.token(t, p.key, jwt.MapClaims{"iss": "https://elsewhere"}), ""},
		"another audience":     {p.token(t, p.key, jwt.MapClaims{"aud": "other"}), ""},
		"no audience":          {p.token(t, p.key, jwt.MapClaims{"aud": nil}), ""},
		"expired":              {p.token(t, p.key, jwt.MapClaims{"exp": now.Add(-time.Second).Unix()}), ""},
		"no expiry":            {p.token(t, p.key, jwt.MapClaims{"exp": nil}), ""},
		"no tenant":            {p.token(t, p.key, jwt.MapClaims{"tenant_id": nil}), ""},
		"tenant of other type": {p.token(t, p.key, jwt.MapClaims{"tenant_id": []string{"acme"}}), ""},
		"tenant is no id":      {p.token(t, p.key, jwt.MapClaims{"tenant_id": "acme:*"}), ""},
		"empty":                {"", ""},
		"cut short":            {good[:len(good)-4], ""},
		"too long":             {strings.Repeat("a", 1<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.Tenant(t.Context(), c.token)
			if got.ID != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("got %v, %v; want %q", got, err, c.want)
			}
			if err == nil {
				return
			}
			if !errors.Is(err, scope.ErrUnauthenticated) {
				t.Errorf("%v does not say that the caller is to blame", err)
			}
			if len(c.token) > 8 && strings.Contains(err.Error(), c.token[:8]) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

func TestBearer(t *testing.T) {
	p := newProvider(t)
	r := p.resolver(t)
	good := p.token(t, p.key, nil)
	for name, c := range map[string]struct {
		headers []string
		ok      bool
	}{
		"bearer":          {[]string{"Bearer " + good}, true},
		"lower case":      {[]string{"bearer " + good}, true},
		"none":            {nil, false},
		"basic":           {[]string{"Basic " + good}, false},
		"without scheme":  {[]string{good}, false},
		"two, both good":  {[]string{"Bearer " + good, "Bearer " + good}, false},
		"trailing spaces": {[]string{"Bearer " + good + " x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			req.Header["Authorization"] = c.headers
			if got, err := r.HTTP(req); (err == nil) != c.ok || (got.ID == "acme") != c.ok {
				t.Errorf("HTTP: %v, %v", got, err)
			}
			ctx := metadata.NewIncomingContext(t.Context(), metadata.MD{"authorization": c.headers})
			if got, err := r.RPC(ctx, "/example.Service/Call"); (err == nil) != c.ok || (got.ID == "acme") != c.ok {
				t.Errorf("RPC: %v, %v", got, err)
			}
		})
	}
}

// While the keys cannot be had, the caller's token is not to blame.
func TestProviderAway(t *testing.T) {
	p := newProvider(t)
	r := p.resolver(t)
	p.away.Store(true)
	if _, err := r.Tenant(t.Context(), p.token(t, p.key, nil)); !errors.Is(err, scope.ErrUnavailable) || errors.Is(err, scope.ErrUnauthenticated) {
		t.Errorf("got %v, want %v", err, scope.ErrUnavailable)
	}
	p.away.Store(false)
	if got, err := r.Tenant(t.Context(), p.token(t, p.key, nil)); got.ID != "acme" {
		t.Errorf("the provider is back, but: %v", err)
	}
}

func TestNew(t *testing.T) {
	p := newProvider(t)
	for name, c := range map[string]oidc.Config{
		"no issuer":      {Audience: "product", TenantClaim: "tenant_id"},
		"no audience":    {Issuer: p.URL, TenantClaim: "tenant_id"},
		"no claim":       {Issuer: p.URL, Audience: "product"},
		"another issuer": {Issuer: p.URL + "/", Audience: "product", TenantClaim: "tenant_id"},
	} {
		if _, err := oidc.New(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
