package directory

import (
	"crypto/ed25519"
	"crypto/tls"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// Tenant is a tenant that is served. It is immutable.
type Tenant struct {
	// UID and Name of the Tenant, and its tenantID.
	UID, ID, Name string
	// Scope rewrites its requests. It stays the same for as long as its collections do.
	Scope *scopeqdrant.Scope
	// TokenIDs are the gateway tokens that count. At most 4; empty: none does.
	TokenIDs []string
	// Access is the most that a token of Qdrant's for its requests may open, ordered by collection.
	Access []scopeqdrant.Access
}

// Application is a shared application of the plane.
type Application struct {
	Namespace, ServiceAccount string
	// TenantFrom says how it names the tenant of a request.
	TenantFrom tenantryv1.TenantFrom
}

// OIDC says whose end-user tokens are believed.
type OIDC struct{ IssuerURL, Audience, TenantClaim string }

// Upstream is the way to the plane's Qdrant.
type Upstream struct {
	// Address is host:port of its gRPC API.
	Address string
	// TLS is nil for plain text. The pointer stays the same for as long as the settings do. Do not write to it.
	TLS *tls.Config
}

// Tenant returns the tenant with this UID. Errors are *Error.
func (d *Directory) Tenant(uid string) (*Tenant, error) {
	s, err := d.current()
	if err != nil {
		return nil, err
	}
	return s.byUID[uid].get()
}

// ByTenantID returns the tenant with this tenantID. Errors are *Error.
func (d *Directory) ByTenantID(id string) (*Tenant, error) {
	s, err := d.current()
	if err != nil {
		return nil, err
	}
	return s.byID[id].get()
}

// ByServiceAccount returns the tenant that a ServiceAccount is. false: no Tenant of the plane lists it, in a namespace of its
// own, or it is an application, and there is no error either; true with an error: a Tenant does, and is not served. Errors are
// *Error.
func (d *Directory) ByServiceAccount(namespace, name string) (*Tenant, bool, error) {
	s, err := d.current()
	if err != nil {
		return nil, false, err
	}
	a, ok := s.byAccount[account{namespace, name}]
	if !ok {
		return nil, false, nil
	}
	t, err := a.get()
	return t, true, err
}

// Application returns the shared application that runs as a ServiceAccount. false: none does, or nobody is served.
func (d *Directory) Application(namespace, name string) (Application, bool) {
	s, err := d.current()
	if err != nil {
		return Application{}, false
	}
	a, ok := s.applications[account{namespace, name}]
	return a, ok
}

// OIDC returns how to verify end users' tokens. false: the plane declares nobody, or nobody is served.
func (d *Directory) OIDC() (OIDC, bool) {
	s, err := d.current()
	if err != nil || s.oidc == nil {
		return OIDC{}, false
	}
	return *s.oidc, true
}

// VerifyKey returns the key that gateway tokens are verified with. Errors are *Error.
func (d *Directory) VerifyKey() (ed25519.PublicKey, error) {
	s, err := d.current()
	if err != nil {
		return nil, err
	}
	return s.material.VerifyKey, nil
}

// TokenFor returns the least powerful live token for Qdrant that covers access and opens nothing that is not the tenant's:
// another tenant's may cover it as well. Errors are *Error.
func (d *Directory) TokenFor(t *Tenant, access []scopeqdrant.Access) (boundary.Secret, error) {
	s, err := d.current()
	if err != nil {
		return "", err
	}
	token, ok := s.material.TokenWithin(access, t.Access, d.clock.Now())
	if !ok {
		return "", errNoToken
	}
	return token, nil
}

// Upstream returns the way to Qdrant. Errors are *Error.
func (d *Directory) Upstream() (Upstream, error) {
	s, err := d.current()
	if err != nil {
		return Upstream{}, err
	}
	if s.upstream.err != nil {
		return Upstream{}, s.upstream.err
	}
	return s.upstream.Upstream, nil
}

var errNoToken = &Error{NoMaterial, "the gateway holds no live token for these collections; they may be new: try again, and see whether the operator runs"}

var errUnknown = &Error{Unknown, "there is no such tenant on this data plane"}

// get unpacks an answer; a nil one is that of an unknown tenant.
func (a *answer) get() (*Tenant, error) {
	switch {
	case a == nil:
		return nil, errUnknown
	case a.err != nil:
		return nil, a.err
	}
	return a.tenant, nil
}

// ServerVersion is the version of the plane's Qdrant as the operator last saw it, "" while nobody is served.
func (d *Directory) ServerVersion() string {
	s, err := d.current()
	if err != nil {
		return ""
	}
	return s.material.ServerVersion
}
