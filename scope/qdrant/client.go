package qdrant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenantry/tenantry/scope"
)

// ErrUnknownTenant means that a [Directory] knows no such tenant, or does not serve it.
var ErrUnknownTenant = errors.New("scope/qdrant: the directory has no scope for this tenant")

// Directory finds the Scope of a tenant, by its tenantID. It is asked for every request, concurrently: see [Cached]. A
// tenant that is not to be served, for example because it is suspended, is an error that wraps [ErrUnknownTenant].
type Directory interface {
	Scope(ctx context.Context, tenantID string) (*Scope, error)
}

// DirectoryFunc is a function that is a Directory.
type DirectoryFunc func(ctx context.Context, tenantID string) (*Scope, error)

// Scope calls the function.
func (f DirectoryFunc) Scope(ctx context.Context, tenantID string) (*Scope, error) {
	return f(ctx, tenantID)
}

// Static is a Directory of scopes that never change, one per tenant. Of two for one tenant, the last counts.
func Static(scopes ...*Scope) Directory {
	known := make(map[string]*Scope, len(scopes))
	for _, s := range scopes {
		known[s.TenantID()] = s
	}
	return DirectoryFunc(func(_ context.Context, tenantID string) (*Scope, error) {
		if s, ok := known[tenantID]; ok {
			return s, nil
		}
		return nil, ErrUnknownTenant
	})
}

// CacheConfig of [Cached]. Zero values are defaults.
type CacheConfig struct {
	// TTL is how long a Scope is used before the directory is asked again: a suspension takes effect within it. Default 10 s.
	TTL time.Duration
	// Max is how many scopes are kept. Default 10,000.
	Max int
	// Timeout of a question to the directory, which many requests may wait for. Default 10 s.
	Timeout time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Cached keeps what a Directory answered. Requests of one tenant that come at once share one question. Errors are not kept,
// and an old Scope is not used when the directory fails: the request fails.
func Cached(d Directory, c CacheConfig) Directory {
	if c.TTL <= 0 {
		c.TTL = 10 * time.Second
	}
	if c.Max <= 0 {
		c.Max = 10_000
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &cached{directory: d, config: c, kept: map[string]kept{}}
}

type kept struct {
	scope *Scope
	until time.Time
}

type cached struct {
	directory Directory
	config    CacheConfig
	flights   singleflight.Group

	mu   sync.Mutex
	kept map[string]kept
}

func (c *cached) Scope(ctx context.Context, tenantID string) (*Scope, error) {
	c.mu.Lock()
	k, ok := c.kept[tenantID]
	c.mu.Unlock()
	if ok && c.config.Now().Before(k.until) {
		return k.scope, nil
	}
	flight := c.flights.DoChan(tenantID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Timeout)
		defer cancel()
		return c.ask(ctx, tenantID)
	})
	select {
	case r := <-flight:
		s, _ := r.Val.(*Scope)
		return s, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *cached) ask(ctx context.Context, tenantID string) (*Scope, error) {
	asked := c.config.Now()
	s, err := c.directory.Scope(ctx, tenantID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.kept, tenantID)
		return nil, err
	}
	for id := range c.kept { // any of them: the order of a map is random
		if len(c.kept) < c.config.Max {
			break
		}
		delete(c.kept, id)
	}
	c.kept[tenantID] = kept{s, asked.Add(c.config.TTL)}
	return s, nil
}

// ClientOption changes what [DialOptions] does.
type ClientOption func(*client)

// OnUpstreamError is told what the server answered where the caller is given a text that tells nothing of others. It is for
// your log: the text may hold names and ids of other tenants.
func OnUpstreamError(f func(ctx context.Context, method string, err error)) ClientOption {
	return func(c *client) { c.failed = f }
}

type client struct {
	directory Directory
	failed    func(ctx context.Context, method string, err error)
}

