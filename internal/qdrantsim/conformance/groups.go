package conformance

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var groupCases = map[string]func(*suite){
	"texts, integers and arrays": func(s *suite) {
		c := s.grouped()
		s.same(s.groups(c, &qdrant.QueryPointGroups{GroupSize: qdrant.PtrOf(uint64(2))}), "b:9,3 -2:8 7:4 a:3,1")
		s.same(s.groups(c, &qdrant.QueryPointGroups{GroupSize: qdrant.PtrOf(uint64(1)), Limit: qdrant.PtrOf(uint64(2))}), "b:9 -2:8")
	},
	"filtered": func(s *suite) {
		got := s.groups(s.grouped(), &qdrant.QueryPointGroups{Filter: must(qdrant.NewHasID(nums(1, 2, 4)...))})
		s.same(got, "7:4 b:2 a:1")
	},
	"three in a group, ten groups by default": func(s *suite) {
		c := s.plain()
		for i := range uint64(24) {
			s.upsert(c, pt(100+i, map[string]any{"g": int64(i / 2)}))
		}
		s.upsert(c, pt(1, map[string]any{"g": 11}), pt(2, map[string]any{"g": 11}))
		got := strings.Fields(s.groups(c, &qdrant.QueryPointGroups{}))
		s.same([]any{len(got), got[0]}, []any{10, "11:123,122,2"})
	},
	"where less is better": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, qdrant.Distance_Euclid)})
		for i, parity := range []string{"even", "odd", "even", "odd", "even"} {
			s.upsert(c, pt(uint64(i+1), map[string]any{"g": parity}))
		}
		got := s.groups(c, &qdrant.QueryPointGroups{Query: qdrant.NewQuery(0, 1), GroupSize: qdrant.PtrOf(uint64(2))})
		s.same(got, "even:1,3 odd:2,4")
	},
	"a path into objects": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"o": map[string]any{"g": "x"}}), pt(2, map[string]any{"o": map[string]any{"g": "y"}}))
		s.same(s.groups(c, &qdrant.QueryPointGroups{GroupBy: "o.g"}), "y:2 x:1")
	},
	"prefetched": func(s *suite) {
		got := s.groups(s.grouped(), &qdrant.QueryPointGroups{
			Prefetch: []*qdrant.PrefetchQuery{{Query: qdrant.NewQuery(1, 0), Filter: must(qdrant.NewHasID(nums(1, 2, 4)...))}},
		})
		s.same(got, "7:4 b:2 a:1")
	},
	"prefetches bring enough to fill a group": func(s *suite) {
		c := s.plain()
		for i := range uint64(12) {
			s.upsert(c, pt(i+1, map[string]any{"g": "x"}))
		}
		got := s.groups(c, &qdrant.QueryPointGroups{
			Prefetch:  []*qdrant.PrefetchQuery{{Query: qdrant.NewQuery(1, 0), Limit: qdrant.PtrOf(uint64(1))}},
			GroupSize: qdrant.PtrOf(uint64(12)), Limit: qdrant.PtrOf(uint64(1)),
		})
		s.same(got, "x:12,11,10,9,8,7,6,5,4,3,2,1")
	},
	"points without a value are in nobody's way": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"g": "x"}), pt(2, nil), pt(3, map[string]any{"g": []any{}}))
		s.same(s.groups(c, &qdrant.QueryPointGroups{GroupSize: qdrant.PtrOf(uint64(1)), Limit: qdrant.PtrOf(uint64(1))}), "x:1")
	},
	"payload and vectors only on request": func(s *suite) {
		c := s.grouped()
		bare := s.groupHits(c, &qdrant.QueryPointGroups{})[0].GetHits()[0]
		s.same([]any{len(bare.GetPayload()), bare.GetVectors() == nil}, []any{0, true})
		full := s.groupHits(c, &qdrant.QueryPointGroups{
			WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true),
		})[0].GetHits()[0]
		s.same(plainMap(full.GetPayload()), map[string]any{"g": "b"})
		s.same(full.GetVectors().GetVector().GetDense().GetData(), []float32{9, 1})
	},
	"a lookup is by id, without the filter": func(s *suite) {
		c, other := s.grouped(), s.plain()
		s.upsert(other, pt(7, map[string]any{"secret": true}))
		for _, lookup := range []*qdrant.WithLookup{
			{Collection: other}, {Collection: other, WithPayload: qdrant.NewWithPayload(true)},
		} {
			got := s.lookups(c, &qdrant.QueryPointGroups{Filter: must(qdrant.NewHasID(nums(1, 4)...)), WithLookup: lookup})
			s.same(got, map[string]any{"7": map[string]any{"secret": true}})
		}
		off := &qdrant.WithLookup{Collection: other, WithPayload: qdrant.NewWithPayload(false)}
		s.same(s.lookups(c, &qdrant.QueryPointGroups{WithLookup: off}), map[string]any{"7": map[string]any{}})
	},
	"a lookup in the same collection reaches any point": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"g": 42, "owner": "a"}), pt(42, map[string]any{"owner": "b"}))
		got := s.lookups(c, &qdrant.QueryPointGroups{Filter: must(qdrant.NewMatch("owner", "a")), WithLookup: &qdrant.WithLookup{Collection: c}})
		s.same(got, map[string]any{"42": map[string]any{"owner": "b"}})
	},
	"a lookup by uuid": func(s *suite) {
		const canonical = "0fa1f6c8-aaaa-4bbb-8ccc-000000000001"
		c, other := s.plain(), s.plain()
		s.upsert(c, pt(1, map[string]any{"g": canonical}), pt(2, map[string]any{"g": strings.ToUpper(canonical)}))
		s.upsert(other, &qdrant.PointStruct{Id: qdrant.NewIDUUID(canonical), Vectors: qdrant.NewVectors(1, 1), Payload: qdrant.NewValueMap(map[string]any{"x": 1})})
		got := s.lookups(c, &qdrant.QueryPointGroups{WithLookup: &qdrant.WithLookup{Collection: other}})
		s.same(got, map[string]any{canonical: map[string]any{"x": int64(1)}})
	},
	"a lookup needs any right to the other collection": func(s *suite) {
		c, other := s.grouped(), s.plain()
		ask := func(client *qdrant.Client, collection string) error {
			_, err := client.QueryGroups(s.ctx, &qdrant.QueryPointGroups{
				CollectionName: c, Query: qdrant.NewQuery(1, 0), GroupBy: "g", WithLookup: &qdrant.WithLookup{Collection: collection},
			})
			return err
		}
		s.refused(ask(s.token(map[string]any{"access": grant(c, "r")}), other), codes.PermissionDenied, "Access to collection "+other+" is required")
		s.refused(ask(s.admin, other+"-none"), codes.NotFound, other+"-none")
		s.must(ask(s.token(map[string]any{"access": "r"}), other))
	},
	"bounds": func(s *suite) {
		c := s.grouped()
		for text, r := range map[string]*qdrant.QueryPointGroups{
			"group_by":                       {},
			"group_size: value 0 invalid":    {GroupBy: "g", GroupSize: qdrant.PtrOf(uint64(0))},
			"limit: value 0 invalid":         {GroupBy: "g", Limit: qdrant.PtrOf(uint64(0))},
			"Invalid json path":              {GroupBy: "g..h"},
			"Query variant is missing":       {GroupBy: "g", Query: &qdrant.Query{}},
			"cannot apply Fusion without pr": {GroupBy: "g", Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF)},
		} {
			r.CollectionName = c
			_, err := s.admin.QueryGroups(s.ctx, r)
			s.refused(err, codes.InvalidArgument, text)
		}
	},
	"strict mode": func(s *suite) {
		c := s.shared()
		mine := must(qdrant.NewMatch("tenant_id", "a"))
		ask := func(by string, f *qdrant.Filter, size uint64) error {
			_, err := s.admin.QueryGroups(s.ctx, &qdrant.QueryPointGroups{
				CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), GroupBy: by, Filter: f, GroupSize: &size,
			})
			return err
		}
		s.must(ask("source", mine, 3))
		s.refused(ask("other", mine, 3), codes.InvalidArgument, `Index required but not found for "other"`, "supporting `match`")
		for field, ranges := range map[string]*qdrant.IntegerIndexParams{"ranges": {Range: yes(), Lookup: no()}, "implied": {Range: yes()}} {
			_, err := s.admin.CreateFieldIndex(s.ctx, &qdrant.CreateFieldIndexCollection{
				CollectionName: c, Wait: yes(), FieldName: field, FieldType: qdrant.FieldType_FieldTypeInteger.Enum(),
				FieldIndexParams: qdrant.NewPayloadIndexParamsInt(ranges),
			})
			s.must(err)
			s.refused(ask(field, mine, 3), codes.InvalidArgument, `Index of type "Integer" found for "`+field+`"`)
		}
		s.refused(ask("source", mine, 6), codes.InvalidArgument, `Limit exceeded 60 > 50 for "limit"`)
		s.refused(ask("source", nil, 3), codes.InvalidArgument, "global vector indexing is disabled")
	},
	"the older forms": func(s *suite) {
		c := s.grouped()
		search, err := s.admin.GetPointsClient().SearchGroups(s.ctx, &qdrant.SearchPointGroups{
			CollectionName: c, Vector: []float32{1, 0}, GroupBy: "g", GroupSize: 2, Limit: 2,
		})
		s.must(err)
		s.same(renderGroups(search.GetResult().GetGroups()), "b:9,3 -2:8")
		recommend, err := s.admin.GetPointsClient().RecommendGroups(s.ctx, &qdrant.RecommendPointGroups{
			CollectionName: c, Positive: nums(9), GroupBy: "g", GroupSize: 2, Limit: 3,
		})
		s.must(err)
		s.same(renderGroups(recommend.GetResult().GetGroups()), "-2:8 7:4 a:3,1") // b:3,2 ties with a
	},
	"the older forms in strict mode": func(s *suite) { // not guarded, and a recommendation may group by anything
		c := s.shared()
		search := &qdrant.SearchPointGroups{
			CollectionName: c, Vector: []float32{1, 0, 0}, VectorName: qdrant.PtrOf("text"), GroupBy: "source", GroupSize: 1, Limit: 1,
		}
		_, err := s.admin.GetPointsClient().SearchGroups(s.ctx, search)
		s.must(err)
		search.GroupBy = "other"
		_, err = s.admin.GetPointsClient().SearchGroups(s.ctx, search)
		s.refused(err, codes.InvalidArgument, `Index required but not found for "other"`)
		_, err = s.admin.GetPointsClient().RecommendGroups(s.ctx, &qdrant.RecommendPointGroups{
			CollectionName: c, Positive: nums(1), Using: qdrant.PtrOf("text"), GroupBy: "other", GroupSize: 1, Limit: 1,
		})
		s.must(err)
	},
}

