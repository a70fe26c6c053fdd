package gateway

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// benchPoints are in the collection of a real server: it is the gateway that is measured.
const benchPoints = 1000

// newServerStage makes a collection on a server that is there, for the time of the benchmark, and a gateway in front of it.
func newServerStage(b *testing.B, address, key string) *stage {
	b.Helper()
	name := "tenantry_bench_" + strconv.FormatUint(rand.Uint64(), 36)
	w := workload{protocol: protocolGRPC, collection: docs, payload: true, upstream: name}
	fillCollection(b, client(b, address, key), w)
	dir := newFakeDirectory(b, address)
	dir.token = func([]scopeqdrant.Access) boundary.Secret { return boundary.Secret(key) }
	s, err := scopeqdrant.NewScope(scopeqdrant.Config{
		TenantID: acme, TenantUID: uid(acme), MappingKey: []byte(strings.Repeat("k", 32)), ServerVersion: qdrantsim.DefaultVersion,
		Collections: []scopeqdrant.Collection{{Name: docs, Physical: name, Pattern: scopeqdrant.Dedicated, CorpusID: uid(acme)}},
	})
	if err != nil {
		b.Fatal(err)
	}
	dir.tenants[uid(acme)].Scope = s
	return &stage{workload: w, grpc: address, key: key, h: start(b, dir, func(o *Options) { o.Limits.TenantRate = -1 })}
}

// fillCollection makes a collection of random points that look like what the stub answers.
func fillCollection(b *testing.B, c *pb.Client, w workload) {
	b.Helper()
	err := c.CreateCollection(b.Context(), &pb.CreateCollection{CollectionName: w.upstream,
		VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: benchDimensions, Distance: pb.Distance_Cosine})})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.DeleteCollection(context.WithoutCancel(b.Context()), w.upstream); err != nil {
			b.Error(err)
		}
	})
	random := rand.New(rand.NewPCG(1, 2))
	points := make([]*pb.PointStruct, benchPoints)
	for i := range points {
		v := make([]float32, benchDimensions)
		for j := range v {
			v[j] = float32(random.NormFloat64())
		}
		points[i] = &pb.PointStruct{Id: pb.NewIDNum(uint64(i)), Vectors: pb.NewVectors(v...), Payload: benchPayload(i)}
	}
	if _, err := c.Upsert(b.Context(), &pb.UpsertPoints{CollectionName: w.upstream, Points: points, Wait: pb.PtrOf(true)}); err != nil {
		b.Fatal(err)
	}
}

func benchPayload(i int) map[string]*pb.Value {
	return pb.NewValueMap(map[string]any{"title": "a title of usual length", "page": i})
}
