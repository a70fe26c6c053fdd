package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/gateway"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/test/harness"
)

// served is a plane with a gateway in front of a Qdrant that tells what reached it.
type served struct {
	*harness.Cluster
	sim      *qdrantsim.Server
	gateway  *harness.ServingGateway
	operator *harness.Running
}

// newServed makes one with the tenants acme (a dedicated corpus "notes", a shared one "files") and beta (a shared one, too),
// and a reference corpus of jurisdiction "eu" that acme may read. The simulator records every call: a real server that was
// named could not tell.
func newServed(t *testing.T, edit func(*tenantryv1.DataPlane), options ...func(*gateway.Options)) *served {
	t.Helper()
	key := "a-key-of-32-characters-for-tests"
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	c, s := harness.NewCluster(t), newServers(t)
	s.Qdrant = &stack.Qdrant{Addr: sim.Addr(), APIKey: key, Simulated: true}
	c.InstallGateway(t)
	w := &served{Cluster: c, sim: sim, operator: c.StartOperator(t, operator.Options{})}
	s.DataPlane(t, c, "eu-1", withGateway, edit)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewReference("eu-1", "eu", "law"))
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) {
		tn.Spec.Jurisdictions = []string{"eu"}
		tn.Spec.ServiceAccounts = []tenantryv1.ServiceAccountReference{{Namespace: harness.TenantNamespace, Name: "worker"}}
	}))
	c.Make(t, harness.NewTenant("eu-1", "beta"))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	for tenant, corpus := range map[string]string{"acme": "files", "beta": "papers"} {
		c.Make(t, harness.NewCorpus(tenant, corpus, harness.InSharedCollection))
		c.AwaitCorpus(t, harness.TenantNamespace, corpus, harness.Ready)
		c.AwaitTenant(t, tenant, harness.Isolated...)
		awaitIDs(t, c, tenant)
	}
	w.gateway = harness.StartGateway(t, c.Config, options...)
	return w
}

// client is the official one, with a credential.
func (w *served) client(t *testing.T, key string) *qdrant.Client {
	t.Helper()
	return harness.Qdrant(t, w.gateway.GRPCAddress(), key)
}

func (w *served) tenant(t *testing.T, name string) *qdrant.Client {
	t.Helper()
	return w.client(t, w.Credential(t, name+"-gateway")["api-key"])
}

// soon waits until the gateway lets the call through: what was just declared reaches it by watch.
func soon(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, what, call)
}

func put(ctx context.Context, c *qdrant.Client, collection string, id uint64, text string) error {
	_, err := c.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: collection, Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{{
		Id: qdrant.NewIDNum(id), Vectors: qdrant.NewVectors(1, 0, 0, float32(id)), Payload: qdrant.NewValueMap(map[string]any{"text": text}),
	}}})
	return err
}

// texts are what a collection holds for a caller, sorted.
func texts(ctx context.Context, c *qdrant.Client, collection string) ([]string, error) {
	points, err := c.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: collection, WithPayload: qdrant.NewWithPayload(true)})
	out := []string{}
	for _, p := range points {
		out = append(out, p.GetPayload()["text"].GetStringValue())
	}
	slices.Sort(out)
	return out, err
}

func (w *served) holds(t *testing.T, c *qdrant.Client, collection string, want ...string) {
	t.Helper()
	got, err := texts(t.Context(), c, collection)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", collection, err, diff)
	}
}

// refused checks the code, and that nothing reached Qdrant.
func (w *served) refused(t *testing.T, code codes.Code, call func() error) {
	t.Helper()
	w.sim.ResetCalls()
	err := call()
	if status.Code(err) != code {
		t.Errorf("got %v, want %v", err, code)
	}
	for _, made := range w.sim.Calls() {
		if strings.HasPrefix(made.Method, "/qdrant.Points/") && made.Principal != qdrantsim.PrincipalAPIKey { // the operator's own
			t.Errorf("%s reached Qdrant as %s", made.Method, made.Subject)
		}
	}
}

