package qdrant

import (
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// collectionOf writes what a server says of a collection the way desired ones are written.
func collectionOf(name string, info *pb.CollectionInfo) vector.Collection {
	config := info.GetConfig()
	params := config.GetParams()
	c := vector.Collection{
		Name: name, Stamp: stampOf(config.GetMetadata()), Shards: params.GetShardNumber(), Replicas: params.GetReplicationFactor(),
		CustomSharding: params.GetShardingMethod() == pb.ShardingMethod_Custom,
		HNSW:           hnswOf(vector.HNSW{M: 16, EfConstruct: 100}, nil, config.GetHnswConfig()),
		Quantization:   quantizationOf(config.GetQuantizationConfig()), Strict: strictOf(config.GetStrictModeConfig()),
		Segments:     config.GetOptimizerConfig().GetDefaultSegmentNumber(),
		WALMegabytes: config.GetWalConfig().GetWalCapacityMb(),
	}
	dense := params.GetVectorsConfig().GetParamsMap().GetMap()
	if single := params.GetVectorsConfig().GetParams(); single != nil {
		dense = map[string]*pb.VectorParams{"": single}
	}
	for of, p := range dense {
		c.Vectors = append(c.Vectors, vectorOf(of, p, c, config.GetHnswConfig()))
	}
	for of, p := range params.GetSparseVectorsConfig().GetMap() {
		c.Sparse = append(c.Sparse, boundary.SparseVector{Name: of, IDF: p.GetModifier() == pb.Modifier_Idf})
	}
	for field, i := range info.GetPayloadSchema() {
		c.Indexes = append(c.Indexes, indexOf(field, i))
	}
	c.Normalise()
	return c
}

func stampOf(metadata map[string]*pb.Value) *vector.Stamp {
	f := metadata[vector.StampKey].GetStructValue().GetFields()
	if len(f) == 0 {
		return nil
	}
	return &vector.Stamp{
		Plane: f["plane"].GetStringValue(), Installation: f["installation"].GetStringValue(),
		Collection: f["collection"].GetStringValue(), Kind: vector.Kind(f["kind"].GetStringValue()),
		TenantUID: f["tenantUID"].GetStringValue(), CorpusUID: f["corpusUID"].GetStringValue(), Retained: f["retained"].GetBoolValue(),
	}
}

// vectorOf resolves what the vector inherits from its collection.
func vectorOf(name string, p *pb.VectorParams, c vector.Collection, inherited *pb.HnswConfigDiff) vector.Vector {
	v := vector.Vector{
		Name: name, Size: p.GetSize(), Distance: p.GetDistance().String(), Multi: p.GetMultivectorConfig() != nil,
		OnDisk: p.GetOnDisk(), Quantization: c.Quantization, HNSW: c.HNSW,
	}
	if d := p.GetDatatype(); d != pb.Datatype_Default && d != pb.Datatype_Float32 {
		v.Datatype = d.String()
	}
	if p.GetQuantizationConfig() != nil {
		v.Quantization = quantizationOf(p.GetQuantizationConfig())
	}
	if p.GetHnswConfig() != nil {
		v.HNSW = hnswOf(c.HNSW, inherited, p.GetHnswConfig())
	}
	return v
}

// hnswOf lays own settings over inherited ones. Without a payload_m of either, the server uses m.
func hnswOf(base vector.HNSW, inherited, own *pb.HnswConfigDiff) vector.HNSW {
	if own == nil {
		own = &pb.HnswConfigDiff{}
	}
	if own.M != nil {
		base.M = own.GetM()
	}
	if own.EfConstruct != nil {
		base.EfConstruct = own.GetEfConstruct()
	}
	switch {
	case own.PayloadM != nil:
		base.PayloadM = own.GetPayloadM()
	case inherited != nil && inherited.PayloadM != nil:
		base.PayloadM = inherited.GetPayloadM()
	default:
		base.PayloadM = base.M
	}
	return base
}

func quantizationOf(q *pb.QuantizationConfig) string {
	switch q.GetQuantization().(type) {
	case *pb.QuantizationConfig_Scalar:
		return "Scalar"
	case *pb.QuantizationConfig_Binary:
		return "Binary"
	case *pb.QuantizationConfig_Product:
		return "Product"
	}
	return ""
}

// strictOf: what a server leaves out it does not refuse.
func strictOf(s *pb.StrictModeConfig) vector.Strict {
	if s == nil {
		return vector.Strict{}
	}
	refuses := func(allowed *bool) bool { return allowed != nil && !*allowed }
	return vector.Strict{
		Enabled: s.GetEnabled(), MaxQueryLimit: s.GetMaxQueryLimit(), RefuseExact: refuses(s.SearchAllowExact),
		RefuseUnindexedReads: refuses(s.UnindexedFilteringRetrieve), RefuseUnindexedWrites: refuses(s.UnindexedFilteringUpdate),
		MaxEf: s.GetSearchMaxHnswEf(), MaxOversampling: s.GetSearchMaxOversampling(), MaxPoints: s.GetUpsertMaxBatchsize(),
		MaxConditions: s.GetFilterMaxConditions(),
	}
}

func indexOf(field string, i *pb.PayloadSchemaInfo) vector.Index {
	kind := i.GetDataType().String()
	if i.GetDataType() == pb.PayloadSchemaType_Uuid {
		kind = "UUID"
	}
	params := i.GetParams()
	return vector.Index{
		Field: field, Type: kind,
		Tenant: params.GetKeywordIndexParams().GetIsTenant() || params.GetUuidIndexParams().GetIsTenant(),
	}
}
