package identity

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"

	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity/enduser"
)

// Directory is what must be known of the plane: *directory.Directory is one.
type Directory interface {
	Tenant(uid string) (*directory.Tenant, error)
	ByTenantID(id string) (*directory.Tenant, error)
	ByServiceAccount(namespace, name string) (*directory.Tenant, bool, error)
	Application(namespace, name string) (directory.Application, bool)
	OIDC() (directory.OIDC, bool)
	VerifyKey() (ed25519.PublicKey, error)
}

// EndUsers verifies the tokens of end users: *enduser.Verifier is one.
type EndUsers interface {
	// TenantID returns the claim that names the tenant, from a token that was verified. Errors are *enduser.Error.
	TenantID(ctx context.Context, config directory.OIDC, token string) (string, error)
}

// Options of an Authenticator.
type Options struct {
	// Directory of the plane. Required.
	Directory Directory
	// Plane is the name of the DataPlane. Required.
	Plane string
	// Reviews asks the API server about ServiceAccount tokens: a clientset's AuthenticationV1().TokenReviews(). Required.
	Reviews TokenReviewer
	// EndUsers verifies the tokens of end users. Default an enduser.Verifier that reaches the identity provider with HTTP.
	EndUsers EndUsers
	// HTTP reaches the identity provider. Default a client with a timeout of 10 s.
	HTTP *http.Client
	// Clock. Default the real one.
	Clock clock.PassiveClock
}

// Authenticator finds out which tenant a request is for. It is safe for concurrent use.
type Authenticator struct {
	directory Directory
	clock     clock.PassiveClock
	tokens    gatewayTokens
	accounts  *accounts
	endUsers  EndUsers
}

// Ways to be a tenant.
const (
	ViaToken          = "Token"
	ViaServiceAccount = "ServiceAccount"
	ViaEndUserToken   = "EndUserToken"
	ViaHeader         = "Header"
)

// Caller is whom a request comes from.
type Caller struct {
	Tenant *directory.Tenant
	// Via is one of the Via constants.
	Via string
}

// knownTokens bounds how many verified tokens are remembered, of each kind.
const knownTokens = 16384

// New makes an Authenticator.
func New(o Options) (*Authenticator, error) {
	if o.Directory == nil || o.Plane == "" || o.Reviews == nil {
		return nil, errors.New("an authenticator needs a directory, the name of the plane and somebody to ask about ServiceAccount tokens")
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.EndUsers == nil {
		o.EndUsers = enduser.New(o.HTTP, o.Clock)
	}
	return &Authenticator{
		directory: o.Directory, clock: o.Clock,
		tokens:   gatewayTokens{plane: o.Plane, cache: newLRU[verified](knownTokens)},
		accounts: newAccounts(o.Reviews, o.Clock, listedIn(o.Directory)),
		endUsers: o.EndUsers,
	}, nil
}

// Authenticate says for which tenant a request is. Errors are *Refused.
func (a *Authenticator) Authenticate(ctx context.Context, h Header) (*Caller, error) {
	c, refused := a.authenticate(ctx, h)
	if refused != nil {
		return nil, refused
	}
	return c, nil
}

func (a *Authenticator) authenticate(ctx context.Context, h Header) (*Caller, *Refused) {
	token, refused := presented(h)
	if refused != nil {
		return nil, refused
	}
	key, err := a.directory.VerifyKey()
	if err != nil {
		return nil, fromDirectory(err)
	}
	d, now := digestOf(token), a.clock.Now()
	if claims, ok := a.tokens.known(d, key, now); ok {
		return a.bearer(h, claims)
	}
	if account, ok := a.accounts.known(d, now); ok {
		return a.serviceAccount(ctx, h, account)
	}
	p, ok := peek(token)
	switch {
	case !ok:
		return nil, unauthenticated(ReasonMalformed, "the credential is neither a gateway token nor a ServiceAccount token")
	case p.isGatewayToken():
		claims, refused := a.tokens.verify(token, d, key, now)
		if refused != nil {
			return nil, refused
		}
		return a.bearer(h, claims)
	}
	account, refused := a.accounts.verify(ctx, token, d, p)
	if refused != nil {
		return nil, refused
	}
	return a.serviceAccount(ctx, h, account)
}

// listedIn says whether an account can be anybody: a Tenant lists it, served or not, or the DataPlane does.
func listedIn(d Directory) func(account) bool {
	return func(of account) bool {
		if of == (account{}) {
			return false
		}
		if _, listed, err := d.ByServiceAccount(of.namespace, of.name); listed || err != nil {
			return true // what stands in the way is said once the token is known to be one
		}
		_, listed := d.Application(of.namespace, of.name)
		return listed
	}
}
