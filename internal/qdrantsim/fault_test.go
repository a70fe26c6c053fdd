package qdrantsim_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// owned starts a server with a collection "c" of two points of a and one of b.
func owned(t *testing.T) (*qdrantsim.Server, *qdrant.Client) {
	t.Helper()
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	c := connect(t, s, apiKey)
	collection(t, c, "c")
	index(t, c, "t", qdrant.FieldType_FieldTypeKeyword)
	index(t, c, "n", qdrant.FieldType_FieldTypeInteger)
	write(t, c, true, owner(1, "a"), owner(2, "a"), owner(3, "b"))
	s.ResetCalls()
	return s, c
}

func index(t *testing.T, c *qdrant.Client, field string, kind qdrant.FieldType) {
	t.Helper()
	_, err := c.CreateFieldIndex(t.Context(), &qdrant.CreateFieldIndexCollection{
		CollectionName: "c", Wait: qdrant.PtrOf(true), FieldName: field, FieldType: &kind,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func owner(num uint64, tenant string) *qdrant.PointStruct {
	return &qdrant.PointStruct{
		Id: qdrant.NewIDNum(num), Vectors: qdrant.NewVectors(float32(num), 1),
		Payload: qdrant.NewValueMap(map[string]any{"t": tenant, "n": int64(num), "g": int64(num)}),
	}
}

func write(t *testing.T, c *qdrant.Client, wait bool, points ...*qdrant.PointStruct) {
	t.Helper()
	if _, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "c", Wait: &wait, Points: points}); err != nil {
		t.Fatal(err)
	}
}

func of(tenant string) *qdrant.Filter {
	return &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("t", tenant)}}
}

func stored(s *qdrantsim.Server) []string {
	out := []string{}
	for _, p := range s.Points("c") {
		out = append(out, p.ID+" "+p.Payload["t"].GetStringValue())
	}
	return out
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSlowApply(t *testing.T) {
	s, c := owned(t)
	s.SetSlowApply(true)
	write(t, c, false, owner(3, "a"))
	write(t, c, false, owner(4, "b"))
	same(t, stored(s), []string{"1 a", "2 a", "3 b"})
	write(t, c, true, owner(3, "b")) // waited for: after the earlier ones, in their order
	same(t, stored(s), []string{"1 a", "2 a", "3 b", "4 b"})
	write(t, c, false, owner(5, "a"))
	same(t, s.ApplyPending(), 1)
	write(t, c, false, owner(6, "a"))
	s.SetSlowApply(false)
	same(t, len(s.Points("c")), 6)
	same(t, s.Calls()[0].Touched, []string{"c/3"})
}

func TestLatencyEndsWithTheCaller(t *testing.T) {
	s, c := owned(t)
	s.SetLatency("/qdrant.Points/Count", time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := c.Count(ctx, &qdrant.CountPoints{CollectionName: "c"})
	wantCode(t, err, codes.DeadlineExceeded, "")
	_, err = c.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: "c"})
	wantCode(t, err, codes.OK, "")
	s.SetLatency("", time.Hour)
	s.SetLatency("/qdrant.Points/Count", 0)
	_, err = c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
	wantCode(t, err, codes.OK, "")
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = c.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: "c"})
	wantCode(t, err, codes.DeadlineExceeded, "")
}

func TestRefuseTokens(t *testing.T) {
	s, _ := owned(t)
	token := connect(t, s, mint(t, map[string]any{"access": "r"}))
	count := func(c *qdrant.Client) error {
		_, err := c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
		return err
	}
	s.RefuseTokens(true)
	wantCode(t, count(token), codes.PermissionDenied, "InvalidSignature")
	wantCode(t, count(connect(t, s, apiKey)), codes.OK, "")
	s.RefuseTokens(false)
	wantCode(t, count(token), codes.OK, "")
}

func TestIgnoreConditions(t *testing.T) {
	s, c := owned(t)
	nested := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewFilterAsCondition(of("a")), qdrant.NewHasID(qdrant.NewIDNum(1))}}
	for name, tc := range map[string]struct {
		kinds  []string
		filter *qdrant.Filter
		want   uint64
	}{
		"none":         {nil, nested, 1},
		"field":        {[]string{"field"}, of("a"), 3},
		"field deeper": {[]string{"field"}, nested, 1},
		"has_id":       {[]string{"has_id"}, nested, 2},
		"both":         {[]string{"has_id", "filter"}, nested, 3},
	} {
		s.IgnoreConditions(tc.kinds...)
		n, err := c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c", Filter: proto.CloneOf(tc.filter)})
		if err != nil || n != tc.want {
			t.Errorf("%s: got %d, %v, want %d", name, n, err, tc.want)
		}
	}
	s.ResetCalls()
	_, _ = c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c", Filter: of("a")})
	same(t, s.Calls()[0].Request.(*qdrant.CountPoints).GetFilter(), of("a"))
}

