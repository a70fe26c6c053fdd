package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var mmrCases = map[string]func(*suite){
	"diversity": func(s *suite) {
		// λ = .2. After 1: 2 has .2·.96-.8·.96, 3 has .2·.8-.8·.8, 4 has 0; then 3
		// -.48 and 2 -.576. Scores stay what the query says.
		s.mmr(&qdrant.Mmr{Diversity: qdrant.PtrOf(float32(0.8))}, nil, "1:1.000 4:0.000 3:0.800 2:0.960", 1, 0)
	},
	"half by default": func(s *suite) {
		// To (.6,.8): .6 .8 .96 .8. After 3: 1 -.1, 2 -.068, 4 .1.
		s.mmr(&qdrant.Mmr{}, nil, "3:0.960 4:0.800 2:0.800 1:0.600", 0.6, 0.8)
	},
	"none is plain relevance": func(s *suite) {
		s.mmr(&qdrant.Mmr{Diversity: qdrant.PtrOf(float32(0))}, nil, "1:1.000 2:0.960 3:0.800 4:0.000", 1, 0)
	},
	"among the candidates only": func(s *suite) {
		s.mmr(&qdrant.Mmr{Diversity: qdrant.PtrOf(float32(0.8)), CandidatesLimit: qdrant.PtrOf(uint32(3))}, qdrant.PtrOf(uint64(2)), "1:1.000 3:0.800", 1, 0)
	},
	"the candidates are as many as the limit": func(s *suite) {
		s.mmr(&qdrant.Mmr{Diversity: qdrant.PtrOf(float32(1))}, qdrant.PtrOf(uint64(2)), "1:1.000 2:0.960", 1, 0)
	},
	"the offset comes off the limit": func(s *suite) { // inferred
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: s.arc(), Query: qdrant.NewQueryMMR(vec(1, 0), &qdrant.Mmr{}), Limit: qdrant.PtrOf(uint64(2)), Offset: qdrant.PtrOf(uint64(1)),
		})
		s.must(err)
		s.same(scores(got), "2:0.960")
	},
	"over prefetches": func(s *suite) {
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: s.arc(), Query: qdrant.NewQueryMMR(vec(1, 0), &qdrant.Mmr{Diversity: qdrant.PtrOf(float32(0.8))}),
			Prefetch: prefetches(prefetch(3, nil, 0, 1)), // 4, 3 and 2
		})
		s.must(err)
		// 2 is the nearest. Then 4: -.8·.28, 3: .16-.8·.936.
		s.same(scores(got), "2:0.960 4:0.000 3:0.800")
	},
	"in a prefetch it only finds the candidates": func(s *suite) { // inferred
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: s.arc(), Query: qdrant.NewQuery(1, 0),
			Prefetch: prefetches(&qdrant.PrefetchQuery{
				Query: qdrant.NewQueryMMR(vec(1, 0), &qdrant.Mmr{Diversity: qdrant.PtrOf(float32(1)), CandidatesLimit: qdrant.PtrOf(uint32(3))}),
				Limit: qdrant.PtrOf(uint64(2)),
			}),
		})
		s.must(err)
		s.same(scores(got), "1:1.000 2:0.960 3:0.800")
	},
	"bounds": func(s *suite) {
		s.askRefused(s.arc(), &qdrant.QueryPoints{Query: qdrant.NewQueryMMR(vec(1, 0), &qdrant.Mmr{Diversity: qdrant.PtrOf(float32(2))})},
			codes.InvalidArgument, "diversity")
		s.askRefused(s.arc(), &qdrant.QueryPoints{Query: qdrant.NewQueryMMR(vec(1, 0), &qdrant.Mmr{CandidatesLimit: qdrant.PtrOf(uint32(16385))})},
			codes.InvalidArgument, "candidates_limit")
	},
}

// arc makes a collection of unit vectors, compared by Cosine: 1 (1,0),
// 2 (.96,.28), 3 (.8,.6), 4 (0,1).
func (s *suite) arc() string {
	s.Helper()
	c := s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, qdrant.Distance_Cosine)})
	for i, v := range [][]float32{{1, 0}, {0.96, 0.28}, {0.8, 0.6}, {0, 1}} {
		s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(uint64(i + 1)), Vectors: qdrant.NewVectors(v...)})
	}
	return c
}

func (s *suite) mmr(m *qdrant.Mmr, limit *uint64, want string, v ...float32) {
	s.Helper()
	got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
		CollectionName: s.arc(), Query: qdrant.NewQueryMMR(vec(v...), m), Limit: limit,
	})
	s.must(err)
	s.same(scores(got), want)
}
