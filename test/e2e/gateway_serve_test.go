package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/gateway"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// served is a plane with a gateway in front of its Qdrant, and a record of what the gateway sent there.
type served struct {
	*harness.Cluster
	servers  *harness.Servers
	upstream *harness.Recorder
	gateway  *harness.ServingGateway
	operator *harness.Running
}

// newPlane makes one without tenants. The gateway is there before the plane is: it waits for it.
func newPlane(t *testing.T, o operator.Options, edit func(*tenantryv1.DataPlane), options ...func(*gateway.Options)) *served {
	t.Helper()
	c, s := harness.NewCluster(t), newServers(t)
	recorder := harness.NewRecorder(t, s.Qdrant.Addr)
	s.Qdrant = &stack.Qdrant{Addr: recorder.Addr, APIKey: s.Qdrant.APIKey, Simulated: s.Qdrant.Simulated}
	c.InstallGateway(t)
	w := &served{Cluster: c, servers: s, upstream: recorder, operator: c.StartOperator(t, o), gateway: harness.OpenGateway(t, c.Config, options...)}
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) {
		dp.Spec.Gateway = &tenantryv1.GatewaySpec{URL: w.gateway.RESTURL(), GRPCAddress: w.gateway.GRPCAddress()}
	}, edit)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	w.gateway.AwaitReady(t)
	return w
}

// newServed makes one with the tenants acme (a dedicated corpus "notes", a shared one "files") and beta (a shared one, too),
// and a reference corpus of jurisdiction "eu" that acme may read.
func newServed(t *testing.T, edit func(*tenantryv1.DataPlane), options ...func(*gateway.Options)) *served {
	t.Helper()
	w := newPlane(t, operator.Options{}, edit, options...)
	c := w.Cluster
	c.Make(t, harness.NewReference("eu-1", "eu", "law"))
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme", worker, func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"eu"} }))
	c.Make(t, harness.NewTenant("eu-1", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"us"} }))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	for tenant, corpus := range map[string]string{"acme": "files", "beta": "papers"} {
		c.Make(t, harness.NewCorpus(tenant, corpus, harness.InSharedCollection))
		c.AwaitCorpus(t, harness.TenantNamespace, corpus, harness.Ready)
		c.AwaitTenant(t, tenant, harness.Isolated...)
		awaitIDs(t, c, tenant)
	}
	return w
}

// worker lists one ServiceAccount of the tenant.
func worker(tn *tenantryv1.Tenant) {
	tn.Spec.ServiceAccounts = []tenantryv1.ServiceAccountReference{{Namespace: harness.TenantNamespace, Name: "worker"}}
}

// client is the official one, with a credential.
func (w *served) client(t *testing.T, key string) *qdrant.Client {
	t.Helper()
	return harness.Qdrant(t, w.gateway.GRPCAddress(), key)
}

// tenant is the official client of a workload that has nothing but its Secret.
func (w *served) tenant(t *testing.T, name string) *qdrant.Client {
	t.Helper()
	secret := w.Credential(t, name+"-gateway")
	return harness.Qdrant(t, secret["grpc-address"], secret["api-key"])
}

// soon waits until the gateway lets the call through: what was just declared reaches it by watch.
func soon(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, what, call)
}

// soonRefused waits until the gateway refuses with the code.
func soonRefused(t *testing.T, code codes.Code, call func(context.Context) error) {
	t.Helper()
	soon(t, "a refusal", func(ctx context.Context) error {
		if err := call(ctx); status.Code(err) != code {
			return fmt.Errorf("not refused: %w", err)
		}
		return nil
	})
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

func reading(c *qdrant.Client, collection string) func(context.Context) error {
	return func(ctx context.Context) error { _, err := texts(ctx, c, collection); return err }
}

func (w *served) holds(t *testing.T, c *qdrant.Client, collection string, want ...string) {
	t.Helper()
	got, err := texts(t.Context(), c, collection)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%s: %v\n%s", collection, err, diff)
	}
}

