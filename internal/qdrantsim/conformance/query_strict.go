package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// Every level of a query is checked, each by what it says itself.
var strictQueryCases = map[string]func(*suite){
	"a prefetch names its tenant itself": func(s *suite) {
		const guard = "Request is forbidden on 'text' because global vector indexing is disabled (hnsw_config.m = 0)"
		c := s.shared()
		q := over(textPrefetch(nil))
		q.Filter = tenantA()
		s.askRefused(c, q, codes.InvalidArgument, guard)
		s.ask(c, over(textPrefetch(tenantA())), "1:0.500")
	},
	"also one over prefetches, unlike the root": func(s *suite) {
		c := s.shared()
		mid := textPrefetch(nil)
		mid.Prefetch = prefetches(textPrefetch(tenantA()))
		s.askRefused(c, over(mid), codes.InvalidArgument, "Request is forbidden on 'text'")
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), Prefetch: prefetches(textPrefetch(tenantA()))}, "1:1.000")
	},
	"every query by vectors does": func(s *suite) {
		c := s.shared()
		for _, q := range []*qdrant.Query{
			qdrant.NewQueryID(qdrant.NewIDNum(1)),
			qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: inputs(vec(1, 0, 0))}),
			qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: vec(1, 0, 0), Context: pairs()}),
			qdrant.NewQueryContext(pairs(vec(1, 0, 0), vec(0, 1, 0))),
			qdrant.NewQueryMMR(vec(1, 0, 0), &qdrant.Mmr{}),
		} {
			s.askRefused(c, &qdrant.QueryPoints{Query: q, Using: qdrant.PtrOf("text")}, codes.InvalidArgument, "Request is forbidden on 'text'")
		}
	},
	"what is by no vectors is not guarded": func(s *suite) {
		c := s.shared()
		s.indexAs(c, "r", qdrant.FieldType_FieldTypeInteger)
		for _, q := range []*qdrant.Query{nil, qdrant.NewQuerySample(qdrant.Sample_Random), qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "r"})} {
			_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Query: q})
			s.must(err)
		}
	},
	"filter, limit and exactness of a prefetch": func(s *suite) {
		c := s.shared()
		s.askRefused(c, over(textPrefetch(must(qdrant.NewMatch("tenant_id", "a"), qdrant.NewMatch("other", "x")))), codes.InvalidArgument, indexRequired)
		p := textPrefetch(tenantA())
		p.Limit = qdrant.PtrOf(uint64(51))
		s.askRefused(c, over(p), codes.InvalidArgument, `Limit exceeded 51 > 50 for "limit"`)
		p = textPrefetch(tenantA())
		p.Params = &qdrant.SearchParams{Exact: yes()}
		s.askRefused(c, over(p), codes.InvalidArgument, "Bad request: Exact search disabled!. Help: Set exact=false.")
	},
	"a formula's keys need indexes": func(s *suite) {
		const help = "Help: Create an index for this key or use a different formula expression."
		c := s.shared()
		for words, e := range map[string]*qdrant.Expression{
			`"n" of one of the following types: [float, integer]`:   plus(variable("$score"), variable("n")),
			`"other" of one of the following types: [keyword]`:      qdrant.NewExpressionCondition(qdrant.NewMatch("other", "x")),
			`"when" of one of the following types: [datetime]`:      qdrant.NewExpressionDatetimeKey("when"),
			`"at" of one of the following types: [geo]`:             qdrant.NewExpressionGeoDistance(&qdrant.GeoDistance{Origin: &qdrant.GeoPoint{}, To: "at"}),
			`"tenant_id" of one of the following types: [datetime]`: qdrant.NewExpressionDatetimeKey("tenant_id"),
		} {
			s.askRefused(c, &qdrant.QueryPoints{Query: formulaOf(e, nil), Prefetch: prefetches(textPrefetch(tenantA()))},
				codes.InvalidArgument, "Index required but not found for "+words, help)
		}
		s.ask(c, &qdrant.QueryPoints{
			Query:    formulaOf(plus(variable("$score"), qdrant.NewExpressionCondition(qdrant.NewMatch("source", "web"))), nil),
			Prefetch: prefetches(textPrefetch(tenantA())),
		}, "1:2.000")
	},
	"a corpus needs indexes": func(s *suite) {
		if s.before(19) {
			return
		}
		c := s.shared()
		q := &qdrant.QueryPoints{Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: qdrant.PtrOf("words"), Filter: tenantA()}
		q.Params = s.idf(must(qdrant.NewMatch("other", "x")))
		s.askRefused(c, q, codes.InvalidArgument, indexRequired)
		q.Params = s.idf(tenantA())
		s.ask(c, q, "1:0.288") // idf(1, 1) = ln(4/3)
	},
	"in a batch": func(s *suite) {
		c := s.shared()
		_, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: c, QueryPoints: []*qdrant.QueryPoints{
			{CollectionName: c, Filter: tenantA()}, {CollectionName: c, Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text")},
		}})
		s.refused(err, codes.InvalidArgument, "Request is forbidden on 'text'")
	},
}

func tenantA() *qdrant.Filter { return must(qdrant.NewMatch("tenant_id", "a")) }

func textPrefetch(f *qdrant.Filter) *qdrant.PrefetchQuery {
	return &qdrant.PrefetchQuery{Query: qdrant.NewQuery(1, 0, 0), Using: qdrant.PtrOf("text"), Filter: f}
}

func over(p ...*qdrant.PrefetchQuery) *qdrant.QueryPoints {
	return &qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Prefetch: p}
}
