package conformance

import (
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// filterData is what every filter case filters; the point's number is its key.
var filterData = map[uint64]map[string]any{
	1: {"s": "red", "n": 1, "f": 1.5, "b": true, "at": "2024-01-01T00:00:00Z", "text": "a quick brown fox",
		"tags": []any{"x", "y"}, "o": map[string]any{"in": "deep"}, "items": []any{map[string]any{"k": "a", "v": 1}, map[string]any{"k": "b", "v": 2}}},
	2: {"s": "Red", "n": 2, "f": 2, "b": false, "at": "2024-06-01T12:00:00+02:00", "text": "quick",
		"tags": []any{"y"}, "o": map[string]any{"in": "other"}, "items": []any{map[string]any{"k": "a", "v": 2}}},
	3: {"s": nil, "n": []any{1, 5}, "tags": []any{}, "o": nil, "in.dotted": "quoted"},
	4: {"tags": []any{nil, "z"}, "n": "1", "items": []any{}},
	5: {"s": []any{"red", "blue"}, "n": 5, "at": "2024-06-01"},
}

type filterCase struct {
	filter *qdrant.Filter
	want   string // the ids that match, in order
}

// filterCases runs every entry of filterTable, and what must be refused.
var filterCases = map[string]func(*suite){
	"table": func(s *suite) {
		c := s.plain()
		for num, payload := range filterData {
			s.upsert(c, pt(num, payload))
		}
		for name, fc := range filterTable() {
			if got := s.all(c, fc.filter); got != fc.want {
				s.Errorf("%s: got %q, want %q", name, got, fc.want)
			}
		}
	},
	"what does not parse": func(s *suite) {
		c := s.plain()
		for text, condition := range map[string]*qdrant.Condition{
			"Invalid json path":         qdrant.NewMatch("a..b", "x"),
			"Malformed Match condition": field(&qdrant.FieldCondition{Key: "a", Match: &qdrant.Match{}}),
			"must have a filter":        {ConditionOneOf: &qdrant.Condition_Nested{Nested: &qdrant.NestedCondition{Key: "a"}}},
			"Unable to parse UUID":      qdrant.NewHasID(qdrant.NewIDUUID("x")),
		} {
			_, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: c, Filter: must(condition)})
			s.refused(err, codes.InvalidArgument, text)
		}
	},
	"text without an index": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"text": "a quick fox"}), pt(2, map[string]any{"text": "quicksand"}))
		if s.before(20) { // a substring; later servers compare words, as with an index
			s.same(s.all(c, must(qdrant.NewMatchText("text", "ick"))), "1 2")
			s.same(s.all(c, must(qdrant.NewMatchText("text", "Quick"))), "")
		} else {
			s.same(s.all(c, must(qdrant.NewMatchText("text", "ick"))), "")
			s.same(s.all(c, must(qdrant.NewMatchText("text", "Quick"))), "1")
		}
	},
	"a text index compares words": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "text", qdrant.FieldType_FieldTypeText)
		s.upsert(c, pt(1, map[string]any{"text": "A quick, brown fox"}), pt(2, map[string]any{"text": "quicksand"}))
		s.same(s.all(c, must(qdrant.NewMatchText("text", "BROWN quick"))), "1")
		s.same(s.all(c, must(qdrant.NewMatchText("text", "quick"))), "1")
		s.same(s.all(c, must(qdrant.NewMatchTextAny("text", "Fox quicksand"))), "1 2")
		s.same(s.all(c, must(qdrant.NewMatchPhrase("text", "quick"))), "") // this index has no phrases
	},
}

