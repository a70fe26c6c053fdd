package vector

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// TokenLifetime is how long a token lives that nobody revokes.
	TokenLifetime = 30 * 24 * time.Hour
	// renewBefore its end a token is replaced: a third of its life remains to hand the new one out.
	renewBefore = TokenLifetime / 3

	subjectPrefix = "tenant:"
	tokenKey      = "token"
	ownerKey      = "tenant_uid"
)

// Claims are what a token says.
type Claims struct {
	TokenID string
	// Owner is the UID that the token was minted for.
	Owner   string
	Grants  []Grant
	Expires time.Time
}

// payload is a token's body in Qdrant's words. A token without "access" is all-powerful, so that member has no omitempty.
type payload struct {
	Expires int64         `json:"exp"`
	Subject string        `json:"subject"`
	Access  []grantClaim  `json:"access"`
	Exists  *existsClaims `json:"value_exists,omitempty"`
}

type grantClaim struct {
	Collection string `json:"collection"`
	Access     Access `json:"access"`
}

type existsClaims struct {
	Collection string       `json:"collection"`
	Matches    []matchClaim `json:"matches"`
}

type matchClaim struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Mint signs a token that opens grants until exp for as long as the record of tokenID and owner stands. The owner is the
// UID of the Tenant, or of the reference Corpus whose loader it is; a tokenID is random and never used for two tokens. It
// refuses to make a token without a key, an owner or grants. Give it TokenLifetime to live.
func Mint(apiKey boundary.Secret, owner, tokenID string, grants []Grant, exp time.Time) (boundary.Secret, error) {
	if apiKey == "" || owner == "" || tokenID == "" || exp.Unix() <= 0 {
		return "", errors.New("a token needs a signing key, an owner, an id and an end")
	}
	grants = ordered(slices.Clone(grants))
	p := payload{
		Expires: exp.Unix(), Subject: subjectPrefix + owner,
		Exists: &existsClaims{TokensCollection, []matchClaim{{tokenKey, tokenID}, {ownerKey, owner}}},
	}
	for _, g := range grants {
		p.Access = append(p.Access, grantClaim(g))
	}
	if err := p.check(); err != nil {
		return "", err
	}
	return p.sign(apiKey)
}

// MintProbe signs a token without a record that reads one collection until exp. It is for a collection that does not exist:
// whether the server lets it in at all shows whether the server knows tokens.
func MintProbe(apiKey boundary.Secret, collection string, exp time.Time) (boundary.Secret, error) {
	if apiKey == "" || collection == "" {
		return "", errors.New("a probe needs a signing key and a collection")
	}
	p := payload{Expires: exp.Unix(), Subject: "tenantry:probe", Access: []grantClaim{{collection, Read}}}
	return p.sign(apiKey)
}

func (p payload) sign(apiKey boundary.Secret) (boundary.Secret, error) {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, p).SignedString([]byte(apiKey.Reveal()))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return boundary.Secret(signed), nil
}

// Inspect verifies a token's signature and that it is of the form that Mint makes, and returns what it says. It does not
// look at the expiry. Errors do not repeat the token.
func Inspect(token, apiKey boundary.Secret) (Claims, error) {
	var p payload
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(token.Reveal(), &p, func(*jwt.Token) (any, error) { return []byte(apiKey.Reveal()), nil })
	if err != nil {
		return Claims{}, errors.New("it is not a token that was signed with this API key")
	}
	if err := p.check(); err != nil {
		return Claims{}, err
	}
	c := Claims{TokenID: p.Exists.Matches[0].Value, Owner: p.Exists.Matches[1].Value, Expires: time.Unix(p.Expires, 0).UTC()}
	for _, a := range p.Access {
		c.Grants = append(c.Grants, Grant(a))
	}
	c.Grants = ordered(c.Grants)
	return c, nil
}

// NeedsRenewal says whether a new token must be minted: it opens something else than grants, or less than a third of
// TokenLifetime remains.
func NeedsRenewal(c Claims, grants []Grant, now time.Time) bool {
	return !same(c.Grants, ordered(slices.Clone(grants))) || !now.Before(c.Expires.Add(-renewBefore))
}

// check says why a payload is not one that may be signed or trusted.
func (p payload) check() error {
	switch {
	case len(p.Access) == 0:
		return errors.New("a token without access to named collections opens everything")
	case p.Expires <= 0:
		return errors.New("a token without an end cannot be trusted to die")
	case !p.revocable():
		return errors.New("a token without a grant record cannot be revoked")
	}
	for _, g := range p.Access {
		if g.Collection == "" || strings.HasPrefix(g.Collection, ownPrefix) || g.Access != Read && g.Access != PointsReadWrite {
			return fmt.Errorf("a token must not open collection %q with access %q", g.Collection, g.Access)
		}
	}
	return nil
}

func (p payload) revocable() bool {
	e := p.Exists
	return e != nil && e.Collection == TokensCollection && len(e.Matches) == 2 &&
		e.Matches[0].Key == tokenKey && e.Matches[1].Key == ownerKey && e.Matches[0].Value != "" &&
		e.Matches[1].Value != "" && p.Subject == subjectPrefix+e.Matches[1].Value
}

// The methods of jwt.Claims. Only the expiry is claimed; Qdrant looks at none of the others.

// GetExpirationTime returns the end of the token's life.
func (p payload) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(p.Expires, 0)), nil
}

// GetIssuedAt returns nothing.
func (p payload) GetIssuedAt() (*jwt.NumericDate, error) { return nil, nil }

// GetNotBefore returns nothing.
func (p payload) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuer returns nothing.
func (p payload) GetIssuer() (string, error) { return "", nil }

// GetSubject returns nothing: Qdrant forwards "sub" to inference servers.
func (p payload) GetSubject() (string, error) { return "", nil }

// GetAudience returns nothing.
func (p payload) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }
