package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity"
)

// Reasons of the gateway's own refusals. Each is a metric label: the set is bounded.
const (
	reasonRate         = "RateLimited"
	reasonConcurrency  = "TooManyInFlight"
	reasonOverloaded   = "Overloaded"
	reasonShare        = "TooManyBytesInFlight"
	reasonMalformed    = "Malformed"
	reasonTooLarge     = "TooLarge"
	reasonLongAnswer   = "AnswerTooLarge"
	reasonChanged      = "IdentityChanged"
	reasonDeadline     = "Deadline"
	reasonCanceled     = "Canceled"
	reasonUnreachable  = "UpstreamUnreachable"
	reasonTokenRefused = "UpstreamRefusedToken"
	reasonUpstream     = "Upstream"
	reasonInternal     = "Internal"
	reasonUnknown      = "UnknownMethod"
)

// fault is why a request failed, as the client is told.
type fault struct {
	code    codes.Code
	reason  string // metric label
	message string
	// retryAfter is when to try again, zero for "do not say".
	retryAfter time.Duration
	// httpStatus for REST, 0 to derive it from the code.
	httpStatus int
	// upstream says that the request reached Qdrant: then it was not refused here.
	upstream bool
}

func (f *fault) Error() string { return f.message }

// GRPCStatus makes a fault a gRPC status.
func (f *fault) GRPCStatus() *status.Status { return status.New(f.code, f.message) }

// retrySeconds is retryAfter as headers carry it: whole seconds, at least one.
func (f *fault) retrySeconds() int { return max(1, int((f.retryAfter+time.Second-1)/time.Second)) }

var (
	errUnreachable = &fault{code: codes.Unavailable, reason: reasonUnreachable, upstream: true,
		message: "Unavailable: the vector store cannot be reached right now; try again"}
	errTokenRefused = &fault{code: codes.Unavailable, reason: reasonTokenRefused, upstream: true,
		message: "Unavailable: the gateway's access to the vector store is being renewed; try again"}
	errDeadline = &fault{code: codes.DeadlineExceeded, reason: reasonDeadline,
		message: "Timeout: the request did not end in time"}
	errCanceled    = &fault{code: codes.Canceled, reason: reasonCanceled, message: "Canceled by the client"}
	errBeyondShare = &fault{code: codes.ResourceExhausted, reason: reasonTooLarge, httpStatus: http.StatusRequestEntityTooLarge,
		message: "The request, or its answer, takes more memory than one request may; send or ask for less at once"}
	errChanged = &fault{code: codes.Unauthenticated, reason: reasonChanged,
		message: "The credential stood for another tenant when the request had arrived; send it again"}
	errInternal = &fault{code: codes.Internal, reason: reasonInternal,
		message: "Internal error of the gateway; its log says more"}
)

// asFault makes any error of a step a fault. What it does not know is an internal error, whose text stays here.
func asFault(err error) *fault {
	var f *fault
	var refused *identity.Refused
	var refusal *scopeqdrant.Refusal
	var unknown *directory.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &refused):
		return &fault{code: refused.Code, reason: refused.Reason, message: refused.Message}
	case errors.As(err, &refusal):
		return &fault{code: refusal.Code, reason: refusal.Reason, message: refusal.Message}
	case errors.As(err, &unknown):
		return &fault{code: codes.Unavailable, reason: string(unknown.Problem), message: unknown.Message}
	case errors.Is(err, context.DeadlineExceeded):
		return errDeadline
	case errors.Is(err, context.Canceled):
		return errCanceled
	}
	return errInternal
}
