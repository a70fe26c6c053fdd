package qdrant_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/scope"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

const apiKey = "api-key-of-the-tests-0123456789"

// clientRig is a server with one shared collection, and the official client with and without scoping.
type clientRig struct {
	t              testing.TB
	sim            *qdrantsim.Server
	admin, client  *pb.Client
	upstreamErrors atomic.Int32
}

func sharedDocuments(tenant string) *scopeqdrant.Scope {
	s, err := scopeqdrant.NewScope(scopeqdrant.Config{
		TenantID: tenant, TenantUID: "uid-" + tenant, MappingKey: []byte("0123456789abcdef0123456789abcdef"), ServerVersion: "1.19.0",
		Collections: []scopeqdrant.Collection{{
			Name: "documents", Physical: "shared_documents", Pattern: scopeqdrant.Shared, CorpusID: "corpus-" + tenant,
			Vectors: []scopeqdrant.Vector{{Size: 2, Distance: "Dot"}},
		}},
	})
	if err != nil {
		panic(err)
	}
	return s
}

func newClientRig(t testing.TB, directory scopeqdrant.Directory) *clientRig {
	t.Helper()
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: apiKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	r := &clientRig{t: t, sim: sim}
	r.admin = dialQdrant(t, sim.Addr())
	must(t, r.admin.CreateCollection(t.Context(), &pb.CreateCollection{
		CollectionName: "shared_documents", VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 2, Distance: pb.Distance_Dot}),
	}))
	for _, field := range []string{"tenant_id", "corpus_id"} {
		_, err := r.admin.CreateFieldIndex(t.Context(), &pb.CreateFieldIndexCollection{
			CollectionName: "shared_documents", FieldName: field, FieldType: pb.FieldType_FieldTypeKeyword.Enum(), Wait: proto.Bool(true),
		})
		must(t, err)
	}
	observe := scopeqdrant.OnUpstreamError(func(context.Context, string, error) { r.upstreamErrors.Add(1) })
	r.client = dialQdrant(t, sim.Addr(), scopeqdrant.DialOptions(directory, observe)...)
	sim.ResetCalls()
	return r
}

func dialQdrant(t testing.TB, addr string, opts ...grpc.DialOption) *pb.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	number, err := strconv.Atoi(port)
	must(t, err)
	c, err := pb.NewClient(&pb.Config{Host: host, Port: number, APIKey: apiKey, PoolSize: 1, GrpcOptions: opts})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func asTenant(t testing.TB, id string) context.Context {
	return scope.WithTenant(t.Context(), scope.Tenant{ID: id})
}

func upsertOf(title string, id uint64) *pb.UpsertPoints {
	return &pb.UpsertPoints{CollectionName: "documents", Wait: proto.Bool(true), Points: []*pb.PointStruct{{
		Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1, 0), Payload: pb.NewValueMap(map[string]any{"title": title}),
	}}}
}

func TestOfficialClientIsScoped(t *testing.T) {
	r := newClientRig(t, scopeqdrant.Static(sharedDocuments("acme"), sharedDocuments("globex")))
	for _, id := range []string{"acme", "globex"} {
		request := upsertOf("of "+id, 7)
		before := proto.Clone(request)
		_, err := r.client.Upsert(asTenant(t, id), request)
		must(t, err)
		if !proto.Equal(before, request) {
			t.Errorf("the caller's request was changed: %v", request)
		}
	}
	stored, err := r.admin.Count(t.Context(), &pb.CountPoints{CollectionName: "shared_documents", Exact: proto.Bool(true)})
	if err != nil || stored != 2 {
		t.Fatalf("one id of two tenants is %d points, %v", stored, err)
	}
	for _, id := range []string{"acme", "globex"} {
		ctx := asTenant(t, id)
		found, err := r.client.Query(ctx, &pb.QueryPoints{CollectionName: "documents", Query: pb.NewQuery(1, 0), WithPayload: pb.NewWithPayload(true)})
		must(t, err)
		got, err := r.client.Get(ctx, &pb.GetPoints{CollectionName: "documents", Ids: []*pb.PointId{pb.NewIDNum(7)}, WithPayload: pb.NewWithPayload(true)})
		must(t, err)
		if len(found) != 1 || len(got) != 1 {
			t.Fatalf("%s finds %v and gets %v", id, found, got)
		}
		for _, p := range []interface {
			GetId() *pb.PointId
			GetPayload() map[string]*pb.Value
		}{found[0], got[0]} {
			if p.GetId().GetNum() != 7 || len(p.GetPayload()) != 1 || p.GetPayload()["title"].GetStringValue() != "of "+id {
				t.Errorf("%s sees %v", id, p)
			}
		}
		count, err := r.client.Count(ctx, &pb.CountPoints{CollectionName: "documents"})
		if err != nil || count != 1 {
			t.Errorf("%s counts %d, %v", id, count, err)
		}
	}
	_, err = r.client.Delete(asTenant(t, "acme"), &pb.DeletePoints{CollectionName: "documents", Points: pb.NewPointsSelectorFilter(&pb.Filter{}), Wait: proto.Bool(true)})
	must(t, err)
	left, err := r.client.Scroll(asTenant(t, "globex"), &pb.ScrollPoints{CollectionName: "documents"})
	if err != nil || len(left) != 1 {
		t.Errorf("after acme deleted all, globex has %v, %v", left, err)
	}
}

