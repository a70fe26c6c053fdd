package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var readCases = map[string]func(*suite){
	"get keeps the order, skips the missing, answers once": func(s *suite) {
		c := s.five()
		got, err := s.admin.Get(s.ctx, &qdrant.GetPoints{CollectionName: c, Ids: nums(4, 99, 2, 4, 1)})
		s.must(err)
		s.same(ids(got), "4 2 1")
	},
	"get shows neither payload nor vectors by default": func(s *suite) {
		got, err := s.admin.Get(s.ctx, &qdrant.GetPoints{CollectionName: s.five(), Ids: nums(1)})
		s.must(err)
		s.same([]any{len(got[0].GetPayload()), got[0].GetVectors() == nil}, []any{0, true})
	},
	"scroll shows the payload by default": func(s *suite) {
		got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: s.five()})
		s.must(err)
		s.same(plainMap(got[0].GetPayload()), map[string]any{"n": int64(1)})
		s.same(got[0].GetVectors() == nil, true)
	},
	"scroll pages by id": func(s *suite) {
		req := &qdrant.ScrollPoints{CollectionName: s.five(), Limit: qdrant.PtrOf(uint32(2))}
		var pages []string
		for {
			got, next, err := s.admin.ScrollAndOffset(s.ctx, req)
			s.must(err)
			pages = append(pages, ids(got))
			if req.Offset = next; next == nil {
				break
			}
		}
		s.same(pages, []string{"1 2", "3 4", "5"})
	},
	"a full last page has no next": func(s *suite) {
		_, next, err := s.admin.ScrollAndOffset(s.ctx, &qdrant.ScrollPoints{CollectionName: s.five(), Limit: qdrant.PtrOf(uint32(5))})
		s.must(err)
		s.same(next == nil, true)
	},
	"an offset need not exist": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(10, nil), pt(20, nil))
		got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Offset: qdrant.NewIDNum(5)})
		s.must(err)
		s.same(ids(got), "10 20")
	},
	"scroll takes ten by default": func(s *suite) {
		c := s.plain()
		for i := range uint64(12) {
			s.upsert(c, pt(i, nil))
		}
		got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c})
		s.must(err)
		s.same(len(got), 10)
	},
	"limits begin at one": func(s *suite) {
		c := s.five()
		_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Limit: qdrant.PtrOf(uint32(0))})
		s.refused(err, codes.InvalidArgument, "limit: value 0 invalid, must be 1 or larger")
		_, err = s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: c, Limit: qdrant.PtrOf(uint64(0))})
		s.refused(err, codes.InvalidArgument, "limit: value 0 invalid, must be 1 or larger")
		_, err = s.admin.GetPointsClient().Search(s.ctx, &qdrant.SearchPoints{CollectionName: c, Vector: []float32{1, 1}})
		s.refused(err, codes.InvalidArgument, "limit: value 0 invalid, must be 1 or larger")
		_, err = s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: &qdrant.Filter{MinShould: &qdrant.MinShould{}}})
		s.refused(err, codes.InvalidArgument, "min_count must be greater than 0")
	},
	"count": func(s *suite) {
		c := s.five()
		for _, exact := range []*bool{nil, yes()} {
			n, err := s.admin.Count(s.ctx, &qdrant.CountPoints{
				CollectionName: c, Exact: exact, Filter: must(qdrant.NewRange("n", &qdrant.Range{Gte: qdrant.PtrOf(4.0)})),
			})
			s.must(err)
			s.same(n, uint64(2))
		}
	},
	"part of the payload": func(s *suite) {
		payload := map[string]any{
			"a": 1, "o": map[string]any{"x": 1, "y": 2}, "l": []any{map[string]any{"x": 1, "y": 2}},
		}
		for name, c := range map[string]struct {
			sel  *qdrant.WithPayloadSelector
			want map[string]any
		}{
			"include":        {qdrant.NewWithPayloadInclude("a", "o.x"), map[string]any{"a": int64(1), "o": map[string]any{"x": int64(1)}}},
			"include []":     {qdrant.NewWithPayloadInclude("l[].y"), map[string]any{"l": []any{map[string]any{"y": int64(2)}}}},
			"include none":   {qdrant.NewWithPayloadInclude(), map[string]any{}},
			"exclude":        {qdrant.NewWithPayloadExclude("o", "l[].x"), map[string]any{"a": int64(1), "l": []any{map[string]any{"y": int64(2)}}}},
			"switched off":   {qdrant.NewWithPayload(false), map[string]any{}},
			"exclude absent": {qdrant.NewWithPayloadExclude("zzz", "a", "l"), map[string]any{"o": map[string]any{"x": int64(1), "y": int64(2)}}},
		} {
			col := s.plain()
			s.upsert(col, pt(1, payload))
			got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: col, WithPayload: c.sel})
			s.must(err)
			s.Log(name)
			s.same(plainMap(got[0].GetPayload()), c.want)
		}
	},
}

// five makes a collection with the points 1 to 5, each with its number as n.
func (s *suite) five() string {
	s.Helper()
	c := s.plain()
	for i := range uint64(5) {
		s.upsert(c, pt(i+1, map[string]any{"n": int64(i + 1)}))
	}
	return c
}

func nums(n ...uint64) []*qdrant.PointId {
	out := make([]*qdrant.PointId, 0, len(n))
	for _, i := range n {
		out = append(out, qdrant.NewIDNum(i))
	}
	return out
}
