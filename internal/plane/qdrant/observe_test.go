package qdrant

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

func TestCollectionOfNormalises(t *testing.T) {
	dense := func(p *pb.VectorParams) *pb.CollectionInfo {
		p.Size, p.Distance = 4, pb.Distance_Dot
		return &pb.CollectionInfo{Config: &pb.CollectionConfig{
			Params:     &pb.CollectionParams{ShardNumber: 1, VectorsConfig: pb.NewVectorsConfig(p)},
			HnswConfig: &pb.HnswConfigDiff{M: pb.PtrOf(uint64(0)), PayloadM: pb.PtrOf(uint64(24)), EfConstruct: pb.PtrOf(uint64(100))},
		}}
	}
	collectionHNSW := vector.HNSW{M: 0, PayloadM: 24, EfConstruct: 100}
	plain := vector.Vector{Size: 4, Distance: "Dot", HNSW: collectionHNSW}
	for name, c := range map[string]struct {
		info *pb.CollectionInfo
		want vector.Collection
	}{
		"nothing said":    {&pb.CollectionInfo{}, vector.Collection{HNSW: vector.HNSW{M: 16, PayloadM: 16, EfConstruct: 100}}},
		"graph inherited": {dense(&pb.VectorParams{}), vector.Collection{Shards: 1, HNSW: collectionHNSW, Vectors: []vector.Vector{plain}}},
		"m overridden, payload_m inherited": {
			dense(&pb.VectorParams{HnswConfig: &pb.HnswConfigDiff{M: pb.PtrOf(uint64(8))}}),
			vector.Collection{Shards: 1, HNSW: collectionHNSW, Vectors: []vector.Vector{{Size: 4, Distance: "Dot", HNSW: vector.HNSW{M: 8, PayloadM: 24, EfConstruct: 100}}}},
		},
		"float32 is the default": {
			dense(&pb.VectorParams{Datatype: pb.Datatype_Float32.Enum(), OnDisk: pb.PtrOf(false)}),
			vector.Collection{Shards: 1, HNSW: collectionHNSW, Vectors: []vector.Vector{plain}},
		},
		"what only a new collection changes": {
			dense(&pb.VectorParams{Datatype: pb.Datatype_Float16.Enum(), MultivectorConfig: &pb.MultiVectorConfig{}}),
			vector.Collection{Shards: 1, HNSW: collectionHNSW, Vectors: []vector.Vector{{Size: 4, Distance: "Dot", HNSW: collectionHNSW, Datatype: "Float16", Multi: true}}},
		},
		"indexes with and without params": {
			&pb.CollectionInfo{PayloadSchema: map[string]*pb.PayloadSchemaInfo{
				"b": {DataType: pb.PayloadSchemaType_Uuid, Params: pb.NewPayloadIndexParamsUUID(&pb.UuidIndexParams{IsTenant: pb.PtrOf(true)})},
				"a": {DataType: pb.PayloadSchemaType_Keyword},
				"c": {DataType: pb.PayloadSchemaType_Keyword, Params: pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: pb.PtrOf(false)})},
			}},
			vector.Collection{HNSW: vector.HNSW{M: 16, PayloadM: 16, EfConstruct: 100}, Indexes: []vector.Index{
				{Field: "a", Type: "Keyword"}, {Field: "b", Type: "UUID", Tenant: true}, {Field: "c", Type: "Keyword"},
			}},
		},
		"strict mode allows what it does not name": {
			&pb.CollectionInfo{Config: &pb.CollectionConfig{StrictModeConfig: &pb.StrictModeConfig{Enabled: pb.PtrOf(true), SearchAllowExact: pb.PtrOf(true)}}},
			vector.Collection{HNSW: vector.HNSW{M: 16, PayloadM: 16, EfConstruct: 100}, Strict: vector.Strict{Enabled: true}},
		},
		"foreign metadata is no stamp": {
			&pb.CollectionInfo{Config: &pb.CollectionConfig{Metadata: pb.NewValueMap(map[string]any{"owner": "me", "tenantry": "yes"})}},
			vector.Collection{HNSW: vector.HNSW{M: 16, PayloadM: 16, EfConstruct: 100}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Name = "c"
			if diff := cmp.Diff(c.want, collectionOf("c", c.info)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What is asked for and what is read back must compare equal, or nothing ever settles.
func TestWhatIsCreatedReadsBackTheSame(t *testing.T) {
	shape := boundary.Shape{
		Vectors: []boundary.DenseVector{{Name: "b", Size: 8, Distance: "Manhattan"}, {Name: "", Size: 4, Distance: "Euclid"}}, OnDisk: true,
		SparseVectors: []boundary.SparseVector{{Name: "text", IDF: true}, {Name: "plain"}}, Quantization: "Scalar", ReplicationFactor: 2, ShardNumber: 3, PayloadM: 32,
	}
	judge := vector.Plane{Marker: boundary.Marker{Plane: "p", Installation: "i"}}
	corpus := boundary.Corpus{Name: "n", UID: "u", TenantID: "t", TenantUID: "tu", Pattern: boundary.Dedicated, Collection: "tenant_t_n", Shape: shape, Retained: true}
	for name, want := range map[string]vector.Collection{
		"claims": judge.Claims(), "tokens": judge.Tokens(), "dedicated": judge.Corpus(corpus),
		"shared": judge.Shared(vector.SharedCollection{Name: "s", Shape: shape}),
	} {
		t.Run(name, func(t *testing.T) {
			r := createRequest(want)
			got := collectionOf(want.Name, &pb.CollectionInfo{Config: &pb.CollectionConfig{
				Params: &pb.CollectionParams{
					ShardNumber: r.GetShardNumber(), ReplicationFactor: r.ReplicationFactor, VectorsConfig: r.GetVectorsConfig(), SparseVectorsConfig: r.GetSparseVectorsConfig(),
				},
				HnswConfig: r.GetHnswConfig(), OptimizerConfig: r.GetOptimizersConfig(), WalConfig: r.GetWalConfig(), QuantizationConfig: r.GetQuantizationConfig(),
				StrictModeConfig: r.GetStrictModeConfig(), Metadata: r.GetMetadata(),
			}})
			got.Indexes = want.Indexes // made by calls of their own
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
