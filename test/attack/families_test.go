package attack_test

import (
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// attack is one idea, tried in every view, through the gateway and through the SDK.
type attack struct {
	family, name, method string
	build                func(v view) []proto.Message
	// harmless says why the control does not cross either: what is then tested is that the request is refused as well.
	harmless string
	random   bool
}

// pointsRPC begins the full name of every RPC about points.
const pointsRPC = "/qdrant.Points/"

// run tries attacks and holds their controls to cross.
func (a *arena) run(t *testing.T, attacks []attack) {
	t.Helper()
	for _, k := range attacks {
		for _, v := range a.views() {
			for _, m := range k.build(v) {
				x := attempt{family: k.family, name: k.name + ", " + v.name, method: k.method, message: m, random: k.random}
				a.try(t, byGateway, x)
				if v.name != "physical" {
					a.try(t, bySDK, x)
				}
			}
		}
		crossed := false
		for _, m := range k.build(a.direct()) {
			c := a.crosses(t, attempt{family: k.family, name: k.name, method: k.method, message: m})
			book.control(k.family, c)
			crossed = crossed || c
		}
		if !crossed && k.harmless == "" {
			t.Errorf("%s/%s does not cross even without the gateway: is it an attack?", k.family, k.name)
		}
	}
}

func TestKnownDangers(t *testing.T) {
	a := newArena(t)
	a.run(t, byReference())
	a.run(t, byStatistics())
	a.run(t, byCounting())
	a.run(t, byCarelessness())
	a.run(t, byOwnership())
	a.run(t, byBatch())
	a.run(t, byPlatform())
}

// F2, F3: points that a request refers to are fetched without any filter.
func byReference() []attack {
	query := func(name string, q func(v view, id *pb.VectorInput) *pb.Query) attack {
		return attack{family: "F3 ids as vectors", name: name, method: pointsRPC + "Query", build: func(v view) []proto.Message {
			var out []proto.Message
			for i := range v.ids {
				q := q(v, pb.NewVectorInputID(v.id(i)))
				out = append(out, &pb.QueryPoints{CollectionName: v.collection, Query: q, WithPayload: pb.NewWithPayload(true), Limit: pb.PtrOf(uint64(3))})
			}
			return out
		}}
	}
	return []attack{
		query("nearest", func(_ view, id *pb.VectorInput) *pb.Query { return pb.NewQueryNearest(id) }),
		query("mmr", func(_ view, id *pb.VectorInput) *pb.Query { return pb.NewQueryMMR(id, &pb.Mmr{}) }),
		query("recommend, best score", func(_ view, id *pb.VectorInput) *pb.Query {
			return pb.NewQueryRecommend(&pb.RecommendInput{Negative: []*pb.VectorInput{id}, Strategy: pb.RecommendStrategy_BestScore.Enum()})
		}),
		query("context", func(_ view, id *pb.VectorInput) *pb.Query {
			return pb.NewQueryContext(&pb.ContextInput{Pairs: []*pb.ContextInputPair{{Positive: id, Negative: near()}}})
		}),
		query("feedback", func(_ view, id *pb.VectorInput) *pb.Query {
			return &pb.Query{Variant: &pb.Query_RelevanceFeedback{RelevanceFeedback: &pb.RelevanceFeedbackInput{
				Target: near(), Feedback: []*pb.FeedbackItem{{Example: id, Score: 1}}, Strategy: naive(),
			}}}
		}),
		{family: "F2 lookups", name: "groups by a payload value that is an id", method: pointsRPC + "QueryGroups", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, name := range v.elsewhere {
				for _, by := range []string{"x", "n", "secret"} {
					out = append(out, &pb.QueryPointGroups{
						CollectionName: v.collection, Query: pb.NewQueryNearest(near()), GroupBy: by,
						WithLookup: &pb.WithLookup{Collection: name, WithPayload: pb.NewWithPayload(true), WithVectors: pb.NewWithVectors(true)},
					})
				}
			}
			return out
		}},
		{family: "F2 lookups", name: "vectors of another collection", method: pointsRPC + "QueryBatch", build: func(v view) []proto.Message {
			var out []proto.Message
			for i, name := range v.elsewhere {
				out = append(out, &pb.QueryBatchPoints{CollectionName: v.collection, QueryPoints: []*pb.QueryPoints{{
					CollectionName: v.collection, Query: pb.NewQueryFusion(pb.Fusion_RRF), Prefetch: []*pb.PrefetchQuery{
						{Query: pb.NewQueryID(v.id(i)), LookupFrom: &pb.LookupLocation{CollectionName: name}},
						{Query: pb.NewQueryID(v.id(i))},
					},
				}}})
			}
			return out
		}},
	}
}

