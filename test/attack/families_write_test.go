package attack_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// F7, F15: the server drops conditions that it does not understand, and takes an update mode that it does not know for an
// upsert. A request that leaves its filter out gets everything.
func byCarelessness() []attack {
	return []attack{
		{family: "F7 fail open", name: "conditions of nothing", method: pointsRPC + "Scroll", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, f := range []*pb.Filter{
				{Must: []*pb.Condition{{}}}, {Should: []*pb.Condition{{}, {}}}, {MustNot: []*pb.Condition{{}}},
				{MinShould: &pb.MinShould{}}, {MinShould: &pb.MinShould{MinCount: 1 << 40}}, {Must: []*pb.Condition{within(&pb.Filter{})}},
				{Should: []*pb.Condition{{ConditionOneOf: &pb.Condition_Nested{Nested: &pb.NestedCondition{Key: "parts"}}}}},
				{Must: []*pb.Condition{{ConditionOneOf: &pb.Condition_Field{Field: &pb.FieldCondition{Key: "color", Match: &pb.Match{}}}}}},
				{Must: []*pb.Condition{{ConditionOneOf: &pb.Condition_HasId{HasId: &pb.HasIdCondition{HasId: []*pb.PointId{{}}}}}}},
			} {
				out = append(out, &pb.ScrollPoints{CollectionName: v.collection, Filter: f, WithPayload: pb.NewWithPayload(true), Limit: pb.PtrOf(uint32(100))})
			}
			return out
		}},
		{family: "F7 fail open", name: "modes that nobody knows", method: pointsRPC + "Upsert", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, mode := range []pb.UpdateMode{0, 1, 2, 3, 99, -1} {
				p := ownPoint()
				p.Id = v.id(0)
				out = append(out, &pb.UpsertPoints{CollectionName: v.collection, Points: []*pb.PointStruct{p}, UpdateMode: mode.Enum(), Wait: pb.PtrOf(true)})
			}
			return out
		}},
		{family: "F15 no filter at all", name: "search", method: pointsRPC + "Search", build: func(v view) []proto.Message {
			return []proto.Message{&pb.SearchPoints{CollectionName: v.collection, Vector: []float32{-1, 1, 1, 1}, Limit: 100, WithPayload: pb.NewWithPayload(true)}}
		}},
		{family: "F15 no filter at all", name: "scroll", method: pointsRPC + "Scroll", build: func(v view) []proto.Message {
			return []proto.Message{
				&pb.ScrollPoints{CollectionName: v.collection, Limit: pb.PtrOf(uint32(1000))},
				&pb.ScrollPoints{CollectionName: v.collection, Limit: pb.PtrOf(uint32(1<<32 - 1))},
			}
		}},
		{family: "F15 no filter at all", name: "random sample", method: pointsRPC + "Query", random: true, build: func(v view) []proto.Message {
			q := &pb.Query{Variant: &pb.Query_Sample{Sample: pb.Sample_Random}}
			return []proto.Message{&pb.QueryPoints{CollectionName: v.collection, Query: q, Limit: pb.PtrOf(uint64(100)), WithPayload: pb.NewWithPayload(true)}}
		}},
	}
}