// What is answered here, or refused here, never reaches the server.
func TestNothingIsSent(t *testing.T) {
	failing := errors.New("the API server is away")
	directory := scopeqdrant.DirectoryFunc(func(ctx context.Context, id string) (*scopeqdrant.Scope, error) {
		switch id {
		case "failing":
			return nil, failing
		case "none":
			return nil, nil
		case "confused":
			return sharedDocuments("globex"), nil
		case "slow":
			return nil, context.DeadlineExceeded
		}
		return scopeqdrant.Static(sharedDocuments("acme")).Scope(ctx, id)
	})
	r := newClientRig(t, directory)
	acme := asTenant(t, "acme")
	for name, c := range map[string]struct {
		ctx  context.Context
		call func(context.Context) error
		code codes.Code
		is   error
	}{
		"no tenant":         {t.Context(), count(r.client, "documents"), codes.Unauthenticated, scope.ErrNoTenant},
		"no valid tenant":   {asTenant(t, "*"), count(r.client, "documents"), codes.Unauthenticated, scope.ErrInvalidTenant},
		"two tenants":       {scope.WithTenant(acme, scope.Tenant{ID: "globex"}), count(r.client, "documents"), codes.Unauthenticated, scope.ErrTwoTenants},
		"unknown tenant":    {asTenant(t, "nobody"), count(r.client, "documents"), codes.PermissionDenied, scopeqdrant.ErrUnknownTenant},
		"directory fails":   {asTenant(t, "failing"), count(r.client, "documents"), codes.Unavailable, failing},
		"directory is late": {asTenant(t, "slow"), count(r.client, "documents"), codes.DeadlineExceeded, context.DeadlineExceeded},
		"no scope":          {asTenant(t, "none"), count(r.client, "documents"), codes.Internal, nil},
		"another's scope":   {asTenant(t, "confused"), count(r.client, "documents"), codes.Internal, nil},
		"physical name":     {acme, count(r.client, "shared_documents"), codes.NotFound, nil},
		"collection of no tenant, without a tenant": {t.Context(), func(ctx context.Context) error {
			_, err := r.client.ListCollections(ctx)
			return err
		}, codes.Unauthenticated, scope.ErrNoTenant},
		"refused": {acme, func(ctx context.Context) error { return r.client.DeleteCollection(ctx, "documents") }, codes.PermissionDenied, nil},
		"health message to another method": {t.Context(), func(ctx context.Context) error {
			return r.client.GetConnection().Invoke(ctx, "/qdrant.Collections/List", &pb.HealthCheckRequest{}, &pb.ListCollectionsResponse{})
		}, codes.Unauthenticated, scope.ErrNoTenant},
		"stream": {acme, func(ctx context.Context) error {
			_, err := r.client.GetConnection().NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/qdrant.StorageRead/Read")
			return err
		}, codes.Unimplemented, nil},
		"no messages": {acme, func(ctx context.Context) error {
			return r.client.GetConnection().Invoke(ctx, "/qdrant.Points/Count", "text", "text")
		}, codes.Internal, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call(c.ctx)
			if status.Code(err) != c.code || (c.is != nil && !errors.Is(err, c.is)) {
				t.Errorf("got %v (%s), want %s", err, status.Code(err), c.code)
			}
		})
	}
	names, err := r.client.ListCollections(acme)
	if diff := cmp.Diff([]string{"documents"}, names); diff != "" || err != nil {
		t.Errorf("collections: %v\n%s", err, diff)
	}
	if calls := r.sim.Calls(); len(calls) != 0 {
		t.Errorf("%d requests reached the server, first %s", len(calls), calls[0].Method)
	}
}

func count(c *pb.Client, collection string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Count(ctx, &pb.CountPoints{CollectionName: collection})
		return err
	}
}

// The health checks pass without a tenant, so that the client can be made at startup, and with one are answered here.
func TestHealthNeedsNoTenant(t *testing.T) {
	r := newClientRig(t, scopeqdrant.Static(sharedDocuments("acme")))
	reply, err := r.client.HealthCheck(t.Context())
	if err != nil || reply.GetVersion() == "" {
		t.Errorf("got %v, %v", reply, err)
	}
	_, err = healthpb.NewHealthClient(r.client.GetConnection()).Check(t.Context(), &healthpb.HealthCheckRequest{})
	must(t, err)
	r.sim.ResetCalls()
	reply, err = r.client.HealthCheck(asTenant(t, "acme"))
	if err != nil || reply.GetVersion() != "1.19.0" || len(r.sim.Calls()) != 0 {
		t.Errorf("with a tenant: %v, %v, %d requests", reply, err, len(r.sim.Calls()))
	}
}

