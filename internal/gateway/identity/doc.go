// Package identity finds out which tenant a request is for, and refuses it where that is not beyond doubt.
//
// A caller shows one credential, as api-key or as a bearer token: a gateway token of Tenantry, or a ServiceAccount token of
// Kubernetes for the audience tenantry-gateway. A ServiceAccount that a Tenant lists is that tenant. One that the DataPlane
// lists as an application acts for tenants: it passes on its end user's token in [HeaderEndUserToken], whose verified claim
// decides, or names the tenant in [HeaderTenant], as the DataPlane says. Whoever else names a tenant must name its own.
//
// What is ambiguous is refused, never resolved: two credentials, repeated or joined values, empty values, a tenant that
// disagrees, a ServiceAccount that is both a tenant and an application.
package identity
