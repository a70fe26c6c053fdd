package scope

import (
	"context"
	"errors"
)

// MaxTenantID is the longest tenant id, in bytes.
const MaxTenantID = 36

var (
	// ErrNoTenant means that the context carries no tenant. Put the middleware in front of the handler, or call [WithTenant].
	ErrNoTenant = errors.New("scope: no tenant in the context: " +
		"put scope.HTTP or scope.UnaryServer in front of the handler, or call scope.WithTenant")
	// ErrInvalidTenant means that what should be a tenant id is none.
	ErrInvalidTenant = errors.New("scope: not a tenant id: " +
		"it has 1 to 36 lower-case letters, digits and hyphens, with a letter or digit at both ends")
	// ErrTwoTenants means that the context was given a second tenant, other than its first. Begin work for another tenant from a
	// context without one, such as the one that the program started with. The text names neither: it may reach a caller.
	ErrTwoTenants = errors.New("scope: the context was given two different tenants: " +
		"begin work for another tenant from a context that has none")
)

// Tenant is the tenant that a request belongs to.
type Tenant struct {
	// ID is the tenantID of the Tenant resource: 1 to 36 of a-z, 0-9 and "-", not at either end.
	ID string
}

// ParseTenant checks an id. The error wraps [ErrInvalidTenant] and does not repeat the id, which may be anything.
func ParseTenant(id string) (Tenant, error) {
	if !valid(id) {
		return Tenant{}, ErrInvalidTenant
	}
	return Tenant{ID: id}, nil
}

// String returns the id.
func (t Tenant) String() string { return t.ID }

// valid says whether an id has the form that the Tenant resource allows.
func valid(id string) bool {
	if id == "" || len(id) > MaxTenantID || id[0] == '-' || id[len(id)-1] == '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

type contextKey struct{}

// carried is what a context holds: a tenant, or why there is none to be had.
type carried struct {
	tenant Tenant
	err    error
}

// WithTenant returns a context that carries t. Call it where the tenant has been authenticated, and nowhere else; the
// middleware does it for you.
//
// It cannot fail, so [FromContext] does: with [ErrInvalidTenant] if t is not valid, and with [ErrTwoTenants] if ctx carries
// another tenant already. Setting the same tenant again is fine.
func WithTenant(ctx context.Context, t Tenant) context.Context {
	next := carried{tenant: t}
	if !valid(t.ID) {
		next = carried{err: ErrInvalidTenant}
	}
	if before, ok := ctx.Value(contextKey{}).(carried); ok {
		switch {
		case before.err != nil:
			return ctx
		case next.err == nil && before.tenant != t:
			next = carried{err: ErrTwoTenants}
		}
	}
	return context.WithValue(ctx, contextKey{}, next)
}

// FromContext returns the tenant of ctx. Errors wrap [ErrNoTenant], [ErrInvalidTenant] or [ErrTwoTenants]; on an error
// there is no tenant, and nothing may be read or written.
func FromContext(ctx context.Context) (Tenant, error) {
	c, ok := ctx.Value(contextKey{}).(carried)
	if !ok {
		return Tenant{}, ErrNoTenant
	}
	return c.tenant, c.err
}
