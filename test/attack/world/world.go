// Package world stages a data plane for tests that attack it or compare with it: one simulated Qdrant whose collections
// are made and filled as the operator and the engine would, a gateway in front of it that learns its tenants from an API
// server, and clients of every kind.
package world

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// Fixed names of every world.
const (
	Plane     = "eu-1"
	Namespace = "tenantry-system"
	// SharedName is the physical name of the collection that tenants share.
	SharedName = "shared-documents"
	// APIKey of the Qdrant server. No tenant has it, and the gateway neither.
	APIKey = "api-key-of-the-server-that-nobody-may-see" //nolint:gosec // of a simulated server

	lifetime = 2 * time.Hour
	patience = 30 * time.Second
)

// Cast says who is in a world.
type Cast struct {
	// Shape of every collection. The zero value is DefaultShape.
	Shape      boundary.Shape
	Tenants    []Tenant
	References []Reference
	// Unbuilt tenants and references are declared, but nothing of theirs is on the server.
	Unbuilt map[string]bool
}

// Tenant is one tenant. Corpora are named by their logical names.
type Tenant struct {
	ID                string
	Shared, Dedicated []string
	Jurisdictions     []string
	Suspended         bool
}

// Reference is a corpus that tenants of a jurisdiction read.
type Reference struct{ Jurisdiction, Name string }

// World is a running data plane. It ends with its test.
type World struct {
	Cast    Cast
	Sim     *qdrantsim.Server
	Gateway *gateway.Gateway
	// Direct reaches the server past the gateway, with its API key.
	Direct *pb.Client
	// Raw is a plain connection to the gateway, RawDirect one to the server. They send no credential by themselves.
	Raw, RawDirect *grpc.ClientConn

	seed ed25519.PrivateKey
	api  *apiServer
}

// DefaultShape has one dense vector, a sparse one with idf and one without, and indexes on some fields.
func DefaultShape() boundary.Shape {
	return boundary.Shape{
		Vectors:       []boundary.DenseVector{{Size: 4, Distance: "Cosine"}},
		SparseVectors: []boundary.SparseVector{{Name: "plain"}, {Name: "text", IDF: true}},
		PayloadIndexes: []boundary.PayloadIndex{
			{Field: "color", Type: "Keyword"}, {Field: "n", Type: "Integer"}, {Field: "secret", Type: "Keyword"}, {Field: "x", Type: "Integer"},
		},
	}
}

// Start makes a world with empty collections.
func Start(t testing.TB, cast Cast) *World {
	t.Helper()
	if cast.Shape.Vectors == nil {
		cast.Shape = DefaultShape()
	}
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: APIKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	digest := sha256.Sum256([]byte("signs gateway tokens"))
	w := &World{Cast: cast, Sim: sim, seed: ed25519.NewKeyFromSeed(digest[:])}
	w.Direct = newClient(t, sim.Addr(), &pb.Config{APIKey: APIKey})
	w.Build(t)
	w.api = startAPI(t, w.objects(t))
	w.Gateway = w.startGateway(t)
	w.Raw, w.RawDirect = plainConn(t, w.Gateway.GRPCAddress()), plainConn(t, sim.Addr())
	return w
}

func (w *World) startGateway(t testing.TB) *gateway.Gateway {
	t.Helper()
	const free = "127.0.0.1:0"
	g, err := gateway.New(gateway.Options{
		DataPlane: Plane, Namespace: Namespace, Config: w.api.config(), RESTAddress: free, GRPCAddress: free,
		ProbeAddress: free, MetricsAddress: free, Limits: gateway.Limits{TenantRate: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- g.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); g.Ready() != nil; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("the gateway is not ready: %v", g.Ready())
		}
	}
	return g
}

func plainConn(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// UID is the UID of a tenant, or of a corpus as "tenant/corpus", or of a reference as "reference/jurisdiction/name".
func UID(of string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(of)).String() }

func mappingKey() []byte {
	digest := sha256.Sum256([]byte("maps ids"))
	return digest[:]
}

// tokenID of the gateway token that counts.
func tokenID(tenant string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte("token of "+tenant)))[:32]
}

// Claims are those of the gateway token of a tenant.
func Claims(tenant string) credential.GatewayClaims {
	now := time.Now()
	return credential.GatewayClaims{
		TokenID: tokenID(tenant), TenantUID: UID(tenant), Plane: Plane, Issued: now, Expires: now.Add(credential.GatewayTokenLifetime),
	}
}

// Token is the gateway token of a tenant.
func (w *World) Token(t testing.TB, tenant string) string {
	t.Helper()
	return w.Mint(t, Claims(tenant))
}

// Mint makes a gateway token with any claims, signed as the plane's are.
func (w *World) Mint(t testing.TB, claims credential.GatewayClaims) string {
	t.Helper()
	token, err := credential.MintGatewayToken(w.seed.Seed(), claims)
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

// ScopeConfig is what the gateway makes of a tenant.
func (w *World) ScopeConfig(tenant string) scopeqdrant.Config {
	who := w.tenant(tenant)
	c := scopeqdrant.Config{TenantID: who.ID, TenantUID: UID(who.ID), MappingKey: mappingKey(), ServerVersion: qdrantsim.DefaultVersion}
	for _, name := range who.Shared {
		c.Collections = append(c.Collections, w.collection(name, SharedName, scopeqdrant.Shared, UID(who.ID+"/"+name)))
	}
	for _, name := range who.Dedicated {
		c.Collections = append(c.Collections, w.collection(name, DedicatedName(who.ID, name), scopeqdrant.Dedicated, UID(who.ID+"/"+name)))
	}
	for _, r := range w.Cast.References {
		if who.reads(r) {
			c.Collections = append(c.Collections, w.collection(r.Name, r.Physical(), scopeqdrant.Reference, r.uid()))
		}
	}
	return c
}

func (w *World) collection(name, physical string, p scopeqdrant.Pattern, uid string) scopeqdrant.Collection {
	c := scopeqdrant.Collection{Name: name, Physical: physical, Pattern: p, CorpusID: uid}
	for _, v := range w.Cast.Shape.Vectors {
		c.Vectors = append(c.Vectors, scopeqdrant.Vector{Name: v.Name, Size: v.Size, Distance: v.Distance})
	}
	for _, v := range w.Cast.Shape.SparseVectors {
		c.Vectors = append(c.Vectors, scopeqdrant.Vector{Name: v.Name, Sparse: true, IDF: v.IDF})
	}
	for _, i := range w.Cast.Shape.PayloadIndexes {
		c.Indexes = append(c.Indexes, scopeqdrant.Index{Field: i.Field, Type: i.Type})
	}
	return c
}
