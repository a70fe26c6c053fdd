package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// What a condition excludes is skipped without a word, by whoever's points it
// is; a point that is missing is another matter.
var conditionalCases = map[string]func(*suite){
	"vectors of points that do not match stay": func(s *suite) {
		c := s.owned()
		s.must(s.moveVectors(c, must(qdrant.NewMatch("t", "a")), map[uint64][]float32{1: {7, 7}, 2: {8, 8}}))
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1)))[""], []float32{7, 7})
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(2)))[""], []float32{2, 1})
	},
	"a missing point is told from one that does not match": func(s *suite) {
		c := s.owned()
		mine := must(qdrant.NewMatch("t", "a"))
		s.must(s.moveVectors(c, mine, map[uint64][]float32{2: {8, 8}}))
		s.refused(s.moveVectors(c, mine, map[uint64][]float32{3: {8, 8}}), codes.NotFound, "No point with id 3 found")
	},
	"an update_filter may hold ids": func(s *suite) {
		c := s.owned()
		s.conditional(c, must(qdrant.NewHasID(nums(2)...)), nil)
		s.same(s.marks(c), map[string]any{"1": nil, "2": true, "3": true})
	},
	"an empty update_filter excludes nothing": func(s *suite) {
		c := s.owned()
		s.conditional(c, &qdrant.Filter{}, nil)
		s.same(s.marks(c), map[string]any{"1": true, "2": true, "3": true})
	},
	"update only, without a filter": func(s *suite) {
		c := s.owned()
		s.conditional(c, nil, qdrant.UpdateMode_UpdateOnly.Enum())
		s.same(s.marks(c), map[string]any{"1": true, "2": true})
	},
	"conditions with nothing set exclude nothing": func(s *suite) {
		c := s.owned()
		s.conditional(c, must(&qdrant.Condition{}), nil)
		s.same(s.marks(c), map[string]any{"1": true, "2": true, "3": true})
	},
	"in a batch": func(s *suite) {
		c := s.owned()
		mine, mark := must(qdrant.NewMatch("t", "a")), map[string]any{"mark": true}
		s.batch(c,
			qdrant.NewPointsUpdateUpsert(&qdrant.PointsUpdateOperation_PointStructList{Points: []*qdrant.PointStruct{pt(1, mark), pt(2, mark)}, UpdateFilter: mine}),
			qdrant.NewPointsUpdateUpsert(&qdrant.PointsUpdateOperation_PointStructList{
				Points: []*qdrant.PointStruct{pt(2, mark), pt(3, mark)}, UpdateMode: qdrant.UpdateMode_InsertOnly.Enum(),
			}),
			qdrant.NewPointsUpdateUpdateVectors(&qdrant.PointsUpdateOperation_UpdateVectors{
				Points: []*qdrant.PointVectors{{Id: qdrant.NewIDNum(2), Vectors: qdrant.NewVectors(8, 8)}}, UpdateFilter: mine,
			}),
		)
		s.same(s.marks(c), map[string]any{"1": true, "2": nil, "3": true})
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(2)))[""], []float32{2, 1})
	},
}

var batchCases = map[string]func(*suite){
	"every operation, in order": func(s *suite) {
		c := s.plain()
		replies := s.batch(c, everyOperation()...)
		s.same(len(replies), len(everyOperation()))
		for i, r := range replies {
			s.same(r.GetStatus(), qdrant.UpdateStatus_Completed)
			if i > 0 && r.GetOperationId() <= replies[i-1].GetOperationId() {
				s.Errorf("operation %d follows %d", r.GetOperationId(), replies[i-1].GetOperationId())
			}
		}
		s.same(s.all(c, nil), "1 2 3 4")
		s.same(s.payloadOf(c, 1), map[string]any{"o": map[string]any{"x": int64(1)}})
		s.same(s.payloadOf(c, 2), map[string]any{"only": true})
		s.same(s.payloadOf(c, 3), map[string]any{})
		s.same(s.payloadOf(c, 4), map[string]any{})
		s.same(vectorsOf(s.stored(c, qdrant.NewIDNum(1)))[""], []float32{9, 9})
		s.same(len(vectorsOf(s.stored(c, qdrant.NewIDNum(2)))), 0)
	},
	"what comes before a failure stays": func(s *suite) {
		c := s.owned()
		_, err := s.admin.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: c, Wait: yes(), Operations: []*qdrant.PointsUpdateOperation{
			qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: one(1)}),
			qdrant.NewPointsUpdateClearPayload(&qdrant.PointsUpdateOperation_ClearPayload{Points: one(77)}),
			qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: one(2)}),
		}})
		s.refused(err, codes.NotFound, "No point with id 77 found")
		s.same(s.all(c, nil), "2")
	},
	"nothing to do": func(s *suite) {
		c := s.plain()
		_, err := s.admin.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: c})
		s.refused(err, codes.InvalidArgument, "operations")
		_, err = s.admin.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: c, Operations: []*qdrant.PointsUpdateOperation{{}}})
		s.refused(err, codes.InvalidArgument, "Operation is missing")
	},
	"not waited for": func(s *suite) {
		got, err := s.admin.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: s.owned(), Operations: []*qdrant.PointsUpdateOperation{
			qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: one(1)}),
		}})
		s.must(err)
		s.same(got[0].GetStatus(), qdrant.UpdateStatus_Acknowledged)
	},
}

