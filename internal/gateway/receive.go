package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

const (
	// rawCopies of a message are there while it is decoded: its bytes, and what they become. The same goes for an answer, as it
	// comes and as it goes.
	rawCopies = 2
	// chunkBytes are read at once. Frames may be a byte long and each takes sixty, so they must not gather.
	chunkBytes = 16 << 10
	// prefixBytes are before each message: whether it is compressed, and how long it is.
	prefixBytes = 5
)

// inbound is the stream of a call as the gRPC library's transport has it. The library's own way reads a message of any length
// that is allowed before it says how long it is; here the length comes first, and is counted. It is no part of what the library
// promises, so every test of a request over gRPC stands for it.
type inbound interface {
	ReadMessageHeader(header []byte) error
	Read(n int) (mem.BufferSlice, error)
}

// readGRPC reads the one message of a call. It takes what the lease allows and nothing that is compressed.
func readGRPC(ctx context.Context, full string, limit int, l *lease) (proto.Message, int, error) {
	m, ok := scopeqdrant.NewRequest(full)
	if !ok {
		return nil, 0, &fault{code: codes.Unimplemented, reason: reasonUnknown, message: "This method is not served here"}
	}
	stream, ok := grpc.ServerTransportStreamFromContext(ctx).(inbound)
	if !ok {
		return nil, 0, errors.New("the stream of a call cannot be read")
	}
	n, err := announced(stream, limit)
	if err != nil {
		return nil, n, err
	}
	if err := l.use(rawCopies * int64(n)); err != nil {
		return nil, n, err
	}
	whole, err := body(stream, n)
	if err != nil {
		return nil, n, receiveFault(err)
	}
	defer whole.Free()
	if err := onlyOne(stream); err != nil {
		return nil, n, err
	}
	return m, n, decode(whole.ReadOnlyData(), m, l)
}

// announced is how long the message will be.
func announced(stream inbound, limit int) (int, error) {
	var prefix [prefixBytes]byte
	if err := stream.ReadMessageHeader(prefix[:]); err != nil {
		return 0, receiveFault(err)
	}
	n := binary.BigEndian.Uint32(prefix[1:])
	switch {
	case prefix[0] != 0:
		return 0, &fault{code: codes.Unimplemented, reason: reasonMalformed, message: noCompression}
	case uint64(n) > uint64(limit):
		return 0, &fault{code: codes.ResourceExhausted, reason: reasonTooLarge,
			message: "The message is longer than " + strconv.Itoa(limit) + " bytes"}
	}
	return int(n), nil
}

// body reads n bytes into one piece.
func body(stream inbound, n int) (mem.Buffer, error) {
	if n <= chunkBytes {
		data, err := stream.Read(n)
		if err != nil {
			return nil, err
		}
		defer data.Free()
		return gather(data), nil
	}
	whole := make([]byte, n)
	for rest := whole; len(rest) > 0; {
		data, err := stream.Read(min(len(rest), chunkBytes))
		if err != nil {
			return nil, err
		}
		rest = rest[data.CopyTo(rest):]
		data.Free()
	}
	return mem.SliceBuffer(whole), nil
}

// noCompression is told to whoever compresses: what a message becomes must be known before it is there.
const noCompression = "Compressed messages are not taken: send them as they are"

// onlyOne sees to it that nothing follows the message.
func onlyOne(stream inbound) error {
	var prefix [prefixBytes]byte
	switch err := stream.ReadMessageHeader(prefix[:]); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return receiveFault(err)
	}
	return &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: "More than one message came, and the method takes one"}
}

// decode decodes a request once what becomes of it has been counted. Unknown fields are kept, for the engine to find, and
// nesting is limited.
func decode(data []byte, m proto.Message, l *lease) error {
	w := shapeOf(m.ProtoReflect().Descriptor()).weigh(data)
	if w.elements > maxElements {
		return &fault{code: codes.ResourceExhausted, reason: reasonTooLarge,
			message: "The message holds more than a million values; send less at once"}
	}
	if err := l.use(w.bytes); err != nil {
		return err
	}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxNesting}).Unmarshal(data, m); err != nil {
		return &fault{code: codes.InvalidArgument, reason: reasonMalformed,
			message: "The message could not be decoded: it is damaged, or nested too deeply"}
	}
	return nil
}

// receiveFault says why a message did not arrive.
func receiveFault(err error) error {
	st := status.Convert(err)
	switch {
	case errors.Is(err, io.EOF):
		return &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: "The request has no message"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: "The message ended before it was complete"}
	case st.Code() == codes.DeadlineExceeded, errors.Is(err, context.DeadlineExceeded):
		return errDeadline
	case st.Code() == codes.Canceled, errors.Is(err, context.Canceled):
		return errCanceled
	}
	return &fault{code: st.Code(), reason: reasonMalformed, message: st.Message()}
}
