// Package directory knows the tenants of one plane, their collections, and what the gateway needs to serve them.
//
// It watches the plane's DataPlane, the Tenants that name it, Corpora, and one Secret that the operator writes (the gateway
// material). Every change becomes a new immutable snapshot; readers load it and never wait. While the API server is away the
// last snapshot goes on to be served, up to a bound, after which nobody is.
//
// # Names of collections
//
// A tenant's own corpus is called by the name of its Corpus. A reference corpus is always called by its physical name,
// reference_<jurisdiction>_<corpus>, and also by the name of its Corpus where that is unambiguous: no corpus of the tenant's
// own and no other reference that the tenant may read has it. No corpus of a tenant can have a name with an underscore, so
// the first form never collides.
//
// # What is left out
//
// What is ambiguous is not served: two Tenants with one tenantID, a ServiceAccount that two Tenants list, two corpora of one
// tenant with the same name. The gateway's log names them once.
//
// What whoever may create objects could spoil does not count: a Tenant that was never verified takes nothing from another, a
// ServiceAccount counts only in a namespace of the Tenant that lists it and not where it is an application of the DataPlane,
// and a Corpus elsewhere than in the namespaces of its Tenant costs nothing.
package directory
