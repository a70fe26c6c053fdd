package identity

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Audience of every token that is shown to the gateway.
const Audience = "tenantry-gateway"

// gatewayIssuer is who issues gateway tokens.
const gatewayIssuer = "tenantry"

// peeked is what a token says of itself. Nothing of it is verified: it decides whom to ask, and whether asking can help.
type peeked struct {
	issuer   string
	audience []string
	expires  time.Time
	account  account // zero where it is none
}

// peek reads the claims of a token. ok is false where it is no JWT.
func peek(token string) (p peeked, ok bool) {
	if !isJWT(token) {
		return p, false
	}
	_, rest, _ := strings.Cut(token, ".")
	body, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return p, false
	}
	var claims struct {
		Issuer   string          `json:"iss"`
		Audience json.RawMessage `json:"aud"`
		Expires  float64         `json:"exp"`
		Subject  string          `json:"sub"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return p, false
	}
	p = peeked{issuer: claims.Issuer, audience: audience(claims.Audience)}
	if of, ok := accountOf(claims.Subject); ok {
		p.account = of
	}
	if claims.Expires > 0 && claims.Expires < 1<<40 {
		p.expires = time.Unix(int64(claims.Expires), 0)
	}
	return p, true
}

// isJWT says whether s has the form of one: three parts of base64url, none empty, and not beyond measure.
func isJWT(s string) bool {
	if len(s) > maxToken {
		return false
	}
	dots, part := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if part == 0 {
				return false
			}
			dots, part = dots+1, 0
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			part++
		default:
			return false
		}
	}
	return dots == 2 && part > 0
}

// audience reads aud, which is a string or a list of strings.
func audience(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	return nil
}

func (p peeked) isGatewayToken() bool { return p.issuer == gatewayIssuer }

// hopeless says why no API server can accept the token, nil where one might.
func (p peeked) hopeless(now time.Time) *Refused {
	switch {
	case !slices.Contains(p.audience, Audience):
		return unauthenticated(ReasonInvalidToken, "the token is not for the audience "+Audience+
			"; have it issued for that one: a projected volume with audience, or kubectl create token --audience")
	case !now.Before(p.expires):
		return unauthenticated(ReasonInvalidToken, "the token has expired, or says no time at which it will")
	}
	return nil
}
