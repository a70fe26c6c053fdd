package credential

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// GatewayTokenLifetime is how long a gateway token lives that nobody revokes.
	GatewayTokenLifetime = 30 * 24 * time.Hour
	// gatewayRenewBefore its end a token is replaced: a third of its life remains to hand the new one out.
	gatewayRenewBefore = GatewayTokenLifetime / 3

	gatewayIssuer   = "tenantry"
	gatewayAudience = "tenantry-gateway"

	// maxGatewayToken bounds what is parsed at all; a token of ours has about 400 characters.
	maxGatewayToken = 2048
	tokenIDSize     = 16
)

// GatewayClaims are what a gateway token says.
type GatewayClaims struct {
	// TokenID is random, 32 hex digits. The token counts only while Tenant.status.gatewayTokenIDs lists it.
	TokenID string
	// TenantUID is the UID of the Tenant that the bearer is.
	TenantUID string
	// Plane is the name of the DataPlane whose gateways accept it.
	Plane string
	// Issued and Expires, in whole seconds.
	Issued, Expires time.Time
}

// gatewayPayload is a gateway token's body.
type gatewayPayload struct {
	jwt.RegisteredClaims
	Plane string `json:"plane"`
}

// MintGatewayToken signs a token with a plane's Ed25519 seed. It refuses to make one without an id of 32 hex digits, a
// tenant, a plane or an end.
func MintGatewayToken(seed []byte, c GatewayClaims) (boundary.Secret, error) {
	if len(seed) != ed25519.SeedSize {
		return "", fmt.Errorf("the key that signs gateway tokens has %d bytes, not %d", len(seed), ed25519.SeedSize)
	}
	p := gatewayPayload{Plane: c.Plane, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: gatewayIssuer, Audience: jwt.ClaimStrings{gatewayAudience}, Subject: c.TenantUID, ID: c.TokenID,
		IssuedAt: jwt.NewNumericDate(c.Issued), ExpiresAt: jwt.NewNumericDate(c.Expires),
	}}
	if _, err := p.claims(); err != nil {
		return "", err
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, p).SignedString(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return "", fmt.Errorf("sign a gateway token: %w", err)
	}
	return boundary.Secret(signed), nil
}

// errGatewayToken stands for whatever the parser said: that would repeat parts of the token.
var errGatewayToken = errors.New("it is not a gateway token that this plane signed, or it has expired")

// VerifyGatewayToken checks signature, algorithm, issuer, audience, expiry at now and that every claim is present. Whether
// the token still counts is for the caller to decide by its TokenID. Errors repeat nothing of the token.
func VerifyGatewayToken(key ed25519.PublicKey, token string, now time.Time) (GatewayClaims, error) {
	if len(token) > maxGatewayToken || len(key) != ed25519.PublicKeySize {
		return GatewayClaims{}, errGatewayToken
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithIssuer(gatewayIssuer), jwt.WithAudience(gatewayAudience), jwt.WithTimeFunc(func() time.Time { return now }),
	)
	var p gatewayPayload
	if _, err := parser.ParseWithClaims(token, &p, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return GatewayClaims{}, errGatewayToken
	}
	return p.claims()
}

// claims checks that every claim is there and is what Tenantry writes.
func (p gatewayPayload) claims() (GatewayClaims, error) {
	switch {
	case !IsTokenID(p.ID):
		return GatewayClaims{}, errors.New("a gateway token needs an id of 32 hex digits")
	case p.Subject == "" || p.Plane == "":
		return GatewayClaims{}, errors.New("a gateway token needs a tenant and a plane")
	case !slices.Equal(p.Audience, jwt.ClaimStrings{gatewayAudience}):
		return GatewayClaims{}, errors.New("a gateway token is for the gateway and nobody else")
	case p.IssuedAt == nil || p.ExpiresAt == nil || !p.ExpiresAt.After(p.IssuedAt.Time):
		return GatewayClaims{}, errors.New("a gateway token needs a beginning and an end after it")
	}
	return GatewayClaims{
		TokenID: p.ID, TenantUID: p.Subject, Plane: p.Plane, Issued: p.IssuedAt.UTC(), Expires: p.ExpiresAt.UTC(),
	}, nil
}

// NeedsRenewal says that less than a third of a gateway token's life is left.
func (c GatewayClaims) NeedsRenewal(now time.Time) bool {
	return !now.Before(c.Expires.Add(-gatewayRenewBefore))
}

// OutlivesPrevious says that the token that this one replaced has certainly expired: it was replaced when no more than a
// third of a lifetime was left to it.
func (c GatewayClaims) OutlivesPrevious(now time.Time) bool {
	return !now.Before(c.Issued.Add(gatewayRenewBefore))
}

// IsTokenID says whether s has the form of a token's id: 32 lower-case hex digits.
func IsTokenID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == tokenIDSize && hex.EncodeToString(b) == s
}
