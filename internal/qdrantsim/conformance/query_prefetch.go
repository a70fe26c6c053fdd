package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var prefetchCases = map[string]func(*suite){
	"the query scores again what was found": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(-1, 0), Prefetch: prefetches(prefetch(2, nil, 1, 0))}, "4:-4.000 5:-5.000")
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(-1, 0), Prefetch: prefetches(prefetch(2, nil, 1, 0), prefetch(1, must(atMost(2)), 1, 0)),
			Limit: qdrant.PtrOf(uint64(1)), Offset: qdrant.PtrOf(uint64(1)),
		}, "4:-4.000")
	},
	"nested": func(s *suite) {
		inner := prefetch(2, nil, -1, 0) // of 5 4 3: 3 4
		inner.Prefetch = prefetches(prefetch(3, nil, 1, 0))
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(inner)}, "4:4.000 3:3.000")
	},
	"ten by default": func(s *suite) {
		c := s.plain()
		for i := range uint64(12) {
			s.upsert(c, pt(i+1, nil))
		}
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuery(1, 0), Limit: qdrant.PtrOf(uint64(20)),
			Prefetch: prefetches(&qdrant.PrefetchQuery{Query: qdrant.NewQuery(1, 0)}),
		})
		s.must(err)
		s.same(ids(got), "12 11 10 9 8 7 6 5 4 3")
	},
	"a threshold of its own": func(s *suite) {
		p := prefetch(9, nil, 1, 0)
		p.ScoreThreshold = qdrant.PtrOf(float32(3))
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}, "5:5.000 4:4.000")
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(-1, 0), Prefetch: prefetches(p), ScoreThreshold: qdrant.PtrOf(float32(-5)),
		}, "4:-4.000")
	},
	"without a query it finds by id": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(&qdrant.PrefetchQuery{Limit: qdrant.PtrOf(uint64(2))}),
		}, "2:2.000 1:1.000")
	},
	"the outer filter holds in it, with its own": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(1, 0), Filter: must(atMost(4)), Prefetch: prefetches(prefetch(2, must(atLeast(2)), 1, 0), prefetch(1, nil, -1, 0)),
		}, "4:4.000 3:3.000 1:1.000")
	},
	"so does a filter between": func(s *suite) {
		inner := prefetch(9, must(atMost(3)), 1, 0)
		inner.Prefetch = prefetches(prefetch(2, nil, 1, 0))
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(inner)}, "3:3.000 2:2.000")
	},
	"two lists of should become one": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(1, 0), Filter: &qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewMatchInt("n", 1)}},
			Prefetch: prefetches(prefetch(9, &qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewMatchInt("n", 5)}}, 1, 0)),
		}, "5:5.000 1:1.000")
	},
	"of two min_should the greater number counts": func(s *suite) {
		s.ask(s.five(), &qdrant.QueryPoints{
			Query: qdrant.NewQuery(1, 0), Filter: minShould(1, atMost(3)),
			Prefetch: prefetches(prefetch(9, minShould(2, atLeast(2), atMost(4)), 1, 0)),
		}, "4:4.000 3:3.000 2:2.000 1:1.000")
	},
	"a point asked with is out at every level": func(s *suite) {
		p := &qdrant.PrefetchQuery{Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), Limit: qdrant.PtrOf(uint64(2))}
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p, prefetch(1, nil, 1, 0))}, "4:4.000 3:3.000")
	},
	"an id of anybody is taken": func(s *suite) { // ids are fetched unfiltered
		p := &qdrant.PrefetchQuery{Query: qdrant.NewQueryID(qdrant.NewIDNum(5)), Filter: must(atMost(2))}
		s.ask(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p), Filter: must(atMost(1))}, "1:1.000")
	},
	"an id of another collection": func(s *suite) {
		c, other := s.five(), s.twoVectorPoint() // there 1 has b = (0,1)
		p := &qdrant.PrefetchQuery{
			Query:      qdrant.NewQueryRecommend(&qdrant.RecommendInput{Positive: inputs(point(1), vec(2, 1))}),
			LookupFrom: &qdrant.LookupLocation{CollectionName: other, VectorName: qdrant.PtrOf("b")}, Limit: qdrant.PtrOf(uint64(2)),
		}
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}, "5:5.000 4:4.000")
		p.Limit = qdrant.PtrOf(uint64(5)) // 1 is not left out: it was found elsewhere
		s.ask(c, &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}, "5:5.000 4:4.000 3:3.000 2:2.000 1:1.000")
	},
	"an id that is missing": func(s *suite) {
		p := &qdrant.PrefetchQuery{Query: qdrant.NewQueryID(qdrant.NewIDNum(9))}
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}, codes.NotFound, "No point with id 9 found")
	},
	"another collection that is missing": func(s *suite) {
		from := &qdrant.LookupLocation{CollectionName: s.name("none")}
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), LookupFrom: from}, codes.NotFound,
			"Not found: Collection "+s.name("none")+" not found")
		p := prefetch(1, nil, 1, 0)
		p.LookupFrom = from
		s.askRefused(s.five(), &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}, codes.NotFound, "not found")
	},
	"another collection needs some access": func(s *suite) {
		c, other := s.five(), s.five()
		from := &qdrant.LookupLocation{CollectionName: other}
		ask := func(access []map[string]any) error {
			p := &qdrant.PrefetchQuery{Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), LookupFrom: from}
			_, err := s.token(map[string]any{"access": access}).Query(s.ctx, &qdrant.QueryPoints{
				CollectionName: c, Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p),
			})
			return err
		}
		s.refused(ask(grant(c, "r")), codes.PermissionDenied, "Access to collection "+other+" is required")
		s.must(ask(append(grant(c, "r"), grant(other, "prw")...)))
	},
	"without a query over it": func(s *suite) {
		s.askRefused(s.five(), &qdrant.QueryPoints{Prefetch: prefetches(prefetch(2, nil, 1, 0))}, codes.InvalidArgument,
			"Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.")
	},
	"not deeper than 64": func(s *suite) {
		deep := func(n int) *qdrant.QueryPoints {
			p := prefetch(2, nil, 1, 0)
			for range n - 1 {
				outer := prefetch(2, nil, 1, 0)
				outer.Prefetch = prefetches(p)
				p = outer
			}
			return &qdrant.QueryPoints{Query: qdrant.NewQuery(1, 0), Prefetch: prefetches(p)}
		}
		s.ask(s.five(), deep(64), "5:5.000 4:4.000")
		s.askRefused(s.five(), deep(65), codes.InvalidArgument, "prefetches depth 65 exceeds max depth 64")
	},
	"a batch with prefetches": func(s *suite) {
		c := s.five()
		got, err := s.admin.QueryBatch(s.ctx, &qdrant.QueryBatchPoints{CollectionName: c, QueryPoints: []*qdrant.QueryPoints{
			{CollectionName: c, Query: qdrant.NewQuery(-1, 0), Prefetch: prefetches(prefetch(1, nil, 1, 0))},
			{CollectionName: c, Query: qdrant.NewQuerySample(qdrant.Sample_Random), Filter: must(atLeast(5))},
		}})
		s.must(err)
		s.same([]string{scores(got[0].GetResult()), scores(got[1].GetResult())}, []string{"5:-5.000", "5:1.000"})
	},
	"a sample": func(s *suite) {
		c := s.five()
		got, err := s.admin.Query(s.ctx, &qdrant.QueryPoints{
			CollectionName: c, Query: qdrant.NewQuerySample(qdrant.Sample_Random), Filter: must(atLeast(2)), Limit: qdrant.PtrOf(uint64(3)),
			Offset: qdrant.PtrOf(uint64(2)), // means nothing: the next sample is another
		})
		s.must(err)
		seen := map[uint64]bool{}
		for _, p := range got {
			seen[p.GetId().GetNum()] = p.GetId().GetNum() > 1 && p.GetScore() == 1
		}
		s.same([]any{len(got), len(seen)}, []any{3, 3})
		for num, fits := range seen {
			if !fits {
				s.Errorf("point %d does not belong into the sample", num)
			}
		}
	},
}
