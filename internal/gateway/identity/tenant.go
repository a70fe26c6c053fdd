package identity

import (
	"context"
	"fmt"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// bearer lets in the holder of a verified gateway token, if it still counts.
func (a *Authenticator) bearer(h Header, claims credential.GatewayClaims) (*Caller, *Refused) {
	t, err := a.directory.Tenant(claims.TenantUID)
	if err != nil {
		return nil, fromDirectory(err)
	}
	if refused := counts(t, claims); refused != nil {
		return nil, refused
	}
	return own(h, t, ViaToken)
}

// serviceAccount finds the tenant that a ServiceAccount is or acts for.
func (a *Authenticator) serviceAccount(ctx context.Context, h Header, s account) (*Caller, *Refused) {
	app, isApplication := a.directory.Application(s.namespace, s.name)
	t, listed, err := a.directory.ByServiceAccount(s.namespace, s.name)
	switch {
	case isApplication: // what the platform says counts more: no author of Tenants may take an application away
	case err != nil:
		return nil, fromDirectory(err)
	case listed:
		return own(h, t, ViaServiceAccount)
	default:
		return nil, denied(ReasonNotListed, fmt.Sprintf(
			"ServiceAccount %s/%s is not listed in serviceAccounts of a Tenant, nor in applications of the DataPlane", s.namespace, s.name))
	}
	switch app.TenantFrom {
	case tenantryv1.TenantFromEndUserToken:
		return a.forEndUser(ctx, h)
	case tenantryv1.TenantFromHeader:
		return a.byHeader(h)
	}
	return nil, denied(ReasonNotListed, "the DataPlane names a tenantFrom for this application that this gateway does not know")
}

// own lets in whoever is one tenant, whatever it says: it may name that tenant and no other.
func own(h Header, t *directory.Tenant, via string) (*Caller, *Refused) {
	if refused := noEndUserToken(h); refused != nil {
		return nil, refused
	}
	if refused := agree(h, t); refused != nil {
		return nil, refused
	}
	return &Caller{Tenant: t, Via: via}, nil
}

// forEndUser lets an application act for the tenant of its end user.
func (a *Authenticator) forEndUser(ctx context.Context, h Header) (*Caller, *Refused) {
	token, refused := single(h, HeaderEndUserToken)
	switch {
	case refused != nil:
		return nil, refused
	case token == "":
		return nil, unauthenticated(ReasonNoTenant, "pass on the token of the end user in "+HeaderEndUserToken+": it says for which tenant the request is")
	}
	id, refused := a.endUserTenant(ctx, token)
	if refused != nil {
		return nil, refused
	}
	return a.actFor(h, id, ViaEndUserToken)
}

// endUserTenant verifies the token of an end user and returns the tenantID in it.
func (a *Authenticator) endUserTenant(ctx context.Context, token string) (string, *Refused) {
	config, ok := a.directory.OIDC()
	if !ok {
		return "", unavailable(string(directory.NoMaterial), "the DataPlane declares no oidc, so that nobody can verify the token of the end user")
	}
	if !isJWT(token) {
		return "", unauthenticated(ReasonEndUserToken, HeaderEndUserToken+" holds no JWT")
	}
	id, err := a.endUsers.TenantID(ctx, config, token)
	switch {
	case err != nil:
		return "", fromEndUser(err)
	case !isTenantID(id):
		return "", unauthenticated(ReasonNoTenant, fmt.Sprintf(
			"the claim %q of the end user's token is no tenantID: lower-case letters, digits and hyphens, at most 36", config.TenantClaim))
	}
	return id, nil
}

// byHeader lets an application act for the tenant that it names.
func (a *Authenticator) byHeader(h Header) (*Caller, *Refused) {
	if refused := noEndUserToken(h); refused != nil {
		return nil, refused
	}
	id, refused := single(h, HeaderTenant)
	switch {
	case refused != nil:
		return nil, refused
	case id == "":
		return nil, unauthenticated(ReasonNoTenant, "say in "+HeaderTenant+" for which tenantID the request is")
	case !isTenantID(id):
		return nil, unauthenticated(ReasonNoTenant, HeaderTenant+" is no tenantID: lower-case letters, digits and hyphens, at most 36")
	}
	return a.actFor(h, id, ViaHeader)
}

func (a *Authenticator) actFor(h Header, id, via string) (*Caller, *Refused) {
	t, err := a.directory.ByTenantID(id)
	if err != nil {
		return nil, fromDirectory(err)
	}
	if refused := agree(h, t); refused != nil {
		return nil, refused
	}
	return &Caller{Tenant: t, Via: via}, nil
}

// agree refuses a request that names another tenant than the one arrived at.
func agree(h Header, t *directory.Tenant) *Refused {
	id, refused := single(h, HeaderTenant)
	if refused != nil {
		return refused
	}
	if id != "" && id != t.ID {
		return denied(ReasonTenantDisagrees, HeaderTenant+" names another tenant than the credential; leave it out or name the tenant that you are")
	}
	return nil
}

func noEndUserToken(h Header) *Refused {
	if len(h.Values(HeaderEndUserToken)) > 0 {
		return denied(ReasonUnexpectedEndUserToken, HeaderEndUserToken+
			" is only for applications that the DataPlane lists with tenantFrom EndUserToken; leave it out")
	}
	return nil
}
