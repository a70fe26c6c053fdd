package qdrant_test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	testclock "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

const sharedName = "shared-documents"

var tomorrow = time.Now().Add(24 * time.Hour)

var marker = boundary.Marker{Plane: "eu-1", Installation: "installation-of-the-tests", SchemaVersion: boundary.SchemaVersion, KeyFingerprint: "k"}

var shape = boundary.Shape{
	Vectors:        []boundary.DenseVector{{Size: 4, Distance: "Cosine"}},
	PayloadIndexes: []boundary.PayloadIndex{{Field: "source", Type: "Keyword"}},
}

var sharedShape = boundary.Shape{
	Vectors:        []boundary.DenseVector{{Size: 4, Distance: "Cosine"}},
	SparseVectors:  []boundary.SparseVector{{Name: "text", IDF: true}},
	PayloadIndexes: []boundary.PayloadIndex{{Field: "source", Type: "Keyword"}},
}

// rig is a claimed plane on a server, with the round trips counted.
type rig struct {
	*qdrant.Server
	t     *testing.T
	cfg   qdrant.Config
	sim   *qdrantsim.Server // nil on a real server
	clock *testclock.FakePassiveClock

	mu    sync.Mutex
	calls map[string]int // by kind, and by name
}

// newRig uses the server that the stack hands out.
func newRig(t *testing.T, change ...func(*qdrant.Config)) *rig {
	t.Helper()
	q := stacktest.NewQdrant(t, stack.QdrantOptions{JWT: true})
	return rigOn(t, q.Addr, q.APIKey, change...)
}

// simRig uses a simulator, whose faults and options a test needs.
func simRig(t *testing.T, opts qdrantsim.Options, change ...func(*qdrant.Config)) *rig {
	t.Helper()
	if opts.APIKey == "" && !opts.NoAuth {
		opts.APIKey = "key-" + rand.Text()
	}
	sim, err := qdrantsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	r := rigOn(t, sim.Addr(), opts.APIKey, change...)
	r.sim = sim
	return r
}

func rigOn(t *testing.T, addr, key string, change ...func(*qdrant.Config)) *rig {
	t.Helper()
	r := &rig{t: t, calls: map[string]int{}, clock: testclock.NewFakePassiveClock(time.Now().Truncate(time.Second))}
	r.cfg = qdrant.Config{
		Address: addr, APIKey: boundary.Secret(key), Marker: marker, SnapshotAge: 15 * time.Second, Clock: r.clock,
		Spec: vector.Spec{Plane: marker.Plane, Shared: []vector.SharedCollection{{Name: sharedName, Shape: sharedShape}}, MaxDedicated: 50},
		Trace: func(kind, name string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.calls[kind]++
			r.calls[name]++
		},
	}
	for _, f := range change {
		f(&r.cfg)
	}
	r.Server = r.another()
	r.wipe()
	t.Cleanup(r.wipe)
	return r
}

