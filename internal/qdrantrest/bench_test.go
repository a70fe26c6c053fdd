package qdrantrest_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantrest"
)

// embedding is a vector as embedding models make them, and the body of a query for it.
func embedding(b *testing.B) ([]float32, []byte) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	vector := make([]float32, 1536)
	for i := range vector {
		vector[i] = float32(random.NormFloat64() * 0.03)
	}
	body, err := json.Marshal(map[string]any{
		"query": vector, "limit": 10, "with_payload": true,
		"filter": map[string]any{"must": []any{map[string]any{"key": "lang", "match": map[string]any{"value": "en"}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return vector, body
}

func queryOperation(b *testing.B) *qdrantrest.Operation {
	b.Helper()
	op, err := qdrantrest.Match(http.MethodPost, "/collections/docs/points/query")
	if err != nil {
		b.Fatal(err)
	}
	return op
}

func BenchmarkDecodeQuery1536(b *testing.B) {
	_, body := embedding(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := queryOperation(b).Decode(nil, body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeQuery1536Standard is what encoding/json takes for the same body, without any check.
func BenchmarkDecodeQuery1536Standard(b *testing.B) {
	_, body := embedding(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var q struct {
			Query       []float32      `json:"query"`
			Limit       uint64         `json:"limit"`
			WithPayload bool           `json:"with_payload"`
			Filter      map[string]any `json:"filter"`
		}
		if err := json.Unmarshal(body, &q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeTenHits(b *testing.B) {
	benchmarkEncode(b, func(*pb.ScoredPoint) {})
}

func BenchmarkEncodeTenHitsWithVectors1536(b *testing.B) {
	vector, _ := embedding(b)
	benchmarkEncode(b, func(p *pb.ScoredPoint) { p.Vectors = oneOut(denseOut(vector...)) })
}

func benchmarkEncode(b *testing.B, change func(*pb.ScoredPoint)) {
	_, body := embedding(b)
	op := queryOperation(b)
	if _, err := op.Decode(nil, body); err != nil {
		b.Fatal(err)
	}
	reply := &pb.QueryResponse{}
	for i := range 10 {
		p := &pb.ScoredPoint{Id: pb.NewIDNum(uint64(i)), Score: 0.87654321, Payload: pb.NewValueMap(map[string]any{
			"lang": "en", "title": "A page about something", "page": int64(i), "tags": []any{"a", "b"},
		})}
		change(p)
		reply.Result = append(reply.Result, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Encode(reply, time.Millisecond); err != nil {
			b.Fatal(err)
		}
	}
}
