package qdrant

import (
	"context"
	"fmt"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

const (
	// nowhere is a collection that never exists.
	nowhere       = "tenant__tenantry-probe"
	probeLifetime = time.Minute
)

// Describe checks version, key, rights and tokens, and reads the marker.
func (s *Server) Describe(ctx context.Context) (plane.Description, error) {
	f, _, err := s.examine(ctx)
	if err != nil {
		return plane.Description{Version: f.version}, err
	}
	if err := s.proveRights(ctx); err != nil {
		return plane.Description{Version: f.version}, err
	}
	m, err := s.marker(ctx)
	if err != nil {
		return plane.Description{Version: f.version}, err
	}
	return plane.Description{Version: f.version, Capabilities: f.capabilities(), Marker: m}, nil
}

// examine learns what the server is and whether it lets in whom it should. It returns the names of all collections too.
func (s *Server) examine(ctx context.Context) (f facts, collections []string, err error) {
	health, err := s.calls.root.HealthCheck(ctx, &pb.HealthCheckRequest{})
	if err != nil {
		return f, nil, s.fault(err, "ask for the version")
	}
	f.version = health.GetVersion()
	if !vector.Supported(f.version) {
		return f, nil, plane.Faultf(plane.UnsupportedServer, nil, "Qdrant %s at %s is too old; Tenantry needs 1.16 or later",
			f.version, s.cfg.Address)
	}
	if collections, err = s.list(ctx); err != nil {
		return f, nil, s.fault(err, "list collections")
	}
	if f.open, err = s.admits(ctx, ""); err != nil {
		return f, nil, s.fault(err, "check that Qdrant refuses callers without a credential")
	}
	if f.tokens, err = s.tokens(ctx); err != nil {
		return f, nil, s.fault(err, "check whether Qdrant accepts tokens")
	}
	s.learn(f)
	return f, collections, nil
}

// admits says whether a credential is let in.
func (s *Server) admits(ctx context.Context, credential boundary.Secret) (bool, error) {
	_, err := s.list(presenting(ctx, credential))
	switch status.Code(err) {
	case codes.OK:
		return true, nil
	case codes.Unauthenticated, codes.PermissionDenied:
		return false, nil
	}
	return false, err
}

// tokens tries a short-lived token for a collection that does not exist.
func (s *Server) tokens(ctx context.Context) (vector.TokenSupport, error) {
	if s.cfg.APIKey == "" {
		return vector.TokensRefused, nil
	}
	token, err := vector.MintProbe(s.cfg.APIKey, nowhere, s.cfg.Clock.Now().Add(probeLifetime))
	if err != nil {
		return "", err
	}
	ok, err := s.admits(ctx, token)
	switch {
	case err != nil:
		return "", err
	case ok:
		return vector.TokensAccepted, nil
	}
	return vector.TokensRefused, nil
}

// proveRights asks for a change of a collection that does not exist: who may not manage is refused before the server looks.
// The key is the same for the life of the connection, so that one proof is enough.
func (s *Server) proveRights(ctx context.Context) error {
	s.mu.Lock()
	proven := s.rightsProven
	s.mu.Unlock()
	if proven {
		return nil
	}
	ctx = context.WithValue(ctx, harmlessKey{}, true)
	_, err := s.calls.collections.Update(ctx, &pb.UpdateCollection{CollectionName: nowhere})
	switch status.Code(err) {
	case codes.OK, codes.NotFound, codes.InvalidArgument:
	default:
		return s.fault(err, "manage collections")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rightsProven = true
	return nil
}

func (f facts) capabilities() []string {
	out := []string{fmt.Sprintf("Qdrant %s: manages collections, indexes and strict mode", f.version)}
	switch {
	case f.open:
		out = append(out, "authentication is off: everybody who reaches the server reads and writes every collection; "+
			"set QDRANT__SERVICE__API_KEY")
	case f.tokens == vector.TokensAccepted:
		out = append(out, "tokens: tenants with dedicated corpora get tokens for their own collections")
	default:
		out = append(out, "no tokens: tenants with dedicated corpora cannot be served until the server runs with "+
			"QDRANT__SERVICE__JWT_RBAC=true")
	}
	if !vector.AtLeast(f.version, 1, 19) {
		out = append(out, "idf vectors in shared collections need 1.19: older servers weigh terms over all tenants")
	}
	return out
}
