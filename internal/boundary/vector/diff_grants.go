package vector

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// tokenCase is what is known of one owner's tokens.
type tokenCase struct {
	owner string
	// wanted is all that its tokens may open; empty closes everything.
	wanted []Grant
	// closed says why there must be no token, "" where there may be.
	closed string
	// severity of a token that stands although closed.
	severity boundary.Severity
	// id of the token in hand, and what it says; token is nil where it could not be verified.
	id    string
	token *Claims
	// foreign are wanted collections that turned out to be somebody else's.
	foreign []string
}

// grants compares the records of one owner. A record within what is wanted stays until it expires: a running workload
// survives a rotation and the addition of a corpus. A record beyond it is revoked at once.
func (b *builder) grants(c tokenCase) {
	standing := false
	for _, r := range b.seen.Grants[c.owner] {
		switch why, severity := c.revoke(r, b); {
		case why != "":
			b.add(boundary.PhaseClose, grantObject(r), boundary.Unexpected, severity, DropGrant{r}, "%s; it is revoked", why)
		case r.TokenID == c.id && (!same(r.Grants, c.token.Grants) || !r.Expires.Equal(c.token.Expires)):
			standing = true
			b.put(c, boundary.Changed, "the record of the token is not what the token says; it is rewritten")
		case !b.now.Before(r.Expires):
			b.add(boundary.PhaseRemove, grantObject(r), boundary.Unexpected, boundary.Info, DropGrant{r},
				"the token has expired; its record is removed")
		default:
			standing = standing || r.TokenID == c.id
			b.diff.Objects++
		}
	}
	if c.closed == "" && !standing {
		b.open(c)
	}
}

// revoke says why a record must go, "" where it may stay.
func (c tokenCase) revoke(r Record, b *builder) (string, boundary.Severity) {
	if c.closed != "" {
		return "a token stands although " + c.closed, c.severity
	}
	reach := r.Grants
	if r.TokenID == c.id && c.token != nil {
		reach = append(slices.Clone(reach), c.token.Grants...)
	}
	if out := unique(beyond(reach, c.wanted)); len(out) > 0 {
		return "a token opens " + strings.Join(out, ", ") + ", which is not granted", boundary.Critical
	}
	for _, g := range reach {
		if slices.Contains(c.foreign, g.Collection) {
			return "a token opens " + g.Collection + ", which is not this owner's", boundary.Critical
		}
	}
	if r.TokenID == c.id && c.outdated(b) {
		return "the token cannot be verified or has expired", boundary.Warning
	}
	return "", ""
}

// open grants the token in hand where it opens nothing beyond what is wanted.
func (b *builder) open(c tokenCase) {
	if c.outdated(b) || !Within(c.token.Grants, c.wanted) {
		b.hazard("token "+c.id, boundary.Warning, CheckTokenOutdated,
			"the token in hand is not granted: it has expired, is not signed with this API key, or opens more than %s; "+
				"it must be replaced by a new one", list(c.wanted))
		return
	}
	b.put(c, boundary.Missing, "the token has no record and opens nothing; the record is written")
}

func (b *builder) put(c tokenCase, kind boundary.Kind, summary string) {
	if b.problem != nil && b.problem.Reason == ReasonUnsupportedServer {
		return
	}
	r := Record{TokenID: c.id, Owner: c.owner, Grants: c.token.Grants, Expires: c.token.Expires}
	b.add(boundary.PhaseOpen, grantObject(r), kind, boundary.Warning, PutGrant{r}, "%s, for %s", summary, list(r.Grants))
}

// outdated says that the token in hand is not one to grant.
func (c tokenCase) outdated(b *builder) bool {
	return c.token == nil || c.token.TokenID != c.id || c.token.Owner != c.owner || !b.now.Before(c.token.Expires)
}

func grantObject(r Record) string { return "token " + r.TokenID }
