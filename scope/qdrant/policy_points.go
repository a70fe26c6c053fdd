package qdrant

// Requests that read and write points by id or by filter.
var pointTables = table{
	"qdrant.UpsertPoints": {fields: fields{
		"collection_name": collectionName, "wait": pass, "points": descend, "ordering": descend, "shard_key_selector": shardKey,
		"update_filter": tenantFilterIfSet, "timeout": pass, "update_mode": pass,
	}},
	"qdrant.DeletePoints": {required: names("points"), fields: fields{
		"collection_name": collectionName, "wait": pass, "points": descend, "ordering": descend, "shard_key_selector": shardKey,
		"timeout": pass,
	}},
	"qdrant.GetPoints": {fields: fields{
		"collection_name": collectionName, "ids": ownID, "with_payload": descend, "with_vectors": descend,
		"read_consistency": descend, "shard_key_selector": shardKey, "timeout": pass,
	}},
	"qdrant.UpdatePointVectors": {fields: fields{
		"collection_name": collectionName, "wait": pass, "points": descend, "ordering": descend, "shard_key_selector": shardKey,
		"update_filter": tenantFilterIfSet, "timeout": pass,
	}},
	"qdrant.DeletePointVectors": {required: names("points_selector"), fields: fields{
		"collection_name": collectionName, "wait": pass, "points_selector": descend, "vectors": descend, "ordering": descend,
		"shard_key_selector": shardKey, "timeout": pass,
	}},
	"qdrant.SetPayloadPoints": {required: names("points_selector"), fields: fields{
		"collection_name": collectionName, "wait": pass, "payload": rpcPayload, "points_selector": descend, "ordering": descend,
		"shard_key_selector": shardKey, "key": writeKey, "timeout": pass,
	}},
	"qdrant.DeletePayloadPoints": {required: names("points_selector"), fields: fields{
		"collection_name": collectionName, "wait": pass, "keys": writeKey, "points_selector": descend, "ordering": descend,
		"shard_key_selector": shardKey, "timeout": pass,
	}},
	"qdrant.ClearPayloadPoints": {required: names("points"), fields: fields{
		"collection_name": collectionName, "wait": pass, "points": descend, "ordering": descend, "shard_key_selector": shardKey,
		"timeout": pass,
	}},
	"qdrant.ScrollPoints": {fields: fields{
		"collection_name": collectionName, "filter": tenantFilter, "offset": ownID, "limit": limit, "with_payload": descend,
		"with_vectors": descend, "read_consistency": descend, "shard_key_selector": shardKey, "order_by": descend, "timeout": pass,
	}},
	"qdrant.CountPoints": {fields: fields{
		"collection_name": collectionName, "filter": tenantFilter, "exact": pass, "read_consistency": descend,
		"shard_key_selector": shardKey, "timeout": pass,
	}},
	"qdrant.FacetCounts": {fields: fields{
		"collection_name": collectionName, "key": key, "filter": tenantFilter, "limit": limit, "exact": pass, "timeout": pass,
		"read_consistency": descend, "shard_key_selector": shardKey,
	}},

	"qdrant.WriteOrdering":   {fields: fields{"type": pass}},
	"qdrant.ReadConsistency": {fields: fields{"type": pass, "factor": pass}},
	"qdrant.PointId":         {fields: fields{"num": pass, "uuid": pass}},
	"qdrant.PointsSelector":  {fields: fields{"points": descend, "filter": tenantFilter}},
	"qdrant.PointsIdsList":   {fields: fields{"ids": ownID}},
	"qdrant.PointStruct": {budget: perPoint, required: names("id"), fields: fields{
		"id": ownID, "payload": putPayload, "vectors": descend,
	}},
	"qdrant.PointVectors":           {budget: perPoint, required: names("id"), fields: fields{"id": ownID, "vectors": descend}},
	"qdrant.WithPayloadSelector":    {fields: fields{"enable": pass, "include": descend, "exclude": descend}},
	"qdrant.PayloadIncludeSelector": {fields: fields{"fields": pass}},
	"qdrant.PayloadExcludeSelector": {fields: fields{"fields": pass}},
	"qdrant.WithVectorsSelector":    {fields: fields{"enable": pass, "include": descend}},
	"qdrant.VectorsSelector":        {fields: fields{"names": pass}},
	"qdrant.OrderBy":                {fields: fields{"key": key, "direction": pass, "start_from": descend}},
	"qdrant.StartFrom":              {fields: fields{"float": pass, "integer": pass, "timestamp": descend, "datetime": pass}},
	"google.protobuf.Timestamp":     {fields: fields{"seconds": pass, "nanos": pass}},
}

