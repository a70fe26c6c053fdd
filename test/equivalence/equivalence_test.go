package equivalence_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/test/attack/world"
)

// rounds is how often writes and reads take turns: TENANTRY_EQUIVALENCE_ROUNDS, or a few.
func rounds(t *testing.T) int {
	t.Helper()
	s := os.Getenv("TENANTRY_EQUIVALENCE_ROUNDS")
	if s == "" {
		return 12
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("TENANTRY_EQUIVALENCE_ROUNDS is %q: want a number", s)
	}
	return n
}

func TestSameResultsWhereverTheDataLies(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			p, g := newPair(t), newGenerator(seed)
			p.start(t, g)
			answered := map[string]int{}
			for round := range rounds(t) {
				p.write(t, g, round)
				p.read(t, g, answered)
				if t.Failed() {
					t.Fatalf("round %d", round)
				}
			}
			for _, method := range []string{
				"Query", "QueryBatch", "QueryGroups", "Search", "SearchGroups", "Recommend", "Discover", "Count", "Facet", "Get", "Scroll",
				"SearchMatrixPairs", "SearchMatrixOffsets", "a query over several corpora",
			} {
				if answered[method] < 3 {
					t.Errorf("%s was answered %d times only: the workload is none", method, answered[method])
				}
			}
		})
	}
}

// start gives every corpus its first points, and other tenants theirs, with the same ids and terms.
func (p *pair) start(t *testing.T, g *generator) {
	t.Helper()
	for turn, corpus := range corpora {
		p.both(t, request{"Upsert", &pb.UpsertPoints{CollectionName: corpus, Wait: proto.Bool(true), Points: g.points(25)}}, corpus, turn)
	}
	p.noise(t, g)
}

func (p *pair) noise(t *testing.T, g *generator) {
	t.Helper()
	sdk := p.tested[1].client
	for who, name := range map[string]string{beta: docs, gamma: notes} {
		upsert := &pb.UpsertPoints{CollectionName: name, Wait: proto.Bool(true), Points: newGenerator(g.r.Uint64()).points(20)}
		if _, err := sdk.Upsert(world.SDKContext(t.Context(), who), upsert); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *pair) write(t *testing.T, g *generator, round int) {
	t.Helper()
	for turn := range 10 {
		corpus := corpora[g.r.IntN(len(corpora))]
		p.both(t, g.write(corpus), corpus, round+turn)
	}
	p.noise(t, g)
}

// both makes a write on both sides. It succeeds on both, or fails on both with one code and one text.
func (p *pair) both(t *testing.T, r request, corpus string, turn int) {
	t.Helper()
	writer := p.writer(corpus, turn)
	_, want := p.plain.call(r.message, r.method)
	_, got := writer.call(r.message, r.method)
	p.sameError(t, writer, r, want, got)
}

func (p *pair) sameError(t *testing.T, s side, r request, want, got error) {
	t.Helper()
	if status.Code(want) != status.Code(got) || want != nil && status.Convert(want).Message() != status.Convert(got).Message() {
		t.Errorf("%s %s %v:\nplain: %v\n%s: %v", s.name, r.method, r.message, want, s.name, got)
	}
}

// read makes reads of every corpus on all sides.
func (p *pair) read(t *testing.T, g *generator, answered map[string]int) {
	t.Helper()
	for _, corpus := range corpora {
		for range 25 {
			r := g.read(corpus)
			if r.method == "Scroll" {
				p.scroll(t, r.message.(*pb.ScrollPoints))
				answered[r.method]++
				continue
			}
			if p.ask(t, r) {
				answered[r.method]++
				if q, ok := r.message.(*pb.QueryPoints); ok && severalCorpora(q) {
					answered["a query over several corpora"]++
				}
			}
		}
	}
}

func severalCorpora(q *pb.QueryPoints) bool {
	for _, p := range q.GetPrefetch() {
		if l := p.GetLookupFrom(); l != nil && l.GetCollectionName() != q.GetCollectionName() {
			return true
		}
	}
	return q.GetLookupFrom() != nil && q.GetLookupFrom().GetCollectionName() != q.GetCollectionName()
}

// ask compares the answers to one read. It says whether there was one.
func (p *pair) ask(t *testing.T, r request) bool {
	t.Helper()
	want, wantErr := p.plain.call(r.message, r.method)
	for _, s := range p.tested {
		got, gotErr := s.call(r.message, r.method)
		p.sameError(t, s, r, wantErr, gotErr)
		if wantErr != nil || gotErr != nil {
			continue
		}
		if diff := same(r, want, got); diff != "" {
			t.Errorf("%s %s %v:\n%s", s.name, r.method, r.message, diff)
		}
	}
	return wantErr == nil
}

// scroll reads page by page to the end: all points once, in any order.
func (p *pair) scroll(t *testing.T, m *pb.ScrollPoints) {
	t.Helper()
	want := p.pages(t, p.plain, m)
	for _, s := range p.tested {
		got := p.pages(t, s, m)
		if len(got) != len(want) {
			t.Errorf("%s scrolls %d points, plain %d", s.name, len(got), len(want))
			continue
		}
		if diff := sameSet(want, got); diff != "" {
			t.Errorf("%s: scroll %v: %s", s.name, m, diff)
		}
	}
}

func (p *pair) pages(t *testing.T, s side, m *pb.ScrollPoints) []hit {
	t.Helper()
	var out []hit
	page := proto.CloneOf(m)
	for range 100 {
		reply, err := s.call(page, "Scroll")
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		r := reply.(*pb.ScrollResponse)
		out = append(out, retrieved(r.GetResult())...)
		if page.Offset = r.GetNextPageOffset(); page.Offset == nil {
			return out
		}
	}
	t.Fatalf("%s: scrolling does not end", s.name)
	return nil
}