// refused checks the code, and that nothing reached Qdrant.
func (w *served) refused(t *testing.T, code codes.Code, call func(context.Context) error) {
	t.Helper()
	w.upstream.Reset()
	if err := call(t.Context()); status.Code(err) != code {
		t.Errorf("got %v, want %v", err, code)
	}
	for _, r := range w.upstream.Requests() {
		t.Errorf("%s reached Qdrant", r.Method)
	}
}

// overREST is texts over the other protocol, at the url of a Secret. header are pairs of a name and a value. Errors have the
// gRPC code that the status stands for.
func overREST(ctx context.Context, url, collection string, header ...string) ([]string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/collections/"+collection+"/points/scroll", strings.NewReader(`{"limit": 10}`))
	if err != nil {
		return nil, err
	}
	r.Header.Set("content-type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, status.Error(codeOf[answer.StatusCode], string(body))
	}
	return restTexts(body)
}

var codeOf = map[int]codes.Code{
	http.StatusUnauthorized: codes.Unauthenticated, http.StatusForbidden: codes.PermissionDenied, http.StatusNotFound: codes.NotFound,
	http.StatusBadRequest: codes.InvalidArgument, http.StatusServiceUnavailable: codes.Unavailable,
}

// restTexts reads an answer strictly: a field of the platform's in a payload is an error.
func restTexts(body []byte) ([]string, error) {
	var answer struct {
		Result struct {
			Points []struct{ Payload map[string]string }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", body, err)
	}
	out := []string{}
	for _, p := range answer.Result.Points {
		if len(p.Payload) != 1 {
			return nil, fmt.Errorf("a payload has more than was written: %s", body)
		}
		out = append(out, p.Payload["text"])
	}
	slices.Sort(out)
	return out, nil
}

// TestGatewayServes is the story of tenants of one plane, through their Secrets, on both protocols.
func TestGatewayServes(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	acme, beta := w.tenant(t, "acme"), w.tenant(t, "beta")
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	soon(t, "acme's dedicated corpus", func(ctx context.Context) error { return put(ctx, acme, "notes", 1, "a note") })
	soon(t, "beta's first point", func(ctx context.Context) error { return put(ctx, beta, "papers", 1, "of beta") })
	loader := harness.Qdrant(t, w.servers.Qdrant.Addr, w.Secret(t, harness.TrustedNamespace, "law-loader")["api-key"])
	if err := put(t.Context(), loader, "reference_eu_law", 1, "the law"); err != nil {
		t.Fatal(err)
	}

	w.holds(t, acme, "files", "of acme")
	w.holds(t, acme, "notes", "a note")
	w.holds(t, beta, "papers", "of beta")
	w.holds(t, acme, "law", "the law")
	names, err := acme.ListCollections(t.Context())
	slices.Sort(names)
	if diff := cmp.Diff([]string{"files", "law", "notes", "reference_eu_law"}, names); err != nil || diff != "" {
		t.Errorf("acme sees %v\n%s", err, diff)
	}
	for _, name := range []string{"papers", "nothing", harness.SharedCollection, "tenant_acme_notes", "tenantry_claims"} {
		w.refused(t, codes.NotFound, reading(acme, name))
	}
	w.refused(t, codes.NotFound, reading(beta, "law"))
	w.refused(t, codes.NotFound, reading(beta, "reference_eu_law"))
	w.refused(t, codes.PermissionDenied, func(ctx context.Context) error { return put(ctx, acme, "law", 1, "not the law") })
	w.refused(t, codes.Unauthenticated, reading(w.client(t, ""), "files"))
	w.refused(t, codes.PermissionDenied, func(ctx context.Context) error { return acme.DeleteCollection(ctx, "notes") })

	t.Run("over REST", func(t *testing.T) {
		secret := w.Credential(t, "acme-gateway")
		for _, header := range [][]string{{"api-key", secret["api-key"]}, {"authorization", "Bearer " + secret["api-key"]}} {
			got, err := overREST(t.Context(), secret["uri"], "files", header...)
			if diff := cmp.Diff([]string{"of acme"}, got); err != nil || diff != "" {
				t.Errorf("by %s: %v\n%s", header[0], err, diff)
			}
		}
		w.refused(t, codes.Unauthenticated, func(ctx context.Context) error { _, err := overREST(ctx, secret["uri"], "files"); return err })
		for _, name := range []string{"files", "nothing", harness.SharedCollection} {
			w.refused(t, codes.NotFound, func(ctx context.Context) error {
				_, err := overREST(ctx, secret["uri"], name, "api-key", w.Credential(t, "beta-gateway")["api-key"])
				return err
			})
		}
	})
	t.Run("with the least that Qdrant can give", func(t *testing.T) { w.leastAccess(t, acme) })
	t.Run("a corpus that is deleted", func(t *testing.T) {
		w.Remove(t, harness.NewCorpus("acme", "notes"))
		soonRefused(t, codes.NotFound, reading(acme, "notes"))
		w.refused(t, codes.NotFound, reading(acme, "notes"))
		w.holds(t, acme, "files", "of acme")
	})
	t.Run("a part of a shared collection that is deleted and made anew", func(t *testing.T) {
		w.Remove(t, harness.NewCorpus("acme", "files", harness.InSharedCollection))
		soonRefused(t, codes.NotFound, reading(acme, "files"))
		w.Make(t, harness.NewCorpus("acme", "files", harness.InSharedCollection))
		soon(t, "the new one", reading(acme, "files"))
		w.holds(t, acme, "files", []string{}...) // what the old one held is kept, and not the new one's
	})
	t.Run("a jurisdiction that is taken away", func(t *testing.T) {
		harness.Update(t, w.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = nil })
		soonRefused(t, codes.NotFound, reading(acme, "law"))
		w.refused(t, codes.NotFound, reading(acme, "reference_eu_law"))
	})
}