// everyOperation makes the points 1 to 6 and does one thing to each; the key of
// an overwrite is ignored.
func everyOperation() []*qdrant.PointsUpdateOperation {
	var points []*qdrant.PointStruct
	for i := range uint64(6) {
		points = append(points, pt(i+1, map[string]any{"old": 1, "o": map[string]any{}}))
	}
	x, only := qdrant.NewValueMap(map[string]any{"x": 1}), qdrant.NewValueMap(map[string]any{"only": true})
	return []*qdrant.PointsUpdateOperation{
		qdrant.NewPointsUpdateUpsert(&qdrant.PointsUpdateOperation_PointStructList{Points: points}),
		qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{Payload: x, PointsSelector: one(1), Key: qdrant.PtrOf("o")}),
		qdrant.NewPointsUpdateDeletePayload(&qdrant.PointsUpdateOperation_DeletePayload{Keys: []string{"old"}, PointsSelector: one(1)}),
		qdrant.NewPointsUpdateUpdateVectors(&qdrant.PointsUpdateOperation_UpdateVectors{
			Points: []*qdrant.PointVectors{{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(9, 9)}},
		}),
		qdrant.NewPointsUpdateOverwritePayload(&qdrant.PointsUpdateOperation_OverwritePayload{Payload: only, PointsSelector: one(2), Key: qdrant.PtrOf("o")}),
		qdrant.NewPointsUpdateDeleteVectors(&qdrant.PointsUpdateOperation_DeleteVectors{PointsSelector: one(2), Vectors: &qdrant.VectorsSelector{Names: []string{""}}}),
		qdrant.NewPointsUpdateClearPayload(&qdrant.PointsUpdateOperation_ClearPayload{Points: one(3)}),
		{Operation: &qdrant.PointsUpdateOperation_ClearPayloadDeprecated{ClearPayloadDeprecated: one(4)}}, //nolint:staticcheck // still served
		qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: one(5)}),
		{Operation: &qdrant.PointsUpdateOperation_DeleteDeprecated{DeleteDeprecated: one(6)}}, //nolint:staticcheck // still served
	}
}

func (s *suite) batch(collection string, ops ...*qdrant.PointsUpdateOperation) []*qdrant.UpdateResult {
	s.Helper()
	got, err := s.admin.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: collection, Wait: yes(), Operations: ops})
	s.must(err)
	return got
}

// owned makes a collection with a point of a and a point of b.
func (s *suite) owned() string {
	s.Helper()
	c := s.plain()
	s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, map[string]any{"t": "b"}))
	return c
}

// moveVectors replaces the only vector of points.
func (s *suite) moveVectors(collection string, f *qdrant.Filter, vectors map[uint64][]float32) error {
	req := &qdrant.UpdatePointVectors{CollectionName: collection, Wait: yes(), UpdateFilter: f}
	for num, v := range vectors {
		req.Points = append(req.Points, &qdrant.PointVectors{Id: qdrant.NewIDNum(num), Vectors: qdrant.NewVectors(v...)})
	}
	_, err := s.admin.UpdateVectors(s.ctx, req)
	return err
}
