package qdrantsim_test

import (
	"strings"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Each read finds a's points by filter, then fetches by id. In between, the id 2
// becomes b's: a is shown b's payload. That is what ids that may change owner
// are dangerous for.
func TestRace(t *testing.T) {
	all := qdrant.NewWithPayload(true)
	one := &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: &qdrant.VectorExample{
		Example: &qdrant.VectorExample_Vector{Vector: qdrant.NewVector(1, 0)},
	}}}
	ask := qdrant.NewQuery(1, 0)
	search := &qdrant.SearchPoints{CollectionName: "c", Vector: []float32{1, 0}, Limit: 9, Filter: of("a"), WithPayload: all}
	recommend := &qdrant.RecommendPoints{CollectionName: "c", PositiveVectors: []*qdrant.Vector{qdrant.NewVector(1, 0)}, Limit: 9, Filter: of("a"), WithPayload: all}
	discover := &qdrant.DiscoverPoints{CollectionName: "c", Target: one, Limit: 9, Filter: of("a"), WithPayload: all}
	query := &qdrant.QueryPoints{CollectionName: "c", Query: ask, Filter: of("a"), WithPayload: all}
	for method, request := range map[string]proto.Message{
		"Query":          query,
		"QueryBatch":     &qdrant.QueryBatchPoints{CollectionName: "c", QueryPoints: []*qdrant.QueryPoints{query}},
		"QueryGroups":    &qdrant.QueryPointGroups{CollectionName: "c", Query: ask, GroupBy: "g", Filter: of("a"), WithPayload: all},
		"Search":         search,
		"SearchBatch":    &qdrant.SearchBatchPoints{CollectionName: "c", SearchPoints: []*qdrant.SearchPoints{search}},
		"Recommend":      recommend,
		"RecommendBatch": &qdrant.RecommendBatchPoints{CollectionName: "c", RecommendPoints: []*qdrant.RecommendPoints{recommend}},
		"Discover":       discover,
		"DiscoverBatch":  &qdrant.DiscoverBatchPoints{CollectionName: "c", DiscoverPoints: []*qdrant.DiscoverPoints{discover}},
		"Scroll":         &qdrant.ScrollPoints{CollectionName: "c", Filter: of("a"), OrderBy: &qdrant.OrderBy{Key: "n"}},
	} {
		t.Run(method, func(t *testing.T) {
			s, c := owned(t)
			var raced []string
			s.SetRace(func(m string) {
				raced = append(raced, m)
				stolen := owner(2, "b")
				write(t, c, true, stolen)
			})
			same(t, owners(t, c, method, request), "ab")
			same(t, owners(t, c, method, request), "a")
			same(t, raced, []string{"/qdrant.Points/" + method}) // it happens once
		})
	}
}

// owners are the tenants that a reply's payloads name, each once, in order.
func owners(t *testing.T, c *qdrant.Client, method string, request proto.Message) string {
	t.Helper()
	full := "/qdrant.Points/" + method
	desc := qdrant.File_points_service_proto.Services().ByName("Points").Methods().ByName(protoreflect.Name(method)).Output()
	reply := replyOf(t, desc)
	if err := c.GetConnection().Invoke(t.Context(), full, request, reply); err != nil {
		t.Fatal(err)
	}
	text := reply.(interface{ String() string }).String()
	out := ""
	for _, tenant := range []string{"a", "b"} {
		if strings.Contains(strings.ReplaceAll(text, " ", ""), `string_value:"`+tenant+`"`) {
			out += tenant
		}
	}
	return out
}

func TestRaceInTheMatrix(t *testing.T) {
	s, c := owned(t)
	s.SetRace(func(string) {
		moved := owner(2, "b")
		moved.Vectors = qdrant.NewVectors(100, 0)
		write(t, c, true, moved)
	})
	got, err := c.GetPointsClient().SearchMatrixPairs(t.Context(), &qdrant.SearchMatrixPoints{CollectionName: "c", Filter: of("a")})
	if err != nil {
		t.Fatal(err)
	}
	// The sample's own vectors are those of the first phase, the neighbours' of the second.
	same(t, got.GetResult().GetPairs()[0].GetScore(), float32(100))
}
