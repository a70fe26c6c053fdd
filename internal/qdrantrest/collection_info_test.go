package qdrantrest_test

import (
	"bytes"
	"encoding/json"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
)

// TestEncodeCollectionInfoGolden is written in the shape of Qdrant 1.19's OpenAPI document.
func TestEncodeCollectionInfoGolden(t *testing.T) {
	yes, none := true, uint64(0)
	full := &pb.CollectionInfo{
		Status: pb.CollectionStatus_Green, OptimizerStatus: &pb.OptimizerStatus{Ok: true}, SegmentsCount: 2,
		PointsCount: pb.PtrOf(uint64(3)), IndexedVectorsCount: &none, UpdateQueue: &pb.UpdateQueueInfo{},
		Warnings: []*pb.CollectionWarning{{Message: "w"}},
		PayloadSchema: map[string]*pb.PayloadSchemaInfo{
			"color": {DataType: pb.PayloadSchemaType_Keyword, Points: pb.PtrOf(uint64(3)), Params: pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: &yes})},
			"n":     {DataType: pb.PayloadSchemaType_Integer},
			"text": {DataType: pb.PayloadSchemaType_Text, Params: pb.NewPayloadIndexParamsText(&pb.TextIndexParams{
				Tokenizer: pb.TokenizerType_Word, Stemmer: &pb.StemmingAlgorithm{StemmingParams: &pb.StemmingAlgorithm_Snowball{Snowball: &pb.SnowballParams{Language: "english"}}},
				Stopwords: &pb.StopwordsSet{Languages: []string{"english"}},
			})},
		},
		Config: &pb.CollectionConfig{
			Params: &pb.CollectionParams{
				ShardNumber: 1, OnDiskPayload: true,
				VectorsConfig: pb.NewVectorsConfigMap(map[string]*pb.VectorParams{
					"a": {Size: 4, Distance: pb.Distance_Cosine, Datatype: pb.Datatype_Float16.Enum(), MultivectorConfig: &pb.MultiVectorConfig{}},
					"b": {Size: 2, Distance: pb.Distance_Manhattan, QuantizationConfig: &pb.QuantizationConfig{Quantization: &pb.QuantizationConfig_Binary{Binary: &pb.BinaryQuantization{
						Encoding: pb.BinaryQuantizationEncoding_OneAndHalfBits.Enum(),
						QueryEncoding: &pb.BinaryQuantizationQueryEncoding{Variant: &pb.BinaryQuantizationQueryEncoding_Setting_{
							Setting: pb.BinaryQuantizationQueryEncoding_Scalar8Bits,
						}},
					}}}},
				}),
				SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"s": {Modifier: pb.Modifier_Idf.Enum(), Index: &pb.SparseIndexConfig{OnDisk: &yes}}}),
			},
			HnswConfig:         &pb.HnswConfigDiff{M: &none, PayloadM: pb.PtrOf(uint64(16))},
			OptimizerConfig:    &pb.OptimizersConfigDiff{DeletedThreshold: pb.PtrOf(0.2), MaxOptimizationThreads: &pb.MaxOptimizationThreads{Variant: &pb.MaxOptimizationThreads_Value{Value: 2}}},
			WalConfig:          &pb.WalConfigDiff{WalCapacityMb: pb.PtrOf(uint64(32))},
			QuantizationConfig: &pb.QuantizationConfig{Quantization: &pb.QuantizationConfig_Scalar{Scalar: &pb.ScalarQuantization{Type: pb.QuantizationType_Int8, Quantile: pb.PtrOf(float32(0.99))}}},
			StrictModeConfig:   &pb.StrictModeConfig{Enabled: &yes, SparseConfig: &pb.StrictModeSparseConfig{SparseConfig: map[string]*pb.StrictModeSparse{"s": {MaxLength: pb.PtrOf(uint64(9))}}}},
			Metadata:           pb.NewValueMap(map[string]any{"owner": map[string]any{"n": 1.0}}),
		},
	}
	plain := &pb.CollectionInfo{
		Status: pb.CollectionStatus_Yellow, OptimizerStatus: &pb.OptimizerStatus{Error: "disk"},
		Config: &pb.CollectionConfig{
			Params:          &pb.CollectionParams{VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 4, Distance: pb.Distance_Dot})},
			OptimizerConfig: &pb.OptimizersConfigDiff{MaxOptimizationThreads: &pb.MaxOptimizationThreads{Variant: &pb.MaxOptimizationThreads_Setting_{}}},
		},
	}
	var got bytes.Buffer
	for _, info := range []*pb.CollectionInfo{full, plain, {}} {
		body := answer(t, "GET /collections/c", &pb.GetCollectionInfoResponse{Result: info})
		if err := json.Indent(&got, []byte(body), "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
	}
	compare(t, "testdata/collection_info.golden", got.String())
}
