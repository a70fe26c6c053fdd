package budget

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/scope/postgres"
)

// What the ledger says no to, for errors.Is. Beside them: scope's errors for a context without tenant, and those of
// scope/postgres for tenants that are unknown or suspended and roles that may not act for tenants.
var (
	// ErrRefused is what every [*Refused] is.
	ErrRefused = errors.New("the budget does not allow it")
	// ErrUnavailable means: the ledger cannot be reached now, and neither policy nor spool can help. Try again.
	ErrUnavailable = errors.New("scope/budget: the ledger cannot be reached")
	// ErrBusy means: the ledger answers, but not for this tenant: another transaction holds its counters locked, or it takes too
	// long. Try again. FailOpen grants nothing for it.
	ErrBusy = fmt.Errorf("%w for this tenant: another transaction holds its counters locked, or they take too long", ErrUnavailable)
	// ErrClosed means: the client was closed.
	ErrClosed = errors.New("scope/budget: the client is closed")
	// ErrInvalid means: no request can have these values (TN010).
	ErrInvalid = errors.New("invalid request")
	// ErrNoPrice means: the model has no price, or nothing is routed to that complexity (TN012).
	ErrNoPrice = errors.New("no price or route")
	// ErrNotReserved means: what should be settled was never reserved (TN013).
	ErrNotReserved = errors.New("never reserved")
	// ErrOtherFigures means: the request is known with other figures, which stay (TN014).
	ErrOtherFigures = errors.New("known with other figures")
	// ErrFinished means: the request was settled or released, or expired, and cannot be reserved or released again (TN017).
	ErrFinished = errors.New("finished already")
	// ErrInFlight means: somebody has a reservation under the request's id, and has neither settled nor released it.
	ErrInFlight = errors.New("scope/budget: the request is in flight already")
	// ErrIsolation means: the pool's transactions are not READ COMMITTED (TN016).
	ErrIsolation = errors.New("budgets need READ COMMITTED")
)

// Refused says which limit a request did not fit under. Nothing was reserved.
type Refused struct {
	TenantID, RequestID string
	// Unit of the limit: Tokens or USD. "" if the tenant has no budget at all.
	Unit string
	// Model that the limit is for, "*" for all together.
	Model string
	// Used, Reserved and Limit of the period: tokens, or micro-dollars.
	Used, Reserved, Limit int64
	// Percent of the limit that is used or reserved.
	Percent int
	// ResetsAt is when the period ends. Zero without a budget.
	ResetsAt time.Time

	tokens int64 // that were asked for
}

// Error says which limit stands in the way.
func (r *Refused) Error() string {
	if r.Unit == "" {
		return fmt.Sprintf("scope/budget: tenant %q has no budget: apply an AIBudget for it, or let such tenants through with the "+
			"DataPlane's budgets.withoutBudget", r.TenantID)
	}
	return fmt.Sprintf("scope/budget: tenant %q: the limit of %s %s for model %q is reached: %s used, %s reserved; it resets at %s",
		r.TenantID, amount(r.Unit, r.Limit), r.Unit, r.Model, amount(r.Unit, r.Used), amount(r.Unit, r.Reserved), r.ResetsAt.UTC().Format(time.RFC3339))
}

// Unwrap gives [ErrRefused].
func (r *Refused) Unwrap() error { return ErrRefused }

// soon is how long to wait where only open reservations stand in the way, which end any moment.
const soon = 5 * time.Second

// RetryAfter is how long to wait before trying again: until the period ends, or 5 s where the request fits once open
// reservations have ended. 0 where waiting does not help.
func (r *Refused) RetryAfter(now time.Time) time.Duration {
	left := r.ResetsAt.Sub(now)
	switch {
	case r.Unit == "":
		return 0
	case r.Unit == Tokens && r.Reserved > 0 && r.Used+r.tokens <= r.Limit:
		return max(min(left, soon), time.Second)
	}
	return max(left, time.Second)
}

// Error is any other answer of the ledger than yes or no.
type Error struct {
	// Code is the SQLSTATE, TN… for the ledger's own.
	Code                string
	TenantID, RequestID string
	// Message says what is wrong and what to do, to the people who run the platform; it is not for end users.
	Message string

	kind error
	err  error
}

// Error says what was wrong with which request.
func (e *Error) Error() string {
	return fmt.Sprintf("scope/budget: tenant %q, request %q: %s (SQLSTATE %s)", e.TenantID, e.RequestID, e.Message, e.Code)
}

// Unwrap gives the kind, such as [ErrNotReserved], and the driver's error if there is one.
func (e *Error) Unwrap() []error {
	var out []error
	for _, err := range []error{e.kind, e.err} {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

var kinds = map[string]error{
	"TN002": postgres.ErrUnknownTenant, "TN004": postgres.ErrSuspended, "TN005": postgres.ErrNotAppRole,
	"TN010": ErrInvalid, "TN012": ErrNoPrice, "TN013": ErrNotReserved, "TN014": ErrOtherFigures, "TN016": ErrIsolation, "TN017": ErrFinished,
	"3F000": postgres.ErrNoBoundary, "42883": postgres.ErrNoBoundary, "42501": postgres.ErrNoBoundary,
}

func (c *call) fail(code, message string, err error) error {
	return &Error{Code: code, TenantID: c.tenant, RequestID: c.id, Message: message, kind: kinds[code], err: err}
}
