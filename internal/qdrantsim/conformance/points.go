package conformance

import (
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var pointCases = map[string]func(*suite){
	"acknowledged or completed, with growing numbers": func(s *suite) {
		c := s.plain()
		req := &qdrant.UpsertPoints{CollectionName: c, Points: []*qdrant.PointStruct{pt(1, nil)}}
		first, err := s.admin.Upsert(s.ctx, req)
		s.must(err)
		s.same(first.GetStatus(), qdrant.UpdateStatus_Acknowledged)
		req.Wait = yes()
		second, err := s.admin.Upsert(s.ctx, req)
		s.must(err)
		s.same(second.GetStatus(), qdrant.UpdateStatus_Completed)
		if second.GetOperationId() <= first.GetOperationId() {
			s.Errorf("operation %d follows %d", second.GetOperationId(), first.GetOperationId())
		}
	},
	"upsert replaces the whole point": func(s *suite) {
		c := s.create(&qdrant.CreateCollection{VectorsConfig: twoVectors()})
		both := qdrant.NewVectorsMap(map[string]*qdrant.Vector{"a": qdrant.NewVector(1, 0), "b": qdrant.NewVector(0, 1)})
		one := qdrant.NewVectorsMap(map[string]*qdrant.Vector{"a": qdrant.NewVector(2, 0)})
		s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: both, Payload: qdrant.NewValueMap(map[string]any{"x": 1, "y": 2})})
		s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: one, Payload: qdrant.NewValueMap(map[string]any{"y": 3})})
		p := s.stored(c, qdrant.NewIDNum(1))
		s.same(plainMap(p.GetPayload()), map[string]any{"y": int64(3)})
		s.same(vectorsOf(p), map[string][]float32{"a": {2, 0}})
	},
	"of two points with one id the last wins": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"n": 1}), pt(1, map[string]any{"n": 2}))
		s.same(s.payloadOf(c, 1), map[string]any{"n": int64(2)})
	},
	"ids come numbers first, then uuids": func(s *suite) {
		c := s.plain()
		a, b := "0fa1f6c8-0000-4000-8000-000000000001", "f0000000-0000-4000-8000-000000000001"
		for _, i := range []*qdrant.PointId{qdrant.NewIDUUID(b), qdrant.NewIDNum(20), qdrant.NewIDUUID(a), qdrant.NewIDNum(3)} {
			s.upsert(c, &qdrant.PointStruct{Id: i, Vectors: qdrant.NewVectors(1, 1)})
		}
		s.same(s.all(c, nil), strings.Join([]string{"3", "20", a, b}, " "))
	},
	"every spelling of a uuid is the same id": func(s *suite) {
		c := s.plain()
		canonical := "0fa1f6c8-aaaa-4bbb-8ccc-000000000001"
		for _, spelling := range []string{
			canonical, strings.ToUpper(canonical), strings.ReplaceAll(canonical, "-", ""), "{" + canonical + "}", "urn:uuid:" + canonical,
		} {
			s.upsert(c, &qdrant.PointStruct{Id: qdrant.NewIDUUID(spelling), Vectors: qdrant.NewVectors(1, 1)})
		}
		s.same(s.all(c, nil), canonical)
	},
	"not a uuid": func(s *suite) {
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{
			CollectionName: s.plain(), Points: []*qdrant.PointStruct{{Id: qdrant.NewIDUUID("x"), Vectors: qdrant.NewVectors(1, 1)}},
		})
		s.refused(err, codes.InvalidArgument, "Unable to parse UUID: x")
	},
	"no id, no vectors": func(s *suite) {
		c := s.plain()
		_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: c, Points: []*qdrant.PointStruct{{Vectors: qdrant.NewVectors(1, 1)}}})
		s.refused(err, codes.InvalidArgument, "Empty ID is not allowed")
		_, err = s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: c, Points: []*qdrant.PointStruct{{Id: qdrant.NewIDNum(1)}}})
		s.refused(err, codes.InvalidArgument, "Expected some vectors")
	},
	"delete by id is content with a missing one": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(2, nil))
		s.remove(c, qdrant.NewPointsSelector(qdrant.NewIDNum(2), qdrant.NewIDNum(9)))
		s.same(s.all(c, nil), "1")
	},
	"delete by filter": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, map[string]any{"t": "b"}))
		s.remove(c, qdrant.NewPointsSelectorFilter(must(qdrant.NewMatch("t", "a"))))
		s.same(s.all(c, nil), "2")
	},
	"an empty filter deletes everything": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(2, nil))
		s.remove(c, qdrant.NewPointsSelectorFilter(&qdrant.Filter{}))
		s.same(s.all(c, nil), "")
	},
	"delete of nothing in particular": func(s *suite) {
		_, err := s.admin.Delete(s.ctx, &qdrant.DeletePoints{CollectionName: s.plain()})
		s.refused(err, codes.InvalidArgument, "PointSelector is missing")
	},
	"update_filter drops what exists and does not match": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, map[string]any{"t": "b"}))
		s.conditional(c, must(qdrant.NewMatch("t", "a")), nil)
		s.same(s.marks(c), map[string]any{"1": true, "2": nil, "3": true})
	},
	"insert only": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, nil))
		s.conditional(c, must(qdrant.NewMatch("t", "a")), qdrant.UpdateMode_InsertOnly.Enum())
		s.same(s.marks(c), map[string]any{"1": nil, "2": nil, "3": true})
	},
	"update only": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, map[string]any{"t": "b"}))
		s.conditional(c, must(qdrant.NewMatch("t", "a")), qdrant.UpdateMode_UpdateOnly.Enum())
		s.same(s.marks(c), map[string]any{"1": true, "2": nil})
	},
	"an unknown update mode is a plain upsert": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(2, nil))
		s.conditional(c, nil, qdrant.UpdateMode(77).Enum())
		s.same(s.marks(c), map[string]any{"1": true, "2": true, "3": true})
	},
}

