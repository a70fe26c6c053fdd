package gateway

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// maxNesting of messages within messages. Qdrant's own limit is 100; what the engine lets through is far below.
const maxNesting = 96

// incoming is a request being received. The codec fills it and never fails, because a failure there would be answered
// by the gRPC library before the gateway could: with its own words and the code Internal.
type incoming struct {
	message proto.Message
	size    int
	err     error
}

// serverCodec decodes what clients send: unknown fields are kept, for the engine to find, and nesting is limited.
type serverCodec struct{ wire }

// Unmarshal implements encoding.CodecV2.
func (serverCodec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	if !ok {
		return unmarshal(data, v, proto.UnmarshalOptions{RecursionLimit: maxNesting})
	}
	in.size = data.Len()
	in.err = unmarshal(data, in.message, proto.UnmarshalOptions{RecursionLimit: maxNesting})
	return nil
}

// upstreamCodec decodes what Qdrant answers: fields that this build does not know are dropped, for nobody cleans them.
type upstreamCodec struct{ wire }

// Unmarshal implements encoding.CodecV2.
func (upstreamCodec) Unmarshal(data mem.BufferSlice, v any) error {
	return unmarshal(data, v, proto.UnmarshalOptions{DiscardUnknown: true})
}

func unmarshal(data mem.BufferSlice, v any, o proto.UnmarshalOptions) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a message", v)
	}
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	return o.Unmarshal(buf.ReadOnlyData(), m)
}

// wire encodes as gRPC's own codec does.
type wire struct{}

// Name implements encoding.CodecV2.
func (wire) Name() string { return encodingproto.Name }

// Marshal implements encoding.CodecV2.
func (wire) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a message", v)
	}
	size := proto.Size(m)
	o := proto.MarshalOptions{UseCachedSize: true} // the line above cached it
	if mem.IsBelowBufferPoolingThreshold(size) {
		b, err := o.Marshal(m)
		if err != nil {
			return nil, err
		}
		return mem.BufferSlice{mem.SliceBuffer(b)}, nil
	}
	pool := mem.DefaultBufferPool()
	buf := pool.Get(size)
	b, err := o.MarshalAppend((*buf)[:0], m)
	if err != nil {
		pool.Put(buf)
		return nil, err
	}
	*buf = b
	return mem.BufferSlice{mem.NewBuffer(buf, pool)}, nil
}

var (
	_ encoding.CodecV2 = serverCodec{}
	_ encoding.CodecV2 = upstreamCodec{}
)
