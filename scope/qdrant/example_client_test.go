package qdrant_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/scope"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// exampleQdrant starts a server with one shared collection for the example. Yours is the DataPlane's.
func exampleQdrant() (host string, port int, token string, stop func()) {
	server, err := qdrantsim.Start(qdrantsim.Options{APIKey: "token-for-the-shared-collection"})
	if err != nil {
		panic(err)
	}
	host, text, _ := net.SplitHostPort(server.Addr())
	port, _ = strconv.Atoi(text)
	token = "token-for-the-shared-collection"
	admin, err := pb.NewClient(&pb.Config{Host: host, Port: port, APIKey: token})
	if err != nil {
		panic(err)
	}
	defer func() { _ = admin.Close() }()
	err = admin.CreateCollection(context.Background(), &pb.CreateCollection{
		CollectionName: "shared-documents", VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 2, Distance: pb.Distance_Dot}),
	})
	if err != nil {
		panic(err)
	}
	return host, port, token, server.Close
}

// The official client, in an application that serves many tenants from one shared collection. Code that uses the client
// knows nothing of tenants: the context does.
func ExampleDialOptions() {
	host, port, token, stop := exampleQdrant()
	defer stop()

	// Who has which collections: from the Tenants and Corpora of your cluster.
	mappingKey := []byte("0123456789abcdef0123456789abcdef")
	directory := scopeqdrant.Cached(scopeqdrant.DirectoryFunc(func(_ context.Context, tenantID string) (*scopeqdrant.Scope, error) {
		return scopeqdrant.NewScope(scopeqdrant.Config{
			TenantID: tenantID, TenantUID: "uid-of-" + tenantID, MappingKey: mappingKey, ServerVersion: "1.19.0",
			Collections: []scopeqdrant.Collection{{
				Name: "documents", Physical: "shared-documents", Pattern: scopeqdrant.Shared, CorpusID: "corpus-of-" + tenantID,
				Vectors: []scopeqdrant.Vector{{Size: 2, Distance: "Dot"}},
			}},
		})
	}), scopeqdrant.CacheConfig{})

	client, err := pb.NewClient(&pb.Config{Host: host, Port: port, APIKey: token, GrpcOptions: scopeqdrant.DialOptions(directory)})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()

	for _, id := range []string{"acme", "globex"} {
		// The middleware of package scope does this for each request.
		ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: id})
		_, err := client.Upsert(ctx, &pb.UpsertPoints{CollectionName: "documents", Wait: proto.Bool(true), Points: []*pb.PointStruct{{
			Id: pb.NewIDNum(1), Vectors: pb.NewVectors(1, 0), Payload: pb.NewValueMap(map[string]any{"title": "contract of " + id}),
		}}})
		if err != nil {
			panic(err)
		}
	}
	ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: "acme"})
	found, err := client.Query(ctx, &pb.QueryPoints{
		CollectionName: "documents", Query: pb.NewQuery(1, 0), WithPayload: pb.NewWithPayload(true), // no filter, and yet
	})
	if err != nil {
		panic(err)
	}
	for _, point := range found {
		_, _ = fmt.Fprintln(os.Stdout, point.GetId().GetNum(), point.GetPayload()["title"].GetStringValue())
	}
	_, err = client.Query(context.Background(), &pb.QueryPoints{CollectionName: "documents", Query: pb.NewQuery(1, 0)})
	_, _ = fmt.Fprintln(os.Stdout, err != nil)
	// Output:
	// 1 contract of acme
	// true
}
