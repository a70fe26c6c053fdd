// Package plane holds the live connections of DataPlanes. Its subpackages postgres, redis and qdrant read snapshots of
// their servers and apply plans; what is right is decided in internal/boundary.
package plane

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Freshness says how old the snapshot behind a Diff may be.
type Freshness int

const (
	// Recent is a shared snapshot of the whole server, taken at most once at a time. A thousand settled tenants cost one. The
	// audit takes it anew every interval with Refresh; where it has not for three intervals, whoever asks does.
	Recent Freshness = iota
	// Fresh is read again now, and only what the question needs.
	Fresh
)

// Server is one server (for Redis: all nodes) of a plane as the reconcilers use it. It is safe for concurrent use.
// Diff methods may return a Diff together with an error: then part of the server was read, and that part can be applied.
// Errors are *Fault where the cause is known.
type Server interface {
	// Layer that the server holds.
	Layer() boundary.Layer
	// Describe connects, checks version and rights, and reads the marker. It writes nothing.
	Describe(ctx context.Context) (Description, error)
	// Refresh takes the shared snapshot anew, with a number of round trips that does not depend on the number of tenants
	// (dedicated collections excepted: one each). Reading begins after the call, whoever else is reading; what was read later is
	// not replaced. On an error the old snapshot stands, where nothing of the server could be read.
	Refresh(ctx context.Context) error
	// Claim writes the marker where none stands and returns the one that stands afterwards: the first claim wins.
	Claim(ctx context.Context, want boundary.Marker) (boundary.Marker, error)
	// DiffPlane compares what the plane as a whole needs.
	DiffPlane(ctx context.Context, f Freshness) (boundary.Diff, error)
	// DiffTenant compares one tenant's boundary.
	DiffTenant(ctx context.Context, t boundary.Tenant, f Freshness) (boundary.Diff, error)
	// Apply carries out a plan in its order and forgets what the snapshot knew of the objects concerned. It stops at the
	// first change that fails. Nothing is written to a server whose marker is not this installation's.
	Apply(ctx context.Context, plan boundary.Plan) error
	// Close ends the connections.
	Close()
}

// Description is what a server says of itself.
type Description struct {
	// Version as reported.
	Version string
	// Capabilities are short sentences: what the operator can do there, what it cannot and what that means.
	Capabilities []string
	// Marker that stands there, nil where none does.
	Marker *boundary.Marker
}

// Cause is why a call to a server failed. The words are those of the API's reasons.
type Cause string

// The causes.
const (
	Unreachable          Cause = "Unreachable"
	AuthenticationFailed Cause = "AuthenticationFailed"
	MissingRights        Cause = "MissingRights"
	UnsupportedServer    Cause = "UnsupportedServer"
	InvalidSpec          Cause = "InvalidSpec"
	OwnedElsewhere       Cause = "PlaneOwnedElsewhere"
	ApplyFailed          Cause = "ApplyFailed"
)

// Known says that a failure is itself knowledge: the server was read, and what is wanted cannot be had there.
func (c Cause) Known() bool { return c == ApplyFailed || c == UnsupportedServer }

// Fault is a failed call with a known cause. Message says what is wrong, where and what to do, and holds no secret.
type Fault struct {
	Cause   Cause
	Message string
	Err     error
	// Isolated: of what should be applied, only what the message names is missing, and nothing else rests on it.
	Isolated bool
}

// Error returns the message.
func (f *Fault) Error() string { return f.Message }

// Unwrap returns the underlying error.
func (f *Fault) Unwrap() error { return f.Err }

// Faultf makes a Fault that wraps err. The text of err is not added to the message.
func Faultf(cause Cause, err error, format string, args ...any) *Fault {
	return &Fault{Cause: cause, Message: fmt.Sprintf(format, args...), Err: err}
}

// IsIsolated says that an error left nothing out but objects that nothing else rests on.
func IsIsolated(err error) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Isolated
}

// CauseOf returns the cause of an error, Unreachable where it is not known.
func CauseOf(err error) Cause {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Cause
	}
	return Unreachable
}
