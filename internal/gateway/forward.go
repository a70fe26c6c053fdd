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

// forward sends a scoped call to Qdrant and cleans what comes back.
func (p *Pipeline) forward(ctx context.Context, x *exchange, call *scopeqdrant.Call) (proto.Message, error) {
	reply, err := p.call(ctx, x, call)
	if err != nil {
		return nil, err
	}
	clean, err := call.Response(reply)
	if err != nil {
		// An answer that the engine does not understand may hold anything: it goes nowhere.
		p.troubled(err, "An answer of Qdrant could not be cleaned and was withheld", "method", call.Method)
		return nil, reached(errInternal)
	}
	return clean, nil
}

// call makes the upstream call. If Qdrant refuses the token of a read, it is asked once more: a token that was renewed a
// moment ago may be there by then.
func (p *Pipeline) call(ctx context.Context, x *exchange, call *scopeqdrant.Call) (proto.Message, error) {
	reply, err := p.attempt(ctx, x, call)
	if errors.Is(err, errTokenRefused) && readsOnly(call.Access) {
		return p.attempt(ctx, x, call)
	}
	return reply, err
}

func readsOnly(access []scopeqdrant.Access) bool {
	return !slices.ContainsFunc(access, func(a scopeqdrant.Access) bool { return a.Write })
}

func (p *Pipeline) attempt(ctx context.Context, x *exchange, call *scopeqdrant.Call) (proto.Message, error) {
	token, err := p.dir.Token(call.Access)
	if err != nil {
		return nil, err
	}
	ctx, s := p.trace.step(ctx, "upstream", trace.SpanKindClient)
	reply := call.NewReply()
	var trailer metadata.MD
	start := p.clock.Now()
	err = p.upstream.invoke(ctx, call.Method, token, call.Message, reply, &trailer)
	x.method.upstream.Observe(p.clock.Since(start).Seconds())
	if err != nil {
		err = p.upstreamFault(call, err, trailer)
		s.end(err)
		return nil, err
	}
	s.end(nil)
	return reply, nil
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
