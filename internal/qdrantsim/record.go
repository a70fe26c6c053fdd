package qdrantsim

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// PrincipalKind says by what credential a request came in.
type PrincipalKind string

// The kinds of principal.
const (
	PrincipalAPIKey   PrincipalKind = "APIKey"
	PrincipalReadOnly PrincipalKind = "ReadOnlyAPIKey"
	PrincipalJWT      PrincipalKind = "JWT"
	PrincipalNone     PrincipalKind = "None"   // no credential needed
	PrincipalDenied   PrincipalKind = "Denied" // the credential was refused
)

// Call is one request that reached the server.
type Call struct {
	Method    string        // full method, such as "/qdrant.Points/Upsert"
	Request   proto.Message // a copy, as it arrived; nil for a service the server does not have
	Principal PrincipalKind
	Subject   string // the token's subject claim, if any
	// Metadata is what came with the request, by lower-case key. The values of
	// the credentials ("api-key" and "authorization") read HiddenCredential.
	Metadata map[string][]string
	// Touched lists the points the request could touch, each as
	// "collection/id" with the collection's own name and the id in canonical
	// form, sorted. It is complete when the client has its answer.
	//
	// A read touches every point that its filters match, before any limit, the
	// ids it asks for (stored or not), the points it takes vectors or payloads
	// from by reference, and every point that a statistic in its answer was
	// taken from: of a sparse query with idf its corpus, of an inexact count
	// and of a collection's info the whole collection. A write touches every
	// point it selects, also those that its update_filter then skips.
	// A request that was refused before it read anything touches nothing.
	Touched []string
	// TouchedMore says that Touched was cut at MaxTouched.
	TouchedMore bool
}

// MaxTouched bounds Call.Touched.
const MaxTouched = 10_000

// HiddenCredential stands for a credential's value in Call.Metadata.
const HiddenCredential = "(hidden)"

// What a long-running server remembers of its requests is bounded: calls, and
// touched points over all of them.
const (
	keptCalls   = 50_000
	keptTouched = 500_000
)

// recorder keeps the latest calls, and counts them all.
type recorder struct {
	mu      sync.Mutex
	calls   []*Call
	touched int
	counts  map[string]int
}

func (r *recorder) add(c *Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) == keptCalls {
		r.forget(keptCalls / 2)
	}
	r.calls = append(r.calls, c)
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[c.Method]++
}

// forget drops the oldest n calls.
func (r *recorder) forget(n int) {
	for _, c := range r.calls[:n] {
		r.touched -= len(c.Touched)
	}
	r.calls = slices.Delete(r.calls, 0, n)
}

// finish notes what a call has touched. Where that is too much to keep, the
// oldest calls go: a call that is listed never lacks what it touched.
func (r *recorder) finish(c *Call, t *touches) {
	names, more := t.list()
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Touched, c.TouchedMore = names, more
	r.touched += len(names)
	for r.touched > keptTouched && len(r.calls) > 1 && r.calls[0] != c {
		r.forget(1)
	}
}

// Calls returns the requests since the start or the last ResetCalls, in order
// of arrival, including those that were refused: the latest 25,000 at least, or
// as many as together have touched 500,000 points.
func (s *Server) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	out := make([]Call, 0, len(s.calls.calls))
	for _, c := range s.calls.calls {
		out = append(out, *c)
	}
	return out
}

// ResetCalls forgets the recorded requests.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls, s.calls.counts, s.calls.touched = nil, nil, 0
}

// CallCount counts the requests to a full method, such as
// "/qdrant.Points/Upsert", since the start or the last ResetCalls.
func (s *Server) CallCount(method string) int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return s.calls.counts[method]
}

// intercept is what every unary request passes: authenticate, record, fault,
// validate, in the order in which Qdrant's layers would refuse it.
func (s *Server) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if p := recover(); p != nil { // one bad request must not end the whole test process
			err = status.Errorf(codes.Internal, "Service internal error: qdrantsim: %v\n%s", p, debug.Stack())
		}
	}()
	msg, _ := req.(proto.Message)
	call, p, authErr := s.receive(ctx, info.FullMethod, proto.Clone(msg))
	if err := s.inject(ctx, info.FullMethod, req); err != nil {
		return nil, err
	}
	if authErr != nil {
		return nil, authErr
	}
	s.misread(msg)
	if err := validate(msg); err != nil {
		return nil, err
	}
	return s.serve(withPrincipal(ctx, p), call, msg, func(ctx context.Context) (any, error) { return handler(ctx, req) })
}

// serve runs a handler and notes what the request has touched.
func (s *Server) serve(ctx context.Context, call *Call, msg proto.Message, handler func(context.Context) (any, error)) (any, error) {
	ctx, log := withTouches(ctx)
	defer func() { s.calls.finish(call, log) }()
	read := s.store.touchedByRead(msg)
	reply, err := handler(ctx)
	if err == nil || status.Code(err) == codes.NotFound { // a missing point is missed only after reading
		log.addAll(read)
	}
	if err != nil {
		return nil, err
	}
	s.raceReply(call.Method, msg, reply)
	s.addUsage(reply)
	return reply, nil
}

// unknown answers services the server does not have, such as reflection.
func (s *Server) unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	if _, err := s.admit(stream.Context(), method, nil); err != nil {
		return err
	}
	return status.Errorf(codes.Unimplemented, "unknown service or method %s", method)
}

// admit records a request that no handler will see, and says who its caller is.
func (s *Server) admit(ctx context.Context, method string, req proto.Message) (principal, error) { //nolint:unparam // nil until such a request is decoded
	_, p, err := s.receive(ctx, method, req)
	return p, err
}

func (s *Server) receive(ctx context.Context, method string, req proto.Message) (*Call, principal, error) {
	p, err := s.authenticate(ctx, method)
	if err != nil {
		p = principal{kind: PrincipalDenied}
	}
	call := &Call{Method: method, Request: req, Principal: p.kind, Subject: p.subject, Metadata: shownMetadata(ctx)}
	s.calls.add(call)
	return call, p, err
}

// shownMetadata is the request's metadata without its credentials.
func shownMetadata(ctx context.Context) map[string][]string {
	md, _ := metadata.FromIncomingContext(ctx)
	md = md.Copy()
	for _, key := range []string{"api-key", "authorization"} {
		for i := range md[key] {
			md[key][i] = HiddenCredential
		}
	}
	return md
}