func TestUpstreamErrorsTellNothing(t *testing.T) {
	r := newClientRig(t, scopeqdrant.Static(sharedDocuments("acme")))
	for name, upstream := range map[string]error{
		"names":   status.Error(codes.NotFound, "Not found: Collection `shared_documents` doesn't exist!"),
		"paths":   status.Error(codes.Internal, "cannot read /qdrant/storage/shared_documents"),
		"tenants": status.Error(codes.InvalidArgument, "tenant_id globex"),
	} {
		r.sim.SetFault(func(context.Context, string, any) error { return upstream })
		before := r.upstreamErrors.Load()
		err := count(r.client, "documents")(asTenant(t, "acme"))
		if status.Code(err) != status.Code(upstream) {
			t.Errorf("%s: %v", name, err)
		}
		for _, secret := range []string{"shared_documents", "storage", "globex"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the caller reads %v", name, err)
			}
		}
		if r.upstreamErrors.Load() != before+1 {
			t.Errorf("%s: nobody was told what the server really said", name)
		}
	}
	r.sim.SetFault(func(ctx context.Context, _ string, _ any) error {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", "17"))
		return status.Error(codes.ResourceExhausted, "only 3 tokens were available")
	})
	err := count(r.client, "documents")(asTenant(t, "acme"))
	if limited, ok := errors.AsType[*pb.QdrantResourceExhaustedError](err); !ok || limited.RetryAfterS != 17 {
		t.Errorf("the client no longer sees when to come back: %v", err)
	}
}

// A reply that was used before must hold nothing of what it held.
func TestReplyIsReset(t *testing.T) {
	r := newClientRig(t, scopeqdrant.Static(sharedDocuments("acme")))
	reply := &pb.CountResponse{Result: &pb.CountResult{Count: 4711}, Usage: &pb.Usage{}}
	err := r.client.GetConnection().Invoke(asTenant(t, "acme"), pb.Points_Count_FullMethodName, &pb.CountPoints{CollectionName: "documents"}, reply)
	if err != nil || reply.GetResult().GetCount() != 0 || reply.GetUsage() != nil {
		t.Errorf("got %v, %v", reply, err)
	}
}

func TestCached(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	asked := map[string]int{}
	var fail error
	d := scopeqdrant.Cached(scopeqdrant.DirectoryFunc(func(_ context.Context, id string) (*scopeqdrant.Scope, error) {
		asked[id]++
		return sharedDocuments(id), fail
	}), scopeqdrant.CacheConfig{TTL: time.Minute, Max: 2, Now: func() time.Time { return now }})
	look := func(id string, want int, wantErr error) {
		t.Helper()
		s, err := d.Scope(t.Context(), id)
		if !errors.Is(err, wantErr) || (err == nil && s.TenantID() != id) || asked[id] != want {
			t.Errorf("%s: %v, %v, asked %d times, want %d", id, s, err, asked[id], want)
		}
	}
	look("acme", 1, nil)
	look("acme", 1, nil)
	look("globex", 1, nil)
	now = now.Add(time.Minute - 1)
	look("acme", 1, nil)
	now = now.Add(1)
	look("acme", 2, nil)
	fail = scopeqdrant.ErrUnknownTenant // suspended
	look("acme", 2, nil)
	now = now.Add(time.Minute)
	look("acme", 3, scopeqdrant.ErrUnknownTenant)
	look("acme", 4, scopeqdrant.ErrUnknownTenant) // an error is not kept, nor is what was known before it
	fail = nil
	look("acme", 5, nil)
	for i := range 10 { // no more than Max are kept
		look(fmt.Sprintf("other-%d", i), 1, nil)
	}
	before := asked["acme"] + asked["other-9"] + asked["other-8"] + asked["other-7"]
	for _, id := range []string{"acme", "other-9", "other-8", "other-7"} {
		_, _ = d.Scope(t.Context(), id)
	}
	if after := asked["acme"] + asked["other-9"] + asked["other-8"] + asked["other-7"]; after < before+2 {
		t.Errorf("of 4 scopes more than 2 were still kept: asked %d times", after-before)
	}
}

// Requests that come at once share one question, and one that leaves does not end it.
func TestCachedShares(t *testing.T) {
	var asked atomic.Int32
	begun, finish := make(chan struct{}), make(chan struct{})
	d := scopeqdrant.Cached(scopeqdrant.DirectoryFunc(func(ctx context.Context, id string) (*scopeqdrant.Scope, error) {
		if asked.Add(1) == 1 {
			close(begun)
		}
		<-finish
		return sharedDocuments(id), ctx.Err()
	}), scopeqdrant.CacheConfig{})
	leaving, leave := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		if _, err := d.Scope(leaving, "acme"); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	<-begun
	leave()
	work.Wait()
	for range 5 {
		work.Go(func() {
			if s, err := d.Scope(t.Context(), "acme"); err != nil || s.TenantID() != "acme" {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
	close(finish)
	work.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}
