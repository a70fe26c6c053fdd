package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// idf(N, df) = ln((N-df+.5)/(df+.5) + 1). Points 1 and 2 are a's, 3 and 4 b's:
// 1 has the terms 0 and 1, 2 has 0, 3 has 0, 1 and 2, 4 has 1.
var sparseIDFCases = map[string]func(*suite){
	"over the whole collection": func(s *suite) {
		// N = 4, df = 3 3 1: .357 .357 1.204.
		s.ask(s.tenantWords(), termQuery(nil, nil), "3:1.917 1:0.713 2:0.357 4:0.357")
	},
	"a filter does not change it: that is how others show": func(s *suite) {
		c := s.tenantWords()
		probe := &qdrant.QueryPoints{
			Query: qdrant.NewQuerySparse([]uint32{2}, []float32{1}), Using: qdrant.PtrOf("words"), Filter: must(qdrant.NewMatch("tenant", "a")),
		}
		s.upsert(c, tenantWord(5, "a", 2))
		s.ask(c, probe, "5:0.875") // idf(5, 2): somebody has the term, too
		s.upsert(c, tenantWord(6, "b", 2))
		s.ask(c, probe, "5:0.693") // idf(6, 3)
	},
	"a wish for the whole collection": func(s *suite) {
		s.ask(s.tenantWords(), termQuery(s.idf(nil), nil), "3:1.917 1:0.713 2:0.357 4:0.357")
	},
	"over a corpus": func(s *suite) {
		if s.before(19) {
			s.ask(s.tenantWords(), termQuery(s.idf(tenantIs("a")), nil), "3:1.917 1:0.713 2:0.357 4:0.357")
			return
		}
		// Of a alone: N = 2, df = 2 1 0: .182 .693 1.792. Found is everything.
		s.ask(s.tenantWords(), termQuery(s.idf(tenantIs("a")), nil), "3:2.667 1:0.875 4:0.693 2:0.182")
		s.ask(s.tenantWords(), termQuery(s.idf(tenantIs("a")), tenantIs("a")), "1:0.875 2:0.182")
	},
	"others do not show in a corpus": func(s *suite) {
		if s.before(19) {
			return
		}
		c := s.tenantWords()
		s.upsert(c, tenantWord(6, "b", 0), tenantWord(7, "b", 1), tenantWord(8, "b", 2))
		s.ask(c, termQuery(s.idf(tenantIs("a")), tenantIs("a")), "1:0.875 2:0.182")
	},
	"a corpus of nobody": func(s *suite) {
		if s.before(19) {
			return
		}
		s.ask(s.tenantWords(), termQuery(s.idf(tenantIs("nobody")), nil), "3:2.079 1:1.386 2:0.693 4:0.693") // ln 2 a term
	},
	"points without the vector are no documents": func(s *suite) {
		c := s.tenantWords()
		s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(9), Vectors: qdrant.NewVectorsMap(nil), Payload: qdrant.NewValueMap(map[string]any{"tenant": "a"})})
		s.ask(c, termQuery(nil, nil), "3:1.917 1:0.713 2:0.357 4:0.357")
	},
	"in a prefetch, and in a query over one": func(s *suite) {
		if s.before(19) {
			return
		}
		c := s.tenantWords()
		q := termQuery(s.idf(tenantIs("a")), nil)
		p := &qdrant.PrefetchQuery{Query: q.GetQuery(), Using: q.Using, Params: q.GetParams(), ScoreThreshold: qdrant.PtrOf(float32(0.8))}
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Prefetch: prefetches(p)}, "3:0.500 1:0.333")
		p = &qdrant.PrefetchQuery{Limit: qdrant.PtrOf(uint64(2))}
		q.Prefetch = prefetches(p)
		s.ask(c, q, "1:0.875 2:0.182")
	},
	"of all examples of a recommendation": func(s *suite) {
		// N = 4: term 0 .357, term 2 1.204; point 3 has both, 1 and 2 the first.
		reco := &qdrant.RecommendInput{
			Positive: inputs(qdrant.NewVectorInputSparse([]uint32{0}, []float32{1}), qdrant.NewVectorInputSparse([]uint32{2}, []float32{1})),
			Strategy: qdrant.RecommendStrategy_SumScores.Enum(),
		}
		s.ask(s.tenantWords(), &qdrant.QueryPoints{Query: qdrant.NewQueryRecommend(reco), Using: qdrant.PtrOf("words")},
			"3:1.561 1:0.357 2:0.357 4:0.000")
		reco.Strategy = nil // the mean: half of each, and only what has one of them
		s.ask(s.tenantWords(), &qdrant.QueryPoints{Query: qdrant.NewQueryRecommend(reco), Using: qdrant.PtrOf("words")},
			"3:0.780 1:0.178 2:0.178")
	},
	"only where there is the modifier": func(s *suite) {
		if s.before(19) {
			return
		}
		q := termQuery(s.idf(nil), nil)
		s.askRefused(s.sparse(nil), q, codes.InvalidArgument,
			"search param `idf` requires a sparse vector with the `idf` modifier, which vector \"words\" is not")
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Params: s.idf(tenantIs("a"))}, codes.InvalidArgument,
			"search param `idf` requires a sparse vector")
	},
	"sparse weights combine by index": func(s *suite) {
		c := s.sparse(nil)
		s.upsert(c, words(1, []uint32{0}, []float32{1}), words(2, []uint32{1}, []float32{1}), words(3, []uint32{2}, []float32{1}))
		// Twice {0:1, 1:1} less {1:1, 2:1}: {0:2, 1:1, 2:-1}.
		s.ask(c, &qdrant.QueryPoints{Using: qdrant.PtrOf("words"), Query: qdrant.NewQueryRecommend(&qdrant.RecommendInput{
			Positive: inputs(qdrant.NewVectorInputSparse([]uint32{1, 0}, []float32{1, 1})),
			Negative: inputs(qdrant.NewVectorInputSparse([]uint32{1, 2}, []float32{1, 1})),
		})}, "1:2.000 2:1.000 3:-1.000")
	},
}

func termQuery(p *qdrant.SearchParams, f *qdrant.Filter) *qdrant.QueryPoints {
	return &qdrant.QueryPoints{
		Query: qdrant.NewQuerySparse([]uint32{0, 1, 2}, []float32{1, 1, 1}), Using: qdrant.PtrOf("words"), Params: p, Filter: f,
	}
}

func tenantIs(name string) *qdrant.Filter { return must(qdrant.NewMatch("tenant", name)) }

// tenantWord is a point of a tenant whose terms have the weight 1.
func tenantWord(num uint64, tenant string, terms ...uint32) *qdrant.PointStruct {
	values := make([]float32, len(terms))
	for i := range values {
		values[i] = 1
	}
	p := words(num, terms, values)
	p.Payload = qdrant.NewValueMap(map[string]any{"tenant": tenant})
	return p
}

// tenantWords is the collection that the cases are about.
func (s *suite) tenantWords() string {
	s.Helper()
	c := s.sparse(qdrant.Modifier_Idf.Enum())
	s.upsert(c, tenantWord(1, "a", 0, 1), tenantWord(2, "a", 0), tenantWord(3, "b", 0, 1, 2), tenantWord(4, "b", 1))
	return c
}
