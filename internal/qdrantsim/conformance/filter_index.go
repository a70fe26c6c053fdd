package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

// mixed holds a value of every kind under one key, from point 1 on.
var mixed = []any{
	1, 2.5, 3.0, "x", true, "2024-01-01", map[string]any{"a": 1}, []any{1, 2.5, "x"}, nil, mixedUUID, []any{nil, "z"},
}

// mixedUUID is spelled unlike the canonical form, which the cases ask for.
const mixedUUID = "0FA1F6C8AAAA4BBB8CCC000000000001"

func init() {
	for name, c := range indexTable {
		filterCases["index: "+name] = func(s *suite) { s.filterMixed(c) }
	}
	filterCases["dates"] = dates
}

// indexCase is what an index on the key changes: an index that serves a
// condition decides by the values it holds, and knows no others.
type indexCase struct {
	kind *qdrant.FieldType // nil: no index
	want map[string]string // by the names in mixedFilters
}

var indexTable = map[string]indexCase{
	"none": {nil, map[string]string{
		"1": "1 8", "3": "", "x": "4 8", "uuid": "", "not 1": "2 3 4 5 6 7 8 10 11", "not x": "1 2 3 5 6 7 8 10 11",
		"not uuid": "1 2 3 4 5 6 7 8 10 11", "positive": "1 2 3 8", "recent": "6", "true": "5",
	}},
	"keyword": {qdrant.FieldType_FieldTypeKeyword.Enum(), map[string]string{
		"1": "1 8", "x": "4 8", "uuid": "", "not 1": "2 3 4 5 6 7 8 10 11", "not x": "6 10 11", "positive": "1 2 3 8", "recent": "6",
		"null": "9 11",
	}},
	"integer": {qdrant.FieldType_FieldTypeInteger.Enum(), map[string]string{
		"1": "1 8", "3": "3", "x": "4 8", "not 1": "3", "not x": "1 2 3 5 6 7 8 10 11", "positive": "1 3 8", "recent": "", "null": "9 11",
	}},
	"float": {qdrant.FieldType_FieldTypeFloat.Enum(), map[string]string{
		"1": "1 8", "3": "", "not 1": "2 3 4 5 6 7 8 10 11", "positive": "1 2 3 8", "recent": "",
	}},
	"bool": {qdrant.FieldType_FieldTypeBool.Enum(), map[string]string{
		"true": "5", "x": "4 8", "positive": "1 2 3 8", "not x": "1 2 3 5 6 7 8 10 11",
	}},
	"datetime": {qdrant.FieldType_FieldTypeDatetime.Enum(), map[string]string{
		"recent": "6", "positive": "6", "x": "4 8",
	}},
	"uuid": {qdrant.FieldType_FieldTypeUuid.Enum(), map[string]string{
		"uuid": "10", "x": "4 8", "not uuid": "", "not x": "1 2 3 5 6 7 8 10 11", "recent": "6",
	}},
}

func mixedFilters() map[string]*qdrant.Condition {
	const canonical = "0fa1f6c8-aaaa-4bbb-8ccc-000000000001"
	return map[string]*qdrant.Condition{
		"1":        qdrant.NewMatchInt("e", 1),
		"3":        qdrant.NewMatchInts("e", 3, 4),
		"x":        qdrant.NewMatchKeywords("e", "x", "y"),
		"uuid":     qdrant.NewMatch("e", canonical),
		"true":     qdrant.NewMatchBool("e", true),
		"not 1":    qdrant.NewMatchExceptInts("e", 1),
		"not x":    qdrant.NewMatchExceptKeywords("e", "x"),
		"not uuid": qdrant.NewMatchExceptKeywords("e", canonical),
		"positive": qdrant.NewRange("e", &qdrant.Range{Gt: qdrant.PtrOf(0.0)}),
		"recent":   qdrant.NewDatetimeRange("e", &qdrant.DatetimeRange{Gt: day(2020, time.January, 1)}),
		"null":     qdrant.NewIsNull("e"),
	}
}

func (s *suite) filterMixed(c indexCase) {
	col := s.plain()
	if c.kind != nil {
		s.indexAs(col, "e", *c.kind)
	}
	for i, v := range mixed {
		s.upsert(col, pt(uint64(i+1), map[string]any{"e": v}))
	}
	filters := mixedFilters()
	for name, want := range c.want {
		if got := s.all(col, must(filters[name])); got != want {
			s.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// dates tries the spellings of a date that the server reads, and some it does not.
func dates(s *suite) {
	c := s.plain()
	var want []string
	for i, d := range []string{
		"2024-06-01T00:00:00Z", "2024-06-01T00:00:00.5Z", "2024-06-01T00:00:00+0000", "2024-06-01 00:00:00+02:00", "2024-06-01 00:00:00",
		"2024-06-01T00:00", "2024-06-01 00:00", "2024-06-01", "2024-06-01T00:00:00.123", "2024-6-1",
	} {
		s.upsert(c, pt(uint64(i+1), map[string]any{"d": d}))
		want = append(want, strconv.Itoa(i+1))
	}
	for i, d := range []string{"2024-06", "junk", "2024-06-01T00:00Z"} {
		s.upsert(c, pt(uint64(i+50), map[string]any{"d": d}))
	}
	s.same(s.all(c, must(qdrant.NewDatetimeRange("d", &qdrant.DatetimeRange{Gte: day(2020, time.January, 1)}))), strings.Join(want, " "))
}

func (s *suite) indexAs(collection, field string, kind qdrant.FieldType) {
	s.Helper()
	_, err := s.admin.CreateFieldIndex(s.ctx, &qdrant.CreateFieldIndexCollection{
		CollectionName: collection, Wait: yes(), FieldName: field, FieldType: kind.Enum(),
	})
	s.must(err)
}

// before says whether the server is older than version 1.minor.
func (s *suite) before(minor int) bool {
	s.Helper()
	reply, err := s.admin.HealthCheck(s.ctx)
	s.must(err)
	var haveMajor, haveMinor int
	if _, err := fmt.Sscanf(reply.GetVersion(), "%d.%d", &haveMajor, &haveMinor); err != nil {
		s.Fatalf("version %q: %v", reply.GetVersion(), err)
	}
	return haveMajor < 1 || haveMajor == 1 && haveMinor < minor
}
