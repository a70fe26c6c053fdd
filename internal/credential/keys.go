package credential

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// The data keys of a plane's keys Secret. Each value is 32 random bytes.
const (
	keyIDMapping    = "id-mapping"
	keyNaming       = "naming"
	keyTokenSigning = "token-signing"
)

const keySize = 32

// PlaneKeys are the secrets of one plane. They are made once and never remade.
type PlaneKeys struct {
	// IDMapping keys the reversible mapping of point ids in shared collections.
	IDMapping []byte
	// Naming keys the opaque names of database roles.
	Naming []byte
	// TokenSigning is the Ed25519 seed that gateway tokens are signed with.
	TokenSigning []byte
}

// NewPlaneKeys makes random keys.
func NewPlaneKeys() PlaneKeys {
	return PlaneKeys{IDMapping: random(keySize), Naming: random(keySize), TokenSigning: random(keySize)}
}

// ParsePlaneKeys reads the data of a keys Secret.
func ParsePlaneKeys(data map[string][]byte) (PlaneKeys, error) {
	for _, k := range []string{keyIDMapping, keyNaming, keyTokenSigning} {
		if len(data[k]) != keySize {
			return PlaneKeys{}, fmt.Errorf("key %q must hold %d bytes, it holds %d; restore the Secret from your backup",
				k, keySize, len(data[k]))
		}
	}
	return PlaneKeys{IDMapping: data[keyIDMapping], Naming: data[keyNaming], TokenSigning: data[keyTokenSigning]}, nil
}

// Data is what the keys Secret holds.
func (k PlaneKeys) Data() map[string][]byte {
	return map[string][]byte{keyIDMapping: k.IDMapping, keyNaming: k.Naming, keyTokenSigning: k.TokenSigning}
}

// Fingerprint identifies the keys without showing them: SHA-256 in hex over the two symmetric keys' digests and the
// public half of the signing key.
func (k PlaneKeys) Fingerprint() string {
	h := sha256.New()
	for _, part := range [][]byte{k.IDMapping, k.Naming} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	h.Write(k.VerifyKey())
	return hex.EncodeToString(h.Sum(nil))
}

// VerifyKey is the public half of TokenSigning: it verifies gateway tokens and signs none. Nil where no keys were read.
func (k PlaneKeys) VerifyKey() ed25519.PublicKey {
	if k.Empty() {
		return nil
	}
	return ed25519.NewKeyFromSeed(k.TokenSigning).Public().(ed25519.PublicKey)
}

// Empty says that no keys were read.
func (k PlaneKeys) Empty() bool { return len(k.Naming) == 0 }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program where the system has no randomness
	return b
}
