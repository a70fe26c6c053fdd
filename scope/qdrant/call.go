package qdrant

import (
	"cmp"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// Access is a right that a call needs upstream.
type Access struct {
	Collection string // physical
	Write      bool   // also changes points
}

// Call is one scoped request: what to send upstream, or the answer itself. It belongs to one request.
type Call struct {
	Method  string        // the upstream RPC, like "/qdrant.Points/Query"; may differ from the request's
	Message proto.Message // the upstream request; nil if Answer is set
	Answer  proto.Message // the answer, where the upstream is not needed
	Access  []Access      // what an upstream credential must cover, sorted by name, no duplicates

	scope   *Scope
	queried *collection
	foreign map[string]*namespace // ids that were mapped in another collection's namespace
	finish  func(c *Call, reply proto.Message) (proto.Message, *fault)
	order   []string // Get: the stored ids in the order of the request, no duplicates
}

// Request scopes one request of an RPC. It takes ownership of m, which must be a tree: a filter or an id that stands in two
// places would be rewritten twice, so clone what came from a caller. Errors are *Refusal, and then nothing may be sent.
func (s *Scope) Request(method string, m proto.Message) (*Call, error) {
	c, f := s.request(method, m)
	if f != nil {
		return nil, f.refusal()
	}
	return c, nil
}

func (s *Scope) request(name string, m proto.Message) (*Call, *fault) {
	method, ok := methods[name]
	if !ok {
		return nil, refusef(codes.Unimplemented, ReasonUnknownMethod, "%s is not served here", quoted(name))
	}
	if method.treatment == refused {
		return nil, refusef(codes.PermissionDenied, ReasonMethodNotAllowed, "%s is not available: %s", name, method.reason)
	}
	if m == nil || !m.ProtoReflect().IsValid() || m.ProtoReflect().Type() != method.in {
		return nil, refusef(invalid, ReasonWrongMessage, "%s takes a %s", name, method.in.Descriptor().FullName())
	}
	w := &walk{scope: s, plans: requestPlans, rpc: method.rpc}
	if method.treatment == local {
		return w.answer(name, m, method)
	}
	return w.call(name, m, method)
}

// answer makes a Call that needs no upstream.
func (w *walk) answer(name string, m proto.Message, method *method) (*Call, *fault) {
	if f := w.message(m.ProtoReflect(), method.plan); f != nil {
		return nil, f
	}
	answer, f := method.answer(w.scope, m)
	if f != nil {
		return nil, f
	}
	return &Call{Method: name, Answer: answer, scope: w.scope}, nil
}

// call makes a Call that goes upstream.
func (w *walk) call(name string, m proto.Message, method *method) (*Call, *fault) {
	named, ok := m.(interface{ GetCollectionName() string })
	if !ok {
		return nil, refusef(codes.Internal, ReasonWrongMessage, "%s names no collection", name)
	}
	queried, f := w.scope.collection(named.GetCollectionName())
	if f != nil {
		return nil, f
	}
	if method.write && queried.Pattern == Reference {
		return nil, refusef(codes.PermissionDenied, ReasonReadOnly,
			"`%s` is a reference collection: everybody reads it, the platform alone writes it", queried.Name)
	}
	w.queried, w.ids, w.access = queried, queried, make([]Access, 0, 1)
	w.grant(queried, method.write)
	if f := w.message(m.ProtoReflect(), method.plan); f != nil {
		return nil, f
	}
	if len(w.access) > 1 {
		slices.SortFunc(w.access, func(a, b Access) int { return cmp.Compare(a.Collection, b.Collection) })
	}
	c := &Call{Method: name, Message: m, Access: w.access, scope: w.scope, queried: queried, foreign: w.foreign}
	if method.convert != nil && queried.shared() {
		if f := method.convert(w, c); f != nil {
			return nil, f
		}
	}
	return c, nil
}

// NewReply returns an empty reply of the upstream RPC.
func (c *Call) NewReply() proto.Message {
	return methods[c.Method].out.New().Interface()
}

// Response turns the upstream's reply into the client's: its own ids, its own names, nothing that tells of others. It may
// reuse reply. An error means that the reply cannot be this tenant's; nothing of it may be passed on.
func (c *Call) Response(reply proto.Message) (proto.Message, error) {
	if c.Answer != nil {
		return c.Answer, nil
	}
	if reply == nil || !reply.ProtoReflect().IsValid() || reply.ProtoReflect().Type() != methods[c.Method].out {
		return nil, refusef(codes.Internal, ReasonWrongMessage, "the reply to %s is not of its type", c.Method).refusal()
	}
	out, f := c.response(reply)
	if f != nil {
		return nil, f.refusal()
	}
	return out, nil
}

func (c *Call) response(reply proto.Message) (proto.Message, *fault) {
	if f := c.clean(reply); f != nil || c.finish == nil {
		return reply, f
	}
	return c.finish(c, reply)
}
