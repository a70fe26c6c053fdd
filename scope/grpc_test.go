package scope_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/scope"
)

const (
	method = "/example.Service/Call"
	health = "/grpc.health.v1.Health/Check"
)

type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }

func TestServerInterceptors(t *testing.T) {
	secret := errors.New("token abc has expired")
	for name, c := range map[string]struct {
		method string
		tenant string
		err    error
		code   codes.Code
		served string
	}{
		"a tenant":             {method, "acme", nil, codes.OK, "acme"},
		"an error":             {method, "acme", secret, codes.Unauthenticated, ""},
		"nobody":               {method, "", nil, codes.Unauthenticated, ""},
		"the provider is away": {method, "", fmt.Errorf("%w: %w", scope.ErrUnavailable, secret), codes.Unavailable, ""},
		"exempt":               {health, "acme", nil, codes.OK, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			var why error
			served := ""
			look := func(ctx context.Context) {
				tenant, err := scope.FromContext(ctx)
				if served = tenant.ID; err != nil {
					served = "none"
				}
			}
			resolve := func(_ context.Context, m string) (scope.Tenant, error) {
				if m != c.method {
					t.Errorf("resolved for method %s", m)
				}
				return scope.Tenant{ID: c.tenant}, c.err
			}
			opts := []scope.Option{scope.ExemptMethods(health), scope.OnRefused(func(_ context.Context, err error) { why = err })}
			check := func(kind string, err error) {
				t.Helper()
				if status.Code(err) != c.code || served != c.served || (err != nil) != (why != nil) {
					t.Errorf("%s: %v, served %q, reported %v; want %s, %q", kind, err, served, why, c.code, c.served)
				}
				if errors.Is(err, secret) || (err != nil && len(status.Convert(err).Message()) > len("unauthenticated")) {
					t.Errorf("%s: the caller is told too much: %v", kind, err)
				}
				served, why = "", nil
			}
			_, err := scope.UnaryServer(resolve, opts...)(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: c.method},
				func(ctx context.Context, _ any) (any, error) { look(ctx); return nil, nil })
			check("unary", err)
			err = scope.StreamServer(resolve, opts...)(nil, stream{ctx: t.Context()}, &grpc.StreamServerInfo{FullMethod: c.method},
				func(_ any, s grpc.ServerStream) error { look(s.Context()); return nil })
			check("stream", err)
		})
	}
}