// F8, F11 and squatting: whose a point is, and whether it is there.
func byOwnership() []attack {
	upsert := func(v view, id *pb.PointId, payload map[string]*pb.Value, f *pb.Filter) *pb.UpsertPoints {
		p := ownPoint()
		p.Id, p.Payload = id, payload
		return &pb.UpsertPoints{CollectionName: v.collection, Points: []*pb.PointStruct{p}, UpdateFilter: f, Wait: pb.PtrOf(true)}
	}
	return []attack{
		{family: "F8 whose point", name: "squat on an id", method: pointsRPC + "Upsert", build: func(v view) []proto.Message {
			var out []proto.Message
			for i := range v.ids {
				out = append(out, upsert(v, v.id(i), red(), nil))
			}
			return append(out, upsert(v, pb.NewIDNum(1), nil, nil), upsert(v, pb.NewIDNum(1<<64-1), nil, nil), upsert(v, &pb.PointId{}, nil, nil), upsert(v, nil, nil, nil))
		}},
		{family: "F8 whose point", name: "give a point away", method: pointsRPC + "SetPayload", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, key := range tenantKeys {
				for _, value := range payloadValues()[:4] {
					set := &pb.SetPayloadPoints{CollectionName: v.collection, PointsSelector: pb.NewPointsSelectorIDs(v.all()[:1]), Wait: pb.PtrOf(true)}
					set.Payload = map[string]*pb.Value{key: value}
					under := proto.CloneOf(set)
					under.Payload, under.Key = map[string]*pb.Value{"x": value}, &key
					out = append(out, set, under)
				}
			}
			return out
		}},
		{family: "F8 whose point", name: "orphan points", method: pointsRPC + "DeletePayload", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, key := range tenantKeys {
				out = append(out, &pb.DeletePayloadPoints{
					CollectionName: v.collection, Keys: []string{"color", key}, PointsSelector: pb.NewPointsSelectorFilter(&pb.Filter{}), Wait: pb.PtrOf(true),
				})
			}
			return out
		}},
		{family: "F8 whose point", name: "clear everything", method: pointsRPC + "ClearPayload", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, s := range selectors(v) {
				out = append(out, &pb.ClearPayloadPoints{CollectionName: v.collection, Points: s, Wait: pb.PtrOf(true)})
			}
			return out
		}},
		{family: "F8 whose point", name: "overwrite everything", method: pointsRPC + "OverwritePayload", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, s := range selectors(v) {
				out = append(out, &pb.SetPayloadPoints{
					CollectionName: v.collection, PointsSelector: s, Wait: pb.PtrOf(true), Payload: pb.NewValueMap(map[string]any{vector.TenantField: mallory}),
				}, &pb.SetPayloadPoints{CollectionName: v.collection, PointsSelector: s, Wait: pb.PtrOf(true)})
			}
			return out
		}},
		{family: "F8 whose point", name: "delete everything", method: pointsRPC + "Delete", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, s := range selectors(v) {
				out = append(out, &pb.DeletePoints{CollectionName: v.collection, Points: s, Wait: pb.PtrOf(true)})
			}
			return append(out, &pb.DeletePoints{CollectionName: v.collection, Wait: pb.PtrOf(true)})
		}},
		{family: "F11 oracles", name: "conditional upsert", method: pointsRPC + "Upsert", build: func(v view) []proto.Message {
			var out []proto.Message
			for i, f := range filters(v) {
				out = append(out, upsert(v, v.id(i), red(), f))
			}
			return out
		}},
		{family: "F11 oracles", name: "vectors of a point that may be there", method: pointsRPC + "UpdateVectors", build: func(v view) []proto.Message {
			var out []proto.Message
			for i, f := range append(filters(v), nil) {
				out = append(out, &pb.UpdatePointVectors{
					CollectionName: v.collection, UpdateFilter: f, Wait: pb.PtrOf(true), Points: []*pb.PointVectors{{Id: v.id(i), Vectors: pb.NewVectors(9, 9, 9, 9)}},
				})
			}
			return out
		}},
		{family: "F11 oracles", name: "payload of a point that may be there", method: pointsRPC + "SetPayload", build: func(v view) []proto.Message {
			var out []proto.Message
			for i := range v.ids {
				out = append(out, &pb.SetPayloadPoints{
					CollectionName: v.collection, Payload: red(), PointsSelector: pb.NewPointsSelectorIDs([]*pb.PointId{v.id(i)}), Wait: pb.PtrOf(true),
				})
			}
			return out
		}},
	}
}

