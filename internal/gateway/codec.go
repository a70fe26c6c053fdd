package gateway

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// maxNesting of messages within messages. Qdrant's own limit is 100; what the engine lets through is far below.
const maxNesting = 96

// serverCodec encodes what clients get. What they send is read without it.
type serverCodec struct{ wire }

// Unmarshal implements encoding.CodecV2.
func (serverCodec) Unmarshal(mem.BufferSlice, any) error {
	return errors.New("requests are not decoded here, but where they are counted")
}

// Marshal implements encoding.CodecV2. An answer counts for as long as its bytes are here.
func (c serverCodec) Marshal(v any) (mem.BufferSlice, error) {
	if p, ok := v.(*parcel); ok {
		return p.wrap(c.wire)
	}
	return c.wire.Marshal(v)
}

// gather makes one piece of a message. The pool's pieces are of few sizes: above this one they are much too large.
func gather(data mem.BufferSlice) mem.Buffer {
	if data.Len() > maxPooled {
		return mem.SliceBuffer(data.Materialize())
	}
	return data.MaterializeToBuffer(mem.DefaultBufferPool())
}

const maxPooled = 32 << 10

// piece has room for n bytes, and length 0. It may go to the pool when it is done with.
func piece(n int) *[]byte {
	if n > maxPooled {
		b := make([]byte, 0, n)
		return &b
	}
	b := mem.DefaultBufferPool().Get(n)
	*b = (*b)[:0]
	return b
}

// rawReply is an answer of Qdrant's as it came, for the engine to clean without decoding it.
type rawReply struct{ data mem.Buffer }

func (r *rawReply) bytes() []byte {
	if r.data == nil {
		return nil
	}
	return r.data.ReadOnlyData()
}

// free lets the bytes be used for something else.
func (r *rawReply) free() {
	if r.data != nil {
		r.data.Free()
	}
}

// encodedReply is an answer that has been cleaned and is encoded already. The message in it is nil: there is nothing to read
// but the bytes.
type encodedReply struct {
	proto.Message
	encoded []byte
}

// replySize is the size in bytes of an answer when encoded.
func replySize(m proto.Message) int {
	if r, ok := m.(*encodedReply); ok {
		return len(r.encoded)
	}
	return proto.Size(m)
}

// upstreamCodec decodes what Qdrant answers, unless it is to stay as it is: fields that this build does not know are
// dropped, for nobody cleans them.
type upstreamCodec struct{ wire }

// Unmarshal implements encoding.CodecV2.
func (upstreamCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*rawReply); ok {
		r.free() // gRPC decodes one message for one call; should it decode another, that one counts
		r.data = gather(data)
		return nil
	}
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

// wire encodes as gRPC's own codec does, and passes on what is encoded.
type wire struct{}

// Name implements encoding.CodecV2.
func (wire) Name() string { return encodingproto.Name }

// Marshal implements encoding.CodecV2.
func (w wire) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(*encodedReply); ok {
		return mem.BufferSlice{mem.SliceBuffer(r.encoded)}, nil
	}
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is not a message", v)
	}
	b, err := w.encode(m, 0)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(b, mem.DefaultBufferPool())}, nil
}

// encode encodes a message into a piece with room for some bytes at least.
func (wire) encode(m proto.Message, room int) (*[]byte, error) {
	buf := piece(max(proto.Size(m), room))
	b, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(*buf, m) // the line above cached it
	if err != nil {
		mem.DefaultBufferPool().Put(buf)
		return nil, err
	}
	*buf = b
	return buf, nil
}

var (
	_ encoding.CodecV2 = serverCodec{}
	_ encoding.CodecV2 = upstreamCodec{}
)
