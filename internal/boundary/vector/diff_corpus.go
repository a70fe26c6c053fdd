package vector

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// DiffCorpus compares the collection of one corpus and, for a reference, the token of its loader. loader is the credential
// to be granted, nil for none; token is what it says, nil where it could not be verified. A Retained corpus keeps its
// collection and data; its claim becomes a tombstone and the tokens that opened it are revoked.
func (p Plane) DiffCorpus(
	c boundary.Corpus, loader *boundary.Credential, token *Claims, o Observed, now time.Time,
) (boundary.Diff, *Problem) {
	b := p.builder(o, c.TenantID, now)
	if problem := checkCorpus(c); problem != nil && !c.Retained {
		return boundary.Diff{}, problem
	}
	switch {
	case c.Retained && c.Pattern == boundary.Shared:
	case c.Retained:
		b.retain(c)
	case !b.tenantStands(c):
	case c.Pattern == boundary.Shared:
		b.sharedCorpus(c)
	default:
		b.corpus(c, loader, token)
	}
	return b.finish()
}

// tenantStands says whether the corpus's tenant holds its claim: nothing is built for one that has not won it.
func (b *builder) tenantStands(c boundary.Corpus) bool {
	if c.Pattern == boundary.Reference {
		return true
	}
	claim, ok := b.seen.Claims[c.TenantID]
	if !ok {
		b.problem = &Problem{ReasonTenantNotReady, fmt.Sprintf("tenantID %q is not claimed in Qdrant yet; the Tenant claims it", c.TenantID)}
		return false
	}
	b.conflict = boundary.CheckClaim(&claim, boundary.Tenant{ID: c.TenantID, UID: c.TenantUID, Access: boundary.Open})
	return b.conflict == nil
}

func (b *builder) sharedCorpus(c boundary.Corpus) {
	s, ok := b.plane.shared(c.Collection)
	if !ok {
		b.problem = &Problem{ReasonSharedCollectionNotFound, fmt.Sprintf("the DataPlane declares no shared collection %q", c.Collection)}
		return
	}
	want := b.plane.Shared(s)
	have, stands := b.seen.Collections[c.Collection]
	if !stands {
		b.problem = &Problem{ReasonApplyFailed, fmt.Sprintf("shared collection %q does not stand yet; the DataPlane makes it", c.Collection)}
		return
	}
	if found := conflict(want, have); found != nil {
		b.clash(found)
		return
	}
	if text := mismatch(want, have); text != "" {
		b.problem = &Problem{ReasonShapeMismatch, mismatchText(c.Collection, text)}
		return
	}
	b.sharedHolds(c)
}

func (b *builder) corpus(c boundary.Corpus, loader *boundary.Credential, token *Claims) {
	if text := b.collection(b.plane.Corpus(c)); text != "" {
		b.problem = &Problem{ReasonShapeMismatch, mismatchText(c.Collection, text)}
	}
	if c.Pattern == boundary.Reference {
		b.loader(c, loader, token)
	}
}

func (b *builder) loader(c boundary.Corpus, loader *boundary.Credential, token *Claims) {
	tc := tokenCase{owner: c.UID, wanted: LoaderAccess(c), token: token, severity: boundary.Warning}
	switch {
	case b.conflict != nil:
		tc.closed = "the collection is not this Corpus's"
	case loader == nil || loader.TokenID == "":
		tc.closed = "no loader token has been issued"
	default:
		tc.id = loader.TokenID
	}
	if tc.closed == "" && b.seen.Tokens == TokensRefused {
		b.problem = &Problem{ReasonUnsupportedServer, fmt.Sprintf("corpus %s has a loader that needs a token, but this Qdrant refuses "+
			"tokens; start it with QDRANT__SERVICE__JWT_RBAC=true beside its API key", c.Name)}
	}
	b.grants(tc)
}

// retain closes a corpus that is gone. A collection that never was this Corpus's is not touched. Its Tenant may be gone too,
// so that what is known of it is what the stamp says.
func (b *builder) retain(c boundary.Corpus) {
	have, ok := b.seen.Collections[c.Collection]
	if !ok || !b.plane.madeFor(c, have) {
		return
	}
	for _, owner := range unique([]string{c.UID, have.Stamp.TenantUID}) {
		for _, r := range b.seen.Grants[owner] {
			if slices.ContainsFunc(r.Grants, func(g Grant) bool { return g.Collection == c.Collection }) {
				b.add(boundary.PhaseClose, grantObject(r), boundary.Unexpected, boundary.Critical, DropGrant{r},
					"a token opens %s, whose Corpus is gone; it is revoked", c.Collection)
			}
		}
	}
	if have.Stamp.Retained {
		b.diff.Objects++
		return
	}
	want, stamp := have, *have.Stamp
	stamp.Retained = true
	want.Stamp = &stamp
	b.add(boundary.PhaseRemove, object(c.Collection), boundary.Changed, boundary.Info, UpdateCollection{want, []Field{FieldStamp}},
		"the Corpus is gone; the collection and its data stay, and its claim becomes a tombstone")
}

// madeFor says whether a collection carries the claim of this Corpus.
func (p Plane) madeFor(c boundary.Corpus, have Collection) bool {
	s := have.Stamp
	return p.made(s, c.Collection) && s.CorpusUID == c.UID
}
