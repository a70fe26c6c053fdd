package qdrantsim

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// searchParams are a level's parameters, with what the client library does not
// know yet.
type searchParams struct {
	*qdrant.SearchParams
	idf *idfParams
}

// idfParams says over which points the statistics of a sparse vector with the
// modifier idf are taken. Without a corpus: over all, as without idfParams.
type idfParams struct{ corpus *filter }

// parseSearchParams reads the field idf from the bytes that it came in.
func parseSearchParams(p *qdrant.SearchParams) (searchParams, error) {
	out := searchParams{SearchParams: p}
	corpus, found, err := decodeIDF(p)
	if err != nil || !found {
		return out, err
	}
	out.idf = &idfParams{}
	out.idf.corpus, err = compileFilter(corpus)
	return out, err
}

// decodeIDF finds the raw message idf and the filter in it, if there are any.
func decodeIDF(p *qdrant.SearchParams) (corpus *qdrant.Filter, found bool, err error) {
	raw, found := rawField(p.ProtoReflect().GetUnknown(), idfField)
	if !found {
		return nil, false, nil
	}
	inner, ok := rawField(raw, 1)
	if !ok {
		return nil, true, nil
	}
	corpus = &qdrant.Filter{}
	if err := proto.Unmarshal(inner, corpus); err != nil {
		return nil, true, malformed("failed to decode Protobuf message: SearchParams.idf: invalid wire format")
	}
	return corpus, true, nil
}

// checkIDF validates SearchParams.idf, and says whether nothing else in the
// message is unknown.
func (w *validator) checkIDF(p *qdrant.SearchParams, at string) bool {
	if !onlyField(p.ProtoReflect().GetUnknown(), idfField) {
		return false
	}
	raw, _ := rawField(p.ProtoReflect().GetUnknown(), idfField)
	if !onlyField(raw, 1) {
		return false
	}
	corpus, _, err := decodeIDF(p)
	if err != nil {
		w.unsupported = err
	}
	if corpus != nil {
		w.check(corpus.ProtoReflect(), at+"idf.corpus.")
	}
	return true
}

// onlyField says whether raw is nothing but occurrences of one message field.
func onlyField(raw []byte, number protowire.Number) bool {
	for len(raw) > 0 {
		n, kind, head := protowire.ConsumeTag(raw)
		if head < 0 || n != number || kind != protowire.BytesType {
			return false
		}
		size := protowire.ConsumeFieldValue(n, kind, raw[head:])
		if size < 0 {
			return false
		}
		raw = raw[head+size:]
	}
	return true
}

// weigh multiplies the weights of sparse vectors to ask with by the inverse
// document frequency, if the stored vectors are so modified. Values are replaced.
func (c *collection) weigh(using string, asked []vector, idf *idfParams) error {
	p, sparse := c.sparseParams(using)
	if !sparse || p.GetModifier() != qdrant.Modifier_Idf {
		if idf != nil {
			return invalid("search param `idf` requires a sparse vector with the `idf` modifier, which vector %q is not", using)
		}
		return nil
	}
	var corpus *filter
	if idf != nil {
		corpus = idf.corpus
	}
	documents := c.documents(using, corpus)
	for i, v := range asked {
		asked[i].values = weighted(v, documents)
	}
	return nil
}

// documents are the vectors that statistics are taken over: without a corpus
// those of all points, whoever they belong to, which is what leaks between
// tenants.
func (c *collection) documents(using string, corpus *filter) []vector {
	var out []vector
	for _, id := range c.matching(corpus) {
		if v, ok := c.points[id].vectors[using]; ok {
			out = append(out, v)
		}
	}
	return out
}

func weighted(v vector, documents []vector) []float32 {
	n := float32(len(documents))
	out := slices.Clone(v.values)
	for i, index := range v.indices {
		var df float32
		for _, d := range documents {
			if _, ok := slices.BinarySearch(d.indices, index); ok {
				df++
			}
		}
		out[i] *= float32(math.Log(float64((n-df+0.5)/(df+0.5) + 1)))
	}
	return out
}
