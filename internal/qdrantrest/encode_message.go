package qdrantrest

import (
	"slices"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Configuration is rarely asked for and has many fields, so it is written by reflection: the names of fields are those
// of the messages, and the tables below say where the JSON differs.

// renamed are fields with another name in JSON; "" leaves the field out.
var renamed = map[protoreflect.FullName]string{
	"qdrant.CollectionParams.vectors_config":                          "vectors",
	"qdrant.CollectionParams.sparse_vectors_config":                   "sparse_vectors",
	"qdrant.OptimizersConfigDiff.deprecated_max_optimization_threads": "",
	"qdrant.ListShardKeysResponse.time":                               "",
}

// always are fields that are written when they are not set: as null, or as the empty value given here.
var always = map[protoreflect.FullName]string{
	"qdrant.CollectionInfo.payload_schema":                 "{}",
	"qdrant.CollectionInfo.points_count":                   "null",
	"qdrant.CollectionInfo.indexed_vectors_count":          "null",
	"qdrant.CollectionConfig.quantization_config":          "null",
	"qdrant.OptimizersConfigDiff.max_segment_size":         "null",
	"qdrant.OptimizersConfigDiff.memmap_threshold":         "null",
	"qdrant.OptimizersConfigDiff.max_optimization_threads": "null",
	"qdrant.PayloadSchemaInfo.points":                      "0",
}

// hollow are messages that are in JSON what their one set field is.
var hollow = map[protoreflect.FullName]bool{
	"qdrant.VectorsConfig": true, "qdrant.VectorParamsMap": true, "qdrant.SparseVectorConfig": true,
	"qdrant.StrictModeSparseConfig": true, "qdrant.StrictModeMultivectorConfig": true,
	"qdrant.MaxOptimizationThreads": true, "qdrant.BinaryQuantizationQueryEncoding": true, "qdrant.ShardKey": true,
}

// message writes any message of configuration.
func (e *encoder) message(m protoreflect.Message) {
	switch v := m.Interface().(type) {
	case *pb.Value:
		e.value(v)
		return
	case *pb.OptimizerStatus:
		e.optimizerStatus(v)
		return
	case *pb.PayloadIndexParams:
		e.indexParams(m)
		return
	case *pb.StemmingAlgorithm:
		e.stemmer(v)
		return
	}
	if hollow[m.Descriptor().FullName()] {
		e.hollow(m)
		return
	}
	e.raw("{")
	e.fields(m)
	e.raw("}")
}

func (e *encoder) fields(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		name, ok := renamed[f.FullName()]
		if !ok {
			name = string(f.Name())
		}
		empty, written := always[f.FullName()]
		switch {
		case name == "":
		case m.Has(f) || !f.HasPresence() && !f.IsList() && !f.IsMap():
			e.key(name)
			e.field(f, m.Get(f))
		case written:
			e.key(name)
			e.raw(empty)
		}
	}
}

func (e *encoder) hollow(m protoreflect.Message) {
	written := false
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		e.field(f, v)
		written = true
		return false
	})
	if !written {
		e.raw("{}")
	}
}

func (e *encoder) field(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case f.IsMap():
		e.mapField(f, v.Map())
	case f.IsList():
		all := v.List()
		e.raw("[")
		for i := range all.Len() {
			if i > 0 {
				e.raw(",")
			}
			e.single(f, all.Get(i))
		}
		e.raw("]")
	default:
		e.single(f, v)
	}
}

func (e *encoder) mapField(f protoreflect.FieldDescriptor, m protoreflect.Map) {
	var keys []string
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	e.raw("{")
	for i, key := range keys {
		if i > 0 {
			e.raw(",")
		}
		e.str(key)
		e.raw(":")
		e.single(f.MapValue(), m.Get(protoreflect.ValueOfString(key).MapKey()))
	}
	e.raw("}")
}

func (e *encoder) single(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch x := v.Interface().(type) {
	case protoreflect.Message:
		e.message(x)
	case protoreflect.EnumNumber:
		e.enum(f.Enum(), x)
	case bool:
		e.bool(x)
	case int32:
		e.int(int64(x))
	case int64:
		e.int(x)
	case uint32:
		e.uint(uint64(x))
	case uint64:
		e.uint(x)
	case float32:
		e.float32(x)
	case float64:
		e.float64(x)
	case string:
		e.str(x)
	default:
		e.raw("null")
	}
}

// enum writes the name of a value in snake case, except for distances, which JSON writes as the messages do.
func (e *encoder) enum(d protoreflect.EnumDescriptor, n protoreflect.EnumNumber) {
	v := d.Values().ByNumber(n)
	if v == nil {
		e.raw("null")
		return
	}
	name := string(v.Name())
	if d.FullName() != "qdrant.Distance" {
		name = snake(name)
	}
	e.str(name)
}

// snake writes MaxSim as max_sim and Scalar4Bits as scalar4bits.
func snake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			if i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z' {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

func encodeMessage(_ *Operation, e *encoder, reply proto.Message) bool {
	e.message(reply.ProtoReflect())
	return true
}
