package qdrantsim_test

import (
	"math"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// idfCorpus is the search parameter idf with raw bytes for its corpus.
func idfCorpus(corpus []byte) *qdrant.SearchParams {
	inner := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), corpus)
	p := &qdrant.SearchParams{}
	p.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), inner))
	return p
}

// A server older than the parameter answers as if nobody had asked: that is why
// a client must know the server's version before it relies on a corpus.
func TestOlderServersIgnoreTheCorpus(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	c := connect(t, s, apiKey)
	words(t, c)
	corpus, err := proto.Marshal(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasID(qdrant.NewIDNum(1))}})
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]float64{
		"1.19.0": math.Log(4.0 / 3),          // one document, which has the term
		"1.20.1": math.Log(4.0 / 3),          // newer servers know it
		"1.18.3": math.Log(1.5/2.5 + 1),      // three documents, two of which have it
		"1.9.9":  math.Log((3-2+.5)/2.5 + 1), // as above
	} {
		s.SetVersion(version)
		got, err := c.Query(t.Context(), wordQuery(idfCorpus(corpus)))
		if err != nil || len(got) != 2 || math.Abs(float64(got[0].GetScore())-want) > 1e-6 {
			t.Errorf("%s: got %v, %v, want scores of %v", version, got, err, want)
		}
	}
}

// The corpus is a filter like any other: bounds hold in it, and what is newer
// than the client library is refused, not ignored.
func TestTheCorpusIsValidated(t *testing.T) {
	s := start(t, qdrantsim.Options{APIKey: apiKey})
	c := connect(t, s, apiKey)
	words(t, c)
	bounds, err := proto.Marshal(&qdrant.Filter{MinShould: &qdrant.MinShould{}})
	if err != nil {
		t.Fatal(err)
	}
	newer := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	for text, raw := range map[string][]byte{
		"params.idf.corpus.min_should.min_count": bounds,
		"unknown fields (in qdrant.Filter)":      newer,
		"failed to decode":                       {0xff},
	} {
		if _, err := c.Query(t.Context(), wordQuery(idfCorpus(raw))); err == nil {
			t.Errorf("a corpus that should fail with %q is accepted", text)
		} else {
			wantCode(t, err, status.Code(err), text)
		}
	}
}

// words makes the collection "c": of three points two have the term 7.
func words(t *testing.T, c *qdrant.Client) {
	t.Helper()
	err := c.CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName:      "c",
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"w": {Modifier: qdrant.Modifier_Idf.Enum()}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var points []*qdrant.PointStruct
	for i, term := range []uint32{7, 7, 8} {
		points = append(points, &qdrant.PointStruct{
			Id:      qdrant.NewIDNum(uint64(i + 1)),
			Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"w": qdrant.NewVectorSparse([]uint32{term}, []float32{1})}),
		})
	}
	if _, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: "c", Wait: qdrant.PtrOf(true), Points: points}); err != nil {
		t.Fatal(err)
	}
}

func wordQuery(p *qdrant.SearchParams) *qdrant.QueryPoints {
	return &qdrant.QueryPoints{
		CollectionName: "c", Query: qdrant.NewQuerySparse([]uint32{7}, []float32{1}), Using: qdrant.PtrOf("w"), Params: p,
	}
}
