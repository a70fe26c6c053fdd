package qdrant

import (
	"math"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

func query(change func(*pb.QueryPoints)) func() proto.Message {
	return func() proto.Message {
		q := &pb.QueryPoints{CollectionName: docs, Query: pb.NewQuery(1)}
		change(q)
		return q
	}
}

func withUnknown[M proto.Message](m M) M {
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
	return m
}

func upsert(change func(*pb.PointStruct)) func() proto.Message {
	return func() proto.Message {
		p := point()
		change(p)
		return &pb.UpsertPoints{CollectionName: docs, Points: []*pb.PointStruct{p}}
	}
}

func payload(key string, v *pb.Value) func() proto.Message {
	return upsert(func(p *pb.PointStruct) { p.Payload[key] = v })
}

func filtered(conditions ...*pb.Condition) func() proto.Message {
	return query(func(q *pb.QueryPoints) { q.Filter = &pb.Filter{Must: conditions} })
}

func prefetchDeep(n int) []*pb.PrefetchQuery {
	var out []*pb.PrefetchQuery
	for range n {
		out = []*pb.PrefetchQuery{{Query: pb.NewQuery(1), Prefetch: out}}
	}
	return out
}

func filterDeep(n int) *pb.Filter {
	out := &pb.Filter{}
	for range n {
		out = &pb.Filter{Must: []*pb.Condition{pb.NewFilterAsCondition(out)}}
	}
	return out
}

func valueDeep(n int) *pb.Value {
	out := text("x")
	for range n {
		out = pb.NewValueList(&pb.ListValue{Values: []*pb.Value{out}})
	}
	return out
}

func formulaDeep(n int) *pb.Query {
	out := pb.NewExpressionConstant(1)
	for range n {
		out = pb.NewExpressionNeg(out)
	}
	return pb.NewQueryFormula(&pb.Formula{Expression: out})
}

func ids(n int) []*pb.PointId {
	out := make([]*pb.PointId, n)
	for i := range out {
		out[i] = pb.NewIDNum(uint64(i))
	}
	return out
}

// refusals are requests that must not reach the server.
var refusals = map[string]struct {
	method  string
	request func() proto.Message
	reason  string
	message string
}{
	"unknown collection":         {"Query", query(func(q *pb.QueryPoints) { q.CollectionName = "theirs" }), ReasonCollectionNotFound, "Not found: Collection `theirs` doesn't exist!"},
	"physical name":              {"Query", query(func(q *pb.QueryPoints) { q.CollectionName = physicalShared }), ReasonCollectionNotFound, "doesn't exist!"},
	"no collection":              {"Query", query(func(q *pb.QueryPoints) { q.CollectionName = "" }), ReasonIncomplete, "name of the collection"},
	"unknown lookup":             {"Query", query(func(q *pb.QueryPoints) { q.LookupFrom = lookup("theirs") }), ReasonCollectionNotFound, "Not found: Collection `theirs` doesn't exist!"},
	"unknown lookup in prefetch": {"Query", query(func(q *pb.QueryPoints) { q.Prefetch = []*pb.PrefetchQuery{{LookupFrom: lookup("theirs")}} }), ReasonCollectionNotFound, "Not found: Collection `theirs` doesn't exist!"},
	"physical lookup":            {"Query", query(func(q *pb.QueryPoints) { q.LookupFrom = lookup(physicalShared) }), ReasonCollectionNotFound, "doesn't exist!"},
	"unknown join": {"QueryGroups", func() proto.Message {
		return &pb.QueryPointGroups{CollectionName: docs, GroupBy: "a", WithLookup: &pb.WithLookup{Collection: "theirs"}}
	}, ReasonCollectionNotFound, "Not found: Collection `theirs` doesn't exist!"},
	"join into shared": {"QueryGroups", func() proto.Message {
		return &pb.QueryPointGroups{CollectionName: own, GroupBy: "a", WithLookup: &pb.WithLookup{Collection: docs}}
	}, ReasonNotSupported, "with_lookup into `docs`"},
	"unknown batch item": {"QueryBatch", func() proto.Message {
		return &pb.QueryBatchPoints{CollectionName: docs, QueryPoints: []*pb.QueryPoints{{CollectionName: "theirs"}}}
	}, ReasonCollectionNotFound, "Not found: Collection `theirs` doesn't exist!"},
	"other batch item": {"QueryBatch", func() proto.Message {
		return &pb.QueryBatchPoints{CollectionName: docs, QueryPoints: []*pb.QueryPoints{{CollectionName: own}}}
	}, ReasonInvalidArgument, "must be the same"},

	"unknown field":          {"Query", query(func(q *pb.QueryPoints) { withUnknown(q) }), ReasonUnknownField, "QueryPoints has a field"},
	"unknown field in value": {"Upsert", payload("a", withUnknown(text("x"))), ReasonUnknownField, "points[0].payload.a: Value"},
	"unknown condition":      {"Query", filtered(withUnknown(&pb.Condition{})), ReasonUnknownField, "filter.must[0]: Condition"},
	"unknown field in id": {"Delete", func() proto.Message {
		return &pb.DeletePoints{CollectionName: docs, Points: pb.NewPointsSelector(withUnknown(pb.NewIDNum(1)))}
	}, ReasonUnknownField, "PointId"},
	"unknown in dedicated":  {"Query", query(func(q *pb.QueryPoints) { q.CollectionName = own; withUnknown(q) }), ReasonUnknownField, "QueryPoints"},
	"unknown params":        {"Query", query(func(q *pb.QueryPoints) { q.Params = withUnknown(&pb.SearchParams{}) }), ReasonUnknownField, "params: SearchParams"},
	"unknown in idf corpus": {"Query", query(func(q *pb.QueryPoints) { q.Params = withIDF(withUnknown(&pb.Filter{})) }), ReasonUnknownField, "params.idf.corpus: Filter"},
	"idf twice": {"Query", query(func(q *pb.QueryPoints) {
		q.Params = withIDF(&pb.Filter{})
		q.Params.ProtoReflect().SetUnknown(append(q.Params.ProtoReflect().GetUnknown(), q.Params.ProtoReflect().GetUnknown()...))
	}), ReasonUnknownField, "SearchParams"},
	"unknown update mode": {"Upsert", func() proto.Message {
		return &pb.UpsertPoints{CollectionName: docs, Points: []*pb.PointStruct{point()}, UpdateMode: pb.UpdateMode(3).Enum()}
	}, ReasonUnknownValue, "update_mode: 3 is no known value of UpdateMode"},
	"unknown fusion": {"Query", query(func(q *pb.QueryPoints) { q.Query = pb.NewQueryFusion(7) }), ReasonUnknownValue, "query.fusion"},
	"unknown ordering": {"Delete", func() proto.Message {
		return &pb.DeletePoints{CollectionName: docs, Points: byIDs(), Ordering: &pb.WriteOrdering{Type: -1}}
	}, ReasonUnknownValue, "ordering.type"},

	"empty condition":        {"Query", filtered(&pb.Condition{}), ReasonIncomplete, "filter.must[0]: Condition is empty"},
	"nil condition":          {"Query", filtered(nil), ReasonIncomplete, "filter.must[0]: an item is missing"},
	"condition without test": {"Query", filtered(&pb.Condition{ConditionOneOf: &pb.Condition_Field{Field: &pb.FieldCondition{Key: "a"}}}), ReasonIncomplete, "checks nothing"},
	"empty match":            {"Query", filtered(&pb.Condition{ConditionOneOf: &pb.Condition_Field{Field: &pb.FieldCondition{Key: "a", Match: &pb.Match{}}}}), ReasonIncomplete, "match: Match is empty"},
	"nested without filter":  {"Query", filtered(&pb.Condition{ConditionOneOf: &pb.Condition_Nested{Nested: &pb.NestedCondition{Key: "a"}}}), ReasonIncomplete, "filter of NestedCondition"},
	"nil filter in oneof": {"Delete", func() proto.Message {
		return &pb.DeletePoints{CollectionName: docs, Points: pb.NewPointsSelectorFilter(nil)}
	}, ReasonIncomplete, "missing"},
	"empty query":             {"Query", query(func(q *pb.QueryPoints) { q.Query = &pb.Query{} }), ReasonIncomplete, "query: Query is empty"},
	"empty selector":          {"Delete", func() proto.Message { return &pb.DeletePoints{CollectionName: docs, Points: &pb.PointsSelector{}} }, ReasonIncomplete, "PointsSelector is empty"},
	"no selector":             {"Delete", func() proto.Message { return &pb.DeletePoints{CollectionName: docs} }, ReasonIncomplete, "points of DeletePoints is missing"},
	"no selector for payload": {"SetPayload", func() proto.Message { return &pb.SetPayloadPoints{CollectionName: docs} }, ReasonIncomplete, "points_selector"},
	"empty operation": {"UpdateBatch", func() proto.Message {
		return &pb.UpdateBatchPoints{CollectionName: docs, Operations: []*pb.PointsUpdateOperation{{}}}
	}, ReasonIncomplete, "operations[0]: PointsUpdateOperation is empty"},
	"empty id":              {"Upsert", upsert(func(p *pb.PointStruct) { p.Id = &pb.PointId{} }), ReasonIncomplete, "PointId is empty"},
	"empty id in dedicated": {"Get", func() proto.Message { return &pb.GetPoints{CollectionName: own, Ids: []*pb.PointId{{}}} }, ReasonIncomplete, "ids[0]: PointId is empty"},
	"no id":                 {"Upsert", upsert(func(p *pb.PointStruct) { p.Id = nil }), ReasonIncomplete, "id of PointStruct"},
	"no uuid":               {"Upsert", upsert(func(p *pb.PointStruct) { p.Id = pb.NewIDUUID("42") }), ReasonInvalidID, "Unable to parse UUID: 42"},

	"shard key":      {"Query", query(func(q *pb.QueryPoints) { q.ShardKeySelector = &pb.ShardKeySelector{} }), ReasonNotSupported, "shard_key_selector: the collection is sharded"},
	"shard key, own": {"Query", query(func(q *pb.QueryPoints) { q.CollectionName, q.ShardKeySelector = own, &pb.ShardKeySelector{} }), ReasonNotSupported, "shard_key_selector"},
	"shard key, lookup": {"Query", query(func(q *pb.QueryPoints) {
		q.LookupFrom = &pb.LookupLocation{CollectionName: docs, ShardKeySelector: &pb.ShardKeySelector{}}
	}), ReasonNotSupported, "lookup_from.shard_key_selector"},
	"inference":          {"Query", query(func(q *pb.QueryPoints) { q.Query = pb.NewQueryNearest(pb.NewVectorInputDocument(&pb.Document{})) }), ReasonNotSupported, "query.nearest.document"},
	"inference in point": {"Upsert", upsert(func(p *pb.PointStruct) { p.Vectors = pb.NewVectorsDocument(&pb.Document{}) }), ReasonNotSupported, "vectors.vector.document"},
	"exact search":       {"Query", query(func(q *pb.QueryPoints) { q.Params = &pb.SearchParams{Exact: proto.Bool(true)} }), ReasonNotSupported, "exact search is not available in `docs`"},
	"matrix of idf":      {"SearchMatrixPairs", func() proto.Message { return &pb.SearchMatrixPoints{CollectionName: docs, Using: proto.String("text")} }, ReasonNotSupported, "idf vector"},
	"undeclared vector":  {"Query", query(func(q *pb.QueryPoints) { q.Using = proto.String("new") }), ReasonInvalidArgument, "Not existing vector name error: new"},

	"another tenant's stamp": {"Upsert", payload(TenantField, text("evil")), ReasonReservedKey, "tenant_id is reserved"},
	"another corpus":         {"Upsert", payload(CorpusField, text("evil")), ReasonReservedKey, "corpus_id is reserved"},
	"stamp in a list":        {"Upsert", payload(TenantField, pb.NewValueList(&pb.ListValue{Values: []*pb.Value{text(acme), text("evil")}})), ReasonReservedKey, "tenant_id"},
	"stamp null":             {"Upsert", payload(TenantField, pb.NewValueNull()), ReasonReservedKey, "tenant_id"},
	"quoted stamp":           {"Upsert", payload(`"tenant_id"`, text(acme)), ReasonReservedKey, "tenant_id"},
	"stamp as path":          {"Upsert", payload(`tenant_id[]`, text(acme)), ReasonReservedKey, "tenant_id"},
	"own stamp merged":       {"SetPayload", setPayload(TenantField, ""), ReasonReservedKey, "tenant_id"},
	"null merged": {"SetPayload", func() proto.Message {
		return &pb.SetPayloadPoints{CollectionName: docs, Payload: map[string]*pb.Value{TenantField: pb.NewValueNull()}, PointsSelector: byIDs()}
	}, ReasonReservedKey, "tenant_id"},
	"key path":                {"SetPayload", setPayload("a", TenantField), ReasonReservedKey, "tenant_id"},
	"quoted key path":         {"SetPayload", setPayload("a", `"tenant_id".x`), ReasonReservedKey, "tenant_id"},
	"no path":                 {"SetPayload", setPayload("a", `"tenant_id`), ReasonInvalidArgument, "Invalid json path"},
	"delete key":              {"DeletePayload", deletePayload("a", "corpus_id"), ReasonReservedKey, "keys[1]"},
	"delete quoted key":       {"DeletePayload", deletePayload(`"tenant_id"[0]`), ReasonReservedKey, "keys[0]"},
	"filter by tenant":        {"Query", filtered(pb.NewMatch(TenantField, acme)), ReasonReservedKey, "tenant_id"},
	"filter by quoted tenant": {"Query", filtered(pb.NewIsNull(`"tenant_id"`)), ReasonReservedKey, "filter.must[0].is_null.key"},
	"nested in tenant":        {"Query", filtered(pb.NewNestedFilter(TenantField, &pb.Filter{})), ReasonReservedKey, "nested.key"},
	"facet by tenant":         {"Facet", func() proto.Message { return &pb.FacetCounts{CollectionName: docs, Key: TenantField} }, ReasonReservedKey, "key"},
	"group by tenant":         {"QueryGroups", func() proto.Message { return &pb.QueryPointGroups{CollectionName: docs, GroupBy: `"corpus_id"`} }, ReasonReservedKey, "group_by"},
	"order by tenant": {"Scroll", func() proto.Message {
		return &pb.ScrollPoints{CollectionName: docs, OrderBy: &pb.OrderBy{Key: TenantField}}
	}, ReasonReservedKey, "order_by.key"},
	"formula of tenant": {"Query", query(func(q *pb.QueryPoints) {
		q.Query = pb.NewQueryFormula(&pb.Formula{Expression: pb.NewExpressionVariable(TenantField)})
	}), ReasonReservedKey, "variable"},
	"default of tenant": {"Query", query(func(q *pb.QueryPoints) {
		q.Query = pb.NewQueryFormula(&pb.Formula{Expression: pb.NewExpressionConstant(1), Defaults: map[string]*pb.Value{TenantField: text("x")}})
	}), ReasonReservedKey, "defaults"},

	"limit":                  {"Query", query(func(q *pb.QueryPoints) { q.Limit = proto.Uint64(10001) }), ReasonLimit, "at most 10000"},
	"limit, reference":       {"Scroll", func() proto.Message { return &pb.ScrollPoints{CollectionName: laws, Limit: proto.Uint32(10001)} }, ReasonLimit, "at most 10000"},
	"limit, own":             {"Query", query(func(q *pb.QueryPoints) { q.CollectionName, q.Limit = own, proto.Uint64(1<<44) }), ReasonLimit, "at most 10000"},
	"mmr candidates":         {"Query", query(func(q *pb.QueryPoints) { q.Query = diverse(1001) }), ReasonLimit, "at most 1000"},
	"mmr without candidates": {"Query", query(func(q *pb.QueryPoints) { q.Query, q.Limit = diverse(0), proto.Uint64(1001) }), ReasonLimit, "at most 1000"},
	"mmr in a prefetch": {"Query", query(func(q *pb.QueryPoints) {
		q.Prefetch = []*pb.PrefetchQuery{{Query: diverse(0), Limit: proto.Uint64(1001)}}
	}), ReasonLimit, "prefetch[0]: limit of a query with mmr"},
	"mmr in groups": {"QueryGroups", func() proto.Message {
		return &pb.QueryPointGroups{CollectionName: docs, GroupBy: "a", Query: diverse(0), Limit: proto.Uint64(500), GroupSize: proto.Uint64(3)}
	}, ReasonLimit, "at most 1000"},
	"sample": {"SearchMatrixPairs", func() proto.Message {
		return &pb.SearchMatrixPoints{CollectionName: docs, Sample: proto.Uint64(1001), Limit: proto.Uint64(1)}
	}, ReasonLimit, "at most 1000"},
	"work": {"QueryBatch", func() proto.Message {
		return &pb.QueryBatchPoints{CollectionName: own, QueryPoints: deepQueries(26)}
	}, ReasonLimit, "more than 250000 points to rank"},
	"oversampling": {"Query", query(func(q *pb.QueryPoints) {
		q.Params = &pb.SearchParams{Quantization: &pb.QuantizationSearchParams{Oversampling: proto.Float64(1e15)}}
	}), ReasonLimit, "at most 100"},
	"oversampling, no number": {"Query", query(func(q *pb.QueryPoints) {
		q.Params = &pb.SearchParams{Quantization: &pb.QuantizationSearchParams{Oversampling: proto.Float64(math.NaN())}}
	}), ReasonLimit, "at most 100"},
	"offset": {"Query", query(func(q *pb.QueryPoints) { q.Offset = proto.Uint64(1 << 63) }), ReasonLimit, "offset"},
	"groups": {"QueryGroups", func() proto.Message {
		return &pb.QueryPointGroups{CollectionName: docs, GroupBy: "a", Limit: proto.Uint64(5000)}
	}, ReasonLimit, "limit × group_size"},
	"matrix":     {"SearchMatrixPairs", func() proto.Message { return &pb.SearchMatrixPoints{CollectionName: docs, Limit: proto.Uint64(1001)} }, ReasonLimit, "limit × sample"},
	"ids of get": {"Get", func() proto.Message { return &pb.GetPoints{CollectionName: docs, Ids: ids(10001)} }, ReasonLimit, "at most 10000"},
	"has_id":     {"Query", filtered(pb.NewHasID(ids(20001)...)), ReasonLimit, "more than 20000 point ids"},
	"batch": {"QueryBatch", func() proto.Message {
		return &pb.QueryBatchPoints{CollectionName: docs, QueryPoints: manyQueries(1001)}
	}, ReasonLimit, "more than 1000 searches"},
	"conditions":    {"Query", filtered(manyConditions(2001)...), ReasonLimit, "more than 2000 conditions"},
	"deep prefetch": {"Query", query(func(q *pb.QueryPoints) { q.Prefetch = prefetchDeep(9) }), ReasonLimit, "more than 8 deep"},
	"deep filter":   {"Query", query(func(q *pb.QueryPoints) { q.Filter = filterDeep(17) }), ReasonLimit, "more than 16 deep"},
	"deep formula":  {"Query", query(func(q *pb.QueryPoints) { q.Query = formulaDeep(16) }), ReasonLimit, "more than 16 deep"},
	"deep payload":  {"Upsert", payload("a", valueDeep(24)), ReasonLimit, "more than 24 deep"},

	"wrong message": {"Scroll", query(func(*pb.QueryPoints) {}), ReasonWrongMessage, "takes a qdrant.ScrollPoints"},
	"nil message":   {"Query", func() proto.Message { return (*pb.QueryPoints)(nil) }, ReasonWrongMessage, "QueryPoints"},
}

func setPayload(payloadKey, path string) func() proto.Message {
	return func() proto.Message {
		m := &pb.SetPayloadPoints{CollectionName: docs, Payload: map[string]*pb.Value{payloadKey: text(acme)}, PointsSelector: byIDs()}
		if path != "" {
			m.Key = &path
		}
		return m
	}
}

func deletePayload(keys ...string) func() proto.Message {
	return func() proto.Message {
		return &pb.DeletePayloadPoints{CollectionName: docs, Keys: keys, PointsSelector: byIDs()}
	}
}

func manyQueries(n int) []*pb.QueryPoints {
	out := make([]*pb.QueryPoints, n)
	for i := range out {
		out[i] = &pb.QueryPoints{}
	}
	return out
}

// deepQueries rank 10,000 points each.
func deepQueries(n int) []*pb.QueryPoints {
	out := manyQueries(n)
	for _, q := range out {
		q.Limit, q.Offset = proto.Uint64(1), proto.Uint64(9999)
	}
	return out
}

// diverse is a query with mmr; 0 candidates leave them to the limit.
func diverse(candidates uint32) *pb.Query {
	mmr := &pb.Mmr{}
	if candidates > 0 {
		mmr.CandidatesLimit = proto.Uint32(candidates)
	}
	return pb.NewQueryMMR(pb.NewVectorInput(1, 0), mmr)
}

func manyConditions(n int) []*pb.Condition {
	out := make([]*pb.Condition, n)
	for i := range out {
		out[i] = red
	}
	return out
}

func TestRefusals(t *testing.T) {
	s := newTestScope(t)
	for name, tt := range refusals {
		t.Run(name, func(t *testing.T) {
			_, err := s.Request("/qdrant.Points/"+tt.method, tt.request())
			r := refusalOf(t, err)
			if r.Reason != tt.reason || !strings.Contains(r.Message, tt.message) {
				t.Errorf("got %s %q, want %s with %q", r.Reason, r.Message, tt.reason, tt.message)
			}
			if strings.Contains(r.Message, physicalShared) && name != "physical name" && name != "physical lookup" {
				t.Errorf("%q names what only the server calls so", r.Message)
			}
			if status.Code(err) != r.Code || r.Code == codes.OK {
				t.Errorf("its status is %v", status.Convert(err))
			}
		})
	}
}

// TestLimitsAreInclusive: what is just within the limits passes.
func TestLimitsAreInclusive(t *testing.T) {
	cases := map[string]struct {
		method  string
		request func() proto.Message
	}{
		"limit":     {"Query", query(func(q *pb.QueryPoints) { q.Limit = proto.Uint64(10000) })},
		"own limit": {"Query", query(func(q *pb.QueryPoints) { q.CollectionName, q.Limit = own, proto.Uint64(10000) })},
		"work": {"QueryBatch", func() proto.Message {
			return &pb.QueryBatchPoints{CollectionName: own, QueryPoints: deepQueries(25)}
		}},
		"mmr":    {"Query", query(func(q *pb.QueryPoints) { q.Query, q.Limit = diverse(1000), proto.Uint64(10000) })},
		"sample": {"SearchMatrixPairs", func() proto.Message { return &pb.SearchMatrixPoints{CollectionName: docs, Sample: proto.Uint64(1000)} }},
		"get":    {"Get", func() proto.Message { return &pb.GetPoints{CollectionName: docs, Ids: ids(10000)} }},
		"has_id": {"Query", filtered(pb.NewHasID(ids(20000)...))},
		"batch": {"QueryBatch", func() proto.Message {
			return &pb.QueryBatchPoints{CollectionName: docs, QueryPoints: manyQueries(1000)}
		}},
		"conditions":    {"Query", filtered(manyConditions(2000)...)},
		"deep prefetch": {"Query", query(func(q *pb.QueryPoints) { q.Prefetch = prefetchDeep(8) })},
		"deep filter":   {"Query", query(func(q *pb.QueryPoints) { q.Filter = filterDeep(16) })},
		"deep formula":  {"Query", query(func(q *pb.QueryPoints) { q.Query = formulaDeep(15) })},
		"deep payload":  {"Upsert", payload("a", valueDeep(23))},
		"nested keys":   {"Query", filtered(pb.NewNestedFilter("a", &pb.Filter{Must: []*pb.Condition{pb.NewMatch(TenantField, "x")}}))},
		"null value":    {"Upsert", payload("a", &pb.Value{})},
	}
	s := newTestScope(t)
	for name, tt := range cases {
		if _, err := s.Request("/qdrant.Points/"+tt.method, tt.request()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReferenceIsReadOnly tries every write.
func TestReferenceIsReadOnly(t *testing.T) {
	s := newTestScope(t)
	n := 0
	for name, m := range methods {
		if !m.write {
			continue
		}
		n++
		in := m.in.New()
		in.Set(in.Descriptor().Fields().ByName("collection_name"), valueOf(laws))
		_, err := s.Request(name, in.Interface())
		if r := refusalOf(t, err); r.Code != codes.PermissionDenied || r.Reason != ReasonReadOnly {
			t.Errorf("%s gave %v", name, err)
		}
		in.Set(in.Descriptor().Fields().ByName("collection_name"), valueOf("theirs"))
		_, err = s.Request(name, in.Interface())
		if r := refusalOf(t, err); r.Message != notFound("theirs").Message {
			t.Errorf("%s of an unknown collection gave %v", name, err)
		}
	}
	if n != 9 {
		t.Errorf("%d writes were tried", n)
	}
}

// TestIDF: on an older server the engine keeps its hands off idf vectors, and with none declared old ones do not matter.
func TestIDF(t *testing.T) {
	sparse := query(func(q *pb.QueryPoints) {
		q.Query, q.Using = pb.NewQuerySparse([]uint32{1}, []float32{1}), proto.String("text")
	})
	params := query(func(q *pb.QueryPoints) { q.CollectionName, q.Params = own, withIDF(&pb.Filter{}) })
	for version, ok := range map[string]bool{"1.19.0": true, "v1.20.1-dev": true, "2.0.0": true, "1.18.9": false, "": false, "x.y": false, "1": false} {
		s := newTestScope(t, func(c *Config) { c.ServerVersion = version })
		for name, request := range map[string]func() proto.Message{"search": sparse, "params": params} {
			_, err := s.Request("/qdrant.Points/Query", request())
			if ok && err != nil {
				t.Errorf("%s on %q: %v", name, version, err)
			}
			if !ok && refusalOf(t, err).Reason != ReasonServerTooOld {
				t.Errorf("%s on %q: %v", name, version, err)
			}
		}
		if _, err := s.Request("/qdrant.Points/Query", plainQuery()); err != nil {
			t.Errorf("a dense search on %q: %v", version, err)
		}
	}
}
