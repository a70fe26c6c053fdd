package qdrantsim

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
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
	Request   proto.Message // a copy; nil for a service the server does not have
	Principal PrincipalKind
	Subject   string // the token's subject claim, if any
}

// keptCalls bounds what a long-running server remembers of its requests.
const keptCalls = 50_000

// recorder keeps the latest calls, and counts them all.
type recorder struct {
	mu     sync.Mutex
	calls  []Call
	counts map[string]int
}

func (r *recorder) add(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) == keptCalls {
		r.calls = slices.Delete(r.calls, 0, keptCalls/2)
	}
	r.calls = append(r.calls, c)
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[c.Method]++
}

// Calls returns the requests since the start or the last ResetCalls, in order
// of arrival, including those that were refused: at least the latest 25,000.
func (s *Server) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	return slices.Clone(s.calls.calls)
}

// ResetCalls forgets the recorded requests.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls, s.calls.counts = nil, nil
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
	p, authErr := s.admit(ctx, info.FullMethod, proto.Clone(msg))
	if fault := s.currentFault(); fault != nil {
		if err := fault(ctx, info.FullMethod, req); err != nil {
			return nil, err
		}
	}
	if authErr != nil {
		return nil, authErr
	}
	if err := validate(msg); err != nil {
		return nil, err
	}
	return handler(withPrincipal(ctx, p), req)
}

// unknown answers services the server does not have (StorageRead, reflection).
func (s *Server) unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	if _, err := s.admit(stream.Context(), method, nil); err != nil {
		return err
	}
	return status.Errorf(codes.Unimplemented, "unknown service or method %s", method)
}

func (s *Server) admit(ctx context.Context, method string, req proto.Message) (principal, error) {
	p, err := s.authenticate(ctx, method)
	if err != nil {
		p = principal{kind: PrincipalDenied}
	}
	s.calls.add(Call{Method: method, Request: req, Principal: p.kind, Subject: p.subject})
	return p, err
}