// The operations of UpdateBatch: each as the RPC of its name.
var batchTables = table{
	"qdrant.UpdateBatchPoints": {fields: fields{
		"collection_name": collectionName, "wait": pass, "operations": descend, "ordering": descend, "timeout": pass,
	}},
	"qdrant.PointsUpdateOperation": {budget: perSearch, fields: fields{
		"upsert": descend, "delete_deprecated": descend, "set_payload": descend, "overwrite_payload": descend,
		"delete_payload": descend, "clear_payload_deprecated": clearPayload, "update_vectors": descend, "delete_vectors": descend,
		"delete_points": descend, "clear_payload": clearPayload,
	}},
	"qdrant.PointsUpdateOperation.PointStructList": {fields: fields{
		"points": descend, "shard_key_selector": shardKey, "update_filter": tenantFilterIfSet, "update_mode": pass,
	}},
	"qdrant.PointsUpdateOperation.SetPayload": {required: names("points_selector"), fields: fields{
		"payload": mergePayload, "points_selector": descend, "shard_key_selector": shardKey, "key": writeKey,
	}},
	"qdrant.PointsUpdateOperation.OverwritePayload": {required: names("points_selector"), fields: fields{
		"payload": putPayload, "points_selector": descend, "shard_key_selector": shardKey, "key": writeKey,
	}},
	"qdrant.PointsUpdateOperation.DeletePayload": {required: names("points_selector"), fields: fields{
		"keys": writeKey, "points_selector": descend, "shard_key_selector": shardKey,
	}},
	"qdrant.PointsUpdateOperation.UpdateVectors": {fields: fields{
		"points": descend, "shard_key_selector": shardKey, "update_filter": tenantFilterIfSet,
	}},
	"qdrant.PointsUpdateOperation.DeleteVectors": {required: names("points_selector"), fields: fields{
		"points_selector": descend, "vectors": descend, "shard_key_selector": shardKey,
	}},
	"qdrant.PointsUpdateOperation.DeletePoints": {required: names("points"), fields: fields{
		"points": descend, "shard_key_selector": shardKey,
	}},
	"qdrant.PointsUpdateOperation.ClearPayload": {required: names("points"), fields: fields{
		"points": descend, "shard_key_selector": shardKey,
	}},
}

// Payloads and vectors.
var valueTables = table{
	// An unset kind is null, for the server as for everybody.
	"qdrant.Value": {nesting: nestedValue, unset: names("kind"), fields: fields{
		"null_value": pass, "double_value": pass, "integer_value": pass, "string_value": pass, "bool_value": pass,
		"struct_value": descend, "list_value": descend,
	}},
	"qdrant.Struct":       {fields: fields{"fields": descend}},
	"qdrant.ListValue":    {fields: fields{"values": descend}},
	"qdrant.Vectors":      {fields: fields{"vector": descend, "vectors": descend}},
	"qdrant.NamedVectors": {fields: fields{"vectors": descend}},
	// The oneof is unset where a client uses the three deprecated fields.
	"qdrant.Vector": {unset: names("vector"), fields: fields{
		"data": pass, "indices": descend, "vectors_count": pass, "dense": descend, "sparse": descend, "multi_dense": descend,
		"document": noModel, "image": noModel, "object": noModel,
	}},
	"qdrant.SparseIndices":    {fields: fields{"data": pass}},
	"qdrant.DenseVector":      {fields: fields{"data": pass}},
	"qdrant.SparseVector":     {fields: fields{"values": pass, "indices": pass}},
	"qdrant.MultiDenseVector": {fields: fields{"vectors": descend}},
}
