package qdrantsim

import (
	"context"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// faults are the ways in which this server misbehaves on demand. Each is off
// until its method on Server switches it on.
type faults struct {
	mu           sync.RWMutex
	slow         bool
	latency      map[string]time.Duration
	race         func(fullMethod string)
	ignored      map[string]bool
	tokensOff    bool
	usage        *qdrant.Usage
	connections  connections
	pendingWrite map[*collection][]func() // guarded by the store's lock
}

// SetLatency makes every request to a full method, such as
// "/qdrant.Points/Query", wait for d before it is answered, and every request
// that has no latency of its own where the method is "". Zero removes it.
// A client that gives up in the meantime is not answered.
func (s *Server) SetLatency(fullMethod string, d time.Duration) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.latency == nil {
		s.faults.latency = map[string]time.Duration{}
	}
	s.faults.latency[fullMethod] = d
}

// RefuseTokens makes the server refuse every token as one with a wrong
// signature, as after a change of its API key. The keys still work.
func (s *Server) RefuseTokens(refuse bool) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.tokensOff = refuse
}

// IgnoreConditions makes the server drop conditions of the given kinds from all
// filters, as it drops what it does not understand: "field", "is_empty",
// "is_null", "has_id", "has_vector", "filter" or "nested". A list without kinds
// switches it off. Recorded calls still show what arrived.
func (s *Server) IgnoreConditions(kinds ...string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.ignored = map[string]bool{}
	for _, k := range kinds {
		s.faults.ignored[k] = true
	}
}

// SetUsage makes every reply that can carry usage numbers carry these; nil
// leaves them out, which is the default.
func (s *Server) SetUsage(u *qdrant.Usage) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.usage = u
}

// inject applies what may keep a request from being answered at all.
func (s *Server) inject(ctx context.Context, method string, req any) error {
	if err := s.delay(ctx, method); err != nil {
		return err
	}
	if fault := s.currentFault(); fault != nil {
		return fault(ctx, method, req)
	}
	return nil
}

func (s *Server) delay(ctx context.Context, method string) error {
	s.faults.mu.RLock()
	d, own := s.faults.latency[method]
	if !own {
		d = s.faults.latency[""]
	}
	s.faults.mu.RUnlock()
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// refusesTokens is asked for every token.
func (f *faults) refusesTokens() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.tokensOff
}

var errKeyChanged = status.Error(codes.PermissionDenied, "InvalidSignature")

// misread turns a message into what this server, as old and as faulty as it is
// set to be, makes of it.
func (s *Server) misread(msg proto.Message) {
	s.faults.mu.RLock()
	ignored := s.faults.ignored
	s.faults.mu.RUnlock()
	old := !knowsIDF(s.currentVersion())
	if msg == nil || len(ignored) == 0 && !old {
		return
	}
	walk(msg.ProtoReflect(), func(m protoreflect.Message) {
		switch x := m.Interface().(type) {
		case *qdrant.Condition:
			if which := m.WhichOneof(m.Descriptor().Oneofs().Get(0)); which != nil && ignored[string(which.Name())] {
				x.ConditionOneOf = nil
			}
		case *qdrant.SearchParams:
			if old {
				m.SetUnknown(withoutIDF(m.GetUnknown()))
			}
		}
	})
}

// addUsage sets the reply's usage, if it has such a field.
func (s *Server) addUsage(reply any) {
	s.faults.mu.RLock()
	u := s.faults.usage
	s.faults.mu.RUnlock()
	msg, ok := reply.(proto.Message)
	if u == nil || !ok {
		return
	}
	f := msg.ProtoReflect().Descriptor().Fields().ByName("usage")
	if f != nil && f.Message() != nil && f.Message().FullName() == "qdrant.Usage" {
		msg.ProtoReflect().Set(f, protoreflect.ValueOfMessage(proto.CloneOf(u).ProtoReflect()))
	}
}
