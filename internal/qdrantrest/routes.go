package qdrantrest

import "net/http"

// routes are all operations that exist here. The names of the gRPC methods are those of their services.
var routes = append(append(collectionRoutes(), pointRoutes()...), platformRoutes()...)

func collectionRoutes() []route {
	const get = http.MethodGet
	return []route{
		{http: get, pattern: "/", grpc: "Qdrant/HealthCheck", decode: decodeHealth, encode: encodeVersion, bare: true},
		{http: get, pattern: "/healthz", grpc: "Qdrant/HealthCheck", decode: decodeHealth, text: "healthz check passed"},
		{http: get, pattern: "/livez", grpc: "Qdrant/HealthCheck", decode: decodeHealth, text: "healthz check passed"},
		{http: get, pattern: "/readyz", grpc: "Qdrant/HealthCheck", decode: decodeHealth, text: "all shards are ready"},
		{http: get, pattern: "/collections", grpc: "Collections/List", decode: decodeListCollections, encode: encodeCollections},
		{http: get, pattern: "/collections/{}", grpc: "Collections/Get", decode: decodeCollectionInfo, encode: encodeCollectionInfo},
		{http: get, pattern: "/collections/{}/exists", grpc: "Collections/CollectionExists", decode: decodeCollectionExists, encode: encodeExists},
		{http: get, pattern: "/aliases", grpc: "Collections/ListAliases", decode: decodeListAliases, encode: encodeAliases},
		{http: get, pattern: "/collections/{}/aliases", grpc: "Collections/ListCollectionAliases", decode: decodeCollectionAliases, encode: encodeAliases},
	}
}

func pointRoutes() []route {
	const put, post = http.MethodPut, http.MethodPost
	update := func(method, path, grpc string, decode decoder) route {
		return route{http: method, pattern: "/collections/{}" + path, grpc: grpc, params: writeParams, body: needsBody, decode: decode, encode: encodeUpdate}
	}
	read := func(path, grpc string, decode decoder, encode encoding) route {
		return route{http: post, pattern: "/collections/{}" + path, grpc: grpc, params: readParams, body: needsBody, decode: decode, encode: encode}
	}
	batch := update(post, "/points/batch", "Points/UpdateBatch", decodeUpdateBatch)
	batch.encode = encodeUpdateBatch
	return []route{
		update(put, "/points", "Points/Upsert", decodeUpsert),
		update(post, "/points/delete", "Points/Delete", decodeDelete),
		update(put, "/points/vectors", "Points/UpdateVectors", decodeUpdateVectors),
		update(post, "/points/vectors/delete", "Points/DeleteVectors", decodeDeleteVectors),
		update(post, "/points/payload", "Points/SetPayload", decodeSetPayload),
		update(put, "/points/payload", "Points/OverwritePayload", decodeSetPayload),
		update(post, "/points/payload/delete", "Points/DeletePayload", decodeDeletePayload),
		update(post, "/points/payload/clear", "Points/ClearPayload", decodeClearPayload),
		batch,

		{http: http.MethodGet, pattern: "/collections/{}/points/{}", grpc: "Points/Get", params: readParams, decode: decodeGetOne, encode: encodeOne, one: true},
		read("/points", "Points/Get", decodeGet, encodeGet),
		read("/points/scroll", "Points/Scroll", decodeScroll, encodeScroll),
		read("/points/count", "Points/Count", decodeCount, encodeCount),
		read("/facet", "Points/Facet", decodeFacet, encodeFacet),
		read("/points/query", "Points/Query", decodeQuery, encodeQuery),
		read("/points/query/batch", "Points/QueryBatch", decodeQueryBatch, encodeQueryBatch),
		read("/points/query/groups", "Points/QueryGroups", decodeQueryGroups, encodeGroups),
		read("/points/search", "Points/Search", decodeSearch, encodeScored),
		read("/points/search/batch", "Points/SearchBatch", decodeSearchBatch, encodeScoredBatch),
		read("/points/search/groups", "Points/SearchGroups", decodeSearchGroups, encodeGroups),
		read("/points/recommend", "Points/Recommend", decodeRecommend, encodeScored),
		read("/points/recommend/batch", "Points/RecommendBatch", decodeRecommendBatch, encodeScoredBatch),
		read("/points/recommend/groups", "Points/RecommendGroups", decodeRecommendGroups, encodeGroups),
		read("/points/discover", "Points/Discover", decodeDiscover, encodeScored),
		read("/points/discover/batch", "Points/DiscoverBatch", decodeDiscoverBatch, encodeScoredBatch),
		read("/points/search/matrix/pairs", "Points/SearchMatrixPairs", decodeMatrix, encodePairs),
		read("/points/search/matrix/offsets", "Points/SearchMatrixOffsets", decodeMatrix, encodeOffsets),
	}
}

// platformRoutes are what the platform keeps to itself. Their bodies are not read.
func platformRoutes() []route {
	const get, put, post, patch, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete
	named := func(method, path, grpc string, decode decoder, encode encoding) route {
		return route{http: method, pattern: path, grpc: grpc, params: anyParam, decode: decode, encode: encode, names: true}
	}
	return []route{
		named(put, "/collections/{}", "Collections/Create", decodeCreateCollection, encodeBool),
		named(patch, "/collections/{}", "Collections/Update", decodeUpdateCollection, encodeBool),
		named(del, "/collections/{}", "Collections/Delete", decodeDeleteCollection, encodeBool),
		named(post, "/collections/aliases", "Collections/UpdateAliases", decodeChangeAliases, encodeBool),
		named(put, "/collections/{}/index", "Points/CreateFieldIndex", decodeCreateIndex, encodeUpdate),
		named(del, "/collections/{}/index/{}", "Points/DeleteFieldIndex", decodeDeleteIndex, encodeUpdate),
		named(get, "/collections/{}/cluster", "Collections/CollectionClusterInfo", decodeClusterInfo, encodeMessage),
		named(post, "/collections/{}/cluster", "Collections/UpdateCollectionClusterSetup", decodeClusterSetup, encodeBool),
		named(get, "/collections/{}/shards", "Collections/ListShardKeys", decodeListShardKeys, encodeMessage),
		named(put, "/collections/{}/shards", "Collections/CreateShardKey", decodeCreateShardKey, encodeBool),
		named(post, "/collections/{}/shards/delete", "Collections/DeleteShardKey", decodeDeleteShardKey, encodeBool),
		named(get, "/collections/{}/snapshots", "Snapshots/List", decodeListSnapshots, encodeSnapshots),
		named(post, "/collections/{}/snapshots", "Snapshots/Create", decodeCreateSnapshot, encodeSnapshot),
		named(del, "/collections/{}/snapshots/{}", "Snapshots/Delete", decodeDeleteSnapshot, encodeTrue),
		named(get, "/snapshots", "Snapshots/ListFull", decodeListFullSnapshots, encodeSnapshots),
		named(post, "/snapshots", "Snapshots/CreateFull", decodeCreateFullSnapshot, encodeSnapshot),
		named(del, "/snapshots/{}", "Snapshots/DeleteFull", decodeDeleteFullSnapshot, encodeTrue),
	}
}
