package vector

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// What belongs to nobody has nobody who looks after it: it is the plane's finding. The claims tell who there is.

// orphanRecords revokes tokens whose owner is neither a Tenant with a claim nor a reference Corpus of the plane. A claim that
// became a tombstone is no owner any more: its records were removed before.
func (b *builder) orphanRecords() {
	known := map[string]bool{}
	for _, c := range b.seen.Claims {
		known[c.UID] = known[c.UID] || !c.Tombstone
	}
	for name, c := range b.seen.Collections {
		if b.plane.made(c.Stamp, name) && c.Stamp.Kind == KindReference {
			known[c.Stamp.CorpusUID] = true
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(b.seen.Grants)) {
		for _, r := range b.seen.Grants[owner] {
			if !known[owner] {
				b.add(boundary.PhaseClose, grantObject(r), boundary.Unexpected, boundary.Warning, DropGrant{r},
					"a token opens %s and lives by a record of an owner that has no claim on this plane; it is revoked", list(r.Grants))
			}
		}
	}
}

// orphanCollections reports collections under the names that are kept for tenants, and that no tenant has.
func (b *builder) orphanCollections() {
	for _, name := range slices.Sorted(maps.Keys(b.seen.Collections)) {
		id, dedicated := tenantOf(name)
		if _, alias := b.seen.Aliases[name]; alias || !dedicated {
			continue
		}
		s := b.seen.Collections[name].Stamp
		claim, claimed := b.seen.Claims[id]
		switch {
		case s == nil:
			b.orphan(name, boundary.Info, "Tenantry did not make it, and it has a name that is kept for a corpus of tenant %q, which cannot be "+
				"made while it stands: move it to another name", id)
		case s.Plane != b.plane.Marker.Plane || s.Installation != b.plane.Marker.Installation:
			b.orphan(name, boundary.Warning, "it carries the claim of plane %q of installation %s; if those are gone, look at what it holds, "+
				"and drop it with DELETE /collections/%s", s.Plane, s.Installation, name)
		case s.Collection != name:
			b.orphan(name, boundary.Warning, "it is a copy of collection %q, such as a restored snapshot, that nobody looks after: drop it "+
				"with DELETE /collections/%s when it is no longer needed", s.Collection, name)
		case claimed && claim.UID != s.TenantUID:
			b.orphan(name, boundary.Warning, "it was made for another Tenant (UID %s) than the one that holds tenantID %q (UID %s), and opens to "+
				"neither; if the data is not needed, drop it with DELETE /collections/%s", s.TenantUID, id, claim.UID, name)
		case !claimed:
			b.orphan(name, boundary.Warning, "it holds data of a Tenant (UID %s) that has neither a claim nor a tombstone on tenantID %q, so "+
				"that the id could be given to somebody else. Restore collection %s from a backup; or, if the data is not needed, drop it with "+
				"DELETE /collections/%s", s.TenantUID, id, ClaimsCollection, name)
		}
	}
}

func (b *builder) orphan(name string, severity boundary.Severity, message string, args ...any) {
	b.hazard(object(name), severity, CheckOrphanCollection, "collection %q belongs to no tenant: %s", name, fmt.Sprintf(message, args...))
}

// Points is what a look at the points of a shared collection found.
type Points struct {
	// Tenants are the values of tenant_id that stand, at most MaxTenantsSeen, with about how many points each has.
	Tenants map[string]uint64
	// Unmarked points lack tenant_id or corpus_id. No more than MaxUnmarkedSeen are counted.
	Unmarked int
}

const (
	// MaxTenantsSeen in one shared collection, those with the most points first: as many as one answer may have.
	MaxTenantsSeen = maxQueryLimit
	// MaxUnmarkedSeen is where counting of points without an owner ends.
	MaxUnmarkedSeen = 100
	// maxNamed bounds the names in a message.
	maxNamed = 5
)

// tenantID is what may be shown of a value: anything else could be a piece of somebody's payload.
var tenantID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,34}[a-z0-9])?$`)

// orphanPoints reports points in a shared collection that no tenant can read, or that carry the id of nobody.
func (b *builder) orphanPoints(collection string) {
	p := b.seen.Points[collection]
	if p.Unmarked > 0 {
		b.hazard(object(collection), boundary.Warning, CheckUnmarkedPoints, "collection %q holds points without %s or without %s (%s): no "+
			"tenant reads them, and they were not written through the gateway or the SDK. Look at them with POST /collections/%[1]s/points/scroll %[5]s, "+
			"give them their owner or delete them with POST /collections/%[1]s/points/delete and the same filter",
			collection, TenantField, CorpusField, atLeast(p.Unmarked), unmarkedFilter)
	}
	if n := b.seen.Rounds.Doubled[collection]; n > 0 {
		b.hazard(object(collection), boundary.Warning, CheckDoubledPoints, "collection %q holds points with several values of %s (%s), so that "+
			"more than one tenant may read them: they were not written through the gateway or the SDK. Look at them with POST "+
			`/collections/%[1]s/points/scroll {"filter": {"must": [{"key": %[2]q, "values_count": {"gt": 1}}]}} and give each one owner`,
			collection, TenantField, atLeast(n))
	}
	var strangers []string
	for id := range p.Tenants {
		if _, ok := b.seen.Claims[id]; !ok {
			strangers = append(strangers, shown(id))
		}
	}
	if len(strangers) == 0 {
		return
	}
	n := len(strangers)
	strangers = unique(strangers)
	b.hazard(object(collection), boundary.Warning, CheckStrangerPoints, "collection %q holds points of %d tenantIDs that nobody claims, such as "+
		"%s: either the claims are gone, or they were not written through the gateway or the SDK. Delete those of one with "+
		`POST /collections/%s/points/delete {"filter": {"must": [{"key": %q, "match": {"value": "…"}}]}}`,
		collection, n, strings.Join(strangers[:min(len(strangers), maxNamed)], ", "), collection, TenantField)
}

const unmarkedFilter = `{"filter": {"should": [{"is_empty": {"key": "` + TenantField + `"}}, {"is_empty": {"key": "` + CorpusField + `"}}]}}`

func atLeast(n int) string {
	if n >= MaxUnmarkedSeen {
		return fmt.Sprintf("at least %d", n)
	}
	return fmt.Sprint(n)
}

func shown(value string) string {
	if tenantID.MatchString(value) {
		return fmt.Sprintf("%q", value)
	}
	return "a value that is no tenantID"
}
