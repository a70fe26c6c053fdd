package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// searchParams reads the params of a search.
func (r *reader) searchParams() *pb.SearchParams {
	p := &pb.SearchParams{}
	r.object("an object", func(key string) bool {
		switch key {
		case "hnsw_ef":
			p.HnswEf = opt(r, (*reader).positive)
		case "exact":
			p.Exact = opt(r, (*reader).bool)
		case "indexed_only":
			p.IndexedOnly = opt(r, (*reader).bool)
		case "quantization":
			p.Quantization = orNil(r, (*reader).quantization)
		case "acorn":
			p.Acorn = orNil(r, (*reader).acorn)
		case "idf":
			if !r.null() {
				p.ProtoReflect().SetUnknown(r.idf())
			}
		default:
			return false
		}
		return true
	})
	return p
}

func (r *reader) quantization() *pb.QuantizationSearchParams {
	q := &pb.QuantizationSearchParams{}
	r.object("an object", func(key string) bool {
		switch key {
		case "ignore":
			q.Ignore = opt(r, (*reader).bool)
		case "rescore":
			q.Rescore = opt(r, (*reader).bool)
		case "oversampling":
			q.Oversampling = opt(r, (*reader).float64)
		default:
			return false
		}
		return true
	})
	return q
}

func (r *reader) acorn() *pb.AcornSearchParams {
	a := &pb.AcornSearchParams{}
	r.object("an object", func(key string) bool {
		switch key {
		case "enable":
			a.Enable = opt(r, (*reader).bool)
		case "max_selectivity":
			a.MaxSelectivity = opt(r, (*reader).float64)
		default:
			return false
		}
		return true
	})
	return a
}

// Numbers of fields in Qdrant 1.19's SearchParams and IdfParams.
const (
	idfField    = 6
	corpusField = 1
)

// idf reads "global" or {"corpus": filter} into the bytes of SearchParams' field idf, which the Go client does not have.
func (r *reader) idf() []byte {
	var params []byte
	if r.kind() == '"' {
		if r.string() != "global" {
			r.fail(`expected "global" or an object with a corpus`)
		}
	} else {
		params = r.idfCorpus()
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, idfField, protowire.BytesType), params)
}

func (r *reader) idfCorpus() []byte {
	var corpus *pb.Filter
	r.object(`"global" or an object with a corpus`, func(key string) bool {
		if key != "corpus" {
			return false
		}
		corpus = r.filter()
		return true
	})
	r.need(corpus != nil, "corpus")
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(corpus)
	if err != nil {
		r.fail("the filter cannot be sent on: %v", err)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, corpusField, protowire.BytesType), raw)
}

// withPayload reads which payload to return: a boolean, names, or an object that includes or excludes names.
func (r *reader) withPayload() *pb.WithPayloadSelector {
	switch r.kind() {
	case 't', 'f':
		return pb.NewWithPayload(r.bool())
	case '[':
		return pb.NewWithPayloadInclude(r.strings()...)
	}
	var s *pb.WithPayloadSelector
	const forms = "a boolean, an array of names, or an object with either include or exclude"
	r.object(forms, func(key string) bool {
		if s != nil {
			r.fail("expected %s", forms)
		}
		switch key {
		case "include":
			s = pb.NewWithPayloadInclude(r.strings()...)
		case "exclude":
			s = pb.NewWithPayloadExclude(r.strings()...)
		default:
			return false
		}
		return true
	})
	if s == nil {
		r.fail("expected %s", forms)
	}
	return s
}

// withVectors reads which vectors to return: a boolean or names.
func (r *reader) withVectors() *pb.WithVectorsSelector {
	switch r.kind() {
	case 't', 'f':
		return pb.NewWithVectors(r.bool())
	case '[':
		return pb.NewWithVectorsInclude(r.strings()...)
	}
	r.expected("a boolean or an array of names of vectors")
	return nil
}

// lookupFrom reads where the ids of a query are resolved.
func (r *reader) lookupFrom() *pb.LookupLocation {
	l := &pb.LookupLocation{}
	named := false
	r.object("an object with a collection", func(key string) bool {
		switch key {
		case "collection":
			l.CollectionName, named = r.string(), true
		case "vector":
			l.VectorName = opt(r, (*reader).string)
		case "shard_key":
			l.ShardKeySelector = orNil(r, (*reader).shardKeys)
		default:
			return false
		}
		return true
	})
	r.need(named, "collection")
	return l
}

// withLookup reads the collection from which each group gets a record. What it returns is written out, because the
// defaults of the JSON are not those of the message.
func (r *reader) withLookup() *pb.WithLookup {
	l := &pb.WithLookup{WithPayload: pb.NewWithPayload(true)}
	if r.kind() == '"' {
		l.Collection = r.string()
		return l
	}
	var named, aliased bool
	r.object("the name of a collection, or an object with a collection", func(key string) bool {
		switch key {
		case "collection":
			l.Collection, named = r.string(), true
		case "with_payload":
			if l.WithPayload = orNil(r, (*reader).withPayload); l.WithPayload == nil {
				l.WithPayload = pb.NewWithPayload(false)
			}
		case "with_vectors", "with_vector":
			r.once(&aliased)
			l.WithVectors = orNil(r, (*reader).withVectors)
		default:
			return false
		}
		return true
	})
	r.need(named, "collection")
	return l
}

var directions = map[string]pb.Direction{"asc": pb.Direction_Asc, "desc": pb.Direction_Desc}

// orderBy reads a key, or an object with a key.
func (r *reader) orderBy() *pb.OrderBy {
	o := &pb.OrderBy{}
	if r.kind() == '"' {
		o.Key = r.string()
		return o
	}
	keyed := false
	r.object("a key, or an object with a key", func(key string) bool {
		switch key {
		case "key":
			o.Key, keyed = r.string(), true
		case "direction":
			if !r.null() {
				o.Direction = enum(r, directions, "asc or desc").Enum()
			}
		case "start_from":
			o.StartFrom = orNil(r, (*reader).startFrom)
		default:
			return false
		}
		return true
	})
	r.need(keyed, "key")
	return o
}

func (r *reader) startFrom() *pb.StartFrom {
	if r.kind() == '"' {
		return &pb.StartFrom{Value: &pb.StartFrom_Timestamp{Timestamp: r.timestamp()}}
	}
	v := r.numberValue()
	if _, integer := v.GetKind().(*pb.Value_IntegerValue); integer {
		return &pb.StartFrom{Value: &pb.StartFrom_Integer{Integer: v.GetIntegerValue()}}
	}
	return &pb.StartFrom{Value: &pb.StartFrom_Float{Float: v.GetDoubleValue()}}
}
