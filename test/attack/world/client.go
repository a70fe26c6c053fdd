package world

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/scope"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// newClient is the official client.
func newClient(t testing.TB, address string, c *pb.Config) *pb.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	slog.SetLogLoggerLevel(slog.LevelError) // it warns of every connection without TLS
	if c.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	c.Host, c.SkipCompatibilityCheck = host, true
	client, err := pb.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// As is the official client of a tenant, through the gateway.
func (w *World) As(t testing.TB, tenant string) *pb.Client {
	t.Helper()
	return newClient(t, w.Gateway.GRPCAddress(), &pb.Config{APIKey: w.Token(t, tenant)})
}

// SDK is the official client within the platform's own process, scoped by scope/qdrant: it reaches the server past the
// gateway, for the tenant of SDKContext.
func (w *World) SDK(t testing.TB) *pb.Client {
	t.Helper()
	return newClient(t, w.Sim.Addr(), &pb.Config{APIKey: APIKey, GrpcOptions: w.DialOptions(t)})
}

// DialOptions of a connection that is scoped by scope/qdrant.
func (w *World) DialOptions(t testing.TB) []grpc.DialOption {
	t.Helper()
	var scopes []*scopeqdrant.Scope
	for _, tenant := range w.Cast.Tenants {
		if tenant.Suspended {
			continue
		}
		s, err := scopeqdrant.NewScope(w.ScopeConfig(tenant.ID))
		if err != nil {
			t.Fatal(err)
		}
		scopes = append(scopes, s)
	}
	return scopeqdrant.DialOptions(scopeqdrant.Static(scopes...))
}

// SDKContext is the context of a tenant's request in the platform's own process.
func SDKContext(ctx context.Context, tenant string) context.Context {
	return scope.WithTenant(ctx, scope.Tenant{ID: tenant})
}

// WithKey adds a credential to what a gRPC call sends.
func WithKey(ctx context.Context, key string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "api-key", key)
}