func (s *suite) remove(collection string, sel *qdrant.PointsSelector) {
	s.Helper()
	_, err := s.admin.Delete(s.ctx, &qdrant.DeletePoints{CollectionName: collection, Wait: yes(), Points: sel})
	s.must(err)
}

// conditional upserts the points 1, 2 and 3 with a mark.
func (s *suite) conditional(collection string, f *qdrant.Filter, mode *qdrant.UpdateMode) {
	s.Helper()
	mark := map[string]any{"mark": true}
	result, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{
		CollectionName: collection, Wait: yes(), UpdateFilter: f, UpdateMode: mode,
		Points: []*qdrant.PointStruct{pt(1, mark), pt(2, mark), pt(3, mark)},
	})
	s.must(err)
	s.same(result.GetStatus(), qdrant.UpdateStatus_Completed)
}

// marks says for each point whether the conditional upsert reached it.
func (s *suite) marks(collection string) map[string]any {
	s.Helper()
	got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: collection})
	s.must(err)
	out := map[string]any{}
	for _, p := range got {
		out[id(p.GetId())] = plainMap(p.GetPayload())["mark"]
	}
	return out
}

func twoVectors() *qdrant.VectorsConfig {
	return qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
		"a": {Size: 2, Distance: qdrant.Distance_Dot}, "b": {Size: 2, Distance: qdrant.Distance_Dot},
	})
}

// vectorsOf lists a point's dense vectors by name.
func vectorsOf(p *qdrant.RetrievedPoint) map[string][]float32 {
	out := map[string][]float32{}
	if one := p.GetVectors().GetVector(); one != nil {
		out[""] = one.GetDense().GetData()
	}
	for name, v := range p.GetVectors().GetVectors().GetVectors() {
		out[name] = v.GetDense().GetData()
	}
	return out
}