// grouped makes a collection whose points have a value g of every kind; asked
// for (1, 0), a point's score is its id.
func (s *suite) grouped() string {
	s.Helper()
	c := s.plain()
	for i, g := range []any{"a", "b", []any{"a", "b"}, 7, 1.5, nil, []any{"c", 1.5}, -2, "b"} {
		payload := map[string]any{"g": g}
		if g == nil {
			payload = nil
		}
		s.upsert(c, pt(uint64(i+1), payload))
	}
	return c
}

func (s *suite) groupHits(collection string, r *qdrant.QueryPointGroups) []*qdrant.PointGroup {
	s.Helper()
	r.CollectionName = collection
	if r.Query == nil {
		r.Query = qdrant.NewQuery(1, 0)
	}
	if r.GroupBy == "" {
		r.GroupBy = "g"
	}
	got, err := s.admin.QueryGroups(s.ctx, r)
	s.must(err)
	return got
}

func (s *suite) groups(collection string, r *qdrant.QueryPointGroups) string {
	s.Helper()
	return renderGroups(s.groupHits(collection, r))
}

// lookups maps each group that has a lookup to that point's payload.
func (s *suite) lookups(collection string, r *qdrant.QueryPointGroups) map[string]any {
	s.Helper()
	out := map[string]any{}
	for _, g := range s.groupHits(collection, r) {
		if g.GetLookup() == nil {
			continue
		}
		out[groupID(g)] = plainMap(g.GetLookup().GetPayload())
		s.same(g.GetLookup().GetVectors() == nil, true)
	}
	return out
}

func renderGroups(groups []*qdrant.PointGroup) string {
	out := make([]string, 0, len(groups))
	for _, g := range groups {
		out = append(out, groupID(g)+":"+strings.ReplaceAll(ids(g.GetHits()), " ", ","))
	}
	return strings.Join(out, " ")
}

func groupID(g *qdrant.PointGroup) string {
	switch k := g.GetId().GetKind().(type) {
	case *qdrant.GroupId_UnsignedValue:
		return fmt.Sprint(k.UnsignedValue)
	case *qdrant.GroupId_IntegerValue:
		return fmt.Sprint(k.IntegerValue)
	}
	return g.GetId().GetStringValue()
}
