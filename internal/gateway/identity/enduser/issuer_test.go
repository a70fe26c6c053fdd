package enduser

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// key signs tokens under a name.
type key struct {
	id      string
	private crypto.Signer
	method  jwt.SigningMethod
}

func rsaKey(t testing.TB, id string) key {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key{id, k, jwt.SigningMethodRS256}
}

func ecKey(t testing.TB, id string) key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key{id, k, jwt.SigningMethodES256}
}

func edKey(t testing.TB, id string) key {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key{id, k, jwt.SigningMethodEdDSA}
}

// public is the key as a JWKS shows it.
func (k key) public() map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	switch pub := k.private.Public().(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "kid": k.id, "use": "sig", "n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())}
	case *ecdsa.PublicKey:
		raw, err := pub.Bytes()
		if err != nil {
			return nil
		}
		return map[string]string{"kty": "EC", "crv": "P-256", "kid": k.id, "use": "sig", "x": b64(raw[1:33]), "y": b64(raw[33:])}
	case ed25519.PublicKey:
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": k.id, "use": "sig", "x": b64(pub)}
	}
	return nil
}

// sign makes a token with these claims, and with these header fields beside the usual ones.
func (k key) sign(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(k.method, claims)
	token.Header["kid"] = k.id
	signed, err := token.SignedString(k.private)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// publicPEM is what an attacker takes for the secret of HS256.
func (k key) publicPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// provider is an identity provider.
type provider struct {
	*httptest.Server
	mu          sync.Mutex
	keys        []key
	issuer      string // "" for its own URL
	jwks        string // "" for its own
	down        bool
	discoveries int
	fetches     int
}

func newProvider(t testing.TB, keys ...key) *provider {
	t.Helper()
	p := &provider{keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, &p.discoveries, func() any {
			doc := map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}}
			if p.issuer != "" {
				doc["issuer"] = p.issuer
			}
			if p.jwks != "" {
				doc["jwks_uri"] = p.jwks
			}
			return doc
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, &p.fetches, func() any {
			list := []map[string]string{}
			for _, k := range p.keys {
				list = append(list, k.public())
			}
			return map[string]any{"keys": list}
		})
	})
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, count *int, doc func() any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*count++
	if p.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(doc())
}

// set changes the provider.
func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *provider) counts() (discoveries, fetches int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.discoveries, p.fetches
}

func (p *provider) config() directory.OIDC {
	return directory.OIDC{IssuerURL: p.URL, Audience: "product", TenantClaim: "https://example.com/tenant"}
}

// claims of an end user of acme, for an hour.
func (p *provider) claims(edit ...func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": p.URL, "aud": "product", "sub": "alice", "iat": epoch.Unix(), "exp": epoch.Add(time.Hour).Unix(),
		"https://example.com/tenant": "acme",
	}
	for _, f := range edit {
		f(c)
	}
	return c
}

func put(name string, value any) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) { c[name] = value }
}

func without(name string) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) { delete(c, name) }
}

func newVerifier(p *provider) (*Verifier, *clocktesting.FakeClock) {
	c := clocktesting.NewFakeClock(epoch)
	return New(p.Client(), c), c
}