// withIDF are parameters with params.idf as raw bytes.
func withIDF(raw ...byte) *pb.SearchParams {
	p := &pb.SearchParams{}
	p.ProtoReflect().SetUnknown(raw)
	return p
}

func idfOf(corpus *pb.Filter) []byte {
	wire, err := proto.Marshal(corpus)
	if err != nil {
		panic(err)
	}
	inner := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), wire)
	return protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), inner)
}

// idfs are ways to have statistics taken from more than one's own corpus.
func idfs(v view) []*pb.SearchParams {
	theirs := &pb.Filter{Must: []*pb.Condition{match("tenant_id", victim)}}
	twice := append(idfOf(&pb.Filter{}), idfOf(theirs)...)
	halves := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), nil)
	halves = protowire.AppendBytes(protowire.AppendTag(halves, 1, protowire.BytesType), idfOf(&pb.Filter{Should: []*pb.Condition{hasIDs(v)}})[2:])
	return []*pb.SearchParams{
		nil, {}, withIDF(0x32, 0), withIDF(idfOf(&pb.Filter{})...), withIDF(idfOf(theirs)...), withIDF(twice...),
		withIDF(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), halves)...),
		withIDF(idfOf(&pb.Filter{Should: []*pb.Condition{hasIDs(v), match("color", "red")}})...),
		withIDF(0x30, 1), withIDF(0x32, 2, 0x08, 1), withIDF(append(idfOf(&pb.Filter{}), 0x38, 1)...),
		{Exact: pb.PtrOf(true)}, {IndexedOnly: pb.PtrOf(true)},
	}
}

// F4: what a sparse query with idf scores depends on how many points of everybody hold its terms.
func byStatistics() []attack {
	const family = "F4 idf"
	terms := pb.NewVectorInputSparse([]uint32{1, rareTerm}, []float32{1, 1})
	level := func(name, method string, request func(v view, p *pb.SearchParams) proto.Message) attack {
		return attack{family: family, name: name, method: pointsRPC + method, build: func(v view) []proto.Message {
			var out []proto.Message
			for _, p := range idfs(v) {
				out = append(out, request(v, p))
			}
			return out
		}}
	}
	using := pb.PtrOf("text")
	sparse := []float32{1, 1}
	indices := &pb.SparseIndices{Data: []uint32{1, rareTerm}}
	return []attack{
		level("query", "Query", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.QueryPoints{CollectionName: v.collection, Query: pb.NewQueryNearest(terms), Using: using, Params: p}
		}),
		level("prefetch of a prefetch", "Query", func(v view, p *pb.SearchParams) proto.Message {
			inner := &pb.PrefetchQuery{Query: pb.NewQueryNearest(terms), Using: using, Params: p}
			return &pb.QueryPoints{CollectionName: v.collection, Query: pb.NewQueryFusion(pb.Fusion_DBSF), Prefetch: []*pb.PrefetchQuery{
				{Prefetch: []*pb.PrefetchQuery{inner}, Query: pb.NewQueryFusion(pb.Fusion_RRF)}, inner,
			}}
		}),
		level("rescoring", "Query", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.QueryPoints{
				CollectionName: v.collection, Query: pb.NewQueryNearest(terms), Using: using, Params: p,
				Prefetch: []*pb.PrefetchQuery{{Query: pb.NewQueryNearest(near())}},
			}
		}),
		level("own words as an example", "Query", func(v view, p *pb.SearchParams) proto.Message {
			id := pb.NewIDNum(1)
			if v.name == "direct" {
				id = v.id(0)
			}
			return &pb.QueryPoints{CollectionName: v.collection, Query: pb.NewQueryID(id), Using: using, Params: p}
		}),
		level("groups", "QueryGroups", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.QueryPointGroups{CollectionName: v.collection, Query: pb.NewQueryNearest(terms), Using: using, Params: p, GroupBy: "x"}
		}),
		level("search", "Search", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.SearchPoints{CollectionName: v.collection, Vector: sparse, SparseIndices: indices, VectorName: using, Params: p, Limit: 5}
		}),
		level("search in groups", "SearchGroups", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.SearchPointGroups{
				CollectionName: v.collection, Vector: sparse, SparseIndices: indices, VectorName: using, Params: p, Limit: 5, GroupSize: 2, GroupBy: "x",
			}
		}),
		level("batch", "SearchBatch", func(v view, p *pb.SearchParams) proto.Message {
			return &pb.SearchBatchPoints{CollectionName: v.collection, SearchPoints: []*pb.SearchPoints{{
				CollectionName: v.collection, Vector: sparse, SparseIndices: indices, VectorName: using, Params: p, Limit: 5,
			}}}
		}),
		level("recommend", "Recommend", func(v view, p *pb.SearchParams) proto.Message {
			vectors := []*pb.Vector{pb.NewVectorSparse([]uint32{1, rareTerm}, sparse)}
			return &pb.RecommendPoints{CollectionName: v.collection, PositiveVectors: vectors, Using: using, Params: p, Limit: 5}
		}),
		level("discover", "Discover", func(v view, p *pb.SearchParams) proto.Message {
			target := &pb.VectorExample{Example: &pb.VectorExample_Vector{Vector: pb.NewVectorSparse([]uint32{1, rareTerm}, sparse)}}
			return &pb.DiscoverPoints{
				CollectionName: v.collection, Target: &pb.TargetVector{Target: &pb.TargetVector_Single{Single: target}}, Using: using, Params: p, Limit: 5,
			}
		}),
		level("matrix", "SearchMatrixPairs", func(v view, _ *pb.SearchParams) proto.Message {
			return &pb.SearchMatrixPoints{CollectionName: v.collection, Using: using, Sample: pb.PtrOf(uint64(20)), Limit: pb.PtrOf(uint64(20))}
		}),
		level("matrix with offsets", "SearchMatrixOffsets", func(v view, _ *pb.SearchParams) proto.Message {
			return &pb.SearchMatrixPoints{CollectionName: v.collection, Using: using, Sample: pb.PtrOf(uint64(20)), Limit: pb.PtrOf(uint64(20))}
		}),
	}
}

