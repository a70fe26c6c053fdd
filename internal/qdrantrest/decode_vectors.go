package qdrantrest

import (
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
)

// vector reads one stored vector, as it stands under a name.
func (r *reader) vector() *pb.Vector {
	if r.kind() == '[' {
		return r.arrayVector()
	}
	var p parts
	r.object(vectorForms, func(key string) bool { return r.part(&p, key) })
	r.vectorParts(&p)
	return p.vector()
}

func (r *reader) arrayVector() *pb.Vector {
	dense, multi := r.arrays()
	if multi != nil {
		return &pb.Vector{Vector: &pb.Vector_MultiDense{MultiDense: multi}}
	}
	return &pb.Vector{Vector: &pb.Vector_Dense{Dense: dense}}
}

// input reads what a query is nearest to: an id, or a vector.
func (r *reader) input() *pb.VectorInput {
	switch {
	case r.kind() == '"' || r.isNumber():
		return &pb.VectorInput{Variant: &pb.VectorInput_Id{Id: r.id()}}
	case r.kind() == '[':
		return r.arrayInput()
	}
	var p parts
	r.object("a point id or "+vectorForms, func(key string) bool { return r.part(&p, key) })
	r.vectorParts(&p)
	return p.input()
}

func (r *reader) arrayInput() *pb.VectorInput {
	dense, multi := r.arrays()
	if multi != nil {
		return &pb.VectorInput{Variant: &pb.VectorInput_MultiDense{MultiDense: multi}}
	}
	return &pb.VectorInput{Variant: &pb.VectorInput_Dense{Dense: dense}}
}

// vectors reads the vectors of a point: the nameless one, or an object with one for each name. An object with a model
// is not named vectors but something to infer the nameless one from.
func (r *reader) vectors() *pb.Vectors {
	if r.kind() != '{' || r.inferred() {
		return &pb.Vectors{VectorsOptions: &pb.Vectors_Vector{Vector: r.vector()}}
	}
	named := map[string]*pb.Vector{}
	r.object("a vector or named vectors", func(key string) bool {
		named[key] = r.vector()
		return true
	})
	return &pb.Vectors{VectorsOptions: &pb.Vectors_Vectors{Vectors: &pb.NamedVectors{Vectors: named}}}
}

// inferred says whether the object that comes next has a string under "model": no vector is a string.
func (r *reader) inferred() bool {
	if !strings.Contains(r.s, `"model"`) {
		return false
	}
	ahead := reader{s: r.s, pos: r.pos, left: freeElements, meter: r.meter}
	found := false
	ahead.object("an object", func(key string) bool {
		found = found || key == "model" && ahead.kind() == '"'
		ahead.skip()
		return true
	})
	return found
}

// skip passes over the value that comes next.
func (r *reader) skip() {
	depth := 0
	for {
		switch r.kind() {
		case '"':
			r.string()
		case '{', '[':
			depth++
			r.advance(1)
		case '}', ']':
			depth--
			r.advance(1)
		default:
			r.advance(1)
		}
		if depth == 0 && (r.pos >= len(r.s) || strings.IndexByte(",]}", r.s[r.pos]) >= 0) {
			return
		}
	}
}

// batchVectors reads the vectors of a batch of n points: an array with a nameless one for each, or an object with such
// an array for each name.
func (r *reader) batchVectors() (columns map[string][]*pb.Vector, nameless bool) {
	if r.kind() == '[' {
		return map[string][]*pb.Vector{"": list(r, "an array of vectors", (*reader).vector)}, true
	}
	columns = map[string][]*pb.Vector{}
	r.object("an array of vectors, or an object with one for each name", func(key string) bool {
		columns[key] = list(r, "an array of vectors", (*reader).vector)
		return true
	})
	return columns, false
}
