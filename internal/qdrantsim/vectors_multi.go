package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
)

// maxMultiSize is the server's bound on all numbers of a multivector together.
const maxMultiSize = 1 << 20

// newMulti checks what can be said of a multivector without its collection.
func newMulti(from []*qdrant.DenseVector) (vector, error) {
	out := vector{multi: [][]float32{}}
	size := 0
	for _, v := range from {
		if len(v.GetData()) == 0 {
			return vector{}, invalidMulti("all vectors must be non-empty")
		}
		size += len(v.GetData())
		out.multi = append(out.multi, v.GetData())
	}
	switch {
	case len(from) == 0:
		return vector{}, invalidMulti("multi vector must not be empty")
	case size >= maxMultiSize:
		return vector{}, malformed("Validation error in body: [data: Total size of all vectors (%d) must be less than %d]", size, maxMultiSize)
	}
	for _, v := range out.multi {
		if len(v) != len(out.multi[0]) {
			return vector{}, malformed("Validation error in body: [data: all vectors must have the same dimension, "+
				"found vector with dimension %d]", len(v))
		}
	}
	return out, nil
}

// splitMulti is the older spelling: count vectors in one list of numbers.
func splitMulti(data []float32, count int) (vector, error) {
	if count == 0 || len(data) == 0 || len(data)%count != 0 {
		return vector{}, invalidMulti("invalid dense vector length for vectors count")
	}
	var parts []*qdrant.DenseVector
	size := len(data) / count
	for at := 0; at < len(data); at += size {
		parts = append(parts, &qdrant.DenseVector{Data: data[at : at+size]})
	}
	return newMulti(parts)
}

func invalidMulti(what string) error { return malformed("Validation error in body: [data: %s]", what) }

// kind tells dense, sparse and multivectors apart.
func (v vector) kind() string {
	switch {
	case v.sparse:
		return "sparse"
	case v.multi != nil:
		return "multi"
	}
	return "dense"
}

// parts are the dense vectors of a dense vector or a multivector.
func (v vector) parts() [][]float32 {
	if v.multi != nil {
		return v.multi
	}
	return [][]float32{v.dense}
}

// fitMulti checks a multivector against its parameters; a dense vector is a
// multivector of one.
func fitMulti(p *qdrant.VectorParams, v vector) vector {
	out := vector{multi: make([][]float32, 0, len(v.parts()))}
	for _, part := range v.parts() {
		if p.GetDistance() == qdrant.Distance_Cosine {
			part = normalised(part)
		}
		out.multi = append(out.multi, part)
	}
	return out
}

func (v vector) multiOutput() *qdrant.VectorOutput {
	out := &qdrant.MultiDenseVector{}
	for _, part := range v.multi {
		out.Vectors = append(out.Vectors, &qdrant.DenseVector{Data: part})
	}
	return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_MultiDense{MultiDense: out}}
}
