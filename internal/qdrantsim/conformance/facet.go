package conformance

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var facetCases = map[string]func(*suite){
	"the most frequent first": func(s *suite) {
		c := s.faceted()
		s.same(s.facet(c, "k", nil, nil), "a:3 b:2 c:1")
		s.same(s.facet(c, "k", nil, qdrant.PtrOf(uint64(1))), "a:3")
	},
	"filtered": func(s *suite) {
		s.same(s.facet(s.faceted(), "k", must(qdrant.NewMatch("k", "b")), nil), "b:2 a:1 c:1")
	},
	"uuids come in canonical form": func(s *suite) {
		c := s.plain()
		s.indexAs(c, "u", qdrant.FieldType_FieldTypeUuid)
		s.upsert(c, pt(1, map[string]any{"u": mixedUUID}))
		s.same(s.facet(c, "u", nil, nil), "0fa1f6c8-aaaa-4bbb-8ccc-000000000001:1")
	},
	"needs an index that can match": func(s *suite) {
		_, err := s.admin.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: s.faceted(), Key: "odd"})
		s.refused(err, codes.InvalidArgument, "No appropriate index for faceting")
	},
}

func (s *suite) faceted() string {
	s.Helper()
	c := s.plain()
	s.index(c, "k", nil)
	s.upsert(c,
		pt(1, map[string]any{"k": "a", "odd": true}), pt(2, map[string]any{"k": "a"}),
		pt(3, map[string]any{"k": []any{"a", "b", "b", "c"}, "odd": true}), pt(4, map[string]any{"k": "b"}),
		pt(5, map[string]any{"k": 7}),
	)
	return c
}

func (s *suite) facet(collection, key string, f *qdrant.Filter, limit *uint64) string {
	s.Helper()
	hits, err := s.admin.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: collection, Key: key, Filter: f, Limit: limit, Exact: yes()})
	s.must(err)
	out := make([]string, 0, len(hits))
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s:%d", h.GetValue().GetStringValue(), h.GetCount()))
	}
	return strings.Join(out, " ")
}
