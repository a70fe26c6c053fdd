package credential

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/tenantry/tenantry/internal/boundary"
)

// passwordBytes of randomness: 192 bits, so that a stored digest of a password reveals nothing.
const passwordBytes = 24

// NewPassword makes a random password of 32 characters that needs no escaping in a URI.
func NewPassword() boundary.Secret {
	return boundary.Secret(base64.RawURLEncoding.EncodeToString(random(passwordBytes)))
}

// NewTokenID makes a random token id of 32 hex digits.
func NewTokenID() string { return hex.EncodeToString(random(16)) }
