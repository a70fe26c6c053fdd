package postgres

import (
	"errors"
	"fmt"

	"github.com/tenantry/tenantry/scope"
)

// What the boundary refuses, for errors.Is.
var (
	// ErrNested means: a scoped transaction was begun inside of another.
	ErrNested = errors.New("scope/postgres: a scoped transaction inside of another would wait for a second connection and " +
		"commit by itself: pass tx on instead; for savepoints use tx.Begin")
	// ErrUnscoped means: a protected table was used without a tenant (TN001).
	ErrUnscoped = errors.New("no tenant is set for this transaction")
	// ErrUnknownTenant means: no such tenant was declared (TN002).
	ErrUnknownTenant = errors.New("the tenant is not known to the database")
	// ErrStale means: the tenant was set by another transaction (TN003).
	ErrStale = errors.New("the tenant was set by another transaction")
	// ErrSuspended means: the tenant's access is closed (TN004).
	ErrSuspended = errors.New("the tenant is suspended or gone")
	// ErrNotAppRole means: the connection's role may act for no tenant (TN005).
	ErrNotAppRole = errors.New("the connection's role may not act for tenants")
	// ErrNoBoundary means: the database has no schema tenantry, or this role may not use it.
	ErrNoBoundary = errors.New("the database has no boundary for this role")
)

// Error is a refusal of the boundary.
type Error struct {
	// Code is the SQLSTATE.
	Code string
	// TenantID of the transaction.
	TenantID string
	// Remedy says what to do, to the people who run the platform; it is not for end users.
	Remedy string

	kind error
	err  error
}

// Error says what was refused, to whom, and what to do.
func (e *Error) Error() string {
	return fmt.Sprintf("scope/postgres: tenant %q: %v (SQLSTATE %s). %s", e.TenantID, e.kind, e.Code, e.Remedy)
}

// Unwrap gives the kind, such as [ErrSuspended], and the driver's error.
func (e *Error) Unwrap() []error { return []error{e.kind, e.err} }

var known = map[string]struct {
	kind   error
	remedy string
}{
	"TN001": {ErrUnscoped, "The query ran outside of InTx, or the function undid use_tenant: leave the tenant to InTx."},
	"TN002": {ErrUnknownTenant, "Apply a Tenant with this tenantID on this plane, and wait until it is Ready."},
	"TN003": {ErrStale, "Something set it for the whole session: leave the tenant to InTx."},
	"TN004": {ErrSuspended, "Set spec.access of the Tenant to Active to open it; what a deleted Tenant left stays closed."},
	"TN005": {ErrNotAppRole, "Connect as one of the DataPlane's appRoles, or list this role there. A tenant's own login needs no InTx."},
	"3F000": {ErrNoBoundary, "Check that this is the database of the DataPlane's dsnSecretRef and that the DataPlane is Ready."},
	"42883": {ErrNoBoundary, "Check that this is the database of the DataPlane's dsnSecretRef and that the DataPlane is Ready."},
	"42501": {ErrNoBoundary, "List this role in the DataPlane's appRoles: it may not use the schema tenantry."},
}

// boundary says whether a code is one of Tenantry's own, wherever it comes from.
func boundary(code string) bool { return len(code) == 5 && code[:2] == "TN" }

// scopeError marks a failure of use_tenant itself: then general codes speak of the boundary too.
type scopeError struct{ error }

func (e scopeError) Unwrap() error { return e.error }

// translate makes the boundary's errors speak to the application. Others stay what they are.
func translate(err error, tenant scope.Tenant) error {
	code := state(err)
	_, own := errors.AsType[scopeError](err)
	k, ok := known[code]
	if !ok || (!own && !boundary(code)) {
		return err
	}
	return &Error{Code: code, TenantID: tenant.ID, Remedy: k.remedy, kind: k.kind, err: err}
}

// collided says whether running the transaction again can help: serialization failure, deadlock.
func collided(err error) bool {
	code := state(err)
	return code == "40001" || code == "40P01"
}

// state is the SQLSTATE of an error, as the drivers of both pgx and lib/pq give it.
func state(err error) string {
	var s interface{ SQLState() string }
	if errors.As(err, &s) {
		return s.SQLState()
	}
	return ""
}
