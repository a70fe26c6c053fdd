package boundary

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a password or token that no printing, logging or marshalling shows.
type Secret string

// Reveal returns the plain text. Call it only where it leaves for a server or a Secret object.
func (s Secret) Reveal() string { return string(s) }

// Fingerprint is the SHA-256 of the secret in lower-case hex, "" for an empty one. Secrets here are random and at least
// 192 bits long, so that the digest can be stored beside what it describes.
func (s Secret) Fingerprint() string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// String hides the secret.
func (s Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return redacted }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
