package qdrantsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// tokenLeeway is how long after its expiry a token is still accepted.
const tokenLeeway = 30 * time.Second

// errInvalidToken answers what is neither a key nor a well-formed token.
var errInvalidToken = status.Error(codes.Unauthenticated, "Invalid API key or JWT")

// claims are the claims of a token that mean something to Qdrant.
type claims struct {
	expires     *uint64 // seconds since the epoch
	access      access
	subject     string
	valueExists *valueExists
}

// parseToken verifies an HS256 token: first that it is one, then its signature,
// then its claims, then its expiry, then what its access list says. The stages
// matter, because each fails with another code.
func parseToken(token string, secret []byte, now time.Time) (claims, error) {
	signed, signature, ok := cutLast(token, ".")
	head, body, ok2 := strings.Cut(signed, ".")
	if !ok || !ok2 || !isHS256(head) {
		return claims{}, errInvalidToken
	}
	if !signatureMatches(signed, signature, secret) {
		return claims{}, status.Error(codes.PermissionDenied, "InvalidSignature")
	}
	c, invalid, err := decodeClaims(body)
	if err != nil {
		return claims{}, errInvalidToken
	}
	if c.expires != nil && now.Add(-tokenLeeway).Unix() > int64(min(*c.expires, 1<<62)) {
		return claims{}, status.Error(codes.PermissionDenied, "ExpiredSignature")
	}
	if invalid != nil {
		return claims{}, status.Error(codes.Unauthenticated, invalid.Error())
	}
	return c, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func isHS256(segment string) bool {
	var h struct{ Alg string }
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	return err == nil && json.Unmarshal(raw, &h) == nil && h.Alg == "HS256"
}

func signatureMatches(signed, signature string, secret []byte) bool {
	got, err := base64.RawURLEncoding.DecodeString(signature)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// decodeClaims reads exact member names: "Access" is not "access", and a token
// without "access" is all-powerful. Claims that parse but may not be used come
// back as invalid.
func decodeClaims(segment string) (c claims, invalid, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return c, nil, err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return c, nil, err
	}
	var sub *string
	c.access = fullAccess
	err = errors.Join(optional(m, "sub", &sub), optional(m, "exp", &c.expires), optional(m, "subject", &c.subject))
	if err != nil {
		return c, nil, err
	}
	if c.valueExists, err = decodeValueExists(m["value_exists"]); err != nil {
		return c, nil, err
	}
	if a, ok := m["access"]; ok {
		c.access, invalid, err = decodeAccess(a)
	}
	return c, invalid, err
}

func optional(m map[string]json.RawMessage, name string, into any) error {
	if raw, ok := m[name]; ok {
		return json.Unmarshal(raw, into)
	}
	return nil
}

func decodeAccess(raw json.RawMessage) (a access, invalid, err error) {
	var global string
	if json.Unmarshal(raw, &global) == nil && string(raw) != "null" {
		switch global {
		case "r":
			return readAccess, nil, nil
		case "m":
			return fullAccess, nil, nil
		}
		return access{}, nil, fmt.Errorf("unknown access %q", global)
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return access{}, nil, errors.New("access is neither a mode nor a list")
	}
	seen := map[string]bool{}
	for i, entry := range list {
		c, bad, err := decodeCollectionAccess(entry)
		if err != nil {
			return access{}, nil, err
		}
		if seen[c.name] {
			bad = errors.New("Collection name should be unique") //nolint:staticcheck // Qdrant's words
		}
		if bad != nil && invalid == nil {
			invalid = fmt.Errorf("access[%d]: %w", i, bad)
		}
		seen[c.name] = true
		a.collections = append(a.collections, c)
	}
	return a, invalid, nil
}

func decodeCollectionAccess(m map[string]json.RawMessage) (c collectionAccess, invalid, err error) {
	var name, mod *string
	err = errors.Join(optional(m, "collection", &name), optional(m, "access", &mod))
	if err != nil || name == nil || mod == nil {
		return c, nil, errors.New("collection access needs a collection and an access")
	}
	c = collectionAccess{name: *name, mode: mode(*mod)}
	if c.mode != modeRead && c.mode != modeWrite && c.mode != modePoints {
		return c, nil, fmt.Errorf("unknown access %q", *mod)
	}
	if p, ok := m["payload"]; ok && string(p) != "null" {
		invalid = errors.New("The 'payload' constraint is deprecated and should not be used") //nolint:staticcheck // Qdrant's words
	}
	return c, invalid, nil
}
