package gateway

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// maxRetryAfter is the longest wait of Qdrant's that is passed on.
const maxRetryAfter = time.Hour

// forward sends a scoped call to Qdrant and cleans what comes back. What came by gRPC is answered by gRPC, so its answer is
// cleaned as it is encoded; for REST it is decoded.
func (p *Pipeline) forward(ctx context.Context, x *exchange, call *scopeqdrant.Call) (proto.Message, error) {
	var raw rawReply
	defer raw.free()
	if err := p.call(ctx, x, call, &raw); err != nil {
		return nil, err
	}
	in := raw.bytes()
	x.replied = len(in)
	if err := weighReply(x, call, in); err != nil {
		return nil, err
	}
	if x.Protocol == protocolGRPC {
		return p.cleanEncoded(x, call, in)
	}
	reply := call.NewReply()
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(in, reply); err != nil {
		return nil, p.withheld(call, err)
	}
	clean, err := call.Response(reply)
	if err != nil {
		return nil, p.withheld(call, err)
	}
	return clean, nil
}

func (p *Pipeline) cleanEncoded(x *exchange, call *scopeqdrant.Call, in []byte) (proto.Message, error) {
	buf := piece(max(len(in), pooledFrom))
	out, err := call.ResponseBytes(*buf, in)
	if err != nil {
		return nil, p.withheld(call, err)
	}
	x.lease.shrink(int64(cap(out)))
	return &encodedReply{encoded: out}, nil
}

// withheld reports an answer that the engine does not understand. It may hold anything: it goes nowhere.
func (p *Pipeline) withheld(call *scopeqdrant.Call, err error) error {
	p.troubled(err, "An answer of Qdrant could not be cleaned and was withheld", "method", call.Method)
	return reached(errInternal)
}

// call makes the upstream call and fills reply. If Qdrant refuses the token of a read, it is asked once more: a token that
// was renewed a moment ago may be there by then.
func (p *Pipeline) call(ctx context.Context, x *exchange, call *scopeqdrant.Call, reply *rawReply) error {
	err := p.attempt(ctx, x, call, reply)
	if errors.Is(err, errTokenRefused) && readsOnly(call.Access) {
		return p.attempt(ctx, x, call, reply)
	}
	return err
}

func readsOnly(access []scopeqdrant.Access) bool {
	return !slices.ContainsFunc(access, func(a scopeqdrant.Access) bool { return a.Write })
}

func (p *Pipeline) attempt(ctx context.Context, x *exchange, call *scopeqdrant.Call, reply *rawReply) error {
	token, err := p.dir.TokenFor(x.caller.Tenant, call.Access)
	if err != nil {
		return err
	}
	ctx, s := p.trace.step(ctx, "upstream", trace.SpanKindClient)
	var trailer metadata.MD
	start := p.clock.Now()
	err = p.ask(ctx, x, call, token, reply, &trailer)
	x.method.upstream.Observe(p.clock.Since(start).Seconds())
	if err != nil {
		err = p.upstreamFault(call, err, trailer)
	}
	s.end(err)
	return err
}

// upstreamFault says what a failed call means for the client. Only what the engine has cleaned passes on Qdrant's words.
func (p *Pipeline) upstreamFault(call *scopeqdrant.Call, err error, trailer metadata.MD) error {
	var f *fault
	var unknown *directory.Error
	if errors.As(err, &f) || errors.As(err, &unknown) { // it did not get as far as Qdrant
		return err
	}
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		p.metrics.tokens.Inc()
		p.troubled(nil, "Qdrant refused the gateway's token: see whether the operator runs and the DataPlane is Ready",
			"method", call.Method, "code", status.Code(err).String())
		return errTokenRefused
	case codes.Unavailable:
		p.troubled(err, "Qdrant cannot be reached", "method", call.Method)
		return errUnreachable
	case codes.DeadlineExceeded:
		return reached(errDeadline)
	case codes.Canceled:
		return reached(errCanceled)
	case codes.Internal, codes.Unknown, codes.DataLoss:
		p.troubled(err, "Qdrant failed", "method", call.Method)
	}
	st := status.Convert(call.Error(err))
	return &fault{code: st.Code(), reason: reasonUpstream, message: st.Message(), upstream: true, retryAfter: retryAfter(trailer)}
}

// reached marks a failure of a request that Qdrant has seen.
func reached(f *fault) *fault {
	g := *f
	g.upstream = true
	return &g
}

// retryAfter is what Qdrant asks for when it limits a rate, in whole seconds; zero for anything else.
func retryAfter(trailer metadata.MD) time.Duration {
	v := trailer.Get(retryAfterHeader)
	if len(v) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(v[0], 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}
