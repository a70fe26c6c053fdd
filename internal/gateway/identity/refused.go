package identity

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity/enduser"
)

// Refused says why a caller was not let in. Message holds no part of a token.
type Refused struct {
	// Code is Unauthenticated, PermissionDenied or Unavailable.
	Code codes.Code
	// Reason is one of the constants here or a directory.Problem: fit for a metric's label.
	Reason string
	// Message for the caller.
	Message string
}

// Error returns the message.
func (r *Refused) Error() string { return r.Message }

// GRPCStatus makes a Refused a gRPC status.
func (r *Refused) GRPCStatus() *status.Status { return status.New(r.Code, r.Message) }

// The reasons.
const (
	// ReasonNoCredential: neither api-key nor authorization.
	ReasonNoCredential = "NoCredential" //nolint:gosec // a word for metrics
	// ReasonAmbiguous: a header that says two things, or nothing.
	ReasonAmbiguous = "AmbiguousHeader"
	// ReasonMalformed: a credential that is no token.
	ReasonMalformed = "MalformedToken"
	// ReasonInvalidToken: a token that does not verify, has expired or is for somebody else.
	ReasonInvalidToken = "InvalidToken"
	// ReasonRevoked: a gateway token that no longer counts.
	ReasonRevoked = "RevokedToken"
	// ReasonNotListed: a ServiceAccount that neither a Tenant nor the DataPlane lists.
	ReasonNotListed = "NotListed"
	// ReasonNoTenant: an application that did not say for which tenant.
	ReasonNoTenant = "NoTenant"
	// ReasonTenantDisagrees: two tenants in one request.
	ReasonTenantDisagrees = "TenantDisagrees"
	// ReasonEndUserToken: an end-user token that does not verify or names no tenant.
	ReasonEndUserToken = "InvalidEndUserToken"
	// ReasonUnexpectedEndUserToken: an end-user token from somebody who may not pass one on.
	ReasonUnexpectedEndUserToken = "UnexpectedEndUserToken"
	// ReasonReviewUnavailable: the API server could not be asked about a ServiceAccount token.
	ReasonReviewUnavailable = "TokenReviewUnavailable"
	// ReasonIssuerUnavailable: the identity provider could not be asked for its keys.
	ReasonIssuerUnavailable = "IssuerUnavailable"
	// ReasonInternal: a bug.
	ReasonInternal = "Internal"
)

func unauthenticated(reason, message string) *Refused {
	return &Refused{codes.Unauthenticated, reason, message}
}

func denied(reason, message string) *Refused {
	return &Refused{codes.PermissionDenied, reason, message}
}

func unavailable(reason, message string) *Refused {
	return &Refused{codes.Unavailable, reason, message}
}

// fromDirectory says with which code a tenant is not served.
func fromDirectory(err error) *Refused {
	var e *directory.Error
	if !errors.As(err, &e) {
		return unavailable(ReasonInternal, "the tenant could not be looked up; try again")
	}
	switch e.Problem {
	case directory.Stale, directory.NoMaterial, directory.NotVerified:
		return unavailable(string(e.Problem), e.Message)
	case directory.Unknown, directory.Suspended, directory.Deleted, directory.Ambiguous:
	}
	return denied(string(e.Problem), e.Message)
}

// fromEndUser says with which code a token of an end user is refused.
func fromEndUser(err error) *Refused {
	var e *enduser.Error
	if !errors.As(err, &e) {
		return unavailable(ReasonInternal, "the token of the end user could not be verified; try again")
	}
	switch e.Problem {
	case enduser.Unavailable:
		return unavailable(ReasonIssuerUnavailable, e.Message)
	case enduser.NoTenant:
		return unauthenticated(ReasonNoTenant, e.Message)
	case enduser.Invalid:
	}
	return unauthenticated(ReasonEndUserToken, e.Message)
}
