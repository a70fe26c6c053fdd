package conformance

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var orderQueryCases = map[string]func(*suite){
	"up and down": func(s *suite) {
		c := s.ranked()
		s.ordered(c, &qdrant.OrderBy{Key: "r"}, nil, "3:10 1:20 4:20 2:30")
		s.ordered(c, &qdrant.OrderBy{Key: "r", Direction: qdrant.Direction_Desc.Enum()}, nil, "2:30 1:20 4:20 3:10")
	},
	"from a value on": func(s *suite) {
		c := s.ranked()
		s.ordered(c, &qdrant.OrderBy{Key: "r", StartFrom: &qdrant.StartFrom{Value: &qdrant.StartFrom_Integer{Integer: 20}}}, nil, "1:20 4:20 2:30")
		s.ordered(c, &qdrant.OrderBy{
			Key: "r", Direction: qdrant.Direction_Desc.Enum(), StartFrom: &qdrant.StartFrom{Value: &qdrant.StartFrom_Float{Float: 19.5}},
		}, nil, "3:10")
	},
	"under a filter": func(s *suite) {
		s.ordered(s.ranked(), &qdrant.OrderBy{Key: "r"}, must(qdrant.NewHasID(nums(2, 3)...)), "3:10 2:30")
	},
	"of what was found": func(s *suite) {
		c := s.ranked() // by (1,0) are found 5, which has no rank, 4 and 3
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "r"}), Prefetch: prefetches(prefetch(3, nil, 1, 0)),
		})
		s.must(err)
		s.same(ids(got), "3 4")
	},
	"dates are microseconds": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "d", qdrant.FieldType_FieldTypeDatetime)
		s.upsert(c, pt(1, map[string]any{"d": "1970-01-01T00:00:02Z"}), pt(2, map[string]any{"d": "1970-01-01T00:00:01Z"}))
		s.ordered(c, &qdrant.OrderBy{Key: "d"}, nil, "2:1000000 1:2000000")
		s.ordered(c, &qdrant.OrderBy{
			Key: "d", StartFrom: &qdrant.StartFrom{Value: &qdrant.StartFrom_Datetime{Datetime: "1970-01-01T00:00:02Z"}},
		}, nil, "1:2000000")
	},
	"once for every value": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "r", qdrant.FieldType_FieldTypeInteger)
		s.upsert(c, pt(1, map[string]any{"r": []any{1, 3}}), pt(2, map[string]any{"r": 2}))
		s.ordered(c, &qdrant.OrderBy{Key: "r"}, nil, "1:1 2:2 1:3")
	},
	"an index of ranges is needed": func(s *suite) {
		c := s.ranked()
		s.index(c, "word", nil)
		for _, key := range []string{"none", "word"} {
			s.askRefused(c, &qdrant.QueryPoints{Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: key})}, codes.InvalidArgument,
				"Wrong input: No range index for `order_by` key: `"+key+"`. Please create one to use `order_by`.")
		}
	},
	"no threshold": func(s *suite) {
		s.askRefused(s.ranked(), &qdrant.QueryPoints{
			Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "r"}), ScoreThreshold: qdrant.PtrOf(float32(1)),
		}, codes.InvalidArgument, "Bad request: Can't use score_threshold with an order_by query.")
		s.askRefused(s.ranked(), &qdrant.QueryPoints{ScoreThreshold: qdrant.PtrOf(float32(1))}, codes.InvalidArgument,
			"Bad request: A query is needed to use the score_threshold.")
	},
}

// ranked makes a collection of five points of which four have a rank.
func (s *suite) ranked() string {
	s.Helper()
	c := s.plain()
	s.indexAs(c, "r", qdrant.FieldType_FieldTypeInteger)
	for i, r := range []int64{20, 30, 10, 20} {
		s.upsert(c, pt(uint64(i+1), map[string]any{"r": r}))
	}
	s.upsert(c, pt(5, nil))
	return c
}

// ordered queries and compares "id:value"; equal values are sorted by id.
func (s *suite) ordered(collection string, o *qdrant.OrderBy, f *qdrant.Filter, want string) {
	s.Helper()
	got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{CollectionName: collection, Query: qdrant.NewQueryOrderBy(o), Filter: f})
	s.must(err)
	shown := make([]string, 0, len(got))
	for i, p := range got {
		if i > 0 && p.GetOrderValue().GetInt() == got[i-1].GetOrderValue().GetInt() && p.GetId().GetNum() < got[i-1].GetId().GetNum() {
			got[i], got[i-1] = got[i-1], p
			shown[i-1], p = fmt.Sprintf("%s:%d", id(got[i-1].GetId()), got[i-1].GetOrderValue().GetInt()), got[i]
		}
		shown = append(shown, fmt.Sprintf("%s:%d", id(p.GetId()), p.GetOrderValue().GetInt()))
	}
	s.same(strings.Join(shown, " "), want)
}
