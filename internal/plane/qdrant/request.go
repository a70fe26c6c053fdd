package qdrant

import (
	"fmt"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

var distances = map[string]pb.Distance{
	"Cosine": pb.Distance_Cosine, "Dot": pb.Distance_Dot, "Euclid": pb.Distance_Euclid, "Manhattan": pb.Distance_Manhattan,
}

var indexTypes = map[string]pb.FieldType{
	"Keyword": pb.FieldType_FieldTypeKeyword, "Integer": pb.FieldType_FieldTypeInteger, "Float": pb.FieldType_FieldTypeFloat,
	"Bool": pb.FieldType_FieldTypeBool, "Datetime": pb.FieldType_FieldTypeDatetime, "Geo": pb.FieldType_FieldTypeGeo,
	"Text": pb.FieldType_FieldTypeText, "UUID": pb.FieldType_FieldTypeUuid,
}

func createRequest(c vector.Collection) *pb.CreateCollection {
	r := &pb.CreateCollection{
		CollectionName: c.Name, Metadata: metadataOf(*c.Stamp), VectorsConfig: vectorsConfig(c.Vectors),
		HnswConfig: hnswDiff(c.HNSW), QuantizationConfig: quantization(c.Quantization), SparseVectorsConfig: sparseConfig(c),
		ShardNumber: positive(c.Shards), ReplicationFactor: positive(c.Replicas), OnDiskPayload: pb.PtrOf(true),
	}
	if c.Strict.Enabled {
		r.StrictModeConfig = strictConfig(c.Strict)
	}
	if c.Segments > 0 {
		r.OptimizersConfig = &pb.OptimizersConfigDiff{DefaultSegmentNumber: &c.Segments}
	}
	if c.WALMegabytes > 0 {
		r.WalConfig = &pb.WalConfigDiff{WalCapacityMb: &c.WALMegabytes}
	}
	return r
}

// metadataOf writes the whole stamp: a server merges metadata member by member of the top level only.
func metadataOf(s vector.Stamp) map[string]*pb.Value {
	return pb.NewValueMap(map[string]any{vector.StampKey: map[string]any{
		"plane": s.Plane, "installation": s.Installation, "collection": s.Collection, "kind": string(s.Kind),
		"tenantUID": s.TenantUID, "corpusUID": s.CorpusUID, "retained": s.Retained,
	}})
}

func vectorsConfig(vs []vector.Vector) *pb.VectorsConfig {
	params := func(v vector.Vector) *pb.VectorParams {
		p := &pb.VectorParams{Size: v.Size, Distance: distances[v.Distance]}
		if v.OnDisk {
			p.OnDisk = pb.PtrOf(true)
		}
		return p
	}
	if len(vs) == 1 && vs[0].Name == "" {
		return pb.NewVectorsConfig(params(vs[0]))
	}
	named := map[string]*pb.VectorParams{}
	for _, v := range vs {
		named[v.Name] = params(v)
	}
	return pb.NewVectorsConfigMap(named)
}

func sparseConfig(c vector.Collection) *pb.SparseVectorConfig {
	if len(c.Sparse) == 0 {
		return nil
	}
	out := &pb.SparseVectorConfig{Map: map[string]*pb.SparseVectorParams{}}
	for _, v := range c.Sparse {
		modifier := pb.Modifier_None
		if v.IDF {
			modifier = pb.Modifier_Idf
		}
		out.Map[v.Name] = &pb.SparseVectorParams{Modifier: &modifier}
	}
	return out
}

func hnswDiff(h vector.HNSW) *pb.HnswConfigDiff {
	return &pb.HnswConfigDiff{M: &h.M, PayloadM: &h.PayloadM, EfConstruct: &h.EfConstruct}
}

func quantization(kind string) *pb.QuantizationConfig {
	switch kind {
	case "Scalar":
		return pb.NewQuantizationScalar(&pb.ScalarQuantization{Type: pb.QuantizationType_Int8})
	case "Binary":
		return pb.NewQuantizationBinary(&pb.BinaryQuantization{})
	}
	return nil
}

func quantizationDiff(kind string) *pb.QuantizationConfigDiff {
	switch kind {
	case "Scalar":
		return pb.NewQuantizationDiffScalar(&pb.ScalarQuantization{Type: pb.QuantizationType_Int8})
	case "Binary":
		return pb.NewQuantizationDiffBinary(&pb.BinaryQuantization{})
	}
	return pb.NewQuantizationDiffDisabled()
}

func strictConfig(s vector.Strict) *pb.StrictModeConfig {
	return &pb.StrictModeConfig{
		Enabled:                    &s.Enabled,
		UnindexedFilteringRetrieve: pb.PtrOf(!s.RefuseUnindexedReads),
		UnindexedFilteringUpdate:   pb.PtrOf(!s.RefuseUnindexedWrites),
		SearchAllowExact:           pb.PtrOf(!s.RefuseExact),
		MaxQueryLimit:              positive(s.MaxQueryLimit),
		SearchMaxHnswEf:            positive(s.MaxEf),
		SearchMaxOversampling:      positive(s.MaxOversampling),
		UpsertMaxBatchsize:         positive(s.MaxPoints),
		FilterMaxConditions:        positive(s.MaxConditions),
	}
}

// updateRequest sets the named fields and leaves the others as they stand.
func updateRequest(c vector.Collection, fields []vector.Field) *pb.UpdateCollection {
	r := &pb.UpdateCollection{CollectionName: c.Name}
	for _, f := range fields {
		switch f {
		case vector.FieldStamp:
			r.Metadata = metadataOf(*c.Stamp)
		case vector.FieldHNSW:
			r.HnswConfig = hnswDiff(c.HNSW)
		case vector.FieldVectors:
			r.VectorsConfig = vectorsDiff(c.Vectors)
		case vector.FieldSparse:
			r.SparseVectorsConfig = sparseConfig(c)
		case vector.FieldQuantization:
			r.QuantizationConfig = quantizationDiff(c.Quantization)
		case vector.FieldStrict:
			r.StrictModeConfig = strictConfig(c.Strict)
		case vector.FieldReplicas:
			r.Params = &pb.CollectionParamsDiff{ReplicationFactor: &c.Replicas}
		}
	}
	return r
}

// vectorsDiff writes what a vector overrides as what its collection says: an override cannot be taken back everywhere.
func vectorsDiff(vs []vector.Vector) *pb.VectorsConfigDiff {
	named := map[string]*pb.VectorParamsDiff{}
	for _, v := range vs {
		named[v.Name] = &pb.VectorParamsDiff{
			OnDisk: &v.OnDisk, HnswConfig: hnswDiff(v.HNSW), QuantizationConfig: quantizationDiff(v.Quantization),
		}
	}
	return pb.NewVectorsConfigDiffMap(named)
}

func indexRequest(collection string, i vector.Index) (*pb.CreateFieldIndexCollection, error) {
	kind, ok := indexTypes[i.Type]
	if !ok {
		return nil, fmt.Errorf("payload index type %q is unknown", i.Type)
	}
	r := &pb.CreateFieldIndexCollection{CollectionName: collection, FieldName: i.Field, FieldType: &kind, Wait: pb.PtrOf(true)}
	if i.Tenant {
		r.FieldIndexParams = pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: pb.PtrOf(true)})
	}
	return r, nil
}

func upsertRequest(collection string, points ...*pb.PointStruct) *pb.UpsertPoints {
	return &pb.UpsertPoints{
		CollectionName: collection, Wait: pb.PtrOf(true), Points: slices.Clone(points),
		Ordering: &pb.WriteOrdering{Type: pb.WriteOrderingType_Strong},
	}
}

// positive is nil for zero: a server then uses its default.
func positive[T uint32 | uint64 | float32](n T) *T {
	if n == 0 {
		return nil
	}
	return &n
}
