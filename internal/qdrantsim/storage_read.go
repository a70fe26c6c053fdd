package qdrantsim

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// storageReadService is the name of the service that serves a collection's raw
// files to everybody who may read the collection.
const storageReadService = "qdrant.StorageRead"

// storageMethods are its methods, each with the reply it always gives here. The
// client library has no types for them: messages are kept as raw fields.
var storageMethods = map[string]func() *emptypb.Empty{
	"ListFiles":  func() *emptypb.Empty { return raw(bytesField(bytesField([]byte("segments/0/file")))) },
	"FileExists": func() *emptypb.Empty { return raw(numberField(1)) },
	"FileLength": func() *emptypb.Empty { return raw(numberField(uint64(len(storageContent)))) },
	"ReadBytes":  func() *emptypb.Empty { return raw(bytesField([]byte(storageContent))) },
	"ReadWhole":  func() *emptypb.Empty { return raw(bytesField([]byte(storageContent))) },
	"ReadBatch":  func() *emptypb.Empty { return raw(bytesField([]byte(storageContent))) },
}

// storageContent is what every file holds: this server keeps none.
const storageContent = "raw content of the collection's files"

func raw(fields []byte) *emptypb.Empty {
	out := &emptypb.Empty{}
	out.ProtoReflect().SetUnknown(fields)
	return out
}

// bytesField and numberField are field 1: the replies have no other.
func bytesField(value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
}

func numberField(value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), value)
}

// registerStorageRead serves the service by hand.
func (s *Server) registerStorageRead() {
	desc := &grpc.ServiceDesc{ServiceName: storageReadService, HandlerType: (*any)(nil), Metadata: "storage_read_service.proto"}
	for name, reply := range storageMethods {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: name, Handler: s.storageHandler(name, reply)})
	}
	desc.Streams = []grpc.StreamDesc{{StreamName: "ReadBytesStream", Handler: s.streamFile, ServerStreams: true}}
	s.grpc.RegisterService(desc, s)
}

func (s *Server) storageHandler(name string, reply func() *emptypb.Empty) grpc.MethodHandler {
	method := "/" + storageReadService + "/" + name
	return func(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := &emptypb.Empty{}
		if err := decode(in); err != nil {
			return nil, err
		}
		return intercept(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: method}, func(ctx context.Context, _ any) (any, error) {
			return reply(), s.mayReadFiles(ctx, in)
		})
	}
}

// mayReadFiles needs no more than the right to read the collection, and touches
// all of it.
func (s *Server) mayReadFiles(ctx context.Context, in *emptypb.Empty) error {
	name, _ := rawField(in.ProtoReflect().GetUnknown(), 1)
	return s.view(ctx, string(name), needRead, func(c *collection) error {
		touched(ctx, c, c.order)
		return nil
	})
}

// streamFile is the one method that streams its reply.
func (s *Server) streamFile(_ any, stream grpc.ServerStream) error {
	in := &emptypb.Empty{}
	if err := stream.RecvMsg(in); err != nil {
		return err
	}
	info := &grpc.UnaryServerInfo{FullMethod: "/" + storageReadService + "/ReadBytesStream"}
	out, err := s.intercept(stream.Context(), in, info, func(ctx context.Context, _ any) (any, error) {
		return raw(bytesField([]byte(storageContent))), s.mayReadFiles(ctx, in)
	})
	if err != nil {
		return err
	}
	return stream.SendMsg(out)
}
