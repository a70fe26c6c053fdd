package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// UpstreamTokenLifetime is how long a gateway's token for Qdrant lives. It has no grant record: its short life revokes it.
const UpstreamTokenLifetime = 2 * time.Hour

// upstreamPayload is such a token's body in Qdrant's words. A token without "access" is all-powerful, so that member has no
// omitempty.
type upstreamPayload struct {
	Expires int64           `json:"exp"`
	Subject string          `json:"subject"` // for Qdrant's audit log; it forwards "sub" to inference servers
	Access  []upstreamGrant `json:"access"`
}

type upstreamGrant struct {
	Collection string        `json:"collection"`
	Access     vector.Access `json:"access"`
}

const (
	upstreamSubject = "tenantry:gateway"
	// ownCollections begin with this; no token opens one.
	ownCollections = "tenantry_"
)

// MintUpstreamToken signs a token for Qdrant that opens the collections in access, points only, until expires. It refuses to
// make one that opens nothing by name, or a collection that Tenantry keeps for itself.
func MintUpstreamToken(apiKey boundary.Secret, access []scopeqdrant.Access, expires time.Time) (UpstreamToken, error) {
	p := upstreamPayload{Expires: expires.Unix(), Subject: upstreamSubject, Access: grants(access)}
	if err := p.check(); err != nil || apiKey == "" {
		return UpstreamToken{}, errors.Join(errors.New("a token for the gateway needs a signing key, collections and an end"), err)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, p).SignedString([]byte(apiKey.Reveal()))
	if err != nil {
		return UpstreamToken{}, fmt.Errorf("sign a token for the gateway: %w", err)
	}
	return UpstreamToken{Access: p.opens(), Token: boundary.Secret(signed), Expires: p.ends()}, nil
}

// Genuine says whether the token was signed with this API key and says itself what stands beside it.
func (t UpstreamToken) Genuine(apiKey boundary.Secret) bool {
	var p upstreamPayload
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(t.Token.Reveal(), &p, func(*jwt.Token) (any, error) { return []byte(apiKey.Reveal()), nil })
	return err == nil && apiKey != "" && p.check() == nil && slices.Equal(p.opens(), t.Access) && p.ends().Equal(t.Expires)
}

// grants in the order of their collections, each once, the wider access if there are two.
func grants(access []scopeqdrant.Access) []upstreamGrant {
	byName := map[string]vector.Access{}
	for _, a := range access {
		if a.Write {
			byName[a.Collection] = vector.PointsReadWrite
		} else if _, ok := byName[a.Collection]; !ok {
			byName[a.Collection] = vector.Read
		}
	}
	out := make([]upstreamGrant, 0, len(byName))
	for name, a := range byName {
		out = append(out, upstreamGrant{name, a})
	}
	slices.SortFunc(out, func(a, b upstreamGrant) int { return strings.Compare(a.Collection, b.Collection) })
	return out
}

func (p upstreamPayload) opens() []scopeqdrant.Access {
	var out []scopeqdrant.Access
	for _, g := range p.Access {
		out = append(out, scopeqdrant.Access{Collection: g.Collection, Write: g.Access == vector.PointsReadWrite})
	}
	return out
}

func (p upstreamPayload) ends() time.Time { return time.Unix(p.Expires, 0).UTC() }

func (p upstreamPayload) check() error {
	if len(p.Access) == 0 || p.Expires <= 0 {
		return errors.New("a token without named collections opens everything, one without an end never dies")
	}
	for _, g := range p.Access {
		if g.Collection == "" || strings.HasPrefix(g.Collection, ownCollections) ||
			g.Access != vector.Read && g.Access != vector.PointsReadWrite {
			return fmt.Errorf("a token must not open collection %q with access %q", g.Collection, g.Access)
		}
	}
	return nil
}

// The methods of jwt.Claims. Only the expiry is claimed; Qdrant looks at none of the others.

// GetExpirationTime returns the end of the token's life.
func (p upstreamPayload) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(p.ends()), nil
}

// GetIssuedAt returns nothing.
func (p upstreamPayload) GetIssuedAt() (*jwt.NumericDate, error) { return nil, nil }

// GetNotBefore returns nothing.
func (p upstreamPayload) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuer returns nothing.
func (p upstreamPayload) GetIssuer() (string, error) { return "", nil }

// GetSubject returns nothing.
func (p upstreamPayload) GetSubject() (string, error) { return "", nil }

// GetAudience returns nothing.
func (p upstreamPayload) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }
