package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

const indexRequired = "Bad request: Index required but not found for \"other\" of one of the following types: [keyword]. " +
	"Help: Create an index for this key or use a different filter."

var strictCases = map[string]func(*suite){
	"a read needs an index for its filter": func(s *suite) {
		c := s.shared()
		for _, name := range []string{"other", `"other"`} {
			_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: must(qdrant.NewMatch(name, "x"))})
			s.refused(err, codes.InvalidArgument, indexRequired)
		}
		_, err := s.admin.Count(s.ctx, &qdrant.CountPoints{CollectionName: c, Exact: no(), Filter: must(qdrant.NewMatch("other", "x"))})
		s.refused(err, codes.InvalidArgument, indexRequired)
		_, err = s.admin.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: c, Key: "tenant_id", Filter: must(qdrant.NewMatch("other", "x"))})
		s.refused(err, codes.InvalidArgument, indexRequired)
		s.same(s.mine(c, nil), "1")
	},
	"wherever the condition stands": func(s *suite) {
		c := s.shared()
		bad := qdrant.NewMatch("other", "x")
		for _, f := range []*qdrant.Filter{
			{Should: []*qdrant.Condition{bad}}, {MustNot: []*qdrant.Condition{bad}}, minShould(1, bad),
			must(qdrant.NewFilterAsCondition(must(bad))),
		} {
			_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: f})
			s.refused(err, codes.InvalidArgument, indexRequired)
		}
		_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: must(qdrant.NewNestedFilter("o", must(bad)))})
		s.refused(err, codes.InvalidArgument, "o[].other")
	},
	"an index of another type does not serve": func(s *suite) {
		_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: s.shared(), Filter: must(qdrant.NewMatchInt("tenant_id", 1))})
		s.refused(err, codes.InvalidArgument, "[integer]")
	},
	"ids and no-ops need no index": func(s *suite) {
		c := s.shared()
		s.same(s.mine(c, qdrant.NewHasID(nums(1, 2)...)), "1")
		s.same(s.mine(c, qdrant.NewMatchKeywords("other")), "")
	},
	"a filtered update needs an index": func(s *suite) {
		c := s.shared()
		sel := qdrant.NewPointsSelectorFilter(must(qdrant.NewMatch("other", "x")))
		_, err := s.admin.Delete(s.ctx, &qdrant.DeletePoints{CollectionName: c, Points: sel})
		s.refused(err, codes.InvalidArgument, indexRequired)
		_, err = s.admin.SetPayload(s.ctx, &qdrant.SetPayloadPoints{CollectionName: c, PointsSelector: sel})
		s.refused(err, codes.InvalidArgument, indexRequired)
	},
	"update_filter needs none": func(s *suite) {
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{
			CollectionName: s.shared(), Wait: yes(), UpdateFilter: must(qdrant.NewMatch("other", "x")),
			Points: []*qdrant.PointStruct{tenantPoint(1, "a")},
		})
		s.must(err)
	},
	"exactness": func(s *suite) {
		c := s.shared()
		mine := must(qdrant.NewMatch("tenant_id", "a"))
		const disabled = "Bad request: Exact search disabled!. Help: Set exact=false."
		for _, exact := range []*bool{nil, yes()} { // exact is the default
			_, err := s.admin.Count(s.ctx, &qdrant.CountPoints{CollectionName: c, Filter: mine, Exact: exact})
			s.refused(err, codes.InvalidArgument, disabled)
		}
		n, err := s.admin.Count(s.ctx, &qdrant.CountPoints{CollectionName: c, Filter: mine, Exact: no()})
		s.must(err)
		s.same(n, uint64(1))
		_, err = s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), Filter: mine, Params: &qdrant.SearchParams{Exact: yes()},
		})
		s.refused(err, codes.InvalidArgument, disabled)
	},
	"an exact facet is let through": func(s *suite) {
		s.same(s.facet(s.shared(), "tenant_id", must(qdrant.NewMatch("tenant_id", "a")), nil), "a:1")
	},
	"limits": func(s *suite) {
		c := s.shared()
		const over = "Bad request: Limit exceeded 51 > 50 for \"limit\". Help: Reduce the \"limit\" parameter to or below 50."
		_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Limit: qdrant.PtrOf(uint32(51))})
		s.refused(err, codes.InvalidArgument, over)
		_, err = s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Limit: qdrant.PtrOf(uint64(51))})
		s.refused(err, codes.InvalidArgument, over)
		_, err = s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Limit: qdrant.PtrOf(uint64(50))})
		s.must(err)
	},
	"batch size": func(s *suite) {
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: s.shared(), Points: []*qdrant.PointStruct{
			tenantPoint(1, "a"), tenantPoint(2, "a"), tenantPoint(3, "a"), tenantPoint(4, "a"),
		}})
		s.refused(err, codes.InvalidArgument, "Limit exceeded 4 > 3 for \"upsert limit\"")
	},
	"the size of a filter": func(s *suite) {
		c := s.shared()
		_, err := s.admin.GetCollectionsClient().Update(s.ctx, &qdrant.UpdateCollection{CollectionName: c, StrictModeConfig: &qdrant.StrictModeConfig{
			FilterMaxConditions: qdrant.PtrOf(uint64(3)), ConditionMaxSize: qdrant.PtrOf(uint64(2)),
		}})
		s.must(err)
		ask := func(conditions ...*qdrant.Condition) error {
			_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: must(conditions...)})
			return err
		}
		mine := qdrant.NewMatch("tenant_id", "a")
		pair := qdrant.NewFilterAsCondition(must(mine, mine)) // counts as its two
		s.must(ask(mine, pair))
		const many = "Bad request: Filter condition limit reached (4 > 3). Help: Reduce the amount of conditions of your filter."
		s.refused(ask(mine, mine, pair), codes.InvalidArgument, many)
		const long = "Bad request: Condition size limit reached (3 > 2). Help: Reduce the size of your condition."
		s.must(ask(qdrant.NewMatchKeywords("tenant_id", "a", "b"), qdrant.NewHasID(nums(1, 2)...)))
		s.refused(ask(qdrant.NewMatchKeywords("tenant_id", "a", "b", "c")), codes.InvalidArgument, long)
		s.refused(ask(qdrant.NewFilterAsCondition(must(qdrant.NewHasID(nums(1, 2, 3)...)))), codes.InvalidArgument, long)
		_, err = s.admin.Delete(s.ctx, &qdrant.DeletePoints{
			CollectionName: c, Points: qdrant.NewPointsSelectorFilter(must(mine, mine, mine, mine)),
		})
		s.refused(err, codes.InvalidArgument, many)
	},
	"a vector query names its tenant": func(s *suite) {
		c := s.shared()
		ask := func(f *qdrant.Filter) error {
			_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
				CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), Filter: f,
			})
			return err
		}
		const guard = "Request is forbidden on 'text' because global vector indexing is disabled (hnsw_config.m = 0). Help: Use tenant-specific filter"
		s.refused(ask(nil), codes.InvalidArgument, guard)
		s.refused(ask(must(qdrant.NewMatch("source", "web"))), codes.InvalidArgument, guard)
		s.must(ask(must(qdrant.NewMatch("tenant_id", "a"))))
		// The guard looks for the key, not for what is said about it.
		s.must(ask(&qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewMatch("tenant_id", "a")}}))
	},
	"the older search is not guarded": func(s *suite) {
		_, err := s.admin.GetPointsClient().Search(s.ctx, &qdrant.SearchPoints{
			CollectionName: s.shared(), Vector: []float32{1, 0, 0}, VectorName: qdrant.PtrOf("text"), Limit: 1,
		})
		s.must(err)
	},
	"a sparse query is not guarded": func(s *suite) {
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: s.shared(), Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: qdrant.PtrOf("words"),
		})
		s.must(err)
	},
	"a vector with a graph of its own is not guarded": func(s *suite) {
		c := s.shared()
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: c,
			VectorsConfig: qdrant.NewVectorsConfigDiffMap(map[string]*qdrant.VectorParamsDiff{
				"text": {HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(8))}},
			}),
		}))
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text")})
		s.must(err)
	},
	"no tenant graph either": func(s *suite) {
		c := s.shared()
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
			CollectionName: c, HnswConfig: &qdrant.HnswConfigDiff{PayloadM: qdrant.PtrOf(uint64(0))},
		}))
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), Filter: must(qdrant.NewMatch("tenant_id", "a")),
		})
		s.refused(err, codes.InvalidArgument, "hnsw_config.m = 0 and hnsw_config.payload_m = 0")
	},
	"not enabled, not enforced": func(s *suite) {
		c := s.shared()
		s.must(s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{CollectionName: c, StrictModeConfig: &qdrant.StrictModeConfig{Enabled: no()}}))
		s.same(s.all(c, must(qdrant.NewMatch("other", "x"))), "")
	},
}

// shared makes a strict collection with a tenant index, and a point each of the
// tenants a and b.
func (s *suite) shared() string {
	s.Helper()
	c := s.create(sharedCollection())
	s.index(c, "tenant_id", qdrant.NewPayloadIndexParamsKeyword(&qdrant.KeywordIndexParams{IsTenant: yes()}))
	s.index(c, "source", nil)
	s.upsert(c, tenantPoint(1, "a"), tenantPoint(2, "b"))
	return c
}

func tenantPoint(num uint64, tenant string) *qdrant.PointStruct {
	return &qdrant.PointStruct{
		Id:      qdrant.NewIDNum(num),
		Payload: qdrant.NewValueMap(map[string]any{"tenant_id": tenant, "source": "web"}),
		Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
			"text": qdrant.NewVector(1, 0, 0), "words": qdrant.NewVectorSparse([]uint32{1}, []float32{1}),
		}),
	}
}

// mine lists tenant a's points that satisfy a condition.
func (s *suite) mine(collection string, condition *qdrant.Condition) string {
	s.Helper()
	f := must(qdrant.NewMatch("tenant_id", "a"))
	if condition != nil {
		f.Must = append(f.Must, condition)
	}
	got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: collection, Filter: f})
	s.must(err)
	return ids(got)
}
