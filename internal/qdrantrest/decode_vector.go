package qdrantrest

import (
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
)

const vectorForms = "a vector: an array of numbers, an array of such arrays, or an object with indices and values"

// floats reads an array of numbers.
func (r *reader) floats(what string) []float32 { return numbers(r, what, (*reader).float32) }

// numbers reads an array of numbers without the general machinery: most bytes of most bodies are here. They are no elements.
func numbers[T float32 | uint32](r *reader, what string, read func(*reader) T) []T {
	if r.kind() != '[' {
		r.expected(what)
	}
	r.advance(1)
	rest := r.s[r.pos:]
	out := make([]T, 0, strings.Count(rest[:strings.IndexByte(rest, ']')], ",")+1)
	r.path = append(r.path, step{})
	for r.s[r.pos] != ']' {
		if len(out) > 0 {
			r.advance(1) // the comma
		}
		r.path[len(r.path)-1].index = len(out) + 1
		out = append(out, read(r))
	}
	r.path = r.path[:len(r.path)-1]
	r.advance(1)
	return out
}

// arrays reads what begins with "[": one dense vector, or several that make a multivector.
func (r *reader) arrays() (*pb.DenseVector, *pb.MultiDenseVector) {
	if r.peekInside() == '[' {
		return nil, &pb.MultiDenseVector{Vectors: list(r, vectorForms, (*reader).dense)}
	}
	return r.dense(), nil
}

func (r *reader) dense() *pb.DenseVector {
	data := r.floats(vectorForms)
	if len(data) == 0 {
		r.invalid("a dense vector must not be empty")
	}
	return &pb.DenseVector{Data: data}
}

// peekInside returns the first byte inside of the array or object that comes next.
func (r *reader) peekInside() byte {
	i := r.pos + 1
	for isSpace(r.s[i]) {
		i++
	}
	return r.s[i]
}

// parts is the union of the objects that can stand for one vector.
type parts struct {
	sparse   pb.SparseVector
	indices  bool
	values   bool
	text     *string
	image    *pb.Value
	object   *pb.Value
	model    *string
	options  map[string]*pb.Value
	optioned bool
}

// part reads a field of such an object.
func (r *reader) part(p *parts, key string) bool {
	switch key {
	case "indices":
		p.sparse.Indices, p.indices = numbers(r, "an array of whole numbers", (*reader).uint32), true
	case "values":
		p.sparse.Values, p.values = r.floats("an array of numbers"), true
	case "text":
		text := r.string()
		p.text = &text
	case "model":
		model := r.string()
		p.model = &model
	case "image":
		p.image = r.value()
	case "object":
		p.object = r.value()
	case "options":
		p.options, p.optioned = r.payloadOrNull(), true
	default:
		return false
	}
	return true
}

func (p *parts) any() bool {
	return p.indices || p.values || p.text != nil || p.image != nil || p.object != nil || p.model != nil || p.optioned
}

// vectorParts checks that the object was exactly one of sparse vector, text, image and object for inference.
func (r *reader) vectorParts(p *parts) {
	forms := 0
	for _, there := range []bool{p.indices || p.values, p.text != nil, p.image != nil, p.object != nil} {
		if there {
			forms++
		}
	}
	if forms != 1 {
		r.fail("expected %s, or one of text, image and object with a model", vectorForms)
	}
	if p.indices || p.values {
		r.checkSparse(p)
		return
	}
	r.need(p.model != nil, "model")
}

func (r *reader) checkSparse(p *parts) {
	r.need(p.indices, "indices")
	r.need(p.values, "values")
	if p.model != nil || p.optioned {
		r.fail("a sparse vector has indices and values and nothing else")
	}
	if len(p.sparse.Indices) != len(p.sparse.Values) {
		r.invalid("indices and values must be the same length")
	}
}

func (p *parts) vector() *pb.Vector {
	switch {
	case p.text != nil:
		return &pb.Vector{Vector: &pb.Vector_Document{Document: p.document()}}
	case p.image != nil:
		return &pb.Vector{Vector: &pb.Vector_Image{Image: p.picture()}}
	case p.object != nil:
		return &pb.Vector{Vector: &pb.Vector_Object{Object: p.inferred()}}
	}
	return &pb.Vector{Vector: &pb.Vector_Sparse{Sparse: p.sparseVector()}}
}

func (p *parts) input() *pb.VectorInput {
	switch {
	case p.text != nil:
		return &pb.VectorInput{Variant: &pb.VectorInput_Document{Document: p.document()}}
	case p.image != nil:
		return &pb.VectorInput{Variant: &pb.VectorInput_Image{Image: p.picture()}}
	case p.object != nil:
		return &pb.VectorInput{Variant: &pb.VectorInput_Object{Object: p.inferred()}}
	}
	return &pb.VectorInput{Variant: &pb.VectorInput_Sparse{Sparse: p.sparseVector()}}
}

func (p *parts) sparseVector() *pb.SparseVector {
	return &pb.SparseVector{Indices: p.sparse.Indices, Values: p.sparse.Values}
}

func (p *parts) document() *pb.Document {
	return &pb.Document{Text: *p.text, Model: *p.model, Options: p.options}
}

func (p *parts) picture() *pb.Image {
	return &pb.Image{Image: p.image, Model: *p.model, Options: p.options}
}

func (p *parts) inferred() *pb.InferenceObject {
	return &pb.InferenceObject{Object: p.object, Model: *p.model, Options: p.options}
}
