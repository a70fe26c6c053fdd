package conformance

import (
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var vectorCases = map[string]func(*suite){
	"wrong size is refused even without waiting": func(s *suite) {
		c := s.plain()
		for _, wait := range []*bool{no(), yes()} {
			_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: c, Wait: wait, Points: []*qdrant.PointStruct{
				{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(1, 2, 3)},
			}})
			s.refused(err, codes.InvalidArgument, "Wrong input: Vector dimension error: expected dim: 2, got 3")
		}
	},
	"unknown name": func(s *suite) {
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: s.plain(), Wait: yes(), Points: []*qdrant.PointStruct{
			{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"x": qdrant.NewVector(1, 2)})},
		}})
		s.refused(err, codes.InvalidArgument, "Wrong input: Not existing vector name error: x")
	},
	"unknown name, not waited for": func(s *suite) { // inferred: acknowledged, then dropped
		c := s.plain()
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: c, Points: []*qdrant.PointStruct{
			{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"x": qdrant.NewVector(1, 2)})},
		}})
		s.must(err)
		s.same(s.all(c, nil), "")
	},
	"cosine stores normalised vectors": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, qdrant.Distance_Cosine)})
		s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(3, 4)})
		got := vectorsOf(s.stored(c, qdrant.NewIDNum(1)))
		if diff := cmp.Diff(map[string][]float32{"": {0.6, 0.8}}, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			s.Error(diff)
		}
	},
	"sparse vectors come back by index": func(s *suite) {
		c := s.sparse(nil)
		s.upsert(c, words(1, []uint32{9, 2}, []float32{0.5, 1}))
		v := s.stored(c, qdrant.NewIDNum(1)).GetVectors().GetVectors().GetVectors()["words"].GetSparse()
		s.same([]any{v.GetIndices(), v.GetValues()}, []any{[]uint32{2, 9}, []float32{1, 0.5}})
	},
	"sparse indices are unique": func(s *suite) {
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{
			CollectionName: s.sparse(nil), Wait: yes(), Points: []*qdrant.PointStruct{words(1, []uint32{2, 2}, []float32{1, 1})},
		})
		s.refused(err, codes.InvalidArgument, "must be unique")
	},
	"update leaves the other vectors": func(s *suite) {
		c := s.twoVectorPoint()
		s.must(s.updateVectors(c, nil, map[uint64][]float32{1: {5, 5}}))
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1))), map[string][]float32{"a": {5, 5}, "b": {0, 1}})
	},
	"update of a missing point": func(s *suite) {
		s.refused(s.updateVectors(s.twoVectorPoint(), nil, map[uint64][]float32{5: {5, 5}}), codes.NotFound, "No point with id 5 found")
	},
	"update_filter skips in silence what exists": func(s *suite) {
		c := s.twoVectorPoint()
		other := must(qdrant.NewMatch("t", "someone else"))
		s.must(s.updateVectors(c, other, map[uint64][]float32{1: {5, 5}}))
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1))), map[string][]float32{"a": {1, 0}, "b": {0, 1}})
		s.refused(s.updateVectors(c, other, map[uint64][]float32{5: {5, 5}}), codes.NotFound, "No point with id 5 found")
	},
	"delete removes the name": func(s *suite) {
		c := s.twoVectorPoint()
		s.must(s.deleteVectors(c, one(1), "a"))
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1))), map[string][]float32{"b": {0, 1}})
		s.same(s.all(c, must(qdrant.NewHasVector("a"))), "")
		s.same(s.all(c, must(qdrant.NewHasVector("b"))), "1")
	},
	"delete by filter": func(s *suite) {
		c := s.twoVectorPoint()
		s.must(s.deleteVectors(c, qdrant.NewPointsSelectorFilter(must(qdrant.NewHasID(qdrant.NewIDNum(1)))), "a", "b"))
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1))), map[string][]float32{})
	},
	"only the wanted vectors": func(s *suite) {
		c := s.twoVectorPoint()
		got, err := s.admin.Get(s.ctx, &qdrant.GetPoints{
			CollectionName: c, Ids: []*qdrant.PointId{qdrant.NewIDNum(1)}, WithVectors: qdrant.NewWithVectorsInclude("b"),
		})
		s.must(err)
		s.same(vectorsOf(got[0]), map[string][]float32{"b": {0, 1}})
	},
}

// twoVectorPoint makes a collection with one point of two vectors.
func (s *suite) twoVectorPoint() string {
	s.Helper()
	c := s.create(&qdrant.CreateCollection{VectorsConfig: twoVectors()})
	s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
		"a": qdrant.NewVector(1, 0), "b": qdrant.NewVector(0, 1),
	})})
	return c
}

// updateVectors replaces the vector "a" of points.
func (s *suite) updateVectors(collection string, f *qdrant.Filter, vectors map[uint64][]float32) error {
	req := &qdrant.UpdatePointVectors{CollectionName: collection, Wait: yes(), UpdateFilter: f}
	for num, v := range vectors {
		req.Points = append(req.Points, &qdrant.PointVectors{
			Id: qdrant.NewIDNum(num), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"a": qdrant.NewVector(v...)}),
		})
	}
	_, err := s.admin.UpdateVectors(s.ctx, req)
	return err
}

func (s *suite) deleteVectors(collection string, sel *qdrant.PointsSelector, names ...string) error {
	_, err := s.admin.DeleteVectors(s.ctx, &qdrant.DeletePointVectors{
		CollectionName: collection, Wait: yes(), PointsSelector: sel, Vectors: &qdrant.VectorsSelector{Names: names},
	})
	return err
}

// sparse makes a collection with the sparse vector "words".
func (s *suite) sparse(modifier *qdrant.Modifier) string {
	s.Helper()
	return s.create(&qdrant.CreateCollection{
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"words": {Modifier: modifier}}),
	})
}

func words(num uint64, indices []uint32, values []float32) *qdrant.PointStruct {
	return &qdrant.PointStruct{Id: qdrant.NewIDNum(num), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{
		"words": qdrant.NewVectorSparse(indices, values),
	})}
}
