package gateway

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenantry/tenantry/internal/gateway/identity"
)

// tracerName is the instrumentation scope of the gateway's spans.
const tracerName = "github.com/tenantry/tenantry/internal/gateway"

// tracing makes spans; the zero value makes none and costs nothing.
type tracing struct{ tracer trace.Tracer }

func newTracing(p trace.TracerProvider) tracing {
	if p == nil {
		return tracing{}
	}
	return tracing{p.Tracer(tracerName)}
}

// span is a trace.Span that may be absent.
type span struct{ s trace.Span }

// request begins the span of a request: a root of its own. A client's trace is linked, not continued: a tenant decides
// neither what is sampled here nor under which trace others look.
func (t tracing) request(ctx context.Context, x *exchange) (context.Context, span) {
	if t.tracer == nil {
		return ctx, span{}
	}
	opts := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("tenantry.method", x.method.label), attribute.String("tenantry.protocol", x.Protocol)),
	}
	remote := propagation.TraceContext{}.Extract(context.Background(), carrier{x.Header})
	if sc := trace.SpanContextFromContext(remote); sc.IsValid() {
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: sc}))
	}
	ctx, s := t.tracer.Start(ctx, "request", opts...)
	return ctx, span{s}
}

// step begins the span of a part of a request.
func (t tracing) step(ctx context.Context, name string, kind trace.SpanKind) (context.Context, span) {
	if t.tracer == nil {
		return ctx, span{}
	}
	ctx, s := t.tracer.Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, span{s}
}

func (s span) tenant(id, via string) {
	if s.s != nil {
		s.s.SetAttributes(attribute.String("tenantry.tenant", id), attribute.String("tenantry.via", via))
	}
}

// end ends the span. Of an error it keeps code and reason: a message may hold what the client sent.
func (s span) end(err error) {
	if s.s == nil {
		return
	}
	if err != nil {
		f := asFault(err)
		s.s.SetStatus(otelcodes.Error, f.reason)
		s.s.SetAttributes(attribute.String("rpc.grpc.status", f.code.String()))
	}
	s.s.End()
}

// carrier lets the propagator read a request's header, and nothing else.
type carrier struct{ h identity.Header }

// Get implements propagation.TextMapCarrier.
func (c carrier) Get(key string) string {
	if v := c.h.Values(key); len(v) == 1 {
		return v[0]
	}
	return ""
}

// Set implements propagation.TextMapCarrier; nothing is written to what the client sent.
func (carrier) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (carrier) Keys() []string { return nil }