// Items of a batch that mean something else than the batch.
func byBatch() []attack {
	const family = "batches"
	elsewhere := func(v view) []string { return append([]string{v.collection, ""}, v.elsewhere...) }
	return []attack{
		{family: family, name: "queries", method: pointsRPC + "QueryBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, name := range elsewhere(v) {
				out = append(out, &pb.QueryBatchPoints{CollectionName: v.collection, QueryPoints: []*pb.QueryPoints{
					{CollectionName: v.collection}, {CollectionName: name, WithPayload: pb.NewWithPayload(true), Limit: pb.PtrOf(uint64(100))},
				}})
			}
			return out
		}},
		{family: family, name: "searches", method: pointsRPC + "SearchBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, name := range elsewhere(v) {
				out = append(out, &pb.SearchBatchPoints{CollectionName: v.collection, SearchPoints: []*pb.SearchPoints{
					{CollectionName: name, Vector: []float32{1, 2, 3, 4}, WithPayload: pb.NewWithPayload(true), Limit: 100},
				}})
			}
			return out
		}},
		{family: family, name: "recommendations", method: pointsRPC + "RecommendBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for i, name := range elsewhere(v) {
				out = append(out, &pb.RecommendBatchPoints{CollectionName: v.collection, RecommendPoints: []*pb.RecommendPoints{
					{CollectionName: name, Positive: []*pb.PointId{v.id(i)}, WithPayload: pb.NewWithPayload(true), Limit: 100},
				}})
			}
			return out
		}},
		{family: family, name: "discoveries", method: pointsRPC + "DiscoverBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, name := range elsewhere(v) {
				out = append(out, &pb.DiscoverBatchPoints{CollectionName: v.collection, DiscoverPoints: []*pb.DiscoverPoints{
					{CollectionName: name, Target: &pb.TargetVector{Target: &pb.TargetVector_Single{Single: byVector()}}, Limit: 100},
				}})
			}
			return out
		}},
		{family: family, name: "updates of every kind at once", method: pointsRPC + "UpdateBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, s := range selectors(v) {
				out = append(out, &pb.UpdateBatchPoints{CollectionName: v.collection, Wait: pb.PtrOf(true), Operations: operations(v, s)})
				for _, op := range operations(v, s) {
					out = append(out, &pb.UpdateBatchPoints{CollectionName: v.collection, Wait: pb.PtrOf(true), Operations: []*pb.PointsUpdateOperation{op}})
				}
			}
			return append(out, &pb.UpdateBatchPoints{CollectionName: v.collection, Operations: []*pb.PointsUpdateOperation{{}}})
		}},
	}
}

func operations(v view, s *pb.PointsSelector) []*pb.PointsUpdateOperation {
	c := func() *pb.PointsSelector { return proto.CloneOf(s) }
	p := ownPoint()
	p.Id = v.id(0)
	return []*pb.PointsUpdateOperation{
		{Operation: &pb.PointsUpdateOperation_ClearPayloadDeprecated{ClearPayloadDeprecated: c()}}, //nolint:staticcheck // deprecated, and served all the same
		{Operation: &pb.PointsUpdateOperation_ClearPayload_{ClearPayload: &pb.PointsUpdateOperation_ClearPayload{Points: c()}}},
		{Operation: &pb.PointsUpdateOperation_SetPayload_{SetPayload: &pb.PointsUpdateOperation_SetPayload{Payload: red(), PointsSelector: c()}}},
		{Operation: &pb.PointsUpdateOperation_OverwritePayload_{OverwritePayload: &pb.PointsUpdateOperation_OverwritePayload{PointsSelector: c()}}},
		{Operation: &pb.PointsUpdateOperation_DeletePayload_{DeletePayload: &pb.PointsUpdateOperation_DeletePayload{Keys: []string{"color"}, PointsSelector: c()}}},
		{Operation: &pb.PointsUpdateOperation_DeleteVectors_{DeleteVectors: &pb.PointsUpdateOperation_DeleteVectors{
			PointsSelector: c(), Vectors: &pb.VectorsSelector{Names: []string{"text", ""}},
		}}},
		{Operation: &pb.PointsUpdateOperation_Upsert{Upsert: &pb.PointsUpdateOperation_PointStructList{Points: []*pb.PointStruct{p}, UpdateFilter: proto.CloneOf(s.GetFilter())}}},
		{Operation: &pb.PointsUpdateOperation_UpdateVectors_{UpdateVectors: &pb.PointsUpdateOperation_UpdateVectors{
			Points: []*pb.PointVectors{{Id: v.id(0), Vectors: pb.NewVectors(1, 1, 1, 1)}}, UpdateFilter: proto.CloneOf(s.GetFilter()),
		}}},
		{Operation: &pb.PointsUpdateOperation_DeleteDeprecated{DeleteDeprecated: c()}}, //nolint:staticcheck // deprecated, and served all the same
		{Operation: &pb.PointsUpdateOperation_DeletePoints_{DeletePoints: &pb.PointsUpdateOperation_DeletePoints{Points: c()}}},
	}
}

