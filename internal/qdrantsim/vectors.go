package qdrantsim

import (
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// parseVectors reads a point's vectors by name; the unnamed one is "".
func parseVectors(v *qdrant.Vectors) (map[string]vector, error) {
	switch o := v.GetVectorsOptions().(type) {
	case *qdrant.Vectors_Vector:
		one, err := parseVector(o.Vector)
		return map[string]vector{"": one}, err
	case *qdrant.Vectors_Vectors:
		out := map[string]vector{}
		for name, w := range o.Vectors.GetVectors() {
			one, err := parseVector(w)
			if err != nil {
				return nil, err
			}
			out[name] = one
		}
		return out, nil
	}
	return nil, malformed("Vectors are not specified")
}

// parseVector reads the current oneof, or the older flat fields.
func parseVector(v *qdrant.Vector) (vector, error) {
	switch o := v.GetVector().(type) {
	case *qdrant.Vector_Dense:
		return vector{dense: o.Dense.GetData()}, nil
	case *qdrant.Vector_Sparse:
		return newSparse(o.Sparse.GetIndices(), o.Sparse.GetValues())
	case *qdrant.Vector_MultiDense:
		return newMulti(o.MultiDense.GetVectors())
	case *qdrant.Vector_Document, *qdrant.Vector_Image, *qdrant.Vector_Object:
		return vector{}, unsupported("inference")
	}
	switch {
	case v.VectorsCount != nil: //nolint:staticcheck // older clients still send it
		return splitMulti(v.GetData(), int(v.GetVectorsCount())) //nolint:staticcheck // as above
	case v.GetIndices() != nil: //nolint:staticcheck // older clients still send it
		return newSparse(v.GetIndices().GetData(), v.GetData()) //nolint:staticcheck // as above
	}
	return vector{dense: v.GetData()}, nil //nolint:staticcheck // as above
}

// checkDimension is the part of the check that the server makes at once, even
// for a write it does not wait for: only the size of known dense vectors.
func (c *collection) checkDimension(vectors map[string]vector) error {
	for name, v := range vectors {
		p := c.denseParams(name)
		if p == nil || v.sparse {
			continue
		}
		for _, part := range v.parts() {
			if uint64(len(part)) == p.GetSize() {
				continue
			}
			if name == "" {
				return wrongDimension(int(p.GetSize()), len(part))
			}
			return badInput("Vector dimension error: expected dim: %d, got %d for vector '%s'", p.GetSize(), len(part), name)
		}
	}
	return nil
}

// stored checks vectors against the collection and makes them what it stores:
// Cosine vectors are kept normalised.
func (c *collection) stored(vectors map[string]vector) (map[string]vector, error) {
	out := make(map[string]vector, len(vectors))
	for name, v := range vectors {
		w, err := c.fit(name, v)
		if err != nil {
			return nil, err
		}
		out[name] = w
	}
	return out, nil
}

// fit checks one vector, to be stored or asked with, under a vector's name.
func (c *collection) fit(name string, v vector) (vector, error) {
	if _, ok := c.sparseParams(name); ok {
		switch v.kind() {
		case "dense":
			return vector{}, wrongKind("sparse")
		case "multi":
			return vector{}, wrongKind("multi")
		}
		return v, nil
	}
	p := c.denseParams(name)
	switch {
	case p == nil:
		return vector{}, noSuchVector(name)
	case v.sparse:
		return vector{}, wrongKind("sparse")
	}
	for _, part := range v.parts() {
		if uint64(len(part)) != p.GetSize() {
			return vector{}, wrongDimension(int(p.GetSize()), len(part))
		}
	}
	switch {
	case p.GetMultivectorConfig() != nil:
		return fitMulti(p, v), nil
	case v.multi != nil:
		return vector{}, wrongKind("multi")
	case p.GetDistance() == qdrant.Distance_Cosine:
		return vector{dense: normalised(v.dense)}, nil
	}
	return v, nil
}

func wrongKind(kind string) error {
	return badInput("Conversion between %s and regular vectors failed", kind)
}

func normalised(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return v
	}
	length := math.Sqrt(sum)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / length)
	}
	return out
}

// vectorsView says which vectors an answer carries.
type vectorsView struct {
	all   bool
	names []string
}

func parseVectorsView(sel *qdrant.WithVectorsSelector) vectorsView {
	return vectorsView{all: sel.GetEnable(), names: sel.GetInclude().GetNames()}
}

func (w vectorsView) of(p *point) *qdrant.VectorsOutput {
	shown := map[string]*qdrant.VectorOutput{}
	for name, v := range p.vectors {
		if w.all || slices.Contains(w.names, name) {
			shown[name] = v.output()
		}
	}
	if !w.all && len(w.names) == 0 {
		return nil
	}
	if one, ok := shown[""]; ok && len(shown) == 1 {
		return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vector{Vector: one}}
	}
	return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: shown}}}
}

// output fills the oneof only: 1.19 leaves the older flat fields empty.
func (v vector) output() *qdrant.VectorOutput {
	if v.multi != nil {
		return v.multiOutput()
	}
	if v.sparse {
		sparse := &qdrant.SparseVector{Values: v.values, Indices: v.indices}
		return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Sparse{Sparse: sparse}}
	}
	return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Dense{Dense: &qdrant.DenseVector{Data: v.dense}}}
}
