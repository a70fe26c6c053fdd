package rows

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// ScramIterations is the count that the standard demands at least and that some clients insist on. The server runs the
	// verifier against the empty password when it is set, so that more would make creating tenants slower and, with
	// passwords of 192 random bits, nothing safer.
	ScramIterations = 4096
	// ScramSaltSize is the length of the salt in bytes, as PostgreSQL itself makes it.
	ScramSaltSize = 16
)

// ScramVerifier is the SCRAM-SHA-256 verifier of a password as PostgreSQL stores it. It is made on our side, so that no
// server log ever sees the password. The password must be ASCII: it is not normalised.
func ScramVerifier(password boundary.Secret, salt []byte) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password.Reveal(), salt, ScramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the SCRAM key: %w", err)
	}
	stored := sha256.Sum256(keyed(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", ScramIterations, encode(salt), encode(stored[:]), encode(keyed(salted, "Server Key"))), nil
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
