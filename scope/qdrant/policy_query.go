package qdrant

// Searches. A level is where the server resolves ids and counts statistics: each has its own filter, lookup and params.
var queryTables = table{
	"qdrant.QueryPoints": {level: true, budget: perSearch, after: (*walk).query, fields: fields{
		"collection_name": collectionName, "prefetch": descend, "query": descend, "using": vectorName, "filter": tenantFilter,
		"params": descend, "score_threshold": pass, "limit": limit, "offset": skip, "with_vectors": descend, "with_payload": descend,
		"read_consistency": descend, "shard_key_selector": shardKey, "lookup_from": descend, "timeout": pass,
	}},
	"qdrant.PrefetchQuery": {level: true, nesting: nestedPrefetch, budget: perSearch, after: (*walk).query, fields: fields{
		"prefetch": descend, "query": descend, "using": vectorName, "filter": tenantFilter, "params": descend, "score_threshold": pass,
		"limit": limit, "lookup_from": descend,
	}},
	"qdrant.QueryPointGroups": {level: true, budget: perSearch, after: (*walk).groups, fields: fields{
		"collection_name": collectionName, "prefetch": descend, "query": descend, "using": vectorName, "filter": tenantFilter,
		"params": descend, "score_threshold": pass, "with_payload": descend, "with_vectors": descend, "lookup_from": descend,
		"limit": limit, "group_size": limit, "group_by": key, "read_consistency": descend, "with_lookup": descend, "timeout": pass,
		"shard_key_selector": shardKey,
	}},
	"qdrant.QueryBatchPoints": {fields: fields{
		"collection_name": collectionName, "query_points": descend, "read_consistency": descend, "timeout": pass,
	}},

	"qdrant.Query": {fields: fields{
		"nearest": descend, "recommend": descend, "discover": descend, "context": descend, "order_by": descend, "fusion": pass,
		"sample": pass, "formula": descend, "nearest_with_mmr": descend, "rrf": descend, "relevance_feedback": descend,
	}},
	"qdrant.VectorInput": {fields: fields{
		"id": exampleID, "dense": descend, "sparse": descend, "multi_dense": descend, "document": noModel, "image": noModel,
		"object": noModel,
	}},
	"qdrant.RecommendInput":         {fields: fields{"positive": descend, "negative": descend, "strategy": pass}},
	"qdrant.DiscoverInput":          {fields: fields{"target": descend, "context": descend}},
	"qdrant.ContextInput":           {fields: fields{"pairs": descend}},
	"qdrant.ContextInputPair":       {fields: fields{"positive": descend, "negative": descend}},
	"qdrant.NearestInputWithMmr":    {fields: fields{"nearest": descend, "mmr": descend}},
	"qdrant.Mmr":                    {fields: fields{"diversity": pass, "candidates_limit": pairwise}},
	"qdrant.Rrf":                    {fields: fields{"k": pass, "weights": pass}},
	"qdrant.RelevanceFeedbackInput": {fields: fields{"target": descend, "feedback": descend, "strategy": descend}},
	"qdrant.FeedbackItem":           {fields: fields{"example": descend, "score": pass}},
	"qdrant.FeedbackStrategy":       {fields: fields{"naive": descend}},
	"qdrant.NaiveFeedbackStrategy":  {fields: fields{"a": pass, "b": pass, "c": pass}},

	"qdrant.LookupLocation": {fields: fields{"collection_name": lookupName, "vector_name": pass, "shard_key_selector": shardKey}},
	"qdrant.WithLookup":     {fields: fields{"collection": joinName, "with_payload": descend, "with_vectors": descend}},
	"qdrant.SearchParams": {unknown: (*walk).idfParams, fields: fields{
		"hnsw_ef": limit, "exact": exact, "quantization": descend, "indexed_only": pass, "acorn": descend,
	}},
	"qdrant.QuantizationSearchParams": {fields: fields{"ignore": pass, "rescore": pass, "oversampling": multiple}},
	"qdrant.AcornSearchParams":        {fields: fields{"enable": pass, "max_selectivity": pass}},
}

// Formulas. They are evaluated on points that were found already, so conditions need no tenant of their own.
var formulaTables = table{
	"qdrant.Formula": {required: names("expression"), fields: fields{"expression": descend, "defaults": defaults}},
	"qdrant.Expression": {nesting: nestedCondition, budget: perCondition, fields: fields{
		"constant": pass, "variable": variable, "condition": descend, "geo_distance": descend, "datetime": pass,
		"datetime_key": key, "mult": descend, "sum": descend, "div": descend, "neg": descend, "abs": descend, "sqrt": descend,
		"pow": descend, "exp": descend, "log10": descend, "ln": descend, "exp_decay": descend, "gauss_decay": descend,
		"lin_decay": descend,
	}},
	"qdrant.GeoDistance":           {fields: fields{"origin": descend, "to": key}},
	"qdrant.MultExpression":        {fields: fields{"mult": descend}},
	"qdrant.SumExpression":         {fields: fields{"sum": descend}},
	"qdrant.DivExpression":         {fields: fields{"left": descend, "right": descend, "by_zero_default": pass}},
	"qdrant.PowExpression":         {fields: fields{"base": descend, "exponent": descend}},
	"qdrant.DecayParamsExpression": {fields: fields{"x": descend, "target": descend, "scale": pass, "midpoint": pass}},
}
