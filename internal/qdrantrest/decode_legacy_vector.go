package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

// namedVector is what a search before the query API is nearest to.
type namedVector struct {
	name    *string
	values  []float32
	indices *pb.SparseIndices // of a sparse vector
}

// namedVector reads a dense vector, or {"name": …, "vector": …} with a dense or a sparse one.
func (r *reader) namedVector() *namedVector {
	if r.kind() == '[' {
		return &namedVector{values: r.dense().GetData()}
	}
	v := &namedVector{}
	there := false
	r.object("an array of numbers, or an object with name and vector", func(key string) bool {
		switch key {
		case "name":
			name := r.string()
			v.name = &name
		case "vector":
			there = true
			r.searchVector(v)
		default:
			return false
		}
		return true
	})
	r.need(v.name != nil, "name")
	r.need(there, "vector")
	return v
}

func (r *reader) searchVector(v *namedVector) {
	if r.kind() == '[' {
		v.values = r.dense().GetData()
		return
	}
	sparse := r.sparse()
	v.values, v.indices = sparse.GetValues(), &pb.SparseIndices{Data: sparse.GetIndices()}
}

func (r *reader) sparse() *pb.SparseVector {
	var p parts
	r.object("an object with indices and values", func(key string) bool {
		return (key == "indices" || key == "values") && r.part(&p, key)
	})
	r.checkSparse(&p)
	return p.sparseVector()
}

// examples reads ids and vectors to recommend by.
func (r *reader) examples() []*pb.VectorInput {
	return list(r, "an array of point ids and vectors", (*reader).plainInput)
}

// plainInput reads an id, a dense or a sparse vector.
func (r *reader) plainInput() *pb.VectorInput {
	if r.kind() == '{' {
		return &pb.VectorInput{Variant: &pb.VectorInput_Sparse{Sparse: r.sparse()}}
	}
	if r.kind() == '[' {
		return &pb.VectorInput{Variant: &pb.VectorInput_Dense{Dense: r.dense()}}
	}
	return &pb.VectorInput{Variant: &pb.VectorInput_Id{Id: r.id()}}
}

// split parts examples as the messages have them: ids here, vectors there.
func (r *reader) split(examples []*pb.VectorInput) (ids []*pb.PointId, vectors []*pb.Vector) {
	for _, e := range examples {
		if id := e.GetId(); id != nil {
			ids = append(ids, id)
			continue
		}
		vectors = append(vectors, plainVector(e))
	}
	return ids, vectors
}

func plainVector(e *pb.VectorInput) *pb.Vector {
	if sparse := e.GetSparse(); sparse != nil {
		return &pb.Vector{Vector: &pb.Vector_Sparse{Sparse: sparse}}
	}
	return &pb.Vector{Vector: &pb.Vector_Dense{Dense: e.GetDense()}}
}

// example reads an id or a vector to discover by.
func (r *reader) example() *pb.VectorExample {
	e := r.plainInput()
	if id := e.GetId(); id != nil {
		return &pb.VectorExample{Example: &pb.VectorExample_Id{Id: id}}
	}
	return &pb.VectorExample{Example: &pb.VectorExample_Vector{Vector: plainVector(e)}}
}

func (r *reader) examplePair() *pb.ContextExamplePair {
	p := &pb.ContextExamplePair{}
	r.object("an object with positive and negative", func(key string) bool {
		switch key {
		case "positive":
			p.Positive = r.example()
		case "negative":
			p.Negative = r.example()
		default:
			return false
		}
		return true
	})
	r.need(p.Positive != nil, "positive")
	r.need(p.Negative != nil, "negative")
	return p
}