// leastAccess: each request reaches Qdrant once, with a token that opens what it names and nothing else (one that names several
// collections: what the tenant may use together), and with no word of the client's beside it.
func (w *served) leastAccess(t *testing.T, acme *qdrant.Client) {
	t.Helper()
	const own, shared, law = "tenant_acme_notes", harness.SharedCollection, "reference_eu_law"
	near := qdrant.NewQueryDense([]float32{1, 0, 0, 1})
	for name, tc := range map[string]struct {
		call  func(context.Context) error
		names []string
		opens []string // nil: the same
	}{
		"a shared corpus":    {reading(acme, "files"), []string{shared}, nil},
		"a dedicated corpus": {reading(acme, "notes"), []string{own}, nil},
		"a reference":        {reading(acme, "law"), []string{law}, nil},
		"a write":            {func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") }, []string{shared}, nil},
		"a count": {func(ctx context.Context) error {
			n, err := acme.Count(ctx, &qdrant.CountPoints{CollectionName: "files"})
			if err == nil && n != 1 {
				err = fmt.Errorf("%d points", n)
			}
			return err
		}, []string{shared}, nil},
		"an example from the reference": {func(ctx context.Context) error {
			_, err := acme.Query(ctx, &qdrant.QueryPoints{
				CollectionName: "notes", Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), LookupFrom: &qdrant.LookupLocation{CollectionName: "law"},
			})
			return err
		}, []string{law, own}, []string{law, shared, own}},
		"a query": {func(ctx context.Context) error {
			_, err := acme.Query(ctx, &qdrant.QueryPoints{CollectionName: "files", Query: near})
			return err
		}, []string{shared}, nil},
	} {
		w.upstream.Reset()
		if err := tc.call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		made := w.upstream.Requests()
		if len(made) != 1 {
			t.Errorf("%s: %d requests reached Qdrant", name, len(made))
		}
		for _, r := range made {
			if diff := cmp.Diff(tc.names, r.Names); diff != "" {
				t.Errorf("%s names:\n%s", name, diff)
			}
			if tc.opens == nil {
				tc.opens = tc.names
			}
			if diff := cmp.Diff(tc.opens, r.Opens); diff != "" {
				t.Errorf("%s came with a token that opens:\n%s", name, diff)
			}
			if diff := cmp.Diff([]string{":authority", "api-key", "content-type", "grpc-accept-encoding", "user-agent"}, r.Metadata); diff != "" {
				t.Errorf("%s came with metadata:\n%s", name, diff)
			}
		}
	}
}
