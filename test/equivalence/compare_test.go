package equivalence_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	gocmp "github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// hit is a point of an answer in a form that compares: what it holds without what differs by design.
type hit struct {
	id    string
	score float64 // or the value that it is ordered by
	holds string  // payload and vectors
}

func idText(id *pb.PointId) string {
	if _, ok := id.GetPointIdOptions().(*pb.PointId_Num); ok {
		return strconv.FormatUint(id.GetNum(), 10)
	}
	return id.GetUuid()
}

func text(m proto.Message) string {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func scored(points []*pb.ScoredPoint) []hit {
	out := make([]hit, 0, len(points))
	for _, p := range points {
		h := hit{id: idText(p.GetId()), score: float64(p.GetScore()), holds: text(&pb.RetrievedPoint{Payload: p.GetPayload(), Vectors: p.GetVectors()})}
		if o := p.GetOrderValue(); o != nil {
			h.score = float64(o.GetInt()) + o.GetFloat()
		}
		out = append(out, h)
	}
	return out
}

func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-5*max(1, math.Abs(a), math.Abs(b))
}

// window is the part of an answer that was asked for.
type window struct{ offset, limit uint64 }

func windowOf(q *pb.QueryPoints) window { return window{q.GetOffset(), q.GetLimit()} }

// sameHits compares two answers in order, ties free: scores one by one; of equal scores, the points as a set. Where an
// answer was cut, at an offset or at its limit, points of the first or the last score may be others that have it too.
func sameHits(a, b []hit, asked window) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d points and %d", len(a), len(b))
	}
	for i := range a {
		if !near(a[i].score, b[i].score) {
			return fmt.Sprintf("place %d: scores %v and %v", i, a[i].score, b[i].score)
		}
	}
	for from := 0; from < len(a); {
		to := from + 1
		for to < len(a) && near(a[to].score, a[from].score) {
			to++
		}
		if free := to == len(a) && uint64(len(a)) == asked.limit || from == 0 && asked.offset > 0; !free {
			if diff := sameSet(a[from:to], b[from:to]); diff != "" {
				return fmt.Sprintf("places %d to %d: %s", from, to-1, diff)
			}
		}
		from = to
	}
	return ""
}

func sameSet(a, b []hit) string {
	byID := func(x, y hit) int { return cmp.Compare(x.id, y.id) }
	a, b = slices.SortedFunc(slices.Values(a), byID), slices.SortedFunc(slices.Values(b), byID)
	for i := range a {
		if a[i].id != b[i].id {
			return fmt.Sprintf("points %s and %s", a[i].id, b[i].id)
		}
		if a[i].holds != b[i].holds {
			return fmt.Sprintf("point %s holds other things:\n%q\n%q", a[i].id, a[i].holds, b[i].holds)
		}
	}
	return ""
}

// same says how two answers to one request differ, "" where they do not.
func same(r request, a, b proto.Message) string {
	switch a := a.(type) {
	case *pb.QueryResponse:
		return sameHits(scored(a.GetResult()), scored(b.(*pb.QueryResponse).GetResult()), windowOf(r.message.(*pb.QueryPoints)))
	case *pb.SearchResponse:
		return sameHits(scored(a.GetResult()), scored(b.(*pb.SearchResponse).GetResult()), window{0, r.message.(*pb.SearchPoints).GetLimit()})
	case *pb.RecommendResponse:
		return sameHits(scored(a.GetResult()), scored(b.(*pb.RecommendResponse).GetResult()), window{0, r.message.(*pb.RecommendPoints).GetLimit()})
	case *pb.DiscoverResponse:
		return sameHits(scored(a.GetResult()), scored(b.(*pb.DiscoverResponse).GetResult()), window{0, r.message.(*pb.DiscoverPoints).GetLimit()})
	case *pb.QueryBatchResponse:
		return sameBatches(r.message.(*pb.QueryBatchPoints), a, b.(*pb.QueryBatchResponse))
	case *pb.QueryGroupsResponse:
		return sameGroups(a.GetResult(), b.(*pb.QueryGroupsResponse).GetResult(), r.message.(*pb.QueryPointGroups).GetGroupSize())
	case *pb.SearchGroupsResponse:
		return sameGroups(a.GetResult(), b.(*pb.SearchGroupsResponse).GetResult(), uint64(r.message.(*pb.SearchPointGroups).GetGroupSize()))
	case *pb.CountResponse:
		return gocmp.Diff(a.GetResult().GetCount(), b.(*pb.CountResponse).GetResult().GetCount())
	case *pb.FacetResponse:
		return gocmp.Diff(facets(a), facets(b.(*pb.FacetResponse)))
	case *pb.GetResponse: // in the order of the request, on both sides
		return gocmp.Diff(retrieved(a.GetResult()), retrieved(b.(*pb.GetResponse).GetResult()), gocmp.AllowUnexported(hit{}))
	case *pb.SearchMatrixPairsResponse:
		return sameMatrix(pairs(a), pairs(b.(*pb.SearchMatrixPairsResponse)))
	case *pb.SearchMatrixOffsetsResponse:
		return sameMatrix(offsets(a), offsets(b.(*pb.SearchMatrixOffsetsResponse)))
	}
	return "no comparison for " + r.method
}

