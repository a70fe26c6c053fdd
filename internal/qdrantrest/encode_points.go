package qdrantrest

import (
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
)

func (e *encoder) id(id *pb.PointId) {
	switch v := id.GetPointIdOptions().(type) {
	case *pb.PointId_Num:
		e.uint(v.Num)
	case *pb.PointId_Uuid:
		e.str(v.Uuid)
	default:
		e.raw("null")
	}
}

// scored writes a point that was found by a query.
func (e *encoder) scored(p *pb.ScoredPoint, w wants) {
	e.raw(`{"id":`)
	e.id(p.GetId())
	e.raw(`,"version":`)
	e.uint(p.GetVersion())
	e.raw(`,"score":`)
	e.float32(p.GetScore())
	e.contents(p.GetPayload(), p.GetVectors(), p.GetShardKey(), p.GetOrderValue(), w)
	e.raw("}")
}

// record writes a point that was fetched.
func (e *encoder) record(p *pb.RetrievedPoint, w wants) {
	e.raw(`{"id":`)
	e.id(p.GetId())
	e.contents(p.GetPayload(), p.GetVectors(), p.GetShardKey(), p.GetOrderValue(), w)
	e.raw("}")
}

// contents writes what was asked for, empty or not, and what is there anyway.
func (e *encoder) contents(payload map[string]*pb.Value, vectors *pb.VectorsOutput, shard *pb.ShardKey, order *pb.OrderValue, w wants) {
	if w.payload || len(payload) > 0 {
		e.raw(`,"payload":`)
		e.payload(payload)
	}
	if w.vectors || vectors.GetVectorsOptions() != nil {
		e.raw(`,"vector":`)
		e.vectors(vectors)
	}
	if shard.GetKey() != nil {
		e.raw(`,"shard_key":`)
		e.shardKey(shard)
	}
	switch v := order.GetVariant().(type) {
	case *pb.OrderValue_Int:
		e.raw(`,"order_value":`)
		e.int(v.Int)
	case *pb.OrderValue_Float:
		e.raw(`,"order_value":`)
		e.float64(v.Float)
	}
}

func (e *encoder) shardKey(k *pb.ShardKey) {
	if n, ok := k.GetKey().(*pb.ShardKey_Number); ok {
		e.uint(n.Number)
		return
	}
	e.str(k.GetKeyword())
}

// payload writes an object with its keys in order.
func (e *encoder) payload(fields map[string]*pb.Value) {
	names := make([]string, 0, 16)
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	e.raw("{")
	for i, name := range names {
		if i > 0 {
			e.raw(",")
		}
		e.str(name)
		e.raw(":")
		e.value(fields[name])
	}
	e.raw("}")
}

func (e *encoder) value(v *pb.Value) {
	switch k := v.GetKind().(type) {
	case *pb.Value_StringValue:
		e.str(k.StringValue)
	case *pb.Value_IntegerValue:
		e.int(k.IntegerValue)
	case *pb.Value_DoubleValue:
		e.float64(k.DoubleValue)
	case *pb.Value_BoolValue:
		e.bool(k.BoolValue)
	case *pb.Value_ListValue:
		items(e, k.ListValue.GetValues(), (*encoder).value)
	case *pb.Value_StructValue:
		e.payload(k.StructValue.GetFields())
	default:
		e.raw("null")
	}
}

// vectors writes the nameless vector, or an object of named ones; a point without any has an empty object.
func (e *encoder) vectors(v *pb.VectorsOutput) {
	if one, ok := v.GetVectorsOptions().(*pb.VectorsOutput_Vector); ok {
		e.vector(one.Vector)
		return
	}
	named := v.GetVectors().GetVectors()
	names := make([]string, 0, 4)
	for name := range named {
		names = append(names, name)
	}
	slices.Sort(names)
	e.raw("{")
	for i, name := range names {
		if i > 0 {
			e.raw(",")
		}
		e.str(name)
		e.raw(":")
		e.vector(named[name])
	}
	e.raw("}")
}

// vector writes one vector, also in the form that servers before 1.16 send.
func (e *encoder) vector(v *pb.VectorOutput) {
	switch k := v.GetVector().(type) {
	case *pb.VectorOutput_Dense:
		e.floats(k.Dense.GetData())
		return
	case *pb.VectorOutput_Sparse:
		e.sparse(k.Sparse.GetIndices(), k.Sparse.GetValues())
		return
	case *pb.VectorOutput_MultiDense:
		items(e, k.MultiDense.GetVectors(), func(e *encoder, d *pb.DenseVector) { e.floats(d.GetData()) })
		return
	}
	data := v.GetData()                            //nolint:staticcheck // deprecated, and the only form of older servers
	if indices := v.GetIndices(); indices != nil { //nolint:staticcheck // as above
		e.sparse(indices.GetData(), data)
		return
	}
	if n := int(v.GetVectorsCount()); n > 0 && len(data)%n == 0 && len(data) > 0 { //nolint:staticcheck // as above
		items(e, slices.Collect(slices.Chunk(data, len(data)/n)), (*encoder).floats)
		return
	}
	e.floats(data)
}

func (e *encoder) floats(data []float32) {
	e.b = slices.Grow(e.b, 12*len(data)+2)
	items(e, data, (*encoder).float32)
}

func (e *encoder) sparse(indices []uint32, values []float32) {
	e.raw(`{"indices":`)
	items(e, indices, func(e *encoder, n uint32) { e.uint(uint64(n)) })
	e.raw(`,"values":`)
	e.floats(values)
	e.raw("}")
}
