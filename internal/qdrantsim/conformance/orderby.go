package conformance

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var orderByCases = map[string]func(*suite){
	"ascending by default, once per value": func(s *suite) {
		c := s.numbered()
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "n"}), "2=1 3=2 1=3 3=5")
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "n", Direction: qdrant.Direction_Desc.Enum()}), "3=5 1=3 3=2 2=1")
	},
	"from a value on": func(s *suite) {
		c := s.numbered()
		from := &qdrant.StartFrom{Value: &qdrant.StartFrom_Integer{Integer: 3}}
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "n", StartFrom: from}), "1=3 3=5")
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "n", StartFrom: from, Direction: qdrant.Direction_Desc.Enum()}), "1=3 3=2 2=1")
	},
	"limited and filtered, without pages": func(s *suite) {
		c := s.numbered()
		got, next, err := s.admin.ScrollAndOffset(s.ctx, &qdrant.ScrollPoints{
			CollectionName: c, OrderBy: &qdrant.OrderBy{Key: "n"}, Limit: qdrant.PtrOf(uint32(1)),
			Filter: must(qdrant.NewHasID(nums(1, 3)...)),
		})
		s.must(err)
		s.same([]any{renderOrder(got), next == nil}, []any{"3=2", true})
		_, err = s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, OrderBy: &qdrant.OrderBy{Key: "n"}, Offset: qdrant.NewIDNum(4)})
		s.refused(err, codes.InvalidArgument, "Cannot use an `offset` when using `order_by`")
	},
	"the payload is shown by default": func(s *suite) {
		got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: s.numbered(), OrderBy: &qdrant.OrderBy{Key: "n"}})
		s.must(err)
		s.same([]any{plainMap(got[0].GetPayload()), got[0].GetVectors() == nil}, []any{map[string]any{"n": int64(1)}, true})
	},
	"floats": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "f", qdrant.FieldType_FieldTypeFloat)
		s.upsert(c, pt(1, map[string]any{"f": 1.5}), pt(2, map[string]any{"f": 1}))
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "f"}), "2=1.0 1=1.5")
	},
	"dates, as microseconds": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "d", qdrant.FieldType_FieldTypeDatetime)
		s.upsert(c, pt(1, map[string]any{"d": "1970-01-01T00:00:02Z"}), pt(2, map[string]any{"d": "1970-01-01T00:00:01Z"}))
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "d"}), "2=1000000 1=2000000")
		from := &qdrant.StartFrom{Value: &qdrant.StartFrom_Datetime{Datetime: "1970-01-01T00:00:02Z"}}
		s.same(s.ordering(c, &qdrant.OrderBy{Key: "d", StartFrom: from}), "1=2000000")
	},
	"needs an index of ranges": func(s *suite) {
		c := s.plain()
		s.index(c, "k", nil)
		for _, key := range []string{"k", "none"} {
			_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, OrderBy: &qdrant.OrderBy{Key: key}})
			s.refused(err, codes.InvalidArgument, "No range index for `order_by` key: `"+key+"`")
		}
	},
}

// numbered makes a collection with an integer index on n.
func (s *suite) numbered() string {
	s.Helper()
	c := s.plain()
	s.indexAs(c, "n", qdrant.FieldType_FieldTypeInteger)
	s.upsert(c, pt(1, map[string]any{"n": 3}), pt(2, map[string]any{"n": 1}), pt(3, map[string]any{"n": []any{5, 2}}),
		pt(4, nil), pt(5, map[string]any{"n": "text"}))
	return c
}

func (s *suite) ordering(collection string, by *qdrant.OrderBy) string {
	s.Helper()
	got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: collection, OrderBy: by})
	s.must(err)
	return renderOrder(got)
}

func renderOrder(points []*qdrant.RetrievedPoint) string {
	out := make([]string, 0, len(points))
	for _, p := range points {
		value := fmt.Sprint(p.GetOrderValue().GetInt())
		if f, ok := p.GetOrderValue().GetVariant().(*qdrant.OrderValue_Float); ok {
			value = fmt.Sprintf("%.1f", f.Float)
		}
		out = append(out, id(p.GetId())+"="+value)
	}
	return strings.Join(out, " ")
}