// What belongs to the platform, and services that are not for tenants.
func byPlatform() []attack {
	const family = "F1 platform and internals"
	named := func(method string, build func(name string) proto.Message) attack {
		return attack{family: family, name: method, method: method, build: func(v view) []proto.Message {
			out := []proto.Message{build(v.collection)}
			for _, name := range v.elsewhere {
				out = append(out, build(name))
			}
			return out
		}}
	}
	var out []attack
	for _, method := range []string{
		"StorageRead/ListFiles", "StorageRead/FileExists", "StorageRead/FileLength", "StorageRead/ReadBytes", "StorageRead/ReadBytesStream",
		"StorageRead/ReadWhole", "StorageRead/ReadBatch",
	} {
		out = append(out, named("/qdrant."+method, raw))
	}
	out = append(out,
		named("/qdrant.Snapshots/Create", func(name string) proto.Message { return &pb.CreateSnapshotRequest{CollectionName: name} }),
		named("/qdrant.Snapshots/List", func(name string) proto.Message { return &pb.ListSnapshotsRequest{CollectionName: name} }),
		named("/qdrant.Collections/CollectionExists", func(name string) proto.Message { return &pb.CollectionExistsRequest{CollectionName: name} }),
		named("/qdrant.Collections/ListCollectionAliases", func(name string) proto.Message { return &pb.ListCollectionAliasesRequest{CollectionName: name} }),
		named("/qdrant.Collections/CollectionClusterInfo", func(name string) proto.Message { return &pb.CollectionClusterInfoRequest{CollectionName: name} }),
		named("/qdrant.Collections/Delete", func(name string) proto.Message { return &pb.DeleteCollection{CollectionName: name} }),
		named("/qdrant.Collections/UpdateAliases", func(name string) proto.Message {
			return &pb.ChangeAliases{Actions: []*pb.AliasOperations{pb.NewAliasCreate("alias-of-mallory", name)}}
		}),
		named("/qdrant.Collections/Update", func(name string) proto.Message {
			return &pb.UpdateCollection{CollectionName: name, StrictModeConfig: &pb.StrictModeConfig{Enabled: pb.PtrOf(false)}}
		}),
		named("/qdrant.Points/DeleteFieldIndex", func(name string) proto.Message {
			return &pb.DeleteFieldIndexCollection{CollectionName: name, FieldName: vector.TenantField}
		}),
	)
	for _, method := range []string{
		"/qdrant.PointsInternal/Scroll", "/qdrant.PointsInternal/CoreSearchBatch", "/qdrant.CollectionsInternal/Get", "/qdrant.ShardSnapshots/Create",
		"/qdrant.Raft/Send", "/qdrant.QdrantInternal/GetConsensusCommit", "/qdrant.Points/DeleteVectorName", "/qdrant.Points/CreateVectorName",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
		"/grpc.channelz.v1.Channelz/GetServers", "/qdrant.points/scroll", "/qdrant.Points/scroll", "/qdrant.Points/Scroll/", "//qdrant.Points/Scroll",
		"/Points/Scroll", "/qdrant.Points/../Collections/List", "/qdrant.Points/Query%20", "/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/List",
	} {
		k := named(method, raw)
		k.harmless = "the simulated server does not have it: a tenant must not reach it on one that does"
		out = append(out, k)
	}
	empty := func(view) []proto.Message { return []proto.Message{&emptypb.Empty{}} }
	return append(out,
		attack{family: family, name: "snapshot of the node", method: "/qdrant.Snapshots/CreateFull", build: empty},
		attack{family: family, name: "list of collections", method: "/qdrant.Collections/List", build: empty},
		attack{family: family, name: "list of aliases", method: "/qdrant.Collections/ListAliases", build: empty})
}
