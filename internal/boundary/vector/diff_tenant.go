package vector

import (
	"fmt"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// DiffTenant compares one tenant's boundary: its claim, its dedicated collections and its tokens. token is what the
// credential in t says, nil where there is none or it could not be verified.
func (p Plane) DiffTenant(t boundary.Tenant, token *Claims, o Observed, now time.Time) (boundary.Diff, *Problem) {
	b := p.builder(o, t.ID, now)
	var standing *boundary.Claim
	if c, ok := o.Claims[t.ID]; ok {
		standing = &c
	}
	if c := boundary.CheckClaim(standing, t); c != nil {
		if t.Access == boundary.Retained {
			return boundary.Diff{}, nil
		}
		return boundary.Diff{Conflict: c}, nil
	}
	b.claim(standing, t)
	c := tokenCase{owner: t.UID, wanted: AccessList(t), token: token, id: t.Credentials[boundary.Vector].TokenID}
	c.closed, c.severity = closed(t, c.wanted)
	if t.Access != boundary.Retained {
		c.foreign = b.tenantCollections(t, c.wanted)
		b.tenantAliases(t)
	}
	if t.Access == boundary.Open && len(c.wanted) > 0 && o.Tokens == TokensRefused {
		b.problem = noTokens(t)
	}
	b.grants(c)
	if t.Access == boundary.Open {
		return b.finish()
	}
	// Somebody else's collection is no reason to keep a door open.
	b.conflict = nil
	return b.finish()
}

func (b *builder) claim(standing *boundary.Claim, t boundary.Tenant) {
	claim := boundary.Claim{TenantID: t.ID, UID: t.UID, Tombstone: t.Access == boundary.Retained}
	what := "claim on tenantID " + t.ID
	switch {
	case standing == nil && t.Access == boundary.Retained:
	case standing == nil:
		b.add(boundary.PhaseBuild, what, boundary.Missing, boundary.Warning, PutClaim{claim},
			"the tenantID is not claimed; it is claimed for Tenant %s", t.Name)
	case claim.Tombstone && !standing.Tombstone:
		b.add(boundary.PhaseRemove, what, boundary.Changed, boundary.Info, BuryClaim{claim},
			"the Tenant is gone; its claim becomes a tombstone")
	default:
		b.diff.Objects++
	}
}

// closed says why a tenant must hold no token.
func closed(t boundary.Tenant, wanted []Grant) (string, boundary.Severity) {
	switch {
	case t.Access == boundary.Suspended:
		return "the Tenant is suspended", boundary.Critical
	case t.Access == boundary.Retained:
		return "the Tenant is gone", boundary.Critical
	case len(wanted) == 0:
		return "nothing is left that a token of the Tenant may open", boundary.Critical
	case t.Credentials[boundary.Vector].TokenID == "":
		return "no token has been issued", boundary.Warning
	}
	return "", ""
}

// tenantCollections compares the collections of the tenant's corpora and returns those of its access list that turn out to
// be somebody else's.
func (b *builder) tenantCollections(t boundary.Tenant, wanted []Grant) (foreign []string) {
	for _, c := range t.Corpora {
		if c.Retained {
			continue
		}
		if c.TenantID != t.ID || c.TenantUID != t.UID {
			b.clash(&boundary.Conflict{Object: object(c.Collection), Holder: c.UID, Message: fmt.Sprintf(
				"corpus %s belongs to tenant %s (UID %s), not to %s", c.Name, c.TenantID, c.TenantUID, t.ID)})
			continue
		}
		before := b.conflict
		switch c.Pattern {
		case boundary.Dedicated:
			b.dedicated(c)
		case boundary.Shared:
			b.sharedHolds(c)
		case boundary.Reference:
		}
		if b.conflict != before {
			foreign = append(foreign, c.Collection)
		}
	}
	for _, g := range wanted {
		if have, ok := b.seen.Collections[g.Collection]; ok && g.Access == Read && !b.plane.readable(have, g.Collection) {
			b.clash(&boundary.Conflict{Object: object(g.Collection), Message: fmt.Sprintf(
				"collection %q is not a reference corpus of this plane; no token may open it", g.Collection)})
			foreign = append(foreign, g.Collection)
		}
	}
	return foreign
}

// readable says whether a collection is a reference corpus of this plane.
func (p Plane) readable(c Collection, name string) bool {
	return p.made(c.Stamp, name) && c.Stamp.Kind == KindReference
}

// made says whether a stamp is this installation's, for the collection of that name.
func (p Plane) made(s *Stamp, name string) bool {
	return s != nil && s.Plane == p.Marker.Plane && s.Installation == p.Marker.Installation && s.Collection == name
}

// dedicated compares the collection of one corpus. What is wrong with one must not take the tenant's others away.
func (b *builder) dedicated(c boundary.Corpus) {
	if problem := checkCorpus(c); problem != nil {
		b.clash(&boundary.Conflict{Object: object(c.Collection), Message: problem.Message})
		return
	}
	if text := b.collection(b.plane.Corpus(c)); text != "" {
		b.hazard(object(c.Collection), boundary.Warning, CheckShapeMismatch, "%s", mismatchText(c.Collection, text))
	}
	if b.problem != nil {
		b.hazard(object(c.Collection), boundary.Warning, CheckQuota, "%s", b.problem.Message)
		b.problem = nil
	}
}

// sharedHolds reports a shared collection that is not as it should be; the plane mends it.
func (b *builder) sharedHolds(c boundary.Corpus) {
	s, declared := b.plane.shared(c.Collection)
	if !declared {
		b.hazard(object(c.Collection), boundary.Warning, CheckSharedCollection,
			"corpus %s stands in shared collection %q, which the DataPlane no longer declares; declare it again", c.Name, c.Collection)
		return
	}
	probe := b.plane.builder(b.seen, b.tenant, b.now)
	mismatched := probe.collection(b.plane.Shared(s))
	if len(probe.diff.Plan) == 0 && probe.conflict == nil && mismatched == "" {
		b.diff.Objects++
		return
	}
	b.hazard(object(c.Collection), boundary.Warning, CheckSharedCollection,
		"shared collection %q, which holds corpus %s, is not as declared; the findings of the DataPlane say what is wrong", c.Collection, c.Name)
}

func noTokens(t boundary.Tenant) *Problem {
	return &Problem{ReasonUnsupportedServer, fmt.Sprintf("tenant %s has a dedicated corpus and needs a token, but this Qdrant "+
		"refuses tokens; start it with QDRANT__SERVICE__JWT_RBAC=true beside its API key", t.ID)}
}