// withIDF is the parameter idf with a corpus, as a newer client would send it.
func withIDF(t *testing.T, corpus *qdrant.Filter) *qdrant.SearchParams {
	t.Helper()
	raw, err := proto.Marshal(corpus)
	if err != nil {
		t.Fatal(err)
	}
	idf := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), raw)
	p := &qdrant.SearchParams{}
	p.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), idf))
	return p
}

// termsOfTwo makes a collection "w" with the term 7 in one document of a, and in both
// of b's.
func termsOfTwo(t *testing.T, c *qdrant.Client) {
	t.Helper()
	err := c.CreateCollection(t.Context(), &qdrant.CreateCollection{CollectionName: "w", SparseVectorsConfig: qdrant.NewSparseVectorsConfig(
		map[string]*qdrant.SparseVectorParams{"words": {Modifier: qdrant.Modifier_Idf.Enum()}})})
	if err != nil {
		t.Fatal(err)
	}
	var points []*qdrant.PointStruct
	for i, p := range []struct {
		tenant string
		term   uint32
	}{{"a", 7}, {"a", 8}, {"b", 7}, {"b", 7}} {
		points = append(points, &qdrant.PointStruct{
			Id: qdrant.NewIDNum(uint64(i + 1)), Payload: qdrant.NewValueMap(map[string]any{"t": p.tenant}),
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"words": qdrant.NewVectorSparse([]uint32{p.term}, []float32{1})}),
		})
	}
	if _, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "w", Wait: qdrant.PtrOf(true), Points: points}); err != nil {
		t.Fatal(err)
	}
}

// An older server skips idf, and so scores with everybody's documents.
func TestOlderServersIgnoreIDF(t *testing.T) {
	s, c := owned(t)
	termsOfTwo(t, c)
	for version, want := range map[string]struct {
		score   float32
		touched []string
	}{
		"1.19.0": {0.693, []string{"w/1", "w/2"}},               // ln((2-1+.5)/(1+.5)+1)
		"1.20.1": {0.693, []string{"w/1", "w/2"}},               //
		"1.18.2": {0.357, []string{"w/1", "w/2", "w/3", "w/4"}}, // ln((4-3+.5)/(3+.5)+1)
	} {
		s.SetVersion(version)
		s.ResetCalls()
		got, err := c.Query(t.Context(), &qdrant.QueryPoints{
			CollectionName: "w", Query: qdrant.NewQuerySparse([]uint32{7}, []float32{1}), Using: qdrant.PtrOf("words"),
			Filter: of("a"), Params: withIDF(t, of("a")),
		})
		if err != nil || len(got) != 1 || got[0].GetScore() < want.score-.001 || got[0].GetScore() > want.score+.001 {
			t.Errorf("%s: got %v, %v, want one hit with %v", version, got, err, want.score)
		}
		same(t, s.Calls()[0].Touched, want.touched)
	}
}

func TestUsage(t *testing.T) {
	s, c := owned(t)
	u := &qdrant.Usage{Hardware: &qdrant.HardwareUsage{Cpu: 7}}
	s.SetUsage(u)
	reply, err := c.GetPointsClient().Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, reply.GetUsage(), u)
	s.SetUsage(nil)
	reply, err = c.GetPointsClient().Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
	same(t, []any{reply.GetUsage() == nil, err}, []any{true, nil})
}

func TestDropConnections(t *testing.T) {
	s, c := owned(t)
	var dropped atomic.Int64
	s.SetFault(func(context.Context, string, any) error {
		if dropped.Load() == 0 {
			dropped.Store(int64(s.DropConnections()))
		}
		return nil
	})
	_, err := c.GetPointsClient().Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "c"})
	wantCode(t, err, codes.Unavailable, "")
	if dropped.Load() == 0 {
		t.Error("no connection was dropped")
	}
	if got := connect(t, s, apiKey); got != nil {
		_, err = got.Count(t.Context(), &qdrant.CountPoints{CollectionName: "c"})
		wantCode(t, err, codes.OK, "")
	}
}
