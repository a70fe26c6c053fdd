package qdrantsim

import (
	"slices"
)

// newSparse sorts by index; indices must be unique and have one value each.
func newSparse(indices []uint32, values []float32) (vector, error) {
	if len(indices) != len(values) {
		return vector{}, malformed("Validation error in body: [values: must be the same length as indices]")
	}
	order := make([]int, len(indices))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(int64(indices[a]) - int64(indices[b])) })
	v := vector{sparse: true}
	for i, at := range order {
		if i > 0 && v.indices[i-1] == indices[at] {
			return vector{}, malformed("Validation error in body: [indices: must be unique]")
		}
		v.indices = append(v.indices, indices[at])
		v.values = append(v.values, values[at])
	}
	return v, nil
}

// sparseDot says false for vectors without a common index: they are no hit.
func sparseDot(ask, v vector) (float32, bool) {
	var sum float64
	overlap := false
	for i, index := range ask.indices {
		if at, ok := slices.BinarySearch(v.indices, index); ok {
			overlap = true
			sum += float64(ask.values[i]) * float64(v.values[at])
		}
	}
	return float32(sum), overlap
}

// combineSparse applies op index by index; a missing value is 0.
func combineSparse(a, b vector, op func(a, b float32) float32) vector {
	out := vector{sparse: true, indices: slices.Concat(a.indices, b.indices)}
	slices.Sort(out.indices)
	out.indices = slices.Compact(out.indices)
	for _, index := range out.indices {
		out.values = append(out.values, op(a.at(index), b.at(index)))
	}
	return out
}

func (v vector) at(index uint32) float32 {
	if i, ok := slices.BinarySearch(v.indices, index); ok {
		return v.values[i]
	}
	return 0
}
