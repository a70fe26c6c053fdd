package conformance

import (
	"cmp"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// ask queries a collection and compares "id:score" of all that comes, best
// first. Points of equal score may come in any order: here they stand by id.
func (s *suite) ask(collection string, r *qdrant.QueryPoints, want string) {
	s.Helper()
	r.CollectionName = collection
	got, err := s.admin.Query(s.ctx, r)
	s.must(err)
	s.same(tied(got), want)
}

// askRefused queries and checks the error.
func (s *suite) askRefused(collection string, r *qdrant.QueryPoints, code codes.Code, words ...string) {
	s.Helper()
	r.CollectionName = collection
	_, err := s.admin.Query(s.ctx, r)
	s.refused(err, code, words...)
}

// tied lists "id:score", those whose scores read the same by id.
func tied(points []*qdrant.ScoredPoint) string {
	points = slices.Clone(points)
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && rounded(points[to]) == rounded(points[from]) {
			to++
		}
		slices.SortFunc(points[from:to], func(a, b *qdrant.ScoredPoint) int { return cmp.Compare(a.GetId().GetNum(), b.GetId().GetNum()) })
		from = to
	}
	return scores(points)
}

// rounded is a score as scores writes it, near enough.
func rounded(p *qdrant.ScoredPoint) float64 { return math.Round(float64(p.GetScore()) * 1000) }

// prefetch is a nearest query at a level of its own.
func prefetch(limit uint64, f *qdrant.Filter, v ...float32) *qdrant.PrefetchQuery {
	return &qdrant.PrefetchQuery{Query: qdrant.NewQuery(v...), Limit: &limit, Filter: f}
}

func prefetches(p ...*qdrant.PrefetchQuery) []*qdrant.PrefetchQuery { return p }

func atLeast(n float64) *qdrant.Condition { return qdrant.NewRange("n", &qdrant.Range{Gte: &n}) }
func atMost(n float64) *qdrant.Condition  { return qdrant.NewRange("n", &qdrant.Range{Lte: &n}) }

// around makes a collection of points about the origin, compared by Dot:
// 1 (1,0), 2 (0,1), 3 (1,1), 4 (-1,0), 5 (2,1).
func (s *suite) around() string {
	s.Helper()
	c := s.plain()
	for i, v := range [][]float32{{1, 0}, {0, 1}, {1, 1}, {-1, 0}, {2, 1}} {
		s.upsert(c, &qdrant.PointStruct{
			Id: qdrant.NewIDNum(uint64(i + 1)), Vectors: qdrant.NewVectors(v...),
			Payload: qdrant.NewValueMap(map[string]any{"n": int64(i + 1)}),
		})
	}
	return c
}

func vec(v ...float32) *qdrant.VectorInput { return qdrant.NewVectorInput(v...) }
func point(num uint64) *qdrant.VectorInput { return qdrant.NewVectorInputID(qdrant.NewIDNum(num)) }

func inputs(v ...*qdrant.VectorInput) []*qdrant.VectorInput { return v }

// idf is the search parameter of that name, which the client library does not
// know: field 6, a message whose field 1 is the corpus. Without a filter it is
// the explicit wish for statistics over the whole collection.
func (s *suite) idf(corpus *qdrant.Filter) *qdrant.SearchParams {
	s.Helper()
	var inner []byte
	if corpus != nil {
		raw, err := proto.Marshal(corpus)
		s.must(err)
		inner = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), raw)
	}
	p := &qdrant.SearchParams{}
	p.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), inner))
	return p
}
