package scope

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// ErrUnauthenticated means that the request has no authenticated tenant. A resolver wraps it, or returns any other error.
var ErrUnauthenticated = errors.New("scope: the request is not authenticated for a tenant")

// ErrUnavailable means that who the caller is cannot be told now: something that the resolver needs does not answer. A
// resolver wraps it so that callers are told to come back (503, Unavailable) and not that their credential is bad.
var ErrUnavailable = errors.New("scope: the tenant cannot be resolved now")

// Option changes a middleware.
type Option func(*options)

type options struct {
	exempt  func(*http.Request) bool
	methods map[string]bool
	refused func(context.Context, error)
}

func build(opts []Option) options {
	o := options{refused: func(context.Context, error) {}, exempt: func(*http.Request) bool { return false }}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Exempt lets HTTP requests through without a tenant, such as those for health checks. Their context carries none, so
// whatever they then ask of a store fails.
func Exempt(f func(*http.Request) bool) Option { return func(o *options) { o.exempt = f } }

// ExemptMethods lets gRPC methods through without a tenant, by full name: "/grpc.health.v1.Health/Check".
func ExemptMethods(fullMethods ...string) Option {
	return func(o *options) {
		if o.methods == nil {
			o.methods = map[string]bool{}
		}
		for _, m := range fullMethods {
			o.methods[m] = true
		}
	}
}

// OnRefused is told why each request was refused, for your log and metrics: callers are told nothing of it.
func OnRefused(f func(ctx context.Context, err error)) Option {
	return func(o *options) { o.refused = f }
}

// admit runs a resolver and puts what it found into the context. A resolver that returns an invalid tenant without an error
// is refused like one that found none.
func (o options) admit(ctx context.Context, resolve func() (Tenant, error)) (context.Context, error) {
	t, err := resolve()
	if err == nil {
		ctx = WithTenant(ctx, t)
		_, err = FromContext(ctx)
	}
	if err != nil {
		o.refused(ctx, err)
		return nil, err
	}
	return ctx, nil
}

// HeaderSetByTrustedGateway resolves the tenant from a plain header. Whoever can send that header is any tenant it likes.
// Use it only behind a gateway that authenticates callers, removes the header from what they sent, and sets it itself, and
// only if nothing else can reach this server. A header that is absent, or there more than once, is refused.
func HeaderSetByTrustedGateway(name string) func(*http.Request) (Tenant, error) {
	return func(r *http.Request) (Tenant, error) {
		values := r.Header.Values(name)
		if len(values) != 1 {
			return Tenant{}, fmt.Errorf("%w: %d headers %q, not 1", ErrUnauthenticated, len(values), name)
		}
		return ParseTenant(values[0])
	}
}
