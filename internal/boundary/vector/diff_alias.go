package vector

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// An alias is a second name of a collection, and Qdrant looks for an alias before it looks for a collection. Tokens hold
// names: where a collection is gone and an alias has its name, every token for the one opens the other.

// aliased judges an alias in the place of one of our collections. A copy that carries the very stamp that is wanted, such
// as a restored snapshot, is the owner's own data and is left alone.
func (b *builder) aliased(want Collection, target string) {
	if have, ok := b.seen.Collections[want.Name]; ok && conflict(want, have) == nil {
		b.hazard(aliasObject(want.Name), boundary.Warning, CheckAlias, "%q is an alias of collection %q, a copy of the collection of that name. "+
			"Tokens for the name open the copy, and nothing is compared or mended in it: recover the copy under its own name, then remove the "+
			"alias with %s",
			want.Name, target, removal(want.Name))
		return
	}
	b.add(boundary.PhaseClose, aliasObject(want.Name), boundary.Unexpected, boundary.Critical, DropAlias{want.Name, target},
		"the name is an alias of collection %q, so that every token for the name opens that collection; the alias is removed, and no data",
		target)
	b.create(want)
}

// planeAliases reports aliases that belong to no tenant: those that lead into a collection of the plane under a name that
// is not kept for it, and those of a kept name that nobody claims.
func (b *builder) planeAliases() {
	own := b.plane.Needs()
	for _, alias := range slices.Sorted(maps.Keys(b.seen.Aliases)) {
		target := b.seen.Aliases[alias]
		switch {
		case slices.Contains(own, alias) || b.claimed(alias):
		case b.plane.Relevant(alias):
			b.keptName(alias, target)
		case b.plane.Relevant(target):
			b.hazard(aliasObject(alias), boundary.Warning, CheckAlias, "alias %q leads to collection %q: whoever holds a token for the alias "+
				"reaches the collection, past everything that is granted and revoked here; if nothing needs it, remove it with %s", alias, target, removal(alias))
		}
	}
}

// tenantAliases reports aliases under names that are kept for collections of the tenant.
func (b *builder) tenantAliases(t boundary.Tenant) {
	own := b.plane.NeedsOf(t)
	for _, alias := range slices.Sorted(maps.Keys(b.seen.Aliases)) {
		if strings.HasPrefix(alias, CollectionName(t.ID, "")) && !slices.Contains(own, alias) {
			b.keptName(alias, b.seen.Aliases[alias])
		}
	}
}

func (b *builder) keptName(alias, target string) {
	b.hazard(aliasObject(alias), boundary.Warning, CheckAlias, "alias %q of collection %q has a name that is kept for a collection of its own: "+
		"none can be made while it stands; remove it with %s", alias, target, removal(alias))
}

// claimed says whether a name is that of a Dedicated collection of a tenant that holds its claim: then it is the tenant's finding.
func (b *builder) claimed(collection string) bool {
	id, ok := tenantOf(collection)
	if !ok {
		return false
	}
	c, stands := b.seen.Claims[id]
	return stands && !c.Tombstone
}

func aliasObject(alias string) string { return "alias " + alias }

// removal is the call that removes an alias.
func removal(alias string) string {
	return "POST /collections/aliases " + written(members{"actions": []members{{"delete_alias": members{"alias_name": alias}}}})
}