func sameBatches(r *pb.QueryBatchPoints, a, b *pb.QueryBatchResponse) string {
	if len(a.GetResult()) != len(b.GetResult()) {
		return "batches of different lengths"
	}
	for i := range a.GetResult() {
		if diff := sameHits(scored(a.GetResult()[i].GetResult()), scored(b.GetResult()[i].GetResult()), windowOf(r.GetQueryPoints()[i])); diff != "" {
			return fmt.Sprintf("item %d: %s", i, diff)
		}
	}
	return ""
}

func sameGroups(a, b *pb.GroupsResult, size uint64) string {
	if len(a.GetGroups()) != len(b.GetGroups()) {
		return fmt.Sprintf("%d groups and %d", len(a.GetGroups()), len(b.GetGroups()))
	}
	for i, g := range a.GetGroups() {
		h := b.GetGroups()[i]
		if text(g.GetId()) != text(h.GetId()) {
			return fmt.Sprintf("group %d is of %v and of %v", i, g.GetId(), h.GetId())
		}
		if diff := sameHits(scored(g.GetHits()), scored(h.GetHits()), window{0, size}); diff != "" {
			return fmt.Sprintf("group %v: %s", g.GetId(), diff)
		}
		if text(&pb.RetrievedPoint{Id: g.GetLookup().GetId(), Payload: g.GetLookup().GetPayload()}) != text(&pb.RetrievedPoint{Id: h.GetLookup().GetId(), Payload: h.GetLookup().GetPayload()}) {
			return fmt.Sprintf("group %v is joined with other points", g.GetId())
		}
	}
	return ""
}

func facets(r *pb.FacetResponse) map[string]uint64 {
	out := map[string]uint64{}
	for _, h := range r.GetHits() {
		out[prototext.MarshalOptions{}.Format(h.GetValue())] = h.GetCount()
	}
	return out
}

func retrieved(points []*pb.RetrievedPoint) []hit {
	out := []hit{}
	for _, p := range points {
		out = append(out, hit{id: idText(p.GetId()), holds: text(&pb.RetrievedPoint{Payload: p.GetPayload(), Vectors: p.GetVectors()})})
	}
	return out
}

// A matrix says how near points are to each other, whichever of two is named first.
func pairs(r *pb.SearchMatrixPairsResponse) map[string]float64 {
	out := map[string]float64{}
	for _, p := range r.GetResult().GetPairs() {
		out[ordered(idText(p.GetA()), idText(p.GetB()))] = float64(p.GetScore())
	}
	return out
}

func offsets(r *pb.SearchMatrixOffsetsResponse) map[string]float64 {
	out, m := map[string]float64{}, r.GetResult()
	for i := range m.GetScores() {
		a, b := m.GetIds()[m.GetOffsetsRow()[i]], m.GetIds()[m.GetOffsetsCol()[i]]
		out[ordered(idText(a), idText(b))] = float64(m.GetScores()[i])
	}
	return out
}

func ordered(a, b string) string { return min(a, b) + " " + max(a, b) }

func sameMatrix(a, b map[string]float64) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d pairs and %d", len(a), len(b))
	}
	for pair, score := range a {
		if other, ok := b[pair]; !ok || !near(score, other) {
			return fmt.Sprintf("pair %s: %v and %v", pair, score, other)
		}
	}
	return ""
}