func filterTable() map[string]filterCase {
	kw, in, rng := qdrant.NewMatch, qdrant.NewMatchInt, qdrant.NewRange
	unset := &qdrant.Condition{}
	return map[string]filterCase{
		"no filter":                         {nil, "1 2 3 4 5"},
		"empty filter":                      {&qdrant.Filter{}, "1 2 3 4 5"},
		"keyword, case counts":              {must(kw("s", "red")), "1 5"},
		"keywords":                          {must(qdrant.NewMatchKeywords("s", "Red", "blue")), "2 5"},
		"keywords, none":                    {must(qdrant.NewMatchKeywords("s")), ""},
		"any element of an array":           {must(kw("tags", "y")), "1 2"},
		"integer, in arrays, not in text":   {must(in("n", 1)), "1 3"},
		"integers":                          {must(qdrant.NewMatchInts("n", 2, 5)), "2 3 5"},
		"integer does not match a float":    {must(in("f", 2)), "2"},
		"bool":                              {must(qdrant.NewMatchBool("b", false)), "2"},
		"except: any other value":           {must(qdrant.NewMatchExceptKeywords("s", "red")), "2 5"},
		"except: nulls and empties are not": {must(qdrant.NewMatchExceptKeywords("tags", "x")), "1 2 4"},
		"except integers: other types are":  {must(qdrant.NewMatchExceptInts("n", 1)), "2 3 4 5"},
		"text":                              {must(qdrant.NewMatchText("text", "quick")), "1 2"},
		"text any":                          {must(qdrant.NewMatchTextAny("text", "fox nothing")), "1"},
		"phrase":                            {must(qdrant.NewMatchPhrase("text", "quick brown")), "1"},
		"range":                             {must(rng("n", &qdrant.Range{Gt: qdrant.PtrOf(1.0)})), "2 3 5"},
		"range, both ends":                  {must(rng("f", &qdrant.Range{Gte: qdrant.PtrOf(1.5), Lt: qdrant.PtrOf(2.0)})), "1"},
		"datetime range":                    {must(qdrant.NewDatetimeRange("at", &qdrant.DatetimeRange{Gte: day(2024, 6, 1)})), "2 5"},
		"datetime range, zones":             {must(qdrant.NewDatetimeRange("at", &qdrant.DatetimeRange{Gt: hour(2024, 6, 1, 10)})), ""},
		"values count":                      {must(qdrant.NewValuesCount("tags", &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(2))})), "1 4"},
		"values count sees none":            {must(qdrant.NewValuesCount("tags", &qdrant.ValuesCount{Lt: qdrant.PtrOf(uint64(1))})), "3 5"},
		"values count, one":                 {must(qdrant.NewValuesCount("s", &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(1)), Lte: qdrant.PtrOf(uint64(1))})), "1 2"},
		"is empty":                          {must(qdrant.NewIsEmpty("tags")), "3 5"},
		"is empty: null and absent":         {must(qdrant.NewIsEmpty("s")), "3 4"},
		"is null":                           {must(qdrant.NewIsNull("s")), "3"},
		"field is_empty":                    {must(field(&qdrant.FieldCondition{Key: "s", IsEmpty: yes()})), "3 4"},
		"field is_empty false":              {must(field(&qdrant.FieldCondition{Key: "s", IsEmpty: no()})), "1 2 5"},
		"field is_null":                     {must(field(&qdrant.FieldCondition{Key: "tags", IsNull: yes()})), "4"},
		"has id":                            {must(qdrant.NewHasID(nums(2, 4, 9)...)), "2 4"},
		"has vector":                        {must(qdrant.NewHasVector("")), "1 2 3 4 5"},
		"has vector, unknown":               {must(qdrant.NewHasVector("nope")), ""},
		"path":                              {must(kw("o.in", "deep")), "1"},
		"path into an array":                {must(kw("items[].k", "b")), "1"},
		"path to an element":                {must(in("items[0].v", 2)), "2"},
		"path without brackets":             {must(kw("items.k", "b")), ""},
		"quoted path":                       {must(kw(`"in.dotted"`, "quoted")), "3"},
		"quoted plain key":                  {must(kw(`"s"`, "red")), "1 5"},
		"nested: one element fits all":      {must(qdrant.NewNestedFilter("items", must(kw("k", "a"), in("v", 2)))), "2"},
		"not nested: any elements fit":      {must(kw("items[].k", "a"), in("items[].v", 2)), "1 2"},
		"nested must_not":                   {must(qdrant.NewNestedFilter("items", &qdrant.Filter{MustNot: []*qdrant.Condition{kw("k", "a")}})), "1"},
		"nested takes the array's path":     {must(qdrant.NewNestedFilter("items[]", must(kw("k", "b")))), "1"},
		"nested in what is no array":        {must(qdrant.NewNestedFilter("o", must(qdrant.NewIsEmpty("x")))), ""},
		"empty groups do not constrain":     {&qdrant.Filter{Must: []*qdrant.Condition{}, Should: []*qdrant.Condition{}}, "1 2 3 4 5"},
		"nested has no ids":                 {must(qdrant.NewNestedFilter("items", must(qdrant.NewHasID(nums(1, 2)...)))), ""},
		"must and must_not":                 {&qdrant.Filter{Must: []*qdrant.Condition{kw("s", "red")}, MustNot: []*qdrant.Condition{in("n", 5)}}, "1"},
		"should":                            {&qdrant.Filter{Should: []*qdrant.Condition{kw("s", "blue"), in("n", 2)}}, "2 5"},
		"groups are all required":           {&qdrant.Filter{Must: []*qdrant.Condition{kw("s", "red")}, Should: []*qdrant.Condition{in("n", 2), in("n", 5)}}, "5"},
		"min should":                        {minShould(2, kw("s", "red"), in("n", 1), qdrant.NewMatchBool("b", true)), "1"},
		"min should of one":                 {minShould(1, kw("s", "Red"), in("n", 1)), "1 2 3"},
		"filter in a filter":                {must(qdrant.NewFilterAsCondition(&qdrant.Filter{Should: []*qdrant.Condition{in("n", 2), in("n", 5)}})), "2 3 5"},
		"an unset condition is dropped":     {must(unset), "1 2 3 4 5"},
		"dropped beside a condition":        {must(unset, kw("s", "Red")), "2"},
		"dropped from should":               {&qdrant.Filter{Should: []*qdrant.Condition{unset}}, "1 2 3 4 5"},
		"dropped from min should":           {minShould(1, unset), ""},
		"checks in one field are or":        {must(field(&qdrant.FieldCondition{Key: "n", Match: matchInt(1), Range: &qdrant.Range{Gte: qdrant.PtrOf(5.0)}})), "1 3 5"},
		"values_count silences match":       {must(field(&qdrant.FieldCondition{Key: "tags", Match: matchInt(1), ValuesCount: &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(2))}})), "1 4"},
		"a field condition of nothing":      {must(field(&qdrant.FieldCondition{Key: "s"})), ""},
	}
}

func field(f *qdrant.FieldCondition) *qdrant.Condition {
	return &qdrant.Condition{ConditionOneOf: &qdrant.Condition_Field{Field: f}}
}

func minShould(n uint64, conditions ...*qdrant.Condition) *qdrant.Filter {
	return &qdrant.Filter{MinShould: &qdrant.MinShould{Conditions: conditions, MinCount: n}}
}

func matchInt(i int64) *qdrant.Match {
	return &qdrant.Match{MatchValue: &qdrant.Match_Integer{Integer: i}}
}

func day(y int, m time.Month, d int) *timestamppb.Timestamp { return hour(y, m, d, 0) }

func hour(y int, m time.Month, d, h int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(y, m, d, h, 0, 0, 0, time.UTC))
}