// DialOptions scope every request of a gRPC connection to the tenant of its context (scope.WithTenant), for the official
// client:
//
//	client, err := pb.NewClient(&pb.Config{Host: "qdrant", APIKey: token, GrpcOptions: qdrant.DialOptions(directory)})
//
// Code that uses the client stays as it is: it names logical collections, and its ids come back as it sent them. A request
// without a tenant fails with Unauthenticated before anything is sent; the two health checks alone need none, because the
// client asks for the server's version as it is made. What the engine refuses fails with its code and words. Requests of the
// caller are not changed: they may be sent again. Streams are refused.
//
// Do not add grpc.WithUnaryInterceptor yourself: it would replace the client's own, which sends the token.
func DialOptions(d Directory, opts ...ClientOption) []grpc.DialOption {
	c := &client{directory: d, failed: func(context.Context, string, error) {}}
	for _, opt := range opts {
		opt(c)
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(c.unary), grpc.WithChainStreamInterceptor(refuseStream)}
}

func refuseStream(
	_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return nil, status.Errorf(codes.Unimplemented, "scope/qdrant: %s is a stream: it cannot be scoped", method)
}

func (c *client) unary(
	ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	in, okIn := request.(proto.Message)
	out, okOut := reply.(proto.Message)
	if !okIn || !okOut {
		return status.Errorf(codes.Internal, "scope/qdrant: %s is not called with protobuf messages", method)
	}
	tenant, err := scope.FromContext(ctx)
	if errors.Is(err, scope.ErrNoTenant) && tellsNothing(method, in) {
		return invoke(ctx, method, request, reply, cc, opts...)
	}
	if err != nil {
		return failure{codes.Unauthenticated, err}
	}
	s, err := c.scope(ctx, tenant)
	if err != nil {
		return err
	}
	call, err := s.Request(method, proto.Clone(in))
	if err != nil {
		return err
	}
	answer := call.Answer
	if answer == nil {
		if answer, err = c.send(ctx, call, cc, invoke, opts); err != nil {
			return err
		}
	}
	return hand(out, answer)
}

// tellsNothing says whether a request asks no more than whether the server is up, and which version it has.
func tellsNothing(method string, request proto.Message) bool {
	switch request.(type) {
	case *pb.HealthCheckRequest:
		return method == pb.Qdrant_HealthCheck_FullMethodName
	case *healthpb.HealthCheckRequest:
		return method == healthpb.Health_Check_FullMethodName
	}
	return false
}

func (c *client) scope(ctx context.Context, tenant scope.Tenant) (*Scope, error) {
	s, err := c.directory.Scope(ctx, tenant.ID)
	switch {
	case errors.Is(err, ErrUnknownTenant):
		return nil, failure{codes.PermissionDenied, err}
	case errors.Is(err, context.Canceled):
		return nil, failure{codes.Canceled, err}
	case errors.Is(err, context.DeadlineExceeded):
		return nil, failure{codes.DeadlineExceeded, err}
	case err != nil:
		return nil, failure{codes.Unavailable, fmt.Errorf("scope/qdrant: the directory failed: %w", err)}
	case s == nil || s.TenantID() != tenant.ID:
		return nil, failure{codes.Internal, errors.New("scope/qdrant: the directory returned the scope of another tenant")}
	}
	return s, nil
}

func (c *client) send(
	ctx context.Context, call *Call, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts []grpc.CallOption,
) (proto.Message, error) {
	upstream := call.NewReply()
	if err := invoke(ctx, call.Method, call.Message, upstream, cc, opts...); err != nil {
		c.failed(ctx, call.Method, err)
		return nil, call.Error(err)
	}
	return call.Response(upstream)
}

// hand moves an answer into the reply that the caller holds. The parts of answer belong to the reply from then on.
func hand(reply, answer proto.Message) error {
	to, from := reply.ProtoReflect(), answer.ProtoReflect()
	if to.Type() != from.Type() {
		return status.Errorf(codes.Internal, "scope/qdrant: the answer is a %s, and the caller waits for a %s",
			from.Descriptor().FullName(), to.Descriptor().FullName())
	}
	proto.Reset(reply)
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		to.Set(field, value)
		return true
	})
	return nil
}

// failure is an error of this side with a gRPC code.
type failure struct {
	code codes.Code
	err  error
}

func (f failure) Error() string              { return f.err.Error() }
func (f failure) Unwrap() error              { return f.err }
func (f failure) GRPCStatus() *status.Status { return status.New(f.code, f.err.Error()) }