// another opens the same plane once more, as a second manager does.
func (r *rig) another() *qdrant.Server {
	r.t.Helper()
	s, err := qdrant.Open(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(s.Close)
	return s
}

// wipe removes what tests made, also from a server that outlives them.
func (r *rig) wipe() {
	as := r.as(r.cfg.APIKey)
	list, err := as.collections.List(as.ctx, &pb.ListCollectionsRequest{})
	if err != nil {
		return // a test of a server that lets nobody in
	}
	for _, c := range list.GetCollections() {
		for _, prefix := range []string{"tenantry_", "tenant_t-", "reference_test-", sharedName} {
			if strings.HasPrefix(c.GetName(), prefix) {
				_, _ = as.collections.Delete(as.ctx, &pb.DeleteCollection{CollectionName: c.GetName()})
			}
		}
	}
}

// caller presents one credential.
type caller struct {
	ctx         context.Context
	collections pb.CollectionsClient
	points      pb.PointsClient
	snapshots   pb.SnapshotsClient
}

// as is a client of the server with a credential, as a workload has it.
func (r *rig) as(credential boundary.Secret) caller {
	r.t.Helper()
	conn, err := grpc.NewClient(r.cfg.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	ctx := metadata.AppendToOutgoingContext(context.Background(), "api-key", credential.Reveal())
	return caller{ctx, pb.NewCollectionsClient(conn), pb.NewPointsClient(conn), pb.NewSnapshotsClient(conn)}
}

func (r *rig) count(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[name]
}

// measure counts the round trips of f by kind.
func (r *rig) measure(f func()) (reads, writes int) {
	reads, writes = r.count("read"), r.count("write")
	f()
	return r.count("read") - reads, r.count("write") - writes
}

// claimed brings the plane itself up.
func (r *rig) claimed() *rig {
	r.t.Helper()
	if _, err := r.Claim(r.t.Context(), r.cfg.Marker); err != nil {
		r.t.Fatalf("claim the plane: %v", err)
	}
	r.converge(func(f plane.Freshness) (boundary.Diff, error) { return r.DiffPlane(r.t.Context(), f) })
	return r
}

func (r *rig) converge(diff func(plane.Freshness) (boundary.Diff, error)) boundary.Diff {
	r.t.Helper()
	d, err := diff(plane.Fresh)
	if err != nil {
		r.t.Fatalf("diff: %v", err)
	}
	if err := r.Apply(r.t.Context(), d.Plan); err != nil {
		r.t.Fatalf("apply %q: %v", d.Plan.Lines(), err)
	}
	d, err = diff(plane.Fresh)
	if err != nil {
		r.t.Fatalf("diff after apply: %v", err)
	}
	if !d.Settled() {
		r.t.Fatalf("not settled after apply: %q, conflict %+v", d.Plan.Lines(), d.Conflict)
	}
	return d
}

func (r *rig) settleTenant(t boundary.Tenant) boundary.Diff {
	r.t.Helper()
	return r.converge(func(f plane.Freshness) (boundary.Diff, error) { return r.DiffTenant(r.t.Context(), t, f) })
}

func (r *rig) settleCorpus(c boundary.Corpus, loader *boundary.Credential) boundary.Diff {
	r.t.Helper()
	return r.converge(func(f plane.Freshness) (boundary.Diff, error) { return r.DiffCorpus(r.t.Context(), c, loader, f) })
}

// tenant is an open tenant with dedicated corpora of these names.
func tenant(id string, corpora ...string) boundary.Tenant {
	t := boundary.Tenant{ID: "t-" + id, UID: "uid-of-" + id, Name: id, Access: boundary.Open}
	for _, name := range corpora {
		t.Corpora = append(t.Corpora, boundary.Corpus{
			Name: name, UID: "uid-of-" + id + "-" + name, TenantID: t.ID, TenantUID: t.UID, Pattern: boundary.Dedicated,
			Collection: vector.CollectionName(t.ID, name), Shape: shape,
		})
	}
	return t
}

func reference(name string) boundary.Corpus {
	return boundary.Corpus{
		Name: name, UID: "uid-of-reference-" + name, Jurisdiction: "test-law", Pattern: boundary.Reference,
		Collection: vector.ReferenceName("test-law", name), Shape: shape,
	}
}

// issued gives the tenant a token for all that it may open.
func (r *rig) issued(t boundary.Tenant, tokenID string) boundary.Tenant {
	r.t.Helper()
	t.Credentials = map[boundary.Layer]boundary.Credential{
		boundary.Vector: {TokenID: tokenID, Secret: r.mint(t.UID, tokenID, vector.AccessList(t))},
	}
	return t
}

func (r *rig) mint(owner, tokenID string, grants []vector.Grant) boundary.Secret {
	r.t.Helper()
	token, err := vector.Mint(r.cfg.APIKey, owner, tokenID, grants, r.clock.Now().Add(vector.TokenLifetime))
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

// open brings a tenant up in two stages, as the reconciler does, and returns it with its token.
func (r *rig) open(t boundary.Tenant) boundary.Tenant {
	r.t.Helper()
	r.settleTenant(t)
	t = r.issued(t, "token-of-"+t.ID)
	r.settleTenant(t)
	return t
}

func token(t boundary.Tenant) boundary.Secret { return t.Credentials[boundary.Vector].Secret }
