package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// The older requests are out of Qdrant's documentation and still served. In the
// collection of five, whose vectors are (1, 1) to (5, 1), the likeness of two
// points is the product of their ids plus one.
var legacyCases = map[string]func(*suite){
	"a batch of searches": func(s *suite) {
		c := s.five()
		got, err := s.admin.GetPointsClient().SearchBatch(s.ctx, &qdrant.SearchBatchPoints{CollectionName: c, SearchPoints: []*qdrant.SearchPoints{
			{CollectionName: c, Vector: []float32{1, 0}, Limit: 2},
			{CollectionName: c, Vector: []float32{-1, 0}, Limit: 1},
		}})
		s.must(err)
		s.same([]string{scores(got.GetResult()[0].GetResult()), scores(got.GetResult()[1].GetResult())}, []string{"5:5.000 4:4.000", "1:-1.000"})
	},
	"in a batch the outer name counts, and the inner must be one": func(s *suite) {
		c := s.five()
		for name, try := range batches(s, c) {
			s.Log(name)
			s.same(try(c+"-none"), nil)
			s.refused(try(""), codes.InvalidArgument, "collection_name")
		}
	},
	"recommend by example": func(s *suite) {
		c := s.five()
		s.same(s.recommended(&qdrant.RecommendPoints{CollectionName: c, Positive: nums(1)}), "5:6.000 4:5.000 3:4.000 2:3.000")
		s.same(s.recommended(&qdrant.RecommendPoints{CollectionName: c, Positive: nums(2), Negative: nums(1)}), "5:16.000 4:13.000 3:10.000")
		s.same(s.recommended(&qdrant.RecommendPoints{CollectionName: c, PositiveVectors: []*qdrant.Vector{qdrant.NewVector(1, 0)}, Limit: 2}), "5:5.000 4:4.000")
	},
	"recommend filtered, from an offset, above a threshold": func(s *suite) {
		c := s.five()
		s.same(s.recommended(&qdrant.RecommendPoints{CollectionName: c, Positive: nums(1), Filter: must(qdrant.NewHasID(nums(1, 2, 3)...))}), "3:4.000 2:3.000")
		s.same(s.recommended(&qdrant.RecommendPoints{
			CollectionName: c, Positive: nums(1), Offset: qdrant.PtrOf(uint64(1)), ScoreThreshold: qdrant.PtrOf(float32(3)),
		}), "4:5.000 3:4.000")
	},
	"recommend by vectors of another collection": func(s *suite) {
		c, other := s.five(), s.plain()
		s.upsert(other, pt(3, nil))
		got := s.recommended(&qdrant.RecommendPoints{
			CollectionName: c, Positive: nums(3), Limit: 2, LookupFrom: &qdrant.LookupLocation{CollectionName: other}, Filter: must(qdrant.NewHasID(nums(1, 3)...)),
		})
		s.same(got, "3:10.000 1:4.000") // 3 is not left out: it is another point
	},
	"recommend needs examples": func(s *suite) {
		c := s.five()
		for text, r := range map[string]*qdrant.RecommendPoints{
			"At least one positive vector ID required with this strategy":             {Negative: nums(1)},
			"At least one positive or negative vector ID required with this strategy": {Strategy: qdrant.RecommendStrategy_BestScore.Enum()},
		} {
			r.CollectionName, r.Limit = c, 1
			_, err := s.admin.GetPointsClient().Recommend(s.ctx, r)
			s.refused(err, codes.InvalidArgument, text)
		}
		_, err := s.admin.GetPointsClient().Recommend(s.ctx, &qdrant.RecommendPoints{CollectionName: c, Positive: nums(77), Limit: 1})
		s.refused(err, codes.NotFound, "No point with id 77 found")
	},
	"discover": func(s *suite) {
		c := s.five()
		target := &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: exampleVector(1, 0)}}
		s.same(s.discovered(&qdrant.DiscoverPoints{CollectionName: c, Target: target}), "5 4 3 2 1")
		s.same(s.discovered(&qdrant.DiscoverPoints{CollectionName: c, Target: target, Context: []*qdrant.ContextExamplePair{
			{Positive: exampleID(5), Negative: exampleID(1)},
		}}), "4 3 2") // the examples are left out
		// Nearer to (-1, 0) than to (1, 0) is none: by the context alone all are
		// equally wrong in direction, the greatest the most.
		s.same(s.discovered(&qdrant.DiscoverPoints{CollectionName: c, Context: []*qdrant.ContextExamplePair{
			{Positive: exampleVector(-1, 0), Negative: exampleVector(1, 0)},
		}}), "1 2 3 4 5")
	},
	"discover needs something to go by": func(s *suite) {
		c := s.five()
		_, err := s.admin.GetPointsClient().Discover(s.ctx, &qdrant.DiscoverPoints{CollectionName: c, Limit: 1})
		s.refused(err, codes.InvalidArgument, "target and/or context_pairs must be specified")
		_, err = s.admin.GetPointsClient().Discover(s.ctx, &qdrant.DiscoverPoints{
			CollectionName: c, Limit: 1, Context: []*qdrant.ContextExamplePair{{Positive: exampleID(1)}},
		})
		s.refused(err, codes.InvalidArgument, "Both positive and negative are required in a context pair")
		_, err = s.admin.GetPointsClient().Discover(s.ctx, &qdrant.DiscoverPoints{CollectionName: c})
		s.refused(err, codes.InvalidArgument, "limit: value 0 invalid, must be 1 or larger")
	},
	"none is guarded against full scans": func(s *suite) {
		c := s.shared()
		_, err := s.admin.GetPointsClient().Recommend(s.ctx, &qdrant.RecommendPoints{
			CollectionName: c, Positive: nums(1), Using: qdrant.PtrOf("text"), Limit: 1,
		})
		s.must(err)
		_, err = s.admin.GetPointsClient().Discover(s.ctx, &qdrant.DiscoverPoints{
			CollectionName: c, Target: &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: exampleID(1)}}, Using: qdrant.PtrOf("text"), Limit: 1,
		})
		s.must(err)
	},
	"filters and limits are held to strict mode": func(s *suite) {
		c := s.shared()
		other := must(qdrant.NewMatch("other", "x"))
		_, err := s.admin.GetPointsClient().Recommend(s.ctx, &qdrant.RecommendPoints{
			CollectionName: c, Positive: nums(1), Using: qdrant.PtrOf("text"), Limit: 1, Filter: other,
		})
		s.refused(err, codes.InvalidArgument, indexRequired)
		_, err = s.admin.GetPointsClient().SearchBatch(s.ctx, &qdrant.SearchBatchPoints{CollectionName: c, SearchPoints: []*qdrant.SearchPoints{
			{CollectionName: c, Vector: []float32{1, 0, 0}, VectorName: qdrant.PtrOf("text"), Limit: 51},
		}})
		s.refused(err, codes.InvalidArgument, `Limit exceeded 51 > 50 for "limit"`)
	},
}

