package conformance

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// The samples here are never smaller than what there is to sample, so that it
// does not matter that the server picks at random.
var matrixCases = map[string]func(*suite){
	"pairs": func(s *suite) {
		c := s.three()
		s.same(s.pairs(c, nil, 0), "1-3:4 1-2:3 2-3:7 2-1:3 3-2:7 3-1:4")
		s.same(s.pairs(c, nil, 1), "1-3:4 2-3:7 3-2:7")
		s.same(s.pairs(c, must(qdrant.NewHasID(nums(1, 2)...)), 0), "1-2:3 2-1:3")
	},
	"offsets": func(s *suite) {
		got, err := s.admin.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: s.three()})
		s.must(err)
		s.same(got.GetResult(), &qdrant.SearchMatrixOffsets{
			Ids: nums(1, 2, 3), OffsetsRow: []uint64{0, 0, 1, 1, 2, 2}, OffsetsCol: []uint64{2, 1, 2, 0, 1, 0}, Scores: []float32{4, 3, 7, 3, 7, 4},
		})
	},
	"fewer than two points are no matrix": func(s *suite) {
		c := s.three()
		s.same(s.pairs(c, must(qdrant.NewHasID(nums(1)...)), 0), "")
		got, err := s.admin.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{
			CollectionName: c, Filter: must(qdrant.NewHasID(nums(1)...)),
		})
		s.must(err)
		s.same(len(got.GetResult().GetIds()), 0)
	},
	"ten in the sample, three near each, by default": func(s *suite) {
		c := s.plain()
		for i := range uint64(12) {
			s.upsert(c, pt(i+1, nil))
		}
		got, err := s.admin.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: c})
		s.must(err)
		s.same([]any{len(got.GetResult().GetIds()), len(got.GetResult().GetScores())}, []any{10, 30})
	},
	"only points that have the vector": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: twoVectors()})
		for i, name := range []string{"a", "a", "b"} {
			s.upsert(c, &qdrant.PointStruct{
				Id: qdrant.NewIDNum(uint64(i + 1)), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{name: qdrant.NewVector(1, 1)}),
			})
		}
		got, err := s.admin.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: c, Using: qdrant.PtrOf("a")})
		s.must(err)
		s.same(got.GetResult().GetIds(), nums(1, 2))
	},
	"no such vector": func(s *suite) {
		_, err := s.admin.GetPointsClient().SearchMatrixPairs(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: s.plain(), Using: qdrant.PtrOf("x")})
		s.refused(err, codes.InvalidArgument, "Not existing vector name error: x")
	},
	"bounds": func(s *suite) {
		c := s.three()
		_, err := s.admin.GetPointsClient().SearchMatrixPairs(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: c, Sample: qdrant.PtrOf(uint64(1))})
		s.refused(err, codes.InvalidArgument, "sample: value 1 invalid, must be 2 or larger")
		_, err = s.admin.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: c, Limit: qdrant.PtrOf(uint64(0))})
		s.refused(err, codes.InvalidArgument, "limit: value 0 invalid, must be 1 or larger")
	},
	"strict mode": func(s *suite) {
		c := s.shared()
		ask := func(f *qdrant.Filter, sample, limit uint64) error {
			_, err := s.admin.GetPointsClient().SearchMatrixPairs(s.ctx, &qdrant.SearchMatrixPoints{
				CollectionName: c, Using: qdrant.PtrOf("text"), Filter: f, Sample: &sample, Limit: &limit,
			})
			return err
		}
		s.must(ask(nil, 10, 5)) // the guard against full scans does not look here
		s.refused(ask(nil, 17, 3), codes.InvalidArgument, `Limit exceeded 51 > 50 for "limit"`)
		s.refused(ask(must(qdrant.NewMatch("other", "x")), 2, 2), codes.InvalidArgument, indexRequired)
	},
	"idf is that of the whole collection": func(s *suite) { // ln((4-2+0.5)/(2+0.5)+1) = ln 2; of the two alone it is ln 1.2
		c := s.sparse(qdrant.Modifier_Idf.Enum())
		s.upsert(c, words(1, []uint32{1}, []float32{1}), words(2, []uint32{1}, []float32{1}),
			words(3, []uint32{2}, []float32{1}), words(4, []uint32{2}, []float32{1}))
		got, err := s.admin.GetPointsClient().SearchMatrixPairs(s.ctx, &qdrant.SearchMatrixPoints{
			CollectionName: c, Using: qdrant.PtrOf("words"), Filter: must(qdrant.NewHasID(nums(1, 2)...)),
		})
		s.must(err)
		s.same(renderPairs(got.GetResult().GetPairs()), "1-2:0.693 2-1:0.693")
	},
}

// three makes a collection with the vectors (1, 1), (2, 1) and (3, 1).
func (s *suite) three() string {
	s.Helper()
	c := s.plain()
	s.upsert(c, pt(1, nil), pt(2, nil), pt(3, nil))
	return c
}

func (s *suite) pairs(collection string, f *qdrant.Filter, limit uint64) string {
	s.Helper()
	r := &qdrant.SearchMatrixPoints{CollectionName: collection, Filter: f}
	if limit > 0 {
		r.Limit = &limit
	}
	got, err := s.admin.GetPointsClient().SearchMatrixPairs(s.ctx, r)
	s.must(err)
	return renderPairs(got.GetResult().GetPairs())
}

func renderPairs(pairs []*qdrant.SearchMatrixPair) string {
	out := make([]string, 0, len(pairs))
	for _, p := range pairs {
		score := strings.TrimSuffix(fmt.Sprintf("%.3f", p.GetScore()), ".000")
		out = append(out, fmt.Sprintf("%s-%s:%s", id(p.GetA()), id(p.GetB()), score))
	}
	return strings.Join(out, " ")
}
