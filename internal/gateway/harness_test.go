package gateway

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

const (
	testPlane  = "eu-1"
	upstreamID = "upstream-key-that-nobody-may-see"
	acme, beta = "acme", "beta"
	docs       = "docs"  // what every tenant calls the collection of its own
	notes      = "notes" // what every tenant calls its part of a shared one

	sharedNotes = "shared-notes"

	queryPath = "/collections/docs/points/query"
	queryRPC  = "/qdrant.Points/Query"
	upsertRPC = "/qdrant.Points/Upsert"
	patience  = 20 * time.Second // for what must happen soon; nothing waits that long if it works
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError) // the client warns of every connection without TLS
	os.Exit(m.Run())
}

// fakeDirectory knows two tenants, acme and beta, each with one dedicated and one shared collection, and lets tests change the rest.
type fakeDirectory struct {
	seed ed25519.PrivateKey

	mu       sync.Mutex
	tenants  map[string]*directory.Tenant // by UID
	upstream directory.Upstream
	ready    error
	down     error // what Token and Upstream say
	token    func(access []scopeqdrant.Access) boundary.Secret
}

func newFakeDirectory(t testing.TB, upstream string) *fakeDirectory {
	t.Helper()
	d := &fakeDirectory{
		seed:     ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize))),
		upstream: directory.Upstream{Address: upstream}, tenants: map[string]*directory.Tenant{},
		token: func([]scopeqdrant.Access) boundary.Secret { return upstreamID },
	}
	for _, id := range []string{acme, beta} {
		d.add(t, id)
	}
	return d
}

