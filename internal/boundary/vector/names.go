package vector

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Collections that Tenantry keeps for itself.
const (
	// ClaimsCollection holds the plane's marker and one claim per tenant.
	ClaimsCollection = "tenantry_claims"
	// TokensCollection holds one grant record per live token; a token dies with its record.
	TokensCollection = "tenantry_tokens"
)

const (
	ownPrefix       = "tenantry_"
	tenantPrefix    = "tenant_"
	referencePrefix = "reference_"

	// maxName is Qdrant's own bound on a collection name.
	maxName = 255
)

// CollectionName is the collection of a Dedicated corpus. Neither part can hold "_", so no two pairs share a name.
func CollectionName(tenantID, corpus string) string {
	return tenantPrefix + tenantID + "_" + corpus
}

// ReferenceName is the collection of a Reference corpus.
func ReferenceName(jurisdiction, corpus string) string {
	return referencePrefix + jurisdiction + "_" + corpus
}

// tenantOf is the tenantID in the name of a Dedicated collection; false for any other name.
func tenantOf(collection string) (string, bool) {
	rest, ok := strings.CutPrefix(collection, tenantPrefix)
	id, corpus, parts := strings.Cut(rest, "_")
	return id, ok && parts && id != "" && corpus != "" && !strings.Contains(corpus, "_")
}

// Countable lists the declared shared collections that have the indexes which tell whose their points are.
func (p Plane) Countable(standing map[string]Collection) []string {
	var out []string
	for _, s := range p.Spec.Shared {
		c := standing[s.Name]
		tenant, _ := c.index(TenantField)
		corpus, _ := c.index(CorpusField)
		if p.made(c.Stamp, s.Name) && tenant.Type == typeKeyword && corpus.Type == typeKeyword {
			out = append(out, s.Name)
		}
	}
	return out
}

// IsDedicated says whether a collection's name is that of a Dedicated corpus.
func IsDedicated(collection string) bool { return strings.HasPrefix(collection, tenantPrefix) }

// Relevant says whether a collection can concern the plane: the others on the server are never looked at.
func (p Plane) Relevant(collection string) bool {
	for _, prefix := range []string{ownPrefix, tenantPrefix, referencePrefix} {
		if strings.HasPrefix(collection, prefix) {
			return true
		}
	}
	_, ok := p.shared(collection)
	return ok
}

// checkCorpus refuses a corpus whose collection is not the one that its owner and pattern lead to.
func checkCorpus(c boundary.Corpus) *Problem {
	want := c.Collection
	switch c.Pattern {
	case boundary.Dedicated:
		want = CollectionName(c.TenantID, c.Name)
	case boundary.Reference:
		want = ReferenceName(c.Jurisdiction, c.Name)
	case boundary.Shared:
	}
	switch {
	case c.Collection != want:
		return &Problem{ReasonInvalidSpec, fmt.Sprintf("%s corpus %q belongs in collection %q, not %q", c.Pattern, c.Name, want, c.Collection)}
	case want == "" || len(want) > maxName:
		return &Problem{ReasonInvalidSpec, fmt.Sprintf(
			"the collection of corpus %q would have a name of %d bytes; Qdrant allows 1 to %d: choose a shorter name", c.Name, len(want), maxName)}
	}
	return nil
}
