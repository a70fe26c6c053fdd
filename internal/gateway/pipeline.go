package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"k8s.io/utils/clock"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity"
)

// Directory is what the gateway asks the registry of tenants; *directory.Directory answers.
type Directory interface {
	// TokenFor returns the least powerful live upstream token that covers access and opens nothing beyond what is the tenant's.
	TokenFor(t *directory.Tenant, access []scopeqdrant.Access) (boundary.Secret, error)
	// Upstream is where Qdrant is now.
	Upstream() (directory.Upstream, error)
	// ServerVersion of Qdrant, "" while it is not known.
	ServerVersion() string
	// Freshness is when what is served was last known to be current; the zero time before the first.
	Freshness() time.Time
	// Ready is nil once everything needed to serve is known and not stale.
	Ready() error
	// Start runs the watches until ctx ends.
	Start(ctx context.Context) error
}

// Authenticator says who calls; *identity.Authenticator does.
type Authenticator interface {
	Authenticate(ctx context.Context, h identity.Header) (*identity.Caller, error)
}

// Request is one request of either protocol.
type Request struct {
	// Method is the full gRPC method, such as /qdrant.Points/Query; "" if there is none by that name.
	Method string
	// Header of the request: the credential is taken from it, and nothing of it goes to Qdrant.
	Header identity.Header
	// Read returns the decoded message and its size in bytes. It is called once the caller has been let in, so that
	// nobody else's bytes are read, and counts with the lease what it is about to take. Its errors are the client's.
	Read func(l *lease) (proto.Message, int, error)
	// Peer is the client's address, for the access log. May be nil.
	Peer fmt.Stringer
	// Protocol is "grpc" or "rest".
	Protocol string
}

// Answer is what a request came to. It counts against its tenant until Done is called, when it has been written.
type Answer struct {
	Message proto.Message
	start   time.Time // of the request
	size    int       // of Qdrant's answer
	lease   lease
}

// Done gives back what the request held.
func (a *Answer) Done() { a.lease.end() }

// Pipeline is the one way of a request through the gateway.
type Pipeline struct {
	auth     Authenticator
	dir      Directory
	upstream *upstream
	admit    *admission
	metrics  *metrics
	trace    tracing
	access   logr.Logger // one line per request
	log      logr.Logger
	trouble  *rate.Sometimes // keeps one broken server from filling the log
	clock    clock.PassiveClock
	timeout  time.Duration
	// replyBytes is the longest answer of Qdrant's that is passed on.
	replyBytes int
}

// exchange is one request on its way, with what is learned about it.
type exchange struct {
	Request
	method  *methodMetrics
	start   time.Time
	caller  *identity.Caller // nil until authenticated
	tenant  *turnstile       // nil until authenticated
	lease   lease            // empty until let in
	size    int
	replied int // size of Qdrant's answer
	request span
}

func (x *exchange) tenantLabel() string {
	if x.tenant == nil {
		return ""
	}
	return x.tenant.label
}

// Do serves one request. The caller is Done with an answer once it has been written. Errors are of one type that carries a gRPC
// status, and safe to show to the client; after one there is nothing to be done with.
func (p *Pipeline) Do(ctx context.Context, r Request) (Answer, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	x := &exchange{Request: r, method: p.metrics.method(r.Method), start: p.clock.Now()}
	p.metrics.inFlight.Inc()
	defer p.metrics.inFlight.Dec()
	ctx, x.request = p.trace.request(ctx, x)
	reply, err := p.guarded(ctx, x)
	if err == nil {
		p.finish(x, reply, nil)
		return Answer{Message: reply, start: x.start, size: x.replied, lease: x.lease}, nil
	}
	x.lease.end()
	f := p.settle(ctx, err)
	p.finish(x, nil, f)
	return Answer{}, f
}

// bound gives ctx the deadline of a request unless a shorter one is there.
func (p *Pipeline) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := ctx.Deadline(); ok && time.Until(d) <= p.timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, p.timeout)
}

// guarded turns a panic of one request into an error of that request.
func (p *Pipeline) guarded(ctx context.Context, x *exchange) (reply proto.Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.panicked(v, x.method.label, debug.Stack())
			reply, err = nil, errInternal
		}
	}()
	return p.serve(ctx, x)
}