// add makes a tenant known.
func (d *fakeDirectory) add(t testing.TB, id string) {
	t.Helper()
	s, err := scopeqdrant.NewScope(scopeqdrant.Config{
		TenantID: id, TenantUID: uid(id), MappingKey: []byte(strings.Repeat("k", 32)), ServerVersion: qdrantsim.DefaultVersion,
		Collections: []scopeqdrant.Collection{
			{Name: docs, Physical: physical(id), Pattern: scopeqdrant.Dedicated, CorpusID: uid(id) + "-docs"},
			{Name: notes, Physical: sharedNotes, Pattern: scopeqdrant.Shared, CorpusID: uid(id) + "-notes",
				Vectors: []scopeqdrant.Vector{{Size: 2, Distance: "Dot"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenants[uid(id)] = &directory.Tenant{UID: uid(id), ID: id, Name: id, Scope: s, TokenIDs: []string{tokenID(id)}}
}

func uid(id string) string      { return "uid-" + id }
func physical(id string) string { return "tenant_" + id + "_docs" }
func tokenID(id string) string  { return fmt.Sprintf("%032x", id)[:32] }

// gatewayToken is the credential of a tenant.
func (d *fakeDirectory) gatewayToken(t testing.TB, id string, now time.Time) string {
	t.Helper()
	token, err := credential.MintGatewayToken(d.seed.Seed(), credential.GatewayClaims{
		TokenID: tokenID(id), TenantUID: uid(id), Plane: testPlane, Issued: now, Expires: now.Add(credential.GatewayTokenLifetime),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

func (d *fakeDirectory) set(change func(*fakeDirectory)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *fakeDirectory) find(match func(*directory.Tenant) bool) (*directory.Tenant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tenants {
		if match(t) {
			return t, nil
		}
	}
	return nil, &directory.Error{Problem: directory.Unknown, Message: "no such tenant"}
}

func (d *fakeDirectory) Tenant(uid string) (*directory.Tenant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.tenants[uid]; t != nil {
		return t, nil
	}
	return nil, &directory.Error{Problem: directory.Unknown, Message: "no such tenant"}
}

func (d *fakeDirectory) ByTenantID(id string) (*directory.Tenant, error) {
	return d.find(func(t *directory.Tenant) bool { return t.ID == id })
}

func (*fakeDirectory) ByServiceAccount(string, string) (*directory.Tenant, bool, error) {
	return nil, false, nil
}

func (*fakeDirectory) Application(string, string) (directory.Application, bool) {
	return directory.Application{}, false
}

func (*fakeDirectory) OIDC() (directory.OIDC, bool) { return directory.OIDC{}, false }

func (d *fakeDirectory) VerifyKey() (ed25519.PublicKey, error) {
	return d.seed.Public().(ed25519.PublicKey), nil
}

func (d *fakeDirectory) TokenFor(_ *directory.Tenant, access []scopeqdrant.Access) (boundary.Secret, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down != nil {
		return "", d.down
	}
	return d.token(access), nil
}

func (d *fakeDirectory) Upstream() (directory.Upstream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.upstream, d.down
}

func (*fakeDirectory) Freshness() time.Time { return time.Unix(1_700_000_000, 0) }

func (*fakeDirectory) ServerVersion() string { return qdrantsim.DefaultVersion }

func (d *fakeDirectory) Ready() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ready
}

func (*fakeDirectory) Start(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// noReviews is an API server that vouches for nobody.
type noReviews struct{}

func (noReviews) Create(_ context.Context, r *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	return r, nil
}

// harness is a running gateway in front of an upstream.
type harness struct {
	*Gateway
	dir      *fakeDirectory
	registry *prometheus.Registry
	stop     context.CancelFunc
	stopped  chan error // what Start returned
}

// start runs a gateway on loopback until the test ends.
func start(t testing.TB, dir *fakeDirectory, change func(*Options)) *harness {
	t.Helper()
	h := &harness{dir: dir, registry: prometheus.NewRegistry(), stopped: make(chan error, 1)}
	local := "127.0.0.1:0"
	o := Options{
		DataPlane: testPlane, Namespace: "tenantry-system", RESTAddress: local, GRPCAddress: local, ProbeAddress: local,
		MetricsAddress: local, Registry: h.registry,
	}
	if change != nil {
		change(&o)
	}
	o.complete()
	auth, err := identity.New(identity.Options{Directory: dir, Plane: testPlane, Reviews: noReviews{}, Clock: o.Clock})
	if err != nil {
		t.Fatal(err)
	}
	if h.Gateway, err = assemble(o, dir, auth); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.stopped <- h.Start(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return h
}

// startSim runs a simulated Qdrant with the collections of both tenants.
func startSim(t testing.TB) *qdrantsim.Server {
	t.Helper()
	s, err := qdrantsim.Start(qdrantsim.Options{APIKey: upstreamID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c := client(t, s.Addr(), upstreamID)
	for _, name := range []string{physical(acme), physical(beta), sharedNotes} {
		err := c.CreateCollection(t.Context(), &pb.CreateCollection{CollectionName: name,
			VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 2, Distance: pb.Distance_Dot})})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.ResetCalls()
	return s
}

// client is the official client with a credential.
func client(t testing.TB, address, key string) *pb.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pb.NewClient(&pb.Config{Host: host, Port: n, APIKey: key, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// as is the official client of a tenant.
func (h *harness) as(t testing.TB, id string) *pb.Client {
	t.Helper()
	return client(t, h.GRPCAddress(), h.dir.gatewayToken(t, id, h.options.Clock.Now()))
}

// conn is a plain connection to the gateway.
func (h *harness) conn(t testing.TB) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(h.GRPCAddress(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// with is a context that carries a tenant's credential over gRPC.
func (h *harness) with(t testing.TB, id string, more ...string) context.Context {
	t.Helper()
	return metadata.AppendToOutgoingContext(t.Context(), append([]string{"api-key", h.dir.gatewayToken(t, id, h.options.Clock.Now())}, more...)...)
}

// request is an HTTP request of a tenant; "" for nobody.
func (h *harness) request(t testing.TB, id, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.RESTURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if id != "" {
		r.Header.Set("Api-Key", h.dir.gatewayToken(t, id, h.options.Clock.Now()))
	}
	return r
}

// query asks for the nearest points of a tenant's collection.
func query() *pb.QueryPoints {
	return &pb.QueryPoints{CollectionName: docs, Query: pb.NewQuery(1, 0), Limit: pb.PtrOf(uint64(3)), WithPayload: pb.NewWithPayload(true)}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("in vain: %s", what)
		}
	}
}

// within waits for a value that must come.
func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("in vain: %s", what)
		panic("unreachable")
	}
}
