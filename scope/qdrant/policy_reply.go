package qdrant

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// replyFields is the policy of one message type in replies: names of fields, by rule.
type replyFields struct {
	keep, walk string
	special    map[protoreflect.Name]*replyRule
}

type special = map[protoreflect.Name]*replyRule

func (f replyFields) of(name protoreflect.Name) *replyRule {
	switch {
	case f.special[name] != nil:
		return f.special[name]
	case slices.Contains(strings.Fields(f.keep), string(name)):
		return keep
	case slices.Contains(strings.Fields(f.walk), string(name)):
		return inner
	}
	return nil
}

type replyTable map[protoreflect.FullName]replyFields

var (
	result = replyFields{keep: "time", walk: "result usage"}

	replyPlans = compileReplies(replyTables)
)

// replyTables is the policy of every message in the reply of a served RPC.
var replyTables = replyTable{
	"qdrant.PointsOperationResponse":     result,
	"qdrant.UpdateBatchResponse":         result,
	"qdrant.GetResponse":                 result,
	"qdrant.SearchResponse":              result,
	"qdrant.SearchBatchResponse":         result,
	"qdrant.SearchGroupsResponse":        result,
	"qdrant.RecommendResponse":           result,
	"qdrant.RecommendBatchResponse":      result,
	"qdrant.RecommendGroupsResponse":     result,
	"qdrant.DiscoverResponse":            result,
	"qdrant.DiscoverBatchResponse":       result,
	"qdrant.CountResponse":               result,
	"qdrant.QueryResponse":               result,
	"qdrant.QueryBatchResponse":          result,
	"qdrant.QueryGroupsResponse":         result,
	"qdrant.SearchMatrixPairsResponse":   result,
	"qdrant.SearchMatrixOffsetsResponse": result,
	"qdrant.GetCollectionInfoResponse":   {keep: "time", walk: "result"},
	"qdrant.FacetResponse":               {keep: "time", walk: "hits usage"},
	"qdrant.ScrollResponse":              {keep: "time", walk: "result usage", special: special{"next_page_offset": openID}},

	"qdrant.Usage":          {walk: "inference", special: special{"hardware": drop}},
	"qdrant.InferenceUsage": {walk: "models"},
	"qdrant.ModelUsage":     {keep: "tokens"},

	"qdrant.UpdateResult": {keep: "status", special: special{"operation_id": counter}},
	"qdrant.CountResult":  {keep: "count"},
	"qdrant.BatchResult":  {walk: "result"},
	"qdrant.ScoredPoint": {keep: "score", walk: "vectors order_value", special: special{
		"id": openID, "payload": strip, "version": counter, "shard_key": drop,
	}},
	"qdrant.RetrievedPoint": {walk: "vectors order_value", special: special{
		"id": openID, "payload": strip, "shard_key": drop,
	}},
	"qdrant.PointId":      {keep: "num uuid"},
	"qdrant.OrderValue":   {keep: "int float"},
	"qdrant.GroupsResult": {walk: "groups"},
	"qdrant.PointGroup":   {walk: "id hits", special: special{"lookup": joined}},
	"qdrant.GroupId":      {keep: "unsigned_value integer_value string_value"},
	"qdrant.FacetHit":     {keep: "count", walk: "value"},
	"qdrant.FacetValue":   {keep: "string_value integer_value bool_value"},

	"qdrant.SearchMatrixPairs":   {walk: "pairs"},
	"qdrant.SearchMatrixPair":    {keep: "score", special: special{"a": openID, "b": openID}},
	"qdrant.SearchMatrixOffsets": {keep: "offsets_row offsets_col scores", special: special{"ids": openID}},

	"qdrant.Value":     {keep: "null_value double_value integer_value string_value bool_value", walk: "struct_value list_value"},
	"qdrant.Struct":    {walk: "fields"},
	"qdrant.ListValue": {walk: "values"},

	"qdrant.VectorsOutput":      {walk: "vector vectors"},
	"qdrant.NamedVectorsOutput": {walk: "vectors"},
	"qdrant.VectorOutput":       {keep: "data vectors_count", walk: "indices dense sparse multi_dense"},
	"qdrant.SparseIndices":      {keep: "data"},
	"qdrant.DenseVector":        {keep: "data"},
	"qdrant.SparseVector":       {keep: "values indices"},
	"qdrant.MultiDenseVector":   {walk: "vectors"},

	"qdrant.CollectionInfo": {keep: "status points_count", walk: "optimizer_status config payload_schema", special: special{
		"segments_count": counter, "indexed_vectors_count": counter, "update_queue": counter, "warnings": drop,
	}},
	"qdrant.OptimizerStatus":   {keep: "ok", special: special{"error": noText}},
	"qdrant.UpdateQueueInfo":   {keep: "length"},
	"qdrant.PayloadSchemaInfo": {keep: "data_type", walk: "params", special: special{"points": counter}},
	"qdrant.CollectionConfig": {
		walk:    "params hnsw_config optimizer_config wal_config quantization_config strict_mode_config",
		special: special{"metadata": drop},
	},
	"qdrant.CollectionParams": {
		keep: "shard_number on_disk_payload replication_factor write_consistency_factor read_fan_out_factor sharding_method read_fan_out_delay_ms",
		walk: "vectors_config sparse_vectors_config",
	},
	"qdrant.VectorsConfig":      {walk: "params params_map"},
	"qdrant.VectorParamsMap":    {walk: "map"},
	"qdrant.VectorParams":       {keep: "size distance on_disk datatype", walk: "hnsw_config quantization_config multivector_config"},
	"qdrant.MultiVectorConfig":  {keep: "comparator"},
	"qdrant.SparseVectorConfig": {walk: "map"},
	"qdrant.SparseVectorParams": {keep: "modifier", walk: "index"},
	"qdrant.SparseIndexConfig":  {keep: "full_scan_threshold on_disk datatype"},
	"qdrant.HnswConfigDiff": {
		keep: "m ef_construct full_scan_threshold max_indexing_threads on_disk payload_m inline_storage",
	},
	"qdrant.OptimizersConfigDiff": {
		keep: "deleted_threshold vacuum_min_vector_number default_segment_number max_segment_size memmap_threshold indexing_threshold " +
			"flush_interval_sec deprecated_max_optimization_threads prevent_unoptimized",
		walk: "max_optimization_threads",
	},
	"qdrant.MaxOptimizationThreads":          {keep: "value setting"},
	"qdrant.WalConfigDiff":                   {keep: "wal_capacity_mb wal_segments_ahead wal_retain_closed"},
	"qdrant.QuantizationConfig":              {walk: "scalar product binary"},
	"qdrant.ScalarQuantization":              {keep: "type quantile always_ram"},
	"qdrant.ProductQuantization":             {keep: "compression always_ram"},
	"qdrant.BinaryQuantization":              {keep: "always_ram encoding", walk: "query_encoding"},
	"qdrant.BinaryQuantizationQueryEncoding": {keep: "setting"},
	"qdrant.StrictModeConfig": {
		keep: "enabled max_query_limit max_timeout unindexed_filtering_retrieve unindexed_filtering_update search_max_hnsw_ef " +
			"search_allow_exact search_max_oversampling upsert_max_batchsize max_collection_vector_size_bytes read_rate_limit " +
			"write_rate_limit max_collection_payload_size_bytes filter_max_conditions condition_max_size max_points_count " +
			"max_payload_index_count",
		walk: "multivector_config sparse_config",
	},
	"qdrant.StrictModeMultivectorConfig": {walk: "multivector_config"},
	"qdrant.StrictModeMultivector":       {keep: "max_vectors"},
	"qdrant.StrictModeSparseConfig":      {walk: "sparse_config"},
	"qdrant.StrictModeSparse":            {keep: "max_length"},

	"qdrant.PayloadIndexParams": {
		walk: "keyword_index_params integer_index_params float_index_params geo_index_params text_index_params bool_index_params " +
			"datetime_index_params uuid_index_params",
	},
	"qdrant.KeywordIndexParams":  {keep: "is_tenant on_disk enable_hnsw"},
	"qdrant.IntegerIndexParams":  {keep: "lookup range is_principal on_disk enable_hnsw"},
	"qdrant.FloatIndexParams":    {keep: "on_disk is_principal enable_hnsw"},
	"qdrant.GeoIndexParams":      {keep: "on_disk enable_hnsw"},
	"qdrant.BoolIndexParams":     {keep: "on_disk enable_hnsw"},
	"qdrant.DatetimeIndexParams": {keep: "on_disk is_principal enable_hnsw"},
	"qdrant.UuidIndexParams":     {keep: "is_tenant on_disk enable_hnsw"},
	"qdrant.TextIndexParams": {
		keep: "tokenizer lowercase min_token_len max_token_len on_disk phrase_matching ascii_folding enable_hnsw",
		walk: "stopwords stemmer",
	},
	"qdrant.StopwordsSet":      {keep: "languages custom"},
	"qdrant.StemmingAlgorithm": {walk: "snowball"},
	"qdrant.SnowballParams":    {keep: "language"},
}
