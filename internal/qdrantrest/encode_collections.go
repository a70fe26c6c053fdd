package qdrantrest

import (
	"strings"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func encodeCollections(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.ListCollectionsResponse)
	if ok {
		e.raw(`{"collections":`)
		items(e, m.GetCollections(), func(e *encoder, c *pb.CollectionDescription) { e.message(c.ProtoReflect()) })
		e.raw("}")
	}
	return ok
}

func encodeAliases(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.ListAliasesResponse)
	if ok {
		e.raw(`{"aliases":`)
		items(e, m.GetAliases(), func(e *encoder, a *pb.AliasDescription) { e.message(a.ProtoReflect()) })
		e.raw("}")
	}
	return ok
}

func encodeExists(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.CollectionExistsResponse)
	if ok {
		e.raw(`{"exists":`)
		e.bool(m.GetResult().GetExists())
		e.raw("}")
	}
	return ok
}

func encodeCollectionInfo(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.GetCollectionInfoResponse)
	if ok {
		e.message(m.GetResult().ProtoReflect())
	}
	return ok
}

// answer is a reply that says yes or no.
type answer interface{ GetResult() bool }

func encodeBool(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(answer)
	if ok {
		e.bool(m.GetResult())
	}
	return ok
}

// encodeTrue is for replies that say nothing but that it is done.
func encodeTrue(_ *Operation, e *encoder, _ proto.Message) bool {
	e.bool(true)
	return true
}

func encodeSnapshot(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.CreateSnapshotResponse)
	if ok {
		e.snapshot(m.GetSnapshotDescription())
	}
	return ok
}

func encodeSnapshots(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.ListSnapshotsResponse)
	if ok {
		items(e, m.GetSnapshotDescriptions(), (*encoder).snapshot)
	}
	return ok
}

func (e *encoder) snapshot(s *pb.SnapshotDescription) {
	e.raw("{")
	e.key("name")
	e.str(s.GetName())
	if t := s.GetCreationTime(); t != nil {
		e.key("creation_time")
		e.str(t.AsTime().Format(time.DateOnly + "T" + time.TimeOnly))
	}
	e.key("size")
	e.int(s.GetSize())
	if s.Checksum != nil {
		e.key("checksum")
		e.str(s.GetChecksum())
	}
	e.raw("}")
}

func (e *encoder) optimizerStatus(s *pb.OptimizerStatus) {
	if s.GetOk() {
		e.raw(`"ok"`)
		return
	}
	e.raw(`{"error":`)
	e.str(s.GetError())
	e.raw("}")
}

// indexParams writes {"type": "keyword", …}, with the fields of the one kind that is set.
func (e *encoder) indexParams(m protoreflect.Message) {
	e.raw("{")
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		e.key("type")
		e.str(strings.TrimSuffix(string(f.Name()), "_index_params"))
		e.fields(v.Message())
		return false
	})
	e.raw("}")
}

func (e *encoder) stemmer(s *pb.StemmingAlgorithm) {
	e.raw("{")
	e.key("type")
	if language := s.GetSnowball().GetLanguage(); language != "" {
		e.str("snowball")
		e.key("language")
		e.str(language)
	} else {
		e.str("none")
	}
	e.raw("}")
}
