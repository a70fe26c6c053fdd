package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// Two lists are fused: 5 4 3, and 3 4.
var fusionCases = map[string]func(*suite){
	"by rank": func(s *suite) { // 1/(rank+2): 1/2 1/3 1/4
		s.fuse(qdrant.NewQueryFusion(qdrant.Fusion_RRF), "3:0.750 4:0.667 5:0.500")
		s.fuse(qdrant.NewQueryRRF(&qdrant.Rrf{}), "3:0.750 4:0.667 5:0.500")
	},
	"k": func(s *suite) { // 1/4 1/5 1/6
		s.fuse(qdrant.NewQueryRRF(&qdrant.Rrf{K: qdrant.PtrOf(uint32(4))}), "3:0.417 4:0.400 5:0.250")
	},
	"weights": func(s *suite) { // the first list: 1/((rank+1)/3 + 1): .75 .6 .5
		s.fuse(qdrant.NewQueryRRF(&qdrant.Rrf{Weights: []float32{3, 1}}), "3:1.000 4:0.933 5:0.750")
	},
	"no weight, no score": func(s *suite) {
		s.fuse(qdrant.NewQueryRRF(&qdrant.Rrf{Weights: []float32{1, 0}}), "5:0.500 4:0.333 3:0.250")
	},
	"a weight for each": func(s *suite) {
		s.askRefused(s.five(), fused(qdrant.NewQueryRRF(&qdrant.Rrf{Weights: []float32{1}})), codes.InvalidArgument,
			"RRF weights length (1) does not match number of prefetches (2)")
	},
	"by distribution": func(s *suite) {
		// 5 4 3: mean 4, deviation 1: .667 .5 .333. -3 -4: mean -3.5, deviation .707: .618 .382.
		s.fuse(qdrant.NewQueryFusion(qdrant.Fusion_DBSF), "3:0.951 4:0.882 5:0.667")
	},
	"a list of one, or of equals, is in the middle": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Query:    qdrant.NewQueryFusion(qdrant.Fusion_DBSF),
			Prefetch: prefetches(prefetch(1, nil, 1, 0), prefetch(9, must(atMost(2)), 0, 1)),
		}, "1:0.500 2:0.500 5:0.500")
	},
	"values that points were ordered by outrank scores by distribution": func(s *suite) {
		q := &qdrant.QueryPoints{
			CollectionName: s.ranked(), Query: qdrant.NewQueryFusion(qdrant.Fusion_DBSF), // 3 4 2 by rank, and 5 4 3
			Prefetch: prefetches(&qdrant.PrefetchQuery{Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "r"})}, prefetch(3, nil, 1, 0)),
			Filter:   &qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewHasID(nums(1)...)}},
		}
		got, err := s.admin.Query(s.ctx, q)
		s.must(err)
		s.same(scores(got), "2:0.500 4:1.000 3:0.833 5:0.667")
		q.Query = qdrant.NewQueryFusion(qdrant.Fusion_RRF)
		got, err = s.admin.Query(s.ctx, q)
		s.must(err)
		s.same(scores(got), "3:0.750 4:0.667 5:0.500 2:0.250")
	},
	"a threshold is passed by reaching it": func(s *suite) {
		q := fused(qdrant.NewQueryFusion(qdrant.Fusion_RRF))
		q.ScoreThreshold = qdrant.PtrOf(float32(0.5))
		s.ask(s.five(), q, "3:0.750 4:0.667 5:0.500")
		q.ScoreThreshold = qdrant.PtrOf(float32(0.51))
		s.ask(s.five(), q, "3:0.750 4:0.667")
	},
	"limit and offset": func(s *suite) {
		q := fused(qdrant.NewQueryFusion(qdrant.Fusion_RRF))
		q.Limit, q.Offset = qdrant.PtrOf(uint64(1)), qdrant.PtrOf(uint64(1))
		s.ask(s.five(), q, "4:0.667")
	},
	"of fusions": func(s *suite) {
		// The inner list is 3 4 5 and scores 1/2 1/3 1/4; the other is 1: 1/2.
		inner := fused(qdrant.NewQueryFusion(qdrant.Fusion_RRF))
		s.ask(s.five(), &qdrant.QueryPoints{
			Query:    qdrant.NewQueryFusion(qdrant.Fusion_RRF),
			Prefetch: prefetches(&qdrant.PrefetchQuery{Prefetch: inner.GetPrefetch(), Query: inner.GetQuery()}, prefetch(1, nil, -1, 0)),
		}, "1:0.500 3:0.500 4:0.333 5:0.250")
	},
	"dense and sparse": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{
			VectorsConfig:       qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"a": {Size: 2, Distance: qdrant.Distance_Dot}}),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"words": {}}),
		})
		for i := range uint64(3) {
			s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(i + 1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
				"a": qdrant.NewVector(float32(i), 0), "words": qdrant.NewVectorSparse([]uint32{uint32(i), 7}, []float32{1, float32(3 - i)}),
			})})
		}
		lists := prefetches(prefetch(2, nil, 1, 0), &qdrant.PrefetchQuery{Query: qdrant.NewQuerySparse([]uint32{7}, []float32{1}), Using: qdrant.PtrOf("words")})
		lists[0].Using = qdrant.PtrOf("a")
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF), Prefetch: lists}, "3:0.750 2:0.667 1:0.500")
	},
	"without prefetches": func(s *suite) {
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQueryFusion(qdrant.Fusion_RRF)}, codes.InvalidArgument,
			"Wrong input: Validation failed: cannot apply Fusion without prefetches")
	},
	"with a vector's name": func(s *suite) {
		q := fused(qdrant.NewQueryFusion(qdrant.Fusion_RRF))
		q.Using = qdrant.PtrOf("a")
		s.askRefused(s.five(), q, codes.InvalidArgument, "Bad request: Fusion queries cannot be combined with the 'using' field.")
	},
	"bounds": func(s *suite) {
		s.askRefused(s.five(), fused(qdrant.NewQueryRRF(&qdrant.Rrf{K: qdrant.PtrOf(uint32(0))})), codes.InvalidArgument, "query", "k: value 0 invalid")
		s.askRefused(s.five(), fused(qdrant.NewQueryFusion(7)), codes.InvalidArgument, "invalid fusion type value 7")
	},
}

func fused(q *qdrant.Query) *qdrant.QueryPoints {
	return &qdrant.QueryPoints{Query: q, Prefetch: prefetches(prefetch(3, nil, 1, 0), prefetch(2, must(atLeast(3)), -1, 0))}
}

func (s *suite) fuse(q *qdrant.Query, want string) {
	s.Helper()
	s.ask(s.five(), fused(q), want)
}
