package conformance

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/testing/protocmp"
)

// same reports a difference between two values, messages included.
func (s *suite) same(got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		s.Errorf("-want +got:\n%s", diff)
	}
}

// id writes an id as a test reads it.
func id(p *qdrant.PointId) string {
	if u := p.GetUuid(); u != "" {
		return u
	}
	return fmt.Sprint(p.GetNum())
}

type identified interface{ GetId() *qdrant.PointId }

// ids joins the ids of points in their order.
func ids[P identified](points []P) string {
	out := make([]string, 0, len(points))
	for _, p := range points {
		out = append(out, id(p.GetId()))
	}
	return strings.Join(out, " ")
}

// scores lists "id:score" with three decimals, in order.
func scores(points []*qdrant.ScoredPoint) string {
	out := make([]string, 0, len(points))
	for _, p := range points {
		out = append(out, fmt.Sprintf("%s:%.3f", id(p.GetId()), p.GetScore()))
	}
	return strings.Join(out, " ")
}

// plainValue turns a payload value into Go data, for comparison.
func plainValue(v *qdrant.Value) any {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_BoolValue:
		return k.BoolValue
	case *qdrant.Value_IntegerValue:
		return k.IntegerValue
	case *qdrant.Value_DoubleValue:
		return k.DoubleValue
	case *qdrant.Value_StringValue:
		return k.StringValue
	case *qdrant.Value_StructValue:
		return plainMap(k.StructValue.GetFields())
	case *qdrant.Value_ListValue:
		out := []any{}
		for _, e := range k.ListValue.GetValues() {
			out = append(out, plainValue(e))
		}
		return out
	}
	return nil
}

func plainMap(m map[string]*qdrant.Value) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = plainValue(v)
	}
	return out
}

// stored reads one point with everything.
func (s *suite) stored(collection string, id *qdrant.PointId) *qdrant.RetrievedPoint {
	s.Helper()
	got, err := s.admin.Get(s.ctx, &qdrant.GetPoints{
		CollectionName: collection, Ids: []*qdrant.PointId{id},
		WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true),
	})
	s.must(err)
	if len(got) != 1 {
		s.Fatalf("got %d points for id %v, want 1", len(got), id)
	}
	return got[0]
}

// payloadOf reads one point's payload.
func (s *suite) payloadOf(collection string, num uint64) map[string]any {
	s.Helper()
	return plainMap(s.stored(collection, qdrant.NewIDNum(num)).GetPayload())
}

// all lists the ids of a collection's points that match a filter.
func (s *suite) all(collection string, f *qdrant.Filter) string {
	s.Helper()
	got, err := s.admin.Scroll(s.ctx, &qdrant.ScrollPoints{
		CollectionName: collection, Filter: f, Limit: qdrant.PtrOf(uint32(100)),
	})
	s.must(err)
	return ids(got)
}
