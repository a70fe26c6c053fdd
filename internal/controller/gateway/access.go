package gateway

import (
	"cmp"
	"slices"
	"strings"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/desired"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// referencePrefix begins the collection of every reference corpus, and of nothing else.
var referencePrefix = strings.TrimSuffix(vector.ReferenceName("", ""), "_")

// set is what one token opens: collections in their order, each once.
type set []scopeqdrant.Access

// key identifies a set.
func (s set) key() string {
	var b strings.Builder
	for _, a := range s {
		b.WriteString(a.Collection)
		b.WriteByte('\n')
		if a.Write {
			b.WriteByte('w')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// inventory is what is known of a plane's tenants.
type inventory struct {
	tenants []tenantryv1.Tenant
	// corpora by the name of the Tenant that they name.
	corpora map[string][]tenantryv1.Corpus
	// references of the plane.
	references []tenantryv1.Corpus
}

// sets lists what gateways of a plane need tokens for: each collection of a served tenant by itself, and all collections of
// one tenant together, for the requests that name several. Tenants with the same collections share a set. Those of one
// collection come first, then the others by their number, so that where not all fit the widest are left out.
func (v inventory) sets(spec vector.Spec) []set {
	references := available(v.references)
	byKey := map[string]set{}
	for i := range v.tenants {
		t := &v.tenants[i]
		if !desired.Served(t) {
			continue
		}
		all := opens(desired.Tenant(t, available(v.corpora[t.Name]), references), spec)
		for _, a := range all {
			byKey[set{a}.key()] = set{a}
		}
		if len(all) > 1 {
			byKey[all.key()] = all
		}
	}
	out := make([]set, 0, len(byKey))
	for _, s := range byKey {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b set) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a.key(), b.key())) })
	return out
}

func available(corpora []tenantryv1.Corpus) []tenantryv1.Corpus {
	var out []tenantryv1.Corpus
	for i := range corpora {
		if desired.Available(&corpora[i]) {
			out = append(out, corpora[i])
		}
	}
	return out
}

// opens lists the collections of one tenant. A corpus whose collection is not the one that its owner and pattern lead to
// opens nothing: status is no authority on whose collection it is.
func opens(t boundary.Tenant, spec vector.Spec) set {
	var all set
	for _, c := range t.Corpora {
		switch {
		case c.Pattern == boundary.Dedicated && c.Collection == vector.CollectionName(t.ID, c.Name),
			c.Pattern == boundary.Shared && declares(spec, c.Collection):
			all = append(all, scopeqdrant.Access{Collection: c.Collection, Write: true})
		}
	}
	for _, r := range t.References {
		if strings.HasPrefix(r, referencePrefix) {
			all = append(all, scopeqdrant.Access{Collection: r})
		}
	}
	slices.SortFunc(all, func(a, b scopeqdrant.Access) int { return strings.Compare(a.Collection, b.Collection) })
	return slices.Compact(all)
}

func declares(spec vector.Spec, collection string) bool {
	return slices.ContainsFunc(spec.Shared, func(s vector.SharedCollection) bool { return s.Name == collection })
}