// TestGatewayServes is the story of tenants of one plane, through their Secrets, on both protocols.
func TestGatewayServes(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	acme, beta := w.tenant(t, "acme"), w.tenant(t, "beta")
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	soon(t, "acme's dedicated corpus", func(ctx context.Context) error { return put(ctx, acme, "notes", 1, "a note") })
	soon(t, "beta's first point", func(ctx context.Context) error { return put(ctx, beta, "papers", 1, "of beta") })

	w.holds(t, acme, "files", "of acme")
	w.holds(t, acme, "notes", "a note")
	w.holds(t, beta, "papers", "of beta")
	names, err := acme.ListCollections(t.Context())
	slices.Sort(names)
	if diff := cmp.Diff([]string{"files", "law", "notes", "reference_eu_law"}, names); err != nil || diff != "" {
		t.Errorf("acme sees %v\n%s", err, diff)
	}
	w.holds(t, acme, "law", []string{}...)
	for _, name := range []string{"papers", "nothing", harness.SharedCollection, "tenant_acme_notes", "tenantry_claims"} {
		w.refused(t, codes.NotFound, func() error { _, err := texts(t.Context(), acme, name); return err })
	}
	w.refused(t, codes.PermissionDenied, func() error { return put(t.Context(), acme, "law", 1, "not the law") })
	w.refused(t, codes.NotFound, func() error { _, err := texts(t.Context(), beta, "law"); return err })
	w.refused(t, codes.Unauthenticated, func() error { _, err := texts(t.Context(), w.client(t, ""), "files"); return err })
	w.refused(t, codes.PermissionDenied, func() error { return acme.DeleteCollection(t.Context(), "notes") })

	t.Run("over REST", func(t *testing.T) {
		code, body := w.rest(t, w.Credential(t, "acme-gateway")["api-key"], "files")
		if code != http.StatusOK || !strings.Contains(body, "of acme") || strings.Contains(body, "of beta") || strings.Contains(body, "tenant_id") {
			t.Errorf("%d %s", code, body)
		}
		if code, body := w.rest(t, w.Credential(t, "beta-gateway")["api-key"], "files"); code != http.StatusNotFound {
			t.Errorf("%d %s", code, body)
		}
	})
	t.Run("with the least that Qdrant can give", func(t *testing.T) {
		w.sim.ResetCalls()
		w.holds(t, acme, "files", "of acme")
		scrolls := 0
		for _, c := range w.sim.Calls() {
			if r, ok := c.Request.(*qdrant.ScrollPoints); ok && r.GetCollectionName() == harness.SharedCollection {
				scrolls++
				if c.Principal != qdrantsim.PrincipalJWT {
					t.Errorf("it came as %s", c.Principal)
				}
			}
		}
		if scrolls != 1 {
			t.Errorf("%d requests reached Qdrant", scrolls)
		}
	})
	t.Run("a corpus that is deleted", func(t *testing.T) {
		corpus := harness.NewCorpus("acme", "notes")
		w.Remove(t, corpus)
		soon(t, "its name gone", func(ctx context.Context) error {
			if _, err := texts(ctx, acme, "notes"); status.Code(err) != codes.NotFound {
				return fmt.Errorf("still answered: %w", err)
			}
			return nil
		})
	})
	t.Run("a jurisdiction that is taken away", func(t *testing.T) {
		harness.Update(t, w.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = nil })
		soon(t, "the reference gone", func(ctx context.Context) error {
			if _, err := texts(ctx, acme, "law"); status.Code(err) != codes.NotFound {
				return fmt.Errorf("still answered: %w", err)
			}
			return nil
		})
	})
}

// rest scrolls a collection over plain HTTP.
func (w *served) rest(t *testing.T, key, collection string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.gateway.RESTURL()+"/collections/"+collection+"/points/scroll",
		strings.NewReader(`{"limit": 10}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("api-key", key)
	r.Header.Set("content-type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestGatewaySuspension: from the moment that the gateway learns of it, nobody comes in, by whatever credential; and a token
// whose Secret was deleted is dead.
func TestGatewaySuspension(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	acme := w.tenant(t, "acme")
	worker := w.client(t, w.AccountToken(t, harness.TenantNamespace, "worker", harness.GatewayAudience))
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	soon(t, "its workload", func(ctx context.Context) error { _, err := texts(ctx, worker, "files"); return err })
	w.holds(t, worker, "files", "of acme")
	stranger := w.client(t, w.AccountToken(t, harness.TenantNamespace, "worker", "another-audience"))
	w.refused(t, codes.Unauthenticated, func() error { _, err := texts(t.Context(), stranger, "files"); return err })

	harness.Update(t, w.Cluster, "", "acme", suspend)
	soon(t, "a refusal", func(ctx context.Context) error {
		if _, err := texts(ctx, acme, "files"); status.Code(err) != codes.PermissionDenied {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	})
	for _, c := range []*qdrant.Client{acme, worker} {
		w.refused(t, codes.PermissionDenied, func() error { return put(t.Context(), c, "files", 2, "too late") })
	}
	w.AwaitTenant(t, "acme", harness.Suspended...)
	harness.Update(t, w.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
	soon(t, "the same credential again", func(ctx context.Context) error { _, err := texts(ctx, acme, "files"); return err })
	w.holds(t, acme, "files", "of acme")

	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = harness.TenantNamespace, "acme-gateway"
	old := w.Credential(t, "acme-gateway")["api-key"]
	if err := w.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	soon(t, "the old token dead", func(ctx context.Context) error {
		if _, err := texts(ctx, acme, "files"); status.Code(err) != codes.Unauthenticated && status.Code(err) != codes.PermissionDenied {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	})
	soon(t, "a new one", func(ctx context.Context) error {
		var s corev1.Secret
		if err := w.Get(ctx, client.ObjectKeyFromObject(secret), &s); err != nil {
			return err
		}
		if string(s.Data["api-key"]) == old {
			return fmt.Errorf("still the old one")
		}
		_, err := texts(ctx, w.client(t, string(s.Data["api-key"])), "files")
		return err
	})
}

// TestGatewayGoesOn: neither the operator nor the API server is needed for a request, and two gateways answer alike.
func TestGatewayGoesOn(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	acme := w.tenant(t, "acme")
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	second := harness.StartGateway(t, w.Config)
	other := harness.Qdrant(t, second.GRPCAddress(), w.Credential(t, "acme-gateway")["api-key"])
	soon(t, "the second gateway", func(ctx context.Context) error { _, err := texts(ctx, other, "files"); return err })
	w.holds(t, other, "files", "of acme")
	second.Stop()
	w.operator.Stop()
	w.holds(t, acme, "files", "of acme")
	w.Stop()
	w.holds(t, acme, "files", "of acme")
}

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
			w.refused(t, tc.code, func() error { _, err := texts(tc.ctx, tc.client, "files"); return err })
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
