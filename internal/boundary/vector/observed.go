package vector

import (
	"github.com/tenantry/tenantry/internal/boundary"
)

// TokenSupport says what the server does with tokens.
type TokenSupport string

// The states of token support.
const (
	// TokensAccepted: a token signed with the API key opens what it names.
	TokensAccepted TokenSupport = "Accepted"
	// TokensRefused: the server treats a token as a wrong API key.
	TokensRefused TokenSupport = "Refused"
)

// Observed is what a Qdrant holds, as far as a question needs it.
type Observed struct {
	// Version of the server, such as "1.19.0".
	Version string
	// Open: the server answers callers without a credential.
	Open bool
	// ShortKey: the API key has fewer than MinKeyLength characters.
	ShortKey bool
	// Tokens: "" where nobody tried.
	Tokens TokenSupport
	// Collections that stand, by name. Where the name is an alias, it is what the alias leads to.
	Collections map[string]Collection
	// Aliases that stand, each with the collection that it leads to.
	Aliases map[string]string
	// Points of shared collections, by collection; only where the plane as a whole is looked at.
	Points map[string]Points
	// Rounds is what is looked at now and then.
	Rounds Rounds
	// Claims by tenantID.
	Claims map[string]boundary.Claim
	// Grants by the UID of their owner.
	Grants map[string][]Record
	// Dedicated is how many collections of pattern 1 stand, by name.
	Dedicated int
}

// NeedsOf lists the collections that a tenant's diff looks at.
func (p Plane) NeedsOf(t boundary.Tenant) []string {
	if t.Access == boundary.Retained {
		return nil
	}
	var out []string
	for _, c := range t.Corpora {
		if !c.Retained {
			out = append(out, c.Collection)
		}
	}
	for _, g := range AccessList(t) {
		out = append(out, g.Collection)
	}
	return unique(out)
}

// Needs lists the collections that the plane's own diff looks at.
func (p Plane) Needs() []string {
	out := []string{ClaimsCollection, TokensCollection}
	for _, s := range p.Spec.Shared {
		out = append(out, s.Name)
	}
	return unique(out)
}
