package equivalence_test

import (
	"slices"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/test/attack/world"
	"github.com/tenantry/tenantry/test/jsclient"
)

// TestDifferencesByDesign holds the list in the package's documentation to be true, and complete as far as errors go: what
// is refused in a shared corpus is served in a dedicated one.
func TestDifferencesByDesign(t *testing.T) {
	p, g := newPair(t), newGenerator(3)
	p.start(t, g)
	vector := pb.NewQuery(1, 2, 3, 4)
	for what, ask := range map[string]func(corpus string) request{
		"exact search": func(c string) request {
			return request{"Query", &pb.QueryPoints{CollectionName: c, Query: vector, Params: &pb.SearchParams{Exact: proto.Bool(true)}}}
		},
		"a matrix of an idf vector": func(c string) request {
			return request{"SearchMatrixPairs", &pb.SearchMatrixPoints{CollectionName: c, Using: proto.String("text")}}
		},
	} {
		for _, corpus := range corpora {
			r := ask(corpus)
			for _, s := range p.tested {
				_, err := s.call(r.message, r.method)
				if want := map[bool]codes.Code{true: codes.InvalidArgument, false: codes.OK}[shared(corpus)]; status.Code(err) != want {
					t.Errorf("%s: %s in %s: %v, want %s", s.name, what, corpus, err, want)
				}
			}
		}
	}
	for _, s := range p.tested {
		join := &pb.QueryPointGroups{CollectionName: own, Query: vector, GroupBy: "x", WithLookup: &pb.WithLookup{Collection: docs}}
		if _, err := s.call(join, "QueryGroups"); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: with_lookup into a shared corpus: %v", s.name, err)
		}
		for _, corpus := range []string{docs, notes} {
			estimate := &pb.CountPoints{CollectionName: corpus, Exact: proto.Bool(false), Filter: &pb.Filter{Must: []*pb.Condition{pb.NewMatch("color", "red")}}}
			exact := proto.CloneOf(estimate)
			exact.Exact = proto.Bool(true)
			want, err := p.plain.call(exact, "Count")
			got, gotErr := s.call(estimate, "Count")
			if err != nil || gotErr != nil || same(request{method: "Count"}, want, got) != "" {
				t.Errorf("%s: an estimate in %s is not the exact count: %v %v, %v %v", s.name, corpus, want, err, got, gotErr)
			}
			reply, err := s.call(&pb.QueryPoints{CollectionName: corpus, Query: vector}, "Query")
			if err != nil || slices.ContainsFunc(reply.(*pb.QueryResponse).GetResult(), func(p *pb.ScoredPoint) bool { return p.GetVersion() != 0 }) {
				t.Errorf("%s: versions in %s: %v %v", s.name, corpus, reply, err)
			}
		}
	}
}

// TestReferenceCorpora: readable by the tenants of the jurisdiction, writable by none, invisible to the rest.
func TestReferenceCorpora(t *testing.T) {
	p, g := newPair(t), newGenerator(4)
	p.start(t, g)
	physical := world.Reference{Jurisdiction: "eu", Name: laws}.Physical()
	before := p.w.Dump(t)
	for who, reads := range map[string]bool{alpha: true, beta: false, gamma: false} {
		for _, s := range []side{
			{"gateway", p.w.As(t, who), t.Context(), nil}, {"sdk", p.tested[1].client, world.SDKContext(t.Context(), who), nil},
		} {
			for _, name := range []string{laws, physical} {
				reads := reads && (name == laws || s.name == "gateway") // the SDK's directory knows the logical name only
				points, err := s.client.Query(s.ctx, &pb.QueryPoints{CollectionName: name, Query: pb.NewQuery(1, 2, 3, 4)})
				if reads != (err == nil && len(points) > 0) || !reads && status.Code(err) != codes.NotFound {
					t.Errorf("%s, %s reads %s: %d points, %v", s.name, who, name, len(points), err)
				}
				listed, err := s.client.ListCollections(s.ctx)
				if err != nil || slices.Contains(listed, name) != reads {
					t.Errorf("%s, %s is shown %v, %v", s.name, who, listed, err)
				}
				_, err = s.client.Upsert(s.ctx, &pb.UpsertPoints{CollectionName: name, Points: g.points(1), Wait: proto.Bool(true)})
				if want := map[bool]codes.Code{true: codes.PermissionDenied, false: codes.NotFound}[reads]; status.Code(err) != want {
					t.Errorf("%s, %s writes %s: %v, want %s", s.name, who, name, err, want)
				}
				_, err = s.client.Delete(s.ctx, &pb.DeletePoints{CollectionName: name, Points: pb.NewPointsSelectorFilter(&pb.Filter{}), Wait: proto.Bool(true)})
				if err == nil {
					t.Errorf("%s, %s deletes in %s", s.name, who, name)
				}
			}
		}
	}
	after := p.w.Dump(t)
	for place, is := range before {
		if after[place] != is {
			t.Errorf("%s was changed", place)
		}
	}
}

// TestJavaScriptClient runs the official client's workload through the gateway's REST API, in a shared corpus among other
// tenants' points and in a dedicated one.
func TestJavaScriptClient(t *testing.T) {
	p, g := newPair(t), newGenerator(5)
	p.noise(t, g)
	for _, corpus := range []string{docs, own} {
		t.Run(corpus, func(t *testing.T) {
			if s := jsclient.Run(t, p.w.Gateway.RESTURL(), p.w.Token(t, alpha), corpus); s.Points == 0 {
				t.Error("no point was stored")
			}
		})
	}
}
