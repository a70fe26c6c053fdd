// Package oidc resolves the tenant of a request from a verified OpenID Connect token, for the middleware of package scope.
//
//	resolver, err := oidc.New(ctx, oidc.Config{
//		Issuer: "https://id.example.com", Audience: "product", TenantClaim: "tenant_id",
//	})
//	…
//	handler := scope.HTTP(resolver.HTTP)(mux)
//	server := grpc.NewServer(grpc.ChainUnaryInterceptor(scope.UnaryServer(resolver.RPC)))
//
// The token is taken from "Authorization: Bearer …". Signature, issuer, audience and expiry are verified; then the claim
// decides, and nothing else that the caller sent. The claim must be a string that is a tenant id.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/scope"
)

// Config says whose tokens count, and what in them names the tenant.
type Config struct {
	// Issuer is the provider's URL, exactly as tokens say it. Its discovery document names the keys. Required.
	Issuer string
	// Audience that a token must be for. Required: without it, a token for another program would count here.
	Audience string
	// TenantClaim is the claim that holds the tenant id. Required. It must be one that users cannot set for themselves.
	TenantClaim string
	// Now is the clock that expiry is judged by. Default time.Now.
	Now func() time.Time
}

// maxToken bounds what is parsed before it is known who sent it, in bytes.
const maxToken = 16 << 10

// Resolver verifies tokens. It is safe for concurrent use.
type Resolver struct {
	verifier *gooidc.IDTokenVerifier
	claim    string
}

// New reads the provider's discovery document. Keys are fetched when they are first needed, and again when a token names
// one that is not known. ctx bounds the discovery; values in it, such as an HTTP client (see go-oidc's ClientContext), are
// used for the keys too.
func New(ctx context.Context, c Config) (*Resolver, error) {
	if c.Issuer == "" || c.Audience == "" || c.TenantClaim == "" {
		return nil, errors.New("oidc: Issuer, Audience and TenantClaim are required")
	}
	provider, err := gooidc.NewProvider(ctx, c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("oidc: discover %s: %w", c.Issuer, err)
	}
	settings := &gooidc.Config{ClientID: c.Audience, Now: c.Now}
	return &Resolver{provider.VerifierContext(context.WithoutCancel(ctx), settings), c.TenantClaim}, nil
}

// HTTP resolves the tenant of an HTTP request, for [scope.HTTP].
func (r *Resolver) HTTP(req *http.Request) (scope.Tenant, error) {
	return r.bearer(req.Context(), req.Header.Values("Authorization"))
}

// RPC resolves the tenant of a gRPC call, for [scope.UnaryServer] and [scope.StreamServer].
func (r *Resolver) RPC(ctx context.Context, _ string) (scope.Tenant, error) {
	return r.bearer(ctx, metadata.ValueFromIncomingContext(ctx, "authorization"))
}

// bearer refuses two credentials: which one counts would be up to whoever looks.
func (r *Resolver) bearer(ctx context.Context, values []string) (scope.Tenant, error) {
	if len(values) != 1 {
		return scope.Tenant{}, fmt.Errorf("%w: %d authorization headers, not 1", scope.ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return scope.Tenant{}, fmt.Errorf("%w: the authorization header holds no bearer token", scope.ErrUnauthenticated)
	}
	return r.Tenant(ctx, token)
}

// Tenant verifies a token and returns the tenant that it names. Errors wrap [scope.ErrUnauthenticated], repeat nothing of
// the token, and are for your log, not for the caller. While the provider's keys cannot be fetched, they wrap
// [scope.ErrUnavailable] instead.
func (r *Resolver) Tenant(ctx context.Context, token string) (scope.Tenant, error) {
	if len(token) > maxToken {
		return scope.Tenant{}, fmt.Errorf("%w: the token is longer than %d bytes", scope.ErrUnauthenticated, maxToken)
	}
	verified, err := r.verifier.Verify(ctx, token)
	if err != nil {
		return scope.Tenant{}, reason(err)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		return scope.Tenant{}, fmt.Errorf("%w: the claims of the token cannot be read", scope.ErrUnauthenticated)
	}
	id, ok := claims[r.claim].(string)
	if !ok {
		return scope.Tenant{}, fmt.Errorf("%w: the token has no claim %q that is a string", scope.ErrUnauthenticated, r.claim)
	}
	tenant, err := scope.ParseTenant(id)
	if err != nil {
		return scope.Tenant{}, fmt.Errorf("%w: the claim %q: %w", scope.ErrUnauthenticated, r.claim, err)
	}
	return tenant, nil
}

// reason says why a token does not count, in words of our own: those of parsers may repeat it. The library marks what is
// the provider's fault by its text only.
func reason(err error) error {
	if expired, ok := errors.AsType[*gooidc.TokenExpiredError](err); ok {
		return fmt.Errorf("%w: the token expired at %s", scope.ErrUnauthenticated, expired.Expiry.UTC().Format(time.RFC3339))
	}
	if strings.Contains(err.Error(), "fetching keys") {
		return fmt.Errorf("%w: the keys of the token's issuer cannot be fetched", scope.ErrUnavailable)
	}
	return fmt.Errorf("%w: the token is not a valid one of this issuer for this audience", scope.ErrUnauthenticated)
}
