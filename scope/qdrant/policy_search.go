package qdrant

// The searches that Query replaced; the server still answers them, and so do official clients still send them.
var searchTables = table{
	"qdrant.SearchPoints": {level: true, budget: perSearch, after: (*walk).idf, fields: fields{
		"collection_name": collectionName, "vector": pass, "filter": tenantFilter, "limit": limit, "with_payload": descend,
		"params": descend, "score_threshold": pass, "offset": skip, "vector_name": vectorName, "with_vectors": descend,
		"read_consistency": descend, "timeout": pass, "shard_key_selector": shardKey, "sparse_indices": descend,
	}},
	"qdrant.SearchBatchPoints": {fields: fields{
		"collection_name": collectionName, "search_points": descend, "read_consistency": descend, "timeout": pass,
	}},
	"qdrant.SearchPointGroups": {level: true, budget: perSearch, after: (*walk).groups, fields: fields{
		"collection_name": collectionName, "vector": pass, "filter": tenantFilter, "limit": limit, "with_payload": descend,
		"params": descend, "score_threshold": pass, "vector_name": vectorName, "with_vectors": descend, "group_by": key, "group_size": limit,
		"read_consistency": descend, "with_lookup": descend, "timeout": pass, "shard_key_selector": shardKey, "sparse_indices": descend,
	}},
	"qdrant.RecommendPoints": {level: true, budget: perSearch, after: (*walk).idf, fields: fields{
		"collection_name": collectionName, "positive": exampleID, "negative": exampleID, "filter": tenantFilter, "limit": limit,
		"with_payload": descend, "params": descend, "score_threshold": pass, "offset": skip, "using": vectorName, "with_vectors": descend,
		"lookup_from": descend, "read_consistency": descend, "strategy": pass, "positive_vectors": descend,
		"negative_vectors": descend, "timeout": pass, "shard_key_selector": shardKey,
	}},
	"qdrant.RecommendBatchPoints": {fields: fields{
		"collection_name": collectionName, "recommend_points": descend, "read_consistency": descend, "timeout": pass,
	}},
	"qdrant.RecommendPointGroups": {level: true, budget: perSearch, after: (*walk).groups, fields: fields{
		"collection_name": collectionName, "positive": exampleID, "negative": exampleID, "filter": tenantFilter, "limit": limit,
		"with_payload": descend, "params": descend, "score_threshold": pass, "using": vectorName, "with_vectors": descend,
		"lookup_from": descend, "group_by": key, "group_size": limit, "read_consistency": descend, "with_lookup": descend,
		"strategy": pass, "positive_vectors": descend, "negative_vectors": descend, "timeout": pass, "shard_key_selector": shardKey,
	}},
	"qdrant.DiscoverPoints": {level: true, budget: perSearch, after: (*walk).idf, fields: fields{
		"collection_name": collectionName, "target": descend, "context": descend, "filter": tenantFilter, "limit": limit,
		"with_payload": descend, "params": descend, "offset": skip, "using": vectorName, "with_vectors": descend, "lookup_from": descend,
		"read_consistency": descend, "timeout": pass, "shard_key_selector": shardKey,
	}},
	"qdrant.DiscoverBatchPoints": {fields: fields{
		"collection_name": collectionName, "discover_points": descend, "read_consistency": descend, "timeout": pass,
	}},
	"qdrant.TargetVector":       {fields: fields{"single": descend}},
	"qdrant.VectorExample":      {fields: fields{"id": exampleID, "vector": descend}},
	"qdrant.ContextExamplePair": {fields: fields{"positive": descend, "negative": descend}},

	"qdrant.SearchMatrixPoints": {after: (*walk).matrix, budget: perSearch, fields: fields{
		"collection_name": collectionName, "filter": tenantFilter, "sample": pairwise, "limit": limit, "using": vectorName, "timeout": pass,
		"read_consistency": descend, "shard_key_selector": shardKey,
	}},
}

// What is asked about collections and the service itself.
var serviceTables = table{
	"qdrant.GetCollectionInfoRequest":     {fields: fields{"collection_name": collectionName}},
	"qdrant.CollectionExistsRequest":      {fields: fields{"collection_name": localName}},
	"qdrant.ListCollectionsRequest":       {},
	"qdrant.ListAliasesRequest":           {},
	"qdrant.ListCollectionAliasesRequest": {fields: fields{"collection_name": localName}},
	"qdrant.HealthCheckRequest":           {},
	"grpc.health.v1.HealthCheckRequest":   {fields: fields{"service": pass}},
}

// acceptedEnums are the enum values that a request may have.
var acceptedEnums = enums{
	"qdrant.WriteOrderingType":   {0, 1, 2}, // Weak, Medium, Strong
	"qdrant.ReadConsistencyType": {0, 1, 2}, // All, Majority, Quorum
	"qdrant.UpdateMode":          {0, 1, 2}, // Upsert, InsertOnly, UpdateOnly; the server takes any other for Upsert
	"qdrant.Direction":           {0, 1},    // Asc, Desc
	"qdrant.RecommendStrategy":   {0, 1, 2}, // AverageVector, BestScore, SumScores
	"qdrant.Fusion":              {0, 1},    // RRF, DBSF
	"qdrant.Sample":              {0},       // Random
	"qdrant.NullValue":           {0},
}