// F5 and its like: how many points match, and what values there are.
func byCounting() []attack {
	const family = "F5 counts"
	return []attack{
		{family: family, name: "estimate", method: pointsRPC + "Count", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, f := range append(filters(v), nil) {
				for _, exact := range []*bool{nil, pb.PtrOf(false), pb.PtrOf(true)} {
					out = append(out, &pb.CountPoints{CollectionName: v.collection, Filter: proto.CloneOf(f), Exact: exact})
				}
			}
			return out
		}},
		{family: family, name: "facet", method: pointsRPC + "Facet", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, key := range append([]string{"color", "secret", "owner", "x"}, tenantKeys...) {
				for _, exact := range []*bool{nil, pb.PtrOf(true)} {
					out = append(out, &pb.FacetCounts{CollectionName: v.collection, Key: key, Exact: exact, Limit: pb.PtrOf(uint64(1000))})
				}
			}
			return out
		}},
		{family: family, name: "info", method: "/qdrant.Collections/Get", build: func(v view) []proto.Message {
			return []proto.Message{&pb.GetCollectionInfoRequest{CollectionName: v.collection}}
		}},
		{family: family, name: "group sizes", method: pointsRPC + "SearchGroups", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, by := range append([]string{"color", "secret", "x"}, tenantKeys...) {
				out = append(out, &pb.SearchPointGroups{
					CollectionName: v.collection, Vector: []float32{1, 2, 3, 4}, GroupBy: by, GroupSize: 10, Limit: 100, WithPayload: pb.NewWithPayload(true),
				})
			}
			return out
		}},
		{family: family, name: "matrix", method: pointsRPC + "SearchMatrixOffsets", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, f := range filters(v) {
				out = append(out, &pb.SearchMatrixPoints{CollectionName: v.collection, Filter: f, Sample: pb.PtrOf(uint64(100)), Limit: pb.PtrOf(uint64(10))})
			}
			return out
		}},
		{family: family, name: "order by", method: pointsRPC + "Scroll", build: func(v view) []proto.Message {
			var out []proto.Message
			for _, key := range append([]string{"n", "x", "color"}, tenantKeys...) {
				out = append(out, &pb.ScrollPoints{CollectionName: v.collection, OrderBy: &pb.OrderBy{Key: key}, WithPayload: pb.NewWithPayload(true)})
			}
			return out
		}},
		{family: family, name: "page by page from anywhere", method: pointsRPC + "Scroll", build: func(v view) []proto.Message {
			out := []proto.Message{&pb.ScrollPoints{CollectionName: v.collection, Limit: pb.PtrOf(uint32(1))}}
			for i := range v.ids {
				out = append(out, &pb.ScrollPoints{CollectionName: v.collection, Offset: v.id(i), Limit: pb.PtrOf(uint32(1))})
			}
			zero, last := "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
			return append(out, &pb.ScrollPoints{CollectionName: v.collection, Offset: pb.NewIDUUID(zero)},
				&pb.ScrollPoints{CollectionName: v.collection, Offset: pb.NewIDUUID(last)}, &pb.ScrollPoints{CollectionName: v.collection, Offset: pb.NewIDNum(0)})
		}},
	}
}
