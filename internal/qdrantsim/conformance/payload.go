package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var payloadCases = map[string]func(*suite){
	"every kind of value comes back": func(s *suite) {
		c := s.plain()
		want := map[string]any{
			"s": "text", "i": int64(-7), "d": 1.5, "b": true, "n": nil,
			"l": []any{int64(1), "two", nil}, "o": map[string]any{"k": map[string]any{"deep": int64(1)}},
		}
		s.upsert(c, pt(1, want))
		s.same(s.payloadOf(c, 1), want)
	},
	"set merges the top level, and null removes": func(s *suite) {
		s.set(map[string]any{"keep": 1, "gone": 2, "o": map[string]any{"a": 1}},
			"", map[string]any{"gone": nil, "new": 3, "o": map[string]any{"b": 2}},
			map[string]any{"keep": int64(1), "new": int64(3), "o": map[string]any{"b": int64(2)}})
	},
	"set at a path merges there": func(s *suite) {
		s.set(map[string]any{"o": map[string]any{"a": 1, "gone": 2}},
			"o", map[string]any{"b": 2, "gone": nil},
			map[string]any{"o": map[string]any{"a": int64(1), "b": int64(2)}})
	},
	"set at a path makes objects": func(s *suite) {
		s.set(map[string]any{"x": "text"},
			"o.p", map[string]any{"a": 1},
			map[string]any{"x": "text", "o": map[string]any{"p": map[string]any{"a": int64(1)}}})
	},
	"set at a path replaces what is not an object": func(s *suite) {
		s.set(map[string]any{"o": "text"},
			"o", map[string]any{"a": 1},
			map[string]any{"o": map[string]any{"a": int64(1)}})
	},
	"set in one element, which must be there": func(s *suite) {
		s.set(map[string]any{"l": []any{map[string]any{}, 2}, "none": 1},
			"l[1].k", map[string]any{"x": 9},
			map[string]any{"l": []any{map[string]any{}, map[string]any{"k": map[string]any{"x": int64(9)}}}, "none": int64(1)})
		s.set(map[string]any{"l": []any{}}, "l[5]", map[string]any{"x": 9}, map[string]any{"l": []any{}})
		s.set(map[string]any{}, "l[0].y", map[string]any{"x": 9}, map[string]any{"l": []any{}})
	},
	"set in every element": func(s *suite) {
		s.set(map[string]any{"l": []any{map[string]any{"a": 1}, map[string]any{"b": 2}}},
			"l[]", map[string]any{"x": 9},
			map[string]any{"l": []any{map[string]any{"a": int64(1), "x": int64(9)}, map[string]any{"b": int64(2), "x": int64(9)}}})
	},
	"a quoted path is the same key": func(s *suite) {
		s.set(map[string]any{"tenant_id": map[string]any{}},
			`"tenant_id"`, map[string]any{"a": 1},
			map[string]any{"tenant_id": map[string]any{"a": int64(1)}})
	},
	"set by filter": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"t": "a"}), pt(2, map[string]any{"t": "b"}))
		_, err := s.admin.SetPayload(s.ctx, &qdrant.SetPayloadPoints{
			CollectionName: c, Wait: yes(), Payload: qdrant.NewValueMap(map[string]any{"x": 1}),
			PointsSelector: qdrant.NewPointsSelectorFilter(must(qdrant.NewMatch("t", "a"))),
		})
		s.must(err)
		s.same(s.payloadOf(c, 1), map[string]any{"t": "a", "x": int64(1)})
		s.same(s.payloadOf(c, 2), map[string]any{"t": "b"})
	},
	"overwrite replaces everything": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"a": 1}))
		_, err := s.admin.OverwritePayload(s.ctx, &qdrant.SetPayloadPoints{
			CollectionName: c, Wait: yes(), Payload: qdrant.NewValueMap(map[string]any{"b": 2}), PointsSelector: one(1),
		})
		s.must(err)
		s.same(s.payloadOf(c, 1), map[string]any{"b": int64(2)})
	},
	"delete keys by path": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"a": 1, "b": map[string]any{"c": 1, "d": 2}, "l": []any{map[string]any{"x": 1, "y": 2}}, "tenant_id": "t"}))
		_, err := s.admin.DeletePayload(s.ctx, &qdrant.DeletePayloadPoints{
			CollectionName: c, Wait: yes(), Keys: []string{"a", "b.c", "l[].x", `"tenant_id"`, "none"}, PointsSelector: one(1),
		})
		s.must(err)
		s.same(s.payloadOf(c, 1), map[string]any{"b": map[string]any{"d": int64(2)}, "l": []any{map[string]any{"y": int64(2)}}})
	},
	"clear keeps the point": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"a": 1}))
		_, err := s.admin.ClearPayload(s.ctx, &qdrant.ClearPayloadPoints{CollectionName: c, Wait: yes(), Points: one(1)})
		s.must(err)
		s.same(s.payloadOf(c, 1), map[string]any{})
	},
	"a missing point": func(s *suite) {
		c := s.plain()
		set := &qdrant.SetPayloadPoints{CollectionName: c, Wait: yes(), Payload: qdrant.NewValueMap(map[string]any{"a": 1}), PointsSelector: one(5)}
		_, err := s.admin.SetPayload(s.ctx, set)
		s.refused(err, codes.NotFound, "No point with id 5 found")
		_, err = s.admin.OverwritePayload(s.ctx, set)
		s.refused(err, codes.NotFound, "No point with id 5 found")
		_, err = s.admin.ClearPayload(s.ctx, &qdrant.ClearPayloadPoints{CollectionName: c, Wait: yes(), Points: one(5)})
		s.refused(err, codes.NotFound, "No point with id 5 found")
		set.Wait = no() // inferred: what is not waited for fails in silence
		_, err = s.admin.SetPayload(s.ctx, set)
		s.must(err)
	},
	"a missing point among others": func(s *suite) { // the others are changed all the same
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(2, nil))
		_, err := s.admin.SetPayload(s.ctx, &qdrant.SetPayloadPoints{
			CollectionName: c, Wait: yes(), Payload: qdrant.NewValueMap(map[string]any{"a": 1}),
			PointsSelector: qdrant.NewPointsSelectorIDs(nums(1, 5, 2)),
		})
		s.refused(err, codes.NotFound, "No point with id 5 found")
		s.same(s.payloadOf(c, 1), map[string]any{"a": int64(1)})
		s.same(s.payloadOf(c, 2), map[string]any{"a": int64(1)})
	},
	"no selector": func(s *suite) {
		_, err := s.admin.SetPayload(s.ctx, &qdrant.SetPayloadPoints{CollectionName: s.plain()})
		s.refused(err, codes.InvalidArgument, "points_selector is expected")
	},
	"a path that does not parse": func(s *suite) {
		_, err := s.admin.SetPayload(s.ctx, &qdrant.SetPayloadPoints{CollectionName: s.plain(), Key: qdrant.PtrOf("a..b"), PointsSelector: one(1)})
		s.refused(err, codes.InvalidArgument, "Invalid json path")
	},
}

func one(num uint64) *qdrant.PointsSelector { return qdrant.NewPointsSelector(qdrant.NewIDNum(num)) }

// set stores a payload, sets another at a path, and compares.
func (s *suite) set(before map[string]any, path string, payload, want map[string]any) {
	s.Helper()
	c := s.plain()
	s.upsert(c, pt(1, before))
	req := &qdrant.SetPayloadPoints{CollectionName: c, Wait: yes(), Payload: qdrant.NewValueMap(payload), PointsSelector: one(1)}
	if path != "" {
		req.Key = &path
	}
	_, err := s.admin.SetPayload(s.ctx, req)
	s.must(err)
	s.same(s.payloadOf(c, 1), want)
}
