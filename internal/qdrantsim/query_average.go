package qdrantsim

// recommended is the vector that the strategy average_vector asks with: the mean
// of the positives, moved as far away again from the mean of the negatives.
func recommended(positives, negatives []vector) (vector, error) {
	to, err := average(positives)
	if err != nil || len(negatives) == 0 {
		return to, err
	}
	from, err := average(negatives)
	if err != nil {
		return vector{}, err
	}
	away := func(a, b float32) float32 { return a + a - b }
	switch {
	case to.sparse && from.sparse:
		return combineSparse(to, from, away), nil
	case to.multi != nil && from.multi != nil: // not moved: the negatives join, negated
		out := vector{multi: to.multi}
		for _, v := range from.multi {
			out.multi = append(out.multi, scaled(v, -1))
		}
		return out, nil
	case to.kind() != from.kind():
		return vector{}, badInput("Positive and negative vectors should be of the same type, either all dense or all sparse or all multi")
	}
	out := make([]float32, min(len(to.dense), len(from.dense)))
	for i := range out {
		out[i] = away(to.dense[i], from.dense[i])
	}
	return vector{dense: out}, nil
}

// average is the mean of vectors of one kind; of multivectors all in one.
func average(vs []vector) (vector, error) {
	if len(vs) == 0 {
		return vector{}, badInput("Positive vectors should not be empty with `average` strategy")
	}
	var sum vector
	for i, v := range vs {
		if v.kind() != vs[0].kind() {
			return vector{}, badInput("Can't average vectors with different types")
		}
		switch {
		case v.multi != nil:
			sum.multi = append(sum.multi, v.multi...)
		case v.sparse && i == 0:
			sum = v
		case v.sparse:
			sum = combineSparse(v, sum, func(a, b float32) float32 { return a + b })
		default:
			sum.dense = added(sum.dense, v.dense)
		}
	}
	share := float32(len(vs))
	return vector{dense: divided(sum.dense, share), sparse: sum.sparse, indices: sum.indices, values: divided(sum.values, share), multi: sum.multi}, nil
}

func added(sum, v []float32) []float32 {
	out := make([]float32, max(len(sum), len(v)))
	copy(out, sum)
	for i, x := range v {
		out[i] += x
	}
	return out
}

func divided(v []float32, by float32) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = x / by
	}
	return out
}

func scaled(v []float32, by float32) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = x * by
	}
	return out
}
