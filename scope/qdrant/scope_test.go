package qdrant

import (
	"errors"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	acme  = "acme"
	docs  = "docs"  // Shared
	notes = "notes" // Shared, in the same physical collection
	own   = "own"   // Dedicated
	laws  = "laws"  // Reference

	physicalShared = "shared-documents"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

var testVectors = []Vector{
	{Name: "", Size: 4, Distance: "Cosine"}, {Name: "text", Sparse: true, IDF: true}, {Name: "plain", Sparse: true},
}

func testConfig() Config {
	return Config{
		TenantID: acme, TenantUID: "9c5b94b1-35ad-49bb-b118-8e8fc24abf80", MappingKey: testKey, ServerVersion: "1.19.0",
		Collections: []Collection{
			{Name: docs, Physical: physicalShared, Pattern: Shared, CorpusID: "corpus-docs", Vectors: testVectors,
				Indexes: []Index{{Field: "source", Type: "Keyword"}}},
			{Name: notes, Physical: physicalShared, Pattern: Shared, CorpusID: "corpus-notes", Vectors: testVectors},
			{Name: own, Physical: "tenant_acme_own", Pattern: Dedicated, CorpusID: "corpus-own"},
			{Name: laws, Physical: "reference_eu_laws", Pattern: Reference},
		},
	}
}

func newTestScope(t testing.TB, change ...func(*Config)) *Scope {
	t.Helper()
	c := testConfig()
	for _, f := range change {
		f(&c)
	}
	s, err := NewScope(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainQuery is a 10-nearest query of 1,536 dimensions.
func plainQuery() *pb.QueryPoints {
	return &pb.QueryPoints{
		CollectionName: docs, Query: pb.NewQueryDense(make([]float32, 1536)), Limit: proto.Uint64(10), WithPayload: pb.NewWithPayload(true),
	}
}

// plainReply is its answer, as the server gives it.
func plainReply(t testing.TB, s *Scope) *pb.QueryResponse {
	t.Helper()
	out := &pb.QueryResponse{Time: 0.001}
	for i := range 10 {
		id := pb.NewIDNum(uint64(i))
		if f := s.collections[docs].ids.seal(id, &scratch{}); f != nil {
			t.Fatal(f.refusal())
		}
		out.Result = append(out.Result, &pb.ScoredPoint{Id: id, Score: 1, Version: 7, Payload: map[string]*pb.Value{
			"title": text("a"), TenantField: text(acme), CorpusField: text("corpus-docs"),
		}})
	}
	return out
}

func BenchmarkPlainQuery(b *testing.B) {
	s := newTestScope(b)
	base := plainQuery()
	b.ReportAllocs()
	for b.Loop() {
		m := &pb.QueryPoints{CollectionName: docs, Query: base.Query, Limit: base.Limit, WithPayload: base.WithPayload}
		if _, err := s.Request("/qdrant.Points/Query", m); err != nil {
			b.Fatal(err)
		}
	}
}

// refusalOf wants an error to be a *Refusal.
func refusalOf(t testing.TB, err error) *Refusal {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a *Refusal", err)
	}
	return r
}

func TestAllocations(t *testing.T) {
	s := newTestScope(t)
	const runs = 100
	requests := make([]*pb.QueryPoints, runs+1)
	for i := range requests {
		requests[i] = plainQuery()
	}
	i := 0
	n := testing.AllocsPerRun(runs, func() {
		if _, err := s.Request("/qdrant.Points/Query", requests[i]); err != nil {
			t.Fatal(err)
		}
		i++
	})
	if n > 10 {
		t.Errorf("a plain query takes %v allocations, at most 10 are allowed", n)
	}
}

func TestNewScopeRefuses(t *testing.T) {
	cases := map[string]struct {
		change func(*Config)
		want   string
	}{
		"no tenant":        {func(c *Config) { c.TenantID = "" }, "id and the UID"},
		"no UID":           {func(c *Config) { c.TenantUID = "" }, "id and the UID"},
		"a zero in a UID":  {func(c *Config) { c.TenantUID = "a\x00b" }, "id and the UID"},
		"no key":           {func(c *Config) { c.MappingKey = nil }, "32 bytes"},
		"short key":        {func(c *Config) { c.MappingKey = testKey[:16] }, "32 bytes"},
		"no corpus":        {func(c *Config) { c.Collections[0].CorpusID = "" }, "UID of its Corpus"},
		"no vectors":       {func(c *Config) { c.Collections[0].Vectors = nil }, "needs its vectors"},
		"dense idf":        {func(c *Config) { c.Collections[0].Vectors = []Vector{{IDF: true}} }, "not sparse"},
		"vector twice":     {func(c *Config) { c.Collections[0].Vectors = []Vector{{Size: 1}, {Size: 2}} }, "two vectors"},
		"collection twice": {func(c *Config) { c.Collections[1].Name = docs }, "two collections"},
		"no pattern":       {func(c *Config) { c.Collections[2].Pattern = "" }, "none of"},
		"no physical name": {func(c *Config) { c.Collections[2].Physical = "" }, "physical name"},
		"negative limit":   {func(c *Config) { c.Limits.MaxIDs = -1 }, "MaxIDs"},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			tt.change(&c)
			_, err := NewScope(c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), string(testKey[:16])) {
				t.Error("the error repeats the key")
			}
		})
	}
	s := newTestScope(t)
	if s.TenantID() != acme || s.TenantUID() != testConfig().TenantUID {
		t.Errorf("the scope is of %s, %s", s.TenantID(), s.TenantUID())
	}
}

func valueOf(s string) protoreflect.Value { return protoreflect.ValueOfString(s) }
