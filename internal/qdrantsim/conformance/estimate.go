package conformance

import (
	"github.com/qdrant/go-client/qdrant"
)

// What an inexact count says, computed by hand as the product of the shares of
// the whole collection that match each condition. Qdrant sums such products over
// segments, of which a new, small collection has one that is not empty.
var estimateCases = map[string]func(*suite){
	"tells what others store": func(s *suite) {
		c := s.tenants()
		mine := func(color string) *qdrant.Filter {
			return must(qdrant.NewMatch("t", "a"), qdrant.NewMatch("color", color))
		}
		// a has 4 of the 10 points, none of them red; b has 5 red ones.
		s.same(s.count(c, mine("red"), yes()), uint64(0))
		s.same(s.count(c, mine("red"), no()), uint64(2)) // 4/10 · 5/10 · 10
		s.same(s.count(c, mine("green"), no()), uint64(0))
	},
	"a single indexed value is counted": func(s *suite) {
		s.same(s.count(s.tenants(), must(qdrant.NewMatch("t", "a")), no()), uint64(4))
	},
	"without a filter it is exact": func(s *suite) {
		s.same(s.count(s.tenants(), nil, no()), uint64(10))
	},
	"any of several, and all but": func(s *suite) {
		c := s.tenants()
		either := must(qdrant.NewMatchKeywords("t", "a", "b"))
		s.same(s.count(c, either, no()), uint64(8)) // (1 − 6/10 · 4/10) · 10 = 7.6
		s.same(s.count(c, &qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewMatch("t", "a")}}, no()), uint64(6))
		should := &qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewMatch("t", "a"), qdrant.NewMatch("color", "red")}}
		s.same(s.count(c, should, no()), uint64(7)) // (1 − 6/10 · 5/10) · 10
	},
	"at least two of three": func(s *suite) { // a and red 2, a and blue 2, red and blue 2.5: (1 − 8/10 · 8/10 · 7/10) · 10
		f := minShould(2, qdrant.NewMatch("t", "a"), qdrant.NewMatch("color", "red"), qdrant.NewMatch("color", "blue"))
		s.same(s.count(s.tenants(), f, no()), uint64(6))
	},
	"other values than one": func(s *suite) {
		s.same(s.count(s.tenants(), must(qdrant.NewMatchExceptKeywords("t", "a")), no()), uint64(6))
	},
	"missing keys are counted only with an index": func(s *suite) {
		c := s.tenants()
		s.same(s.count(c, must(qdrant.NewIsEmpty("t")), no()), uint64(0))
		s.same(s.count(c, must(qdrant.NewIsEmpty("none")), no()), uint64(5))
	},
	"half of all, where there is no index": func(s *suite) {
		s.same(s.count(s.tenants(), must(qdrant.NewMatch("none", "x")), no()), uint64(5))
	},
	"ids are counted": func(s *suite) {
		s.same(s.count(s.tenants(), must(qdrant.NewHasID(nums(1, 2, 77)...)), no()), uint64(2))
	},
	"an inexact facet of few values is exact": func(s *suite) {
		hits, err := s.admin.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: s.tenants(), Key: "t", Filter: must(qdrant.NewMatch("color", "red"))})
		s.must(err)
		s.same([]any{len(hits), hits[0].GetValue().GetStringValue(), hits[0].GetCount()}, []any{1, "b", uint64(5)})
	},
	"ten facets by default": func(s *suite) {
		c := s.plain()
		s.index(c, "k", nil)
		for i := range uint64(12) {
			s.upsert(c, pt(i+1, map[string]any{"k": string(rune('a' + i))}))
		}
		for _, exact := range []*bool{nil, yes(), no()} {
			hits, err := s.admin.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: c, Key: "k", Exact: exact})
			s.must(err)
			s.same(len(hits), 10)
		}
	},
}

// tenants makes a collection with the tenants' keys indexed: four points of a,
// and six of b, five of them red.
func (s *suite) tenants() string {
	s.Helper()
	c := s.create(&qdrant.CreateCollection{
		VectorsConfig:    dense(2, qdrant.Distance_Dot),
		OptimizersConfig: &qdrant.OptimizersConfigDiff{DefaultSegmentNumber: qdrant.PtrOf(uint64(1))},
	})
	s.index(c, "t", nil)
	s.index(c, "color", nil)
	for i, p := range []map[string]any{
		{"t": "a", "color": "blue"}, {"t": "a", "color": "blue"}, {"t": "a", "color": "blue"}, {"t": "a", "color": "blue"},
		{"t": "b", "color": "red"}, {"t": "b", "color": "red"}, {"t": "b", "color": "red"}, {"t": "b", "color": "red"}, {"t": "b", "color": "red"},
		{"t": "b", "color": "blue"},
	} {
		s.upsert(c, pt(uint64(i+1), p))
	}
	return c
}

func (s *suite) count(collection string, f *qdrant.Filter, exact *bool) uint64 {
	s.Helper()
	n, err := s.admin.Count(s.ctx, &qdrant.CountPoints{CollectionName: collection, Filter: f, Exact: exact})
	s.must(err)
	return n
}
