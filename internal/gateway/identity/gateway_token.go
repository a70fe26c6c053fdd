package identity

import (
	"crypto/ed25519"
	"slices"
	"time"

	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// gatewayTokens verifies gateway tokens, each once.
type gatewayTokens struct {
	plane string
	cache *lru[verified]
}

// verified is a token whose signature was checked with a key.
type verified struct {
	key    ed25519.PublicKey
	claims credential.GatewayClaims
}

// known returns the claims of a token that was verified before, with the key that counts now.
func (g *gatewayTokens) known(d digest, key ed25519.PublicKey, now time.Time) (credential.GatewayClaims, bool) {
	v, ok := g.cache.get(d)
	if !ok {
		return credential.GatewayClaims{}, false
	}
	if !now.Before(v.claims.Expires) || !v.key.Equal(key) {
		g.cache.remove(d)
		return credential.GatewayClaims{}, false
	}
	return v.claims, true
}

// verify checks a token that is not known. Only tokens that verify are kept, so that garbage pushes nothing out.
func (g *gatewayTokens) verify(token string, d digest, key ed25519.PublicKey, now time.Time) (credential.GatewayClaims, *Refused) {
	claims, err := credential.VerifyGatewayToken(key, token, now)
	if err != nil {
		return claims, unauthenticated(ReasonInvalidToken, "this is not a gateway token that the data plane signed, or it has expired; "+
			"read the Secret of your tenant again")
	}
	if claims.Plane != g.plane {
		return claims, unauthenticated(ReasonInvalidToken, "this gateway token is for another data plane")
	}
	g.cache.put(d, verified{key, claims})
	return claims, nil
}

// counts says whether the tenant still goes by the token. It is asked for every request: that is how a token is revoked.
func counts(t *directory.Tenant, c credential.GatewayClaims) *Refused {
	if slices.Contains(t.TokenIDs, c.TokenID) {
		return nil
	}
	return unauthenticated(ReasonRevoked, "this gateway token was replaced or revoked; read the Secret of your tenant again")
}
