// Package scope carries the tenant of a request through a Go program, and makes forgetting it an error.
//
// It is the root of Tenantry's SDK for shared applications: programs of the platform that serve many tenants. Three steps:
//
//  1. At the door, a middleware ([HTTP], [UnaryServer], [StreamServer]) asks your resolver who the authenticated tenant is,
//     puts it into the request's context, and refuses the request if there is none.
//  2. In between, pass the context on, as Go programs do anyway.
//  3. At each store, use the package that takes the tenant from the context and cannot be used without one:
//     scope/postgres (transactions), scope/redis (keys, channels and a response cache) and scope/qdrant (vectors).
//
// Beside them, scope/oidc resolves tenants from OpenID Connect tokens, scope/guard cleans text on its way in and checks
// what a model says on its way out, and scope/prompt words a system prompt that names no tenant.
//
// # Who should not use it
//
// A workload that runs for one tenant needs none of this: it holds that tenant's own credentials, which open nothing else
// whatever it sends, and reaches shared vector collections through the gateway. Scoping in-process is for the platform's
// own trusted applications only: such a program holds credentials that reach every tenant, and for shared collections the
// key of the id mapping. Never give those to a tenant's code.
//
// # Where the tenant may come from
//
// From something that your authentication has verified: the claim of a token, the session, the client certificate. Never
// from what the caller merely says, such as a header, a host name or a part of the path, unless that has been compared
// with what the caller may do.
package scope
