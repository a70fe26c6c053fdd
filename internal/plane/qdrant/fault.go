package qdrant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// fault gives an error of a call its cause. doing completes "cannot …".
func (s *Server) fault(err error, doing string, args ...any) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*plane.Fault](err); ok {
		return f
	}
	what, at := fmt.Sprintf(doing, args...), s.cfg.Address
	switch code := status.Code(err); {
	case errors.Is(err, context.Canceled) || code == codes.Canceled:
		return plane.Faultf(plane.Unreachable, err, "cannot %s at %s: the operator is stopping", what, at)
	case code == codes.Unauthenticated:
		return plane.Faultf(plane.AuthenticationFailed, err, "cannot %s: Qdrant at %s refuses the API key (%s); "+
			"put the server's service.api_key into the Secret that spec.qdrant.apiKeySecretRef names", what, at, words(err))
	case code == codes.PermissionDenied && words(err) == "InvalidSignature":
		return plane.Faultf(plane.AuthenticationFailed, err, "cannot %s: Qdrant at %s did not sign the token that it was given as API key; "+
			"put the server's service.api_key into the Secret that spec.qdrant.apiKeySecretRef names", what, at)
	case code == codes.PermissionDenied:
		return plane.Faultf(plane.MissingRights, err, "cannot %s: the API key has not enough rights at %s (%s); "+
			"use the server's service.api_key, not its read_only_api_key or a token", what, at, words(err))
	case code == codes.Unavailable || code == codes.DeadlineExceeded || errors.Is(err, context.DeadlineExceeded):
		return plane.Faultf(plane.Unreachable, err, "cannot %s: Qdrant at %s does not answer (%s); "+
			"check that it runs and that address and tls are those of its gRPC API (port 6334 by default)", what, at, words(err))
	}
	return plane.Faultf(plane.ApplyFailed, err, "cannot %s: Qdrant at %s answers: %s", what, at, words(err))
}

// words are the server's own.
func words(err error) string {
	if st, ok := status.FromError(err); ok {
		return st.Message()
	}
	return err.Error()
}

func missing(err error) bool { return status.Code(err) == codes.NotFound }

// exists: older servers answer a second creation as bad input.
func exists(err error) bool {
	code := status.Code(err)
	return code == codes.AlreadyExists || code == codes.InvalidArgument && strings.Contains(words(err), "already exists")
}

// problem makes a fault of what cannot be had.
func problem(p *vector.Problem) error {
	if p == nil {
		return nil
	}
	return plane.Faultf(plane.Cause(p.Reason), nil, "%s", p.Message)
}
