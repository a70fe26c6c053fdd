package jsclient_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	pb "github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/test/harness"
	"github.com/tenantry/tenantry/test/jsclient"
)

func TestOfficialClientWithoutAGateway(t *testing.T) {
	q := stacktest.Qdrant(t)
	if q.RESTURL == "" {
		t.Fatal("QDRANT_ADDR names a server without its REST API: set QDRANT_REST_URL too")
	}
	tests := map[string]*pb.VectorsConfig{
		"unnamed vector": pb.NewVectorsConfig(&pb.VectorParams{Size: 4, Distance: pb.Distance_Cosine}),
		"named vector": pb.NewVectorsConfigMap(map[string]*pb.VectorParams{
			"image": {Size: 6, Distance: pb.Distance_Dot},
		}),
	}
	for name, vectors := range tests {
		t.Run(name, func(t *testing.T) {
			collection := create(t, q, vectors)
			if s := jsclient.Run(t, q.RESTURL, q.APIKey, collection); s.Points == 0 {
				t.Error("no point was stored")
			}
		})
	}
}

// create makes a collection as Run wants it.
func create(t *testing.T, q *stack.Qdrant, vectors *pb.VectorsConfig) string {
	t.Helper()
	client := harness.Qdrant(t, q.Addr, q.APIKey)
	name := "js-" + strings.ToLower(uuid.NewString()[:8])
	err := client.CreateCollection(t.Context(), &pb.CreateCollection{
		CollectionName: name, VectorsConfig: vectors,
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"text": {}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.DeleteCollection(context.WithoutCancel(t.Context()), name); err != nil {
			t.Errorf("clean up %s: %v", name, err)
		}
	})
	for field, kind := range map[string]pb.FieldType{"color": pb.FieldType_FieldTypeKeyword, "n": pb.FieldType_FieldTypeInteger} {
		wait := true
		_, err := client.CreateFieldIndex(t.Context(), &pb.CreateFieldIndexCollection{
			CollectionName: name, FieldName: field, FieldType: kind.Enum(), Wait: &wait,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return name
}
