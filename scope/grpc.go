package scope

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RPCResolver returns the tenant that a call has been authenticated for. ctx holds the call's metadata and peer; method is
// its full name.
type RPCResolver func(ctx context.Context, method string) (Tenant, error)

// UnaryServer is [HTTP] for unary gRPC calls: without a tenant the call ends with Unauthenticated, or with Unavailable if
// the resolver's error wraps [ErrUnavailable]. Methods that must pass are named with [ExemptMethods].
func UnaryServer(resolve RPCResolver, opts ...Option) grpc.UnaryServerInterceptor {
	o := build(opts)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, err := o.admitCall(ctx, resolve, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// StreamServer is [UnaryServer] for streams: the tenant is resolved once, before the first message is read.
func StreamServer(resolve RPCResolver, opts ...Option) grpc.StreamServerInterceptor {
	o := build(opts)
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, err := o.admitCall(stream.Context(), resolve, info.FullMethod)
		if err != nil {
			return err
		}
		return next(srv, scopedStream{stream, ctx})
	}
}

// scopedStream is a stream whose context carries the tenant.
type scopedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s scopedStream) Context() context.Context { return s.ctx }

func (o options) admitCall(ctx context.Context, resolve RPCResolver, method string) (context.Context, error) {
	if o.methods[method] {
		return ctx, nil
	}
	scoped, err := o.admit(ctx, func() (Tenant, error) { return resolve(ctx, method) })
	switch {
	case errors.Is(err, ErrUnavailable):
		return nil, status.Error(codes.Unavailable, "unavailable")
	case err != nil:
		return nil, status.Error(codes.Unauthenticated, "unauthenticated")
	}
	return scoped, nil
}
