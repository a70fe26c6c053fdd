package qdrant

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// infoToFacet: what the server says about a Shared collection is about all tenants. Only the count is asked for.
func infoToFacet(w *walk, c *Call) *fault {
	filter := &pb.Filter{}
	w.queried.scoped(filter)
	c.Method, c.Message, c.finish = pb.Points_Facet_FullMethodName, w.counted(filter), facetToInfo
	return nil
}

// facetToInfo describes a Shared collection as if it were one of the tenant's own, with what is declared and a server's
// defaults.
func facetToInfo(c *Call, reply proto.Message) (proto.Message, *fault) {
	in := reply.(*pb.FacetResponse)
	n, f := c.count(in)
	if f != nil {
		return nil, f
	}
	dense, sparse := c.queried.vectorConfigs()
	return &pb.GetCollectionInfoResponse{Time: in.GetTime(), Result: &pb.CollectionInfo{
		Status:          pb.CollectionStatus_Green,
		OptimizerStatus: &pb.OptimizerStatus{Ok: true},
		SegmentsCount:   1,
		PointsCount:     &n,
		PayloadSchema:   c.queried.schema(),
		Config: &pb.CollectionConfig{
			Params: &pb.CollectionParams{
				ShardNumber: 1, ReplicationFactor: proto.Uint32(1), WriteConsistencyFactor: proto.Uint32(1), OnDiskPayload: true,
				VectorsConfig: dense, SparseVectorsConfig: sparse,
			},
			HnswConfig: &pb.HnswConfigDiff{
				M: proto.Uint64(16), EfConstruct: proto.Uint64(100), FullScanThreshold: proto.Uint64(10000),
				MaxIndexingThreads: proto.Uint64(0), OnDisk: proto.Bool(false),
			},
			OptimizerConfig: &pb.OptimizersConfigDiff{
				DeletedThreshold: proto.Float64(0.2), VacuumMinVectorNumber: proto.Uint64(1000), DefaultSegmentNumber: proto.Uint64(0),
				IndexingThreshold: proto.Uint64(10000), FlushIntervalSec: proto.Uint64(5),
			},
			WalConfig: &pb.WalConfigDiff{
				WalCapacityMb: proto.Uint64(32), WalSegmentsAhead: proto.Uint64(0), WalRetainClosed: proto.Uint64(1),
			},
		},
	}}, nil
}

func (c *collection) vectorConfigs() (*pb.VectorsConfig, *pb.SparseVectorConfig) {
	dense, sparse := map[string]*pb.VectorParams{}, map[string]*pb.SparseVectorParams{}
	for _, v := range c.Vectors {
		if v.Sparse {
			sparse[v.Name] = &pb.SparseVectorParams{}
			if v.IDF {
				sparse[v.Name].Modifier = pb.Modifier_Idf.Enum()
			}
			continue
		}
		dense[v.Name] = &pb.VectorParams{Size: v.Size, Distance: pb.Distance(pb.Distance_value[v.Distance])}
	}
	var sparseConfig *pb.SparseVectorConfig
	if len(sparse) > 0 {
		sparseConfig = pb.NewSparseVectorsConfig(sparse)
	}
	if one, ok := dense[""]; ok && len(dense) == 1 {
		return pb.NewVectorsConfig(one), sparseConfig
	}
	return pb.NewVectorsConfigMap(dense), sparseConfig
}

// schemaTypes are the types of payload indexes by their names in the API.
var schemaTypes = map[string]pb.PayloadSchemaType{
	"Keyword": pb.PayloadSchemaType_Keyword, "Integer": pb.PayloadSchemaType_Integer, "Float": pb.PayloadSchemaType_Float,
	"Geo": pb.PayloadSchemaType_Geo, "Text": pb.PayloadSchemaType_Text, "Bool": pb.PayloadSchemaType_Bool,
	"Datetime": pb.PayloadSchemaType_Datetime, "UUID": pb.PayloadSchemaType_Uuid,
}

func (c *collection) schema() map[string]*pb.PayloadSchemaInfo {
	out := make(map[string]*pb.PayloadSchemaInfo, len(c.Indexes))
	for _, i := range c.Indexes {
		if first, ok := firstKey(i.Field); ok && !isReserved(first) {
			out[i.Field] = &pb.PayloadSchemaInfo{DataType: schemaTypes[i.Type]}
		}
	}
	return out
}
