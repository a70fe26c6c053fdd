package qdrantsim

import (
	"context"
	"crypto/subtle"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// principal is the caller of one request.
type principal struct {
	kind    PrincipalKind
	access  access
	subject string
}

type principalKey struct{}

func withPrincipal(ctx context.Context, p principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

func accessOf(ctx context.Context) access {
	p, _ := ctx.Value(principalKey{}).(principal)
	return p.access
}

// openMethods answer without a credential.
var openMethods = map[string]bool{
	"/qdrant.Qdrant/HealthCheck":   true,
	"/grpc.health.v1.Health/Check": true,
}

func (s *Server) authenticate(ctx context.Context, method string) (principal, error) {
	if s.opts.NoAuth || openMethods[method] {
		return principal{kind: PrincipalNone, access: fullAccess}, nil
	}
	key, ok := credential(ctx)
	if !ok {
		return principal{}, status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
	}
	if equalKeys(s.opts.APIKey, key) {
		return principal{kind: PrincipalAPIKey, access: fullAccess}, nil
	}
	if equalKeys(s.opts.ReadOnlyAPIKey, key) {
		return principal{kind: PrincipalReadOnly, access: readAccess}, nil
	}
	return s.authenticateToken(key)
}

func (s *Server) authenticateToken(token string) (principal, error) {
	if s.opts.JWTDisabled || s.opts.APIKey == "" {
		return principal{}, errInvalidToken
	}
	if s.faults.refusesTokens() {
		return principal{}, errKeyChanged
	}
	c, err := parseToken(token, []byte(s.opts.APIKey), s.opts.Clock.Now())
	if err != nil {
		return principal{}, err
	}
	if c.valueExists != nil {
		if err := s.store.checkValueExists(c.valueExists); err != nil {
			return principal{}, err
		}
	}
	return principal{kind: PrincipalJWT, access: c.access, subject: c.subject}, nil
}

// credential reads the api-key header, else the bearer token; the first that is
// present counts, whether or not it is right.
func credential(ctx context.Context) (string, bool) {
	md, _ := metadata.FromIncomingContext(ctx)
	if v := md.Get("api-key"); len(v) > 0 {
		return v[0], true
	}
	if v := md.Get("authorization"); len(v) > 0 {
		return strings.CutPrefix(v[0], "Bearer ")
	}
	return "", false
}

func equalKeys(configured, given string) bool {
	return configured != "" && subtle.ConstantTimeCompare([]byte(configured), []byte(given)) == 1
}