// panicked reports a panic. Its value may quote the message; its type and the stack do not.
func (p *Pipeline) panicked(v any, method string, stack []byte) {
	p.metrics.panics.Inc()
	p.log.Error(nil, "A request panicked", "method", method, "type", fmt.Sprintf("%T", v), "stack", string(stack))
}

func (p *Pipeline) serve(ctx context.Context, x *exchange) (proto.Message, error) {
	if err := p.identify(ctx, x); err != nil {
		return nil, err
	}
	if err := p.admit.enter(x.tenant, x.start); err != nil {
		return nil, err
	}
	if err := x.lease.open(p.admit, x.tenant); err != nil {
		x.tenant.leave()
		return nil, err
	}
	m, n, err := x.Read(&x.lease)
	x.size = n
	if err != nil {
		return nil, err
	}
	if err := p.still(ctx, x); err != nil {
		return nil, err
	}
	call, err := p.scope(ctx, x, m)
	if err != nil {
		return nil, err
	}
	if call.Answer != nil {
		return call.Answer, nil
	}
	return p.forward(ctx, x, call)
}

func (p *Pipeline) identify(ctx context.Context, x *exchange) error {
	caller, err := p.auth.Authenticate(ctx, x.Header)
	if err != nil {
		return err
	}
	x.caller = caller
	x.tenant = p.admit.turnstile(caller.Tenant.UID, caller.Tenant.ID, x.start)
	x.request.tenant(caller.Tenant.ID, caller.Via)
	return nil
}

// still finds out anew who calls, if it is a while since that was known: a tenant may have been suspended, and a token revoked,
// while the message was on its way.
func (p *Pipeline) still(ctx context.Context, x *exchange) error {
	if p.clock.Since(x.start) < promptly {
		return nil
	}
	caller, err := p.auth.Authenticate(ctx, x.Header)
	switch {
	case err != nil:
		return err
	case caller.Tenant.UID != x.caller.Tenant.UID:
		return errChanged
	}
	x.caller = caller
	return nil
}

// promptly is how soon a message is there that comes with its request.
const promptly = 50 * time.Millisecond

func (p *Pipeline) scope(ctx context.Context, x *exchange, m proto.Message) (*scopeqdrant.Call, error) {
	_, s := p.trace.step(ctx, "scope", trace.SpanKindInternal)
	call, err := x.caller.Tenant.Scope.Request(x.Method, m)
	s.end(err)
	return call, err
}

// settle makes the client's error of a step's error, and tells the operator of those that no client can mend.
func (p *Pipeline) settle(ctx context.Context, err error) *fault {
	f := asFault(err)
	if f == errInternal && !errors.Is(err, errInternal) { // not one that was reported where it arose
		if ctx.Err() != nil { // a step may wrap the end of the context in an error of its own
			return asFault(ctx.Err())
		}
		p.troubled(err, "A request failed for a reason that is not the client's")
	}
	return f
}

// troubled logs at most one line a second.
func (p *Pipeline) troubled(err error, message string, keysAndValues ...any) {
	p.trouble.Do(func() { p.log.Error(err, message, keysAndValues...) })
}

func (p *Pipeline) finish(x *exchange, reply proto.Message, f *fault) {
	took := p.clock.Since(x.start)
	p.metrics.done(x, f, took)
	if f != nil {
		x.request.end(f)
	} else {
		x.request.end(nil) // a nil *fault in an error would not be nil
	}
	if !p.access.Enabled() {
		return
	}
	p.accessLine(x, reply, f, took)
}

// accessLine writes who called what and how it ended: nothing that the client or Qdrant sent.
func (p *Pipeline) accessLine(x *exchange, reply proto.Message, f *fault, took time.Duration) {
	line := []any{"method", x.method.label, "protocol", x.Protocol, "code", codes.OK.String(), "duration", took.String(), "requestBytes", x.size}
	if f != nil {
		line[5] = f.code.String()
		line = append(line, "reason", f.reason)
	}
	if reply != nil {
		line = append(line, "replyBytes", replySize(reply))
	}
	if x.caller != nil {
		line = append(line, "tenant", x.caller.Tenant.ID, "via", x.caller.Via)
	}
	if x.Peer != nil {
		line = append(line, "peer", x.Peer.String())
	}
	p.access.Info("request", line...)
}