// batches sends each kind of batch with one item that names a collection.
func batches(s *suite, outer string) map[string]func(inner string) error {
	points := s.admin.GetPointsClient()
	return map[string]func(string) error{
		"query": func(inner string) error {
			_, err := points.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: outer, QueryPoints: []*qdrant.QueryPoints{
				{CollectionName: inner, Query: qdrant.NewQuery(1, 0)},
			}})
			return err
		},
		"search": func(inner string) error {
			_, err := points.SearchBatch(s.ctx, &qdrant.SearchBatchPoints{CollectionName: outer, SearchPoints: []*qdrant.SearchPoints{
				{CollectionName: inner, Vector: []float32{1, 0}, Limit: 1},
			}})
			return err
		},
		"recommend": func(inner string) error {
			_, err := points.RecommendBatch(s.ctx, &qdrant.RecommendBatchPoints{CollectionName: outer, RecommendPoints: []*qdrant.RecommendPoints{
				{CollectionName: inner, Positive: nums(1), Limit: 1},
			}})
			return err
		},
		"discover": func(inner string) error {
			_, err := points.DiscoverBatch(s.ctx, &qdrant.DiscoverBatchPoints{CollectionName: outer, DiscoverPoints: []*qdrant.DiscoverPoints{
				{CollectionName: inner, Target: &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: exampleID(1)}}, Limit: 1},
			}})
			return err
		},
	}
}

func (s *suite) recommended(r *qdrant.RecommendPoints) string {
	s.Helper()
	if r.Limit == 0 {
		r.Limit = 10
	}
	got, err := s.admin.GetPointsClient().Recommend(s.ctx, r)
	s.must(err)
	return scores(got.GetResult())
}

func (s *suite) discovered(r *qdrant.DiscoverPoints) string {
	s.Helper()
	r.Limit = 10
	got, err := s.admin.GetPointsClient().Discover(s.ctx, r)
	s.must(err)
	return ids(got.GetResult())
}

func exampleID(num uint64) *qdrant.VectorExample {
	return &qdrant.VectorExample{Example: &qdrant.VectorExample_Id{Id: qdrant.NewIDNum(num)}}
}

func exampleVector(values ...float32) *qdrant.VectorExample {
	return &qdrant.VectorExample{Example: &qdrant.VectorExample_Vector{Vector: qdrant.NewVector(values...)}}
}
