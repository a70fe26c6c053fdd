package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var queryCases = map[string]func(*suite){
	"dot":       func(s *suite) { s.nearest(qdrant.Distance_Dot, nil, "3:5.000 2:4.000 1:3.000") },
	"cosine":    func(s *suite) { s.nearest(qdrant.Distance_Cosine, nil, "1:0.949 2:0.800 3:0.707") },
	"euclid":    func(s *suite) { s.nearest(qdrant.Distance_Euclid, nil, "1:1.000 2:1.414 3:2.236") },
	"manhattan": func(s *suite) { s.nearest(qdrant.Distance_Manhattan, nil, "1:1.000 2:2.000 3:3.000") },
	"a score on the threshold does not pass": func(s *suite) {
		s.nearest(qdrant.Distance_Dot, qdrant.PtrOf(float32(4)), "3:5.000")
		s.nearest(qdrant.Distance_Manhattan, qdrant.PtrOf(float32(2)), "1:1.000")
	},
	"filter, limit and offset": func(s *suite) {
		c := s.five()
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuery(1, 0), Limit: qdrant.PtrOf(uint64(2)), Offset: qdrant.PtrOf(uint64(1)),
			Filter: must(qdrant.NewRange("n", &qdrant.Range{Lt: qdrant.PtrOf(5.0)})),
		})
		s.must(err)
		s.same(scores(got), "3:3.000 2:2.000")
		s.same([]any{len(got[0].GetPayload()), got[0].GetVectors() == nil}, []any{0, true})
	},
	"by a point's id, which is left out": func(s *suite) {
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: s.five(), Query: qdrant.NewQueryID(qdrant.NewIDNum(5))})
		s.must(err)
		s.same(scores(got), "4:21.000 3:16.000 2:11.000 1:6.000")
	},
	"by a missing id": func(s *suite) {
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: s.five(), Query: qdrant.NewQueryID(qdrant.NewIDNum(9))})
		s.refused(err, codes.NotFound, "No point with id 9 found")
	},
	"by an id the filter would hide": func(s *suite) { // ids are fetched unfiltered
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: s.five(), Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), Filter: must(qdrant.NewMatchInt("n", 1)),
		})
		s.must(err)
		s.same(scores(got), "1:6.000")
	},
	"by an id of another collection": func(s *suite) {
		c, other := s.five(), s.plain()
		s.upsert(other, &qdrant.PointStruct{Id: qdrant.NewIDNum(5), Vectors: qdrant.NewVectors(1, 0)})
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), Limit: qdrant.PtrOf(uint64(2)),
			LookupFrom: &qdrant.LookupLocation{CollectionName: other},
		})
		s.must(err)
		s.same(scores(got), "5:5.000 4:4.000")
	},
	"wrong size": func(s *suite) {
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: s.five(), Query: qdrant.NewQuery(1, 2, 3)})
		s.refused(err, codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: 2, got 3")
	},
	"unknown vector name": func(s *suite) {
		_, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: s.five(), Query: qdrant.NewQuery(1, 2), Using: qdrant.PtrOf("nope")})
		s.refused(err, codes.InvalidArgument, "nope")
	},
	"without a query: all by id": func(s *suite) {
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: s.five(), Limit: qdrant.PtrOf(uint64(3)), Offset: qdrant.PtrOf(uint64(1))})
		s.must(err)
		s.same(ids(got), "2 3 4")
	},
	"named vectors": func(s *suite) {
		c := s.twoVectorPoint()
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuery(0, 2), Using: qdrant.PtrOf("b"), WithVectors: qdrant.NewWithVectorsInclude("b"),
		})
		s.must(err)
		s.same(scores(got), "1:2.000")
		s.same(got[0].GetVectors().GetVectors().GetVectors()["b"].GetDense().GetData(), []float32{0, 1})
	},
	"a point without the vector is no hit": func(s *suite) {
		c := s.twoVectorPoint()
		s.must(s.deleteVectors(c, one(1), "b"))
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Query: qdrant.NewQuery(0, 2), Using: qdrant.PtrOf("b")})
		s.must(err)
		s.same(len(got), 0)
	},
	"sparse dot product": func(s *suite) {
		c := s.sparse(nil)
		s.upsert(c, words(1, []uint32{1, 2}, []float32{1, 2}), words(2, []uint32{2, 3}, []float32{3, 1}), words(3, []uint32{9}, []float32{1}))
		s.sparseQuery(c, []uint32{1, 2}, []float32{1, 1}, "1:3.000 2:3.000", "2:3.000 1:3.000")
		s.sparseQuery(c, []uint32{3}, []float32{2}, "2:2.000")
		s.sparseQuery(c, []uint32{7}, []float32{1}, "")
	},
	"idf counts the whole collection": func(s *suite) {
		c := s.sparse(qdrant.Modifier_Idf.Enum())
		s.upsert(c, words(1, []uint32{1}, []float32{1}), words(2, []uint32{1}, []float32{1}), words(3, []uint32{2}, []float32{1}))
		// ln((3-2+.5)/(2+.5)+1) = 0.470, ln((3-1+.5)/(1+.5)+1) = 0.981
		s.sparseQuery(c, []uint32{1}, []float32{2}, "1:0.940 2:0.940", "2:0.940 1:0.940")
		s.sparseQuery(c, []uint32{2}, []float32{1}, "3:0.981")
	},
	"a batch answers each": func(s *suite) {
		c := s.five()
		got, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: c, QueryPoints: []*qdrant.QueryPoints{
			{CollectionName: c, Query: qdrant.NewQuery(1, 0), Limit: qdrant.PtrOf(uint64(1))},
			{CollectionName: c, Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), Limit: qdrant.PtrOf(uint64(1))},
		}})
		s.must(err)
		s.same([]string{scores(got[0].GetResult()), scores(got[1].GetResult())}, []string{"5:5.000", "4:21.000"})
	},
	"a batch needs the inner name, and routes by the outer": func(s *suite) {
		c := s.five()
		_, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: c, QueryPoints: []*qdrant.QueryPoints{{}}})
		s.refused(err, codes.InvalidArgument, "query_points[0].collection_name")
		got, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: c, QueryPoints: []*qdrant.QueryPoints{
			{CollectionName: "elsewhere", Limit: qdrant.PtrOf(uint64(1))},
		}})
		s.must(err)
		s.same(ids(got[0].GetResult()), "1")
	},
	"a batch of nothing still needs the collection": func(s *suite) {
		_, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: s.name("none")})
		s.refused(err, codes.NotFound, "doesn't exist!")
	},
	"search": func(s *suite) {
		reply, err := s.admin.GetPointsClient().Search(s.ctx, &qdrant.SearchPoints{
			CollectionName: s.five(), Vector: []float32{1, 0}, Limit: 2, Filter: must(qdrant.NewMatchInts("n", 1, 3, 4)),
		})
		s.must(err)
		s.same(scores(reply.GetResult()), "4:4.000 3:3.000")
	},
}

// nearest asks (1,2) of the points (1,1), (2,1) and (3,1).
func (s *suite) nearest(d qdrant.Distance, threshold *float32, want string) {
	s.Helper()
	c := s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, d)})
	s.upsert(c, pt(1, nil), pt(2, nil), pt(3, nil))
	got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Query: qdrant.NewQuery(1, 2), ScoreThreshold: threshold})
	s.must(err)
	s.same(scores(got), want)
}

func (s *suite) sparseQuery(collection string, indices []uint32, values []float32, want ...string) {
	s.Helper()
	got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
		CollectionName: collection, Query: qdrant.NewQuerySparse(indices, values), Using: qdrant.PtrOf("words"),
	})
	s.must(err)
	for _, w := range want {
		if scores(got) == w {
			return
		}
	}
	s.Errorf("got %q, want one of %q", scores(got), want)
}
