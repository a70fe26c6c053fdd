package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var vectorQueryCases = map[string]func(*suite){
	"average: twice the positives less the negatives": func(s *suite) {
		// 2(1,1) - (0,1) = (2,1); the points asked with stay out.
		s.recommend(&qdrant.RecommendInput{Positive: inputs(point(3)), Negative: inputs(point(2))}, "5:5.000 1:2.000 4:-2.000")
		// (1,0) and (0,1) have the mean (.5,.5).
		s.recommend(&qdrant.RecommendInput{Positive: inputs(vec(1, 0), vec(0, 1))}, "5:1.500 3:1.000 1:0.500 2:0.500 4:-0.500")
	},
	"average needs a positive": func(s *suite) {
		s.askRefused(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryRecommend(&qdrant.RecommendInput{Negative: inputs(vec(1, 0))})},
			codes.InvalidArgument, "Wrong input: Positive vectors should not be empty with `average` strategy")
	},
	"best score": func(s *suite) {
		// s(x) = (x/(1+|x|) + 1)/2: s(0)=.5, s(1)=.75, s(2)=.833. Nearer to the
		// positive: s(positive), else -s(negative).
		s.recommend(&qdrant.RecommendInput{
			Positive: inputs(vec(1, 0)), Negative: inputs(vec(0, 1)), Strategy: qdrant.RecommendStrategy_BestScore.Enum(),
		}, "5:0.833 1:0.750 4:-0.500 2:-0.750 3:-0.750")
		s.recommend(&qdrant.RecommendInput{
			Negative: inputs(vec(0, 1)), Strategy: qdrant.RecommendStrategy_BestScore.Enum(),
		}, "1:-0.500 4:-0.500 2:-0.750 3:-0.750 5:-0.750")
	},
	"sum of scores": func(s *suite) {
		s.recommend(&qdrant.RecommendInput{
			Positive: inputs(vec(1, 0), vec(1, 2)), Negative: inputs(vec(0, 1)), Strategy: qdrant.RecommendStrategy_SumScores.Enum(),
		}, "5:5.000 3:3.000 1:2.000 2:1.000 4:-2.000")
	},
	"discovery": func(s *suite) {
		// One up per pair whose positive is nearer, one down for the negative, plus s(target).
		s.ask(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryDiscover(&qdrant.DiscoverInput{
			Target: vec(1, 0), Context: pairs(vec(0, 1), vec(1, 0)),
		})}, "2:1.500 4:1.250 3:0.750 5:-0.167 1:-0.250")
	},
	"context": func(s *suite) {
		// Per pair d/(1+|d|) of the difference d where it is negative.
		s.ask(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryContext(pairs(vec(0, 1), vec(2, 0), vec(1, 1), vec(0, 3)))},
			"4:-0.500 1:-0.667 2:-0.667 5:-0.750 3:-1.000")
	},
	"context by ids": func(s *suite) { // (0,1) less (2,1): -2x, where that is negative
		s.ask(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryContext(pairs(point(2), point(5)))}, "4:0.000 1:-0.667 3:-0.667")
	},
	"relevance feedback": func(s *suite) {
		// a=1, b=2, c=2: the pair weighs (.9-.4)²·2 = .5 on x = (1,1) - (0,1); y + x/2.
		s.ask(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryRelevanceFeedback(&qdrant.RelevanceFeedbackInput{
			Target:   vec(0, 1),
			Feedback: []*qdrant.FeedbackItem{{Example: vec(1, 1), Score: 0.9}, {Example: vec(0, 1), Score: 0.4}},
			Strategy: naive(1, 2, 2),
		})}, "5:2.000 3:1.500 2:1.000 1:0.500 4:-0.500")
	},
	"of Euclid the squared distance, negative, is what custom scores build on": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, qdrant.Distance_Euclid)})
		s.upsert(c, pt(1, nil), pt(2, nil), pt(3, nil))
		best := qdrant.NewQueryRecommend(&qdrant.RecommendInput{
			Positive: inputs(vec(1, 1)), Strategy: qdrant.RecommendStrategy_BestScore.Enum(),
		})
		s.ask(c, &qdrant.QueryPoints{Query: best}, "1:0.500 2:0.250 3:0.100")
		// Inferred: the threshold is held against them as against distances.
		s.ask(c, &qdrant.QueryPoints{Query: best, ScoreThreshold: qdrant.PtrOf(float32(0.2))}, "")
		s.ask(c, &qdrant.QueryPoints{Query: best, ScoreThreshold: qdrant.PtrOf(float32(0.6))}, "1:0.500 2:0.250 3:0.100")
	},
	"a filter hides no example, only results": func(s *suite) { // ids are fetched unfiltered
		s.ask(s.around(), &qdrant.QueryPoints{
			Query:  qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: inputs(point(5))}),
			Filter: must(atMost(2)),
		}, "1:2.000 2:1.000")
	},
	"a missing example": func(s *suite) {
		for _, q := range []*qdrant.Query{
			qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: inputs(vec(1, 0)), Negative: inputs(point(9))}),
			qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: vec(1, 0), Context: pairs(point(9), point(1))}),
			qdrant.NewQueryMMR(point(9), &qdrant.Mmr{}),
		} {
			s.askRefused(s.around(), &qdrant.QueryPoints{Query: q}, codes.NotFound, "Not found: No point with id 9 found")
		}
	},
	"an example without the vector": func(s *suite) {
		c := s.twoVectorPoint()
		s.must(s.deleteVectors(c, one(1), "b"))
		s.askRefused(c, &qdrant.QueryPoints{Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), Using: qdrant.PtrOf("b")},
			codes.NotFound, `Not found: Vector with name "b" for point not found`)
	},
	"multivectors: the sum of the best matches": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{
			Size: 2, Distance: qdrant.Distance_Dot, MultivectorConfig: &qdrant.MultiVectorConfig{Comparator: qdrant.MultiVectorComparator_MaxSim},
		})})
		for id, v := range [][][]float32{{{1, 0}, {0, 1}}, {{2, 0}}} {
			s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(uint64(id + 1)), Vectors: qdrant.NewVectorsMulti(v)})
		}
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQueryMulti([][]float32{{1, 0}, {0, 2}})}, "1:3.000 2:2.000")
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0)}, "2:2.000 1:1.000")
		v := s.stored(c, qdrant.NewIDNum(1)).GetVectors().GetVector().GetMultiDense().GetVectors()
		s.same([]any{v[0].GetData(), v[1].GetData()}, []any{[]float32{1, 0}, []float32{0, 1}})
	},
	"the wrong kind of vector": func(s *suite) {
		s.askRefused(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1})},
			codes.InvalidArgument, "Wrong input: Conversion between sparse and regular vectors failed")
		s.askRefused(s.sparse(nil), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 2), Using: qdrant.PtrOf("words")},
			codes.InvalidArgument, "Wrong input: Conversion between sparse and regular vectors failed")
	},
	"what is left out": func(s *suite) {
		c := s.around()
		for words, q := range map[string]*qdrant.Query{
			"Query variant is missing":         {},
			"VectorInput variant is missing":   qdrant.NewQueryNearest(&qdrant.VectorInput{}),
			"DiscoverInput target is missing":  qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Context: pairs()}),
			"DiscoverInput context is missing": qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: vec(1, 0)}),
			"ContextPair negative is missing":  qdrant.NewQueryContext(&qdrant.ContextInput{Pairs: []*qdrant.ContextInputPair{{Positive: vec(1, 0)}}}),
			"feedback example is missing": qdrant.NewQueryRelevanceFeedback(&qdrant.RelevanceFeedbackInput{
				Target: vec(1, 0), Feedback: []*qdrant.FeedbackItem{{}}, Strategy: naive(1, 1, 1),
			}),
		} {
			s.askRefused(c, &qdrant.QueryPoints{Query: q}, codes.InvalidArgument, words)
		}
	},
}

// recommend asks it of the points around the origin.
func (s *suite) recommend(r *qdrant.RecommendInput, want string) {
	s.Helper()
	s.ask(s.around(), &qdrant.QueryPoints{Query: qdrant.NewQueryRecommend(r)}, want)
}

// pairs takes a positive, its negative, and so on.
func pairs(v ...*qdrant.VectorInput) *qdrant.ContextInput {
	c := &qdrant.ContextInput{}
	for i := 0; i+1 < len(v); i += 2 {
		c.Pairs = append(c.Pairs, &qdrant.ContextInputPair{Positive: v[i], Negative: v[i+1]})
	}
	return c
}

func naive(a, b, c float32) *qdrant.FeedbackStrategy {
	return &qdrant.FeedbackStrategy{Variant: &qdrant.FeedbackStrategy_Naive{Naive: &qdrant.NaiveFeedbackStrategy{A: a, B: b, C: c}}}
}
