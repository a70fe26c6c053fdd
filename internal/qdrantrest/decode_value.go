package qdrantrest

import (
	"strconv"

	"github.com/google/uuid"
	pb "github.com/qdrant/go-client/qdrant"
)

// value reads anything into a payload value.
func (r *reader) value() *pb.Value {
	switch r.kind() {
	case '{':
		return &pb.Value{Kind: &pb.Value_StructValue{StructValue: &pb.Struct{Fields: r.payload()}}}
	case '[':
		items := list(r, "an array", (*reader).value)
		return &pb.Value{Kind: &pb.Value_ListValue{ListValue: &pb.ListValue{Values: items}}}
	case '"':
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: r.string()}}
	case 't', 'f':
		return &pb.Value{Kind: &pb.Value_BoolValue{BoolValue: r.bool()}}
	case 'n':
		r.null()
		return &pb.Value{Kind: &pb.Value_NullValue{}}
	}
	return r.numberValue()
}

// numberValue keeps integers integers. An integer beyond 64 bits would come back as another number, so it is refused.
func (r *reader) numberValue() *pb.Value {
	text := r.number("a number")
	if isInteger(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			r.fail("the integer does not fit 64 bits with sign; write it as a string or as a float")
		}
		return &pb.Value{Kind: &pb.Value_IntegerValue{IntegerValue: n}}
	}
	f, ok := parseFloat(text)
	if !ok {
		r.fail("the number is too large")
	}
	return &pb.Value{Kind: &pb.Value_DoubleValue{DoubleValue: f}}
}

// payload reads an object of values.
func (r *reader) payload() map[string]*pb.Value {
	fields := map[string]*pb.Value{}
	r.object("an object", func(key string) bool {
		fields[key] = r.value()
		return true
	})
	return fields
}

// payloadOrNull reads a payload that may be null, which is no payload.
func (r *reader) payloadOrNull() map[string]*pb.Value {
	if r.null() {
		return nil
	}
	return r.payload()
}

const idForms = "a point id: a whole number without sign, or a UUID as a string"

// id reads a point id. The text of a UUID is kept as it was sent.
func (r *reader) id() *pb.PointId {
	switch {
	case r.kind() == '"':
		text := r.string()
		if uuid.Validate(text) != nil {
			r.fail("expected %s; this string is no UUID", idForms)
		}
		return pb.NewID(text)
	case !r.isNumber():
		r.expected(idForms)
	}
	n, err := strconv.ParseUint(r.number(idForms), 10, 64)
	if err != nil {
		r.fail("expected %s", idForms)
	}
	return pb.NewIDNum(n)
}

func (r *reader) ids() []*pb.PointId { return list(r, "an array of point ids", (*reader).id) }

// pathID reads a point id that stands in a path.
func pathID(text string) (*pb.PointId, bool) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return pb.NewIDNum(n), true
	}
	return pb.NewID(text), uuid.Validate(text) == nil
}

// shardKey reads one shard key.
func (r *reader) shardKey() *pb.ShardKey {
	if r.isNumber() {
		return pb.NewShardKeyNum(r.uint64())
	}
	return pb.NewShardKey(r.string())
}

// shardKeys reads a selector: a key, several, or one with a fallback.
func (r *reader) shardKeys() *pb.ShardKeySelector {
	switch r.kind() {
	case '[':
		return &pb.ShardKeySelector{ShardKeys: list(r, "an array of shard keys", (*reader).shardKey)}
	case '{':
		return r.shardKeyWithFallback()
	}
	return &pb.ShardKeySelector{ShardKeys: []*pb.ShardKey{r.shardKey()}}
}

func (r *reader) shardKeyWithFallback() *pb.ShardKeySelector {
	s := &pb.ShardKeySelector{}
	r.object("a shard key", func(key string) bool {
		switch key {
		case "target":
			s.ShardKeys = []*pb.ShardKey{r.shardKey()}
		case "fallback":
			s.Fallback = r.shardKey()
		default:
			return false
		}
		return true
	})
	r.need(s.ShardKeys != nil, "target")
	r.need(s.Fallback != nil, "fallback")
	return s
}
