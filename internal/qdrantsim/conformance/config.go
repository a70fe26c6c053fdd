package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var configCases = map[string]func(*suite){
	"defaults come back resolved": func(s *suite) {
		info := s.info(s.plain())
		s.same(info.GetStatus(), qdrant.CollectionStatus_Green)
		s.same(info.GetPointsCount(), uint64(0))
		p := info.GetConfig().GetParams()
		s.same([]any{p.GetShardNumber(), p.GetReplicationFactor(), p.GetWriteConsistencyFactor(), p.GetOnDiskPayload()},
			[]any{uint32(1), uint32(1), uint32(1), true})
		h := info.GetConfig().GetHnswConfig()
		s.same([]any{h.GetM(), h.GetEfConstruct(), h.GetFullScanThreshold(), h.GetMaxIndexingThreads()},
			[]any{uint64(16), uint64(100), uint64(10000), uint64(0)})
		o := info.GetConfig().GetOptimizerConfig()
		s.same([]any{o.GetDeletedThreshold(), o.GetVacuumMinVectorNumber(), o.GetDefaultSegmentNumber(), o.GetIndexingThreshold(), o.GetFlushIntervalSec()},
			[]any{0.2, uint64(1000), uint64(0), uint64(10000), uint64(5)})
		w := info.GetConfig().GetWalConfig()
		s.same([]any{w.GetWalCapacityMb(), w.GetWalSegmentsAhead(), w.GetWalRetainClosed()}, []any{uint64(32), uint64(0), uint64(1)})
	},
	"options come back only when set": func(s *suite) {
		config := s.info(s.plain()).GetConfig()
		s.same([]bool{
			config.GetHnswConfig().PayloadM == nil, config.QuantizationConfig == nil, config.StrictModeConfig == nil,
			len(config.Metadata) == 0, config.GetParams().SparseVectorsConfig == nil,
		}, []bool{true, true, true, true, true})
	},
	"what was asked for comes back": func(s *suite) {
		c := s.create(sharedCollection())
		config := s.info(c).GetConfig()
		s.same(config.GetParams().GetVectorsConfig().GetParamsMap().GetMap()["text"].GetSize(), uint64(3))
		s.same(config.GetParams().GetVectorsConfig().GetParamsMap().GetMap()["text"].GetDistance(), qdrant.Distance_Cosine)
		s.same(config.GetParams().GetSparseVectorsConfig().GetMap()["words"].GetModifier(), qdrant.Modifier_Idf)
		s.same([]uint64{config.GetHnswConfig().GetM(), config.GetHnswConfig().GetPayloadM(), config.GetHnswConfig().GetEfConstruct()},
			[]uint64{0, 16, 100})
		s.same(config.GetStrictModeConfig().GetUnindexedFilteringRetrieve(), false)
		s.same(config.GetStrictModeConfig().GetMaxQueryLimit(), uint32(50))
		s.same(plainMap(config.GetMetadata()), map[string]any{"owner": "a", "hash": "1"})
	},
	"an update merges": func(s *suite) {
		c := s.create(sharedCollection())
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName:   c,
			HnswConfig:       &qdrant.HnswConfigDiff{EfConstruct: qdrant.PtrOf(uint64(64))},
			OptimizersConfig: &qdrant.OptimizersConfigDiff{DefaultSegmentNumber: qdrant.PtrOf(uint64(2))},
			StrictModeConfig: &qdrant.StrictModeConfig{MaxQueryLimit: qdrant.PtrOf(uint32(60))},
			Params:           &qdrant.CollectionParamsDiff{OnDiskPayload: no()},
			VectorsConfig: qdrant.NewVectorsConfigDiffMap(map[string]*qdrant.VectorParamsDiff{
				"text": {OnDisk: yes(), HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(4))}},
			}),
			Metadata: map[string]*qdrant.Value{"owner": qdrant.NewValueString("b"), "hash": qdrant.NewValueNull(), "more": qdrant.NewValueInt(1)},
		}))
		config := s.info(c).GetConfig()
		s.same([]uint64{config.GetHnswConfig().GetM(), config.GetHnswConfig().GetPayloadM(), config.GetHnswConfig().GetEfConstruct()},
			[]uint64{0, 16, 64})
		s.same(config.GetOptimizerConfig().GetDefaultSegmentNumber(), uint64(2))
		s.same(config.GetOptimizerConfig().GetFlushIntervalSec(), uint64(5))
		s.same(config.GetStrictModeConfig().GetMaxQueryLimit(), uint32(60))
		s.same(config.GetStrictModeConfig().GetEnabled(), true)
		s.same(config.GetParams().GetOnDiskPayload(), false)
		v := config.GetParams().GetVectorsConfig().GetParamsMap().GetMap()["text"]
		s.same([]any{v.GetOnDisk(), v.GetHnswConfig().GetM(), v.GetSize()}, []any{true, uint64(4), uint64(3)})
		s.same(plainMap(config.GetMetadata()), map[string]any{"owner": "b", "more": int64(1)})
	},
	"an update of an unknown vector": func(s *suite) {
		err := s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: s.plain(),
			VectorsConfig:  qdrant.NewVectorsConfigDiffMap(map[string]*qdrant.VectorParamsDiff{"nope": {OnDisk: yes()}}),
		})
		s.refused(err, codes.InvalidArgument, "nope")
	},
	"quantization is replaced and removed": func(s *suite) {
		c := s.plain()
		scalar := &qdrant.ScalarQuantization{Type: qdrant.QuantizationType_Int8}
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: c, QuantizationConfig: qdrant.NewQuantizationDiffScalar(scalar),
		}))
		s.same(s.info(c).GetConfig().GetQuantizationConfig().GetScalar().GetType(), qdrant.QuantizationType_Int8)
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: c, QuantizationConfig: qdrant.NewQuantizationDiffDisabled(),
		}))
		s.same(s.info(c).GetConfig().QuantizationConfig == nil, true)
	},
	"a sparse modifier can be set later": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"words": {}}),
		})
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: c,
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{
				"words": {Modifier: qdrant.Modifier_Idf.Enum()},
			}),
		}))
		s.same(s.info(c).GetConfig().GetParams().GetSparseVectorsConfig().GetMap()["words"].GetModifier(), qdrant.Modifier_Idf)
	},
	"an index echoes its parameters only if it has any": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"bare": "x", "tenant": "a"}), pt(2, map[string]any{"tenant": "b"}))
		s.index(c, "bare", nil)
		s.index(c, "tenant", qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: yes()}))
		schema := s.info(c).GetPayloadSchema()
		s.same([]any{schema["bare"].GetDataType(), schema["bare"].Params == nil, schema["bare"].GetPoints()},
			[]any{qdrant.PayloadSchemaType_Keyword, true, uint64(1)})
		s.same([]any{schema["tenant"].GetParams().GetKeywordIndexParams().GetIsTenant(), schema["tenant"].GetPoints()},
			[]any{true, uint64(2)})
	},
	"an index is replaced and deleted": func(s *suite) {
		c := s.plain()
		s.index(c, "tenant", nil)
		s.index(c, "tenant", qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: yes()}))
		s.same(s.info(c).GetPayloadSchema()["tenant"].GetParams().GetKeywordIndexParams().GetIsTenant(), true)
		for range 2 { // deleting what is not there is fine
			_, err := s.admin.DeleteFieldIndex(s.ctx, &qdrant.DeleteFieldIndexCollection{CollectionName: c, Wait: yes(), FieldName: "tenant"})
			s.must(err)
		}
		s.same(len(s.info(c).GetPayloadSchema()), 0)
	},
	"an index needs a type, which fits its parameters": func(s *suite) {
		req := &qdrant.CreateFieldIndexCollection{
			CollectionName: s.plain(), FieldName: "a",
			FieldIndexParams: qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: yes()}),
		}
		_, err := s.admin.CreateFieldIndex(s.ctx, req)
		s.refused(err, codes.InvalidArgument, "cannot convert field_type")
		req.FieldType = qdrant.FieldType_FieldTypeInteger.Enum()
		_, err = s.admin.CreateFieldIndex(s.ctx, req)
		s.refused(err, codes.InvalidArgument, "field_type (Integer) and field_index_params do not match")
	},
}

func (s *suite) info(collection string) *qdrant.CollectionInfo {
	s.Helper()
	info, err := s.admin.GetCollectionInfo(s.ctx, collection)
	s.must(err)
	return info
}

// sharedCollection is a collection made for many tenants: no global graph, one
// per tenant, strict mode as a tripwire.
func sharedCollection() *qdrant.CreateCollection {
	return &qdrant.CreateCollection{
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"text": {Size: 3, Distance: qdrant.Distance_Cosine},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{
			"words": {Modifier: qdrant.Modifier_Idf.Enum()},
		}),
		HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(0)), PayloadM: qdrant.PtrOf(uint64(16))},
		StrictModeConfig: &qdrant.StrictModeConfig{
			Enabled: yes(), UnindexedFilteringRetrieve: no(), UnindexedFilteringUpdate: no(), SearchAllowExact: no(),
			MaxQueryLimit: qdrant.PtrOf(uint32(50)), UpsertMaxBatchsize: qdrant.PtrOf(uint64(3)),
		},
		Metadata: qdrant.NewValueMap(map[string]any{"owner": "a", "hash": "1"}),
	}
}
