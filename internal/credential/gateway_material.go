package credential

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// GatewayMaterialType is the type of the Secret that carries a GatewayMaterial.
const GatewayMaterialType = "tenantry.dev/gateway-material"

// GatewayMaterial is what the operator hands a plane's gateways, in Secret GatewayMaterialName of its own namespace.
type GatewayMaterial struct {
	// Plane is the name of the DataPlane.
	Plane string
	// Installation is the UID of the operator's namespace.
	Installation string
	// IDMapping keys the mapping of point ids in shared collections, 32 bytes.
	IDMapping []byte
	// VerifyKey is the public half of the key that signs gateway tokens.
	VerifyKey ed25519.PublicKey
	// ServerVersion of Qdrant as last described, "" where it was never read.
	ServerVersion string
	// CA is the PEM bundle that Qdrant's certificate is checked with, nil for the system's roots.
	CA []byte
	// Tokens for Qdrant.
	Tokens []UpstreamToken
	// Issued is when the operator last wrote it.
	Issued time.Time

	// byCollection is an index of Tokens that ParseGatewayMaterial makes.
	byCollection map[string][]UpstreamToken
}

// UpstreamToken opens some collections of the plane's Qdrant until it expires. Nothing else revokes it.
type UpstreamToken struct {
	// Access that it gives, sorted by collection, each collection once.
	Access []scopeqdrant.Access
	// Token for Qdrant, and when it expires.
	Token   boundary.Secret
	Expires time.Time
}

// GatewayMaterialName is the name of the Secret with a plane's GatewayMaterial.
func GatewayMaterialName(plane string) string { return plane + "-gateway" }

// The data keys of the Secret. Those of the plane's keys keep their names.
const (
	keyPlane         = "plane"
	keyInstallation  = "installation"
	keyVerify        = "token-verify"
	keyServerVersion = "server-version"
	keyCA            = "ca.crt"
	keyTokens        = "tokens"
	keyIssued        = "issued"
)

// upstreamToken is the JSON of one token. boundary.Secret would marshal as a constant.
type upstreamToken struct {
	Access  []accessEntry `json:"access"`
	Token   string        `json:"token"`
	Expires time.Time     `json:"expires"`
}

type accessEntry struct {
	Collection string `json:"collection"`
	Write      bool   `json:"write,omitempty"`
}

// Data is what the Secret holds. It fails where a key does not have its size: a gateway would refuse it.
func (m GatewayMaterial) Data() (map[string][]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	tokens := make([]upstreamToken, 0, len(m.Tokens))
	for _, t := range m.Tokens {
		u := upstreamToken{Token: t.Token.Reveal(), Expires: t.Expires.UTC()}
		for _, a := range t.Access {
			u.Access = append(u.Access, accessEntry(a))
		}
		tokens = append(tokens, u)
	}
	encoded, err := json.Marshal(tokens)
	if err != nil {
		return nil, fmt.Errorf("encode upstream tokens: %w", err)
	}
	data := map[string][]byte{
		keyPlane: []byte(m.Plane), keyInstallation: []byte(m.Installation), keyIDMapping: m.IDMapping, keyVerify: m.VerifyKey,
		keyServerVersion: []byte(m.ServerVersion), keyTokens: encoded, keyIssued: []byte(m.Issued.UTC().Format(time.RFC3339Nano)),
	}
	if m.CA != nil {
		data[keyCA] = m.CA
	}
	return data, nil
}

// ParseGatewayMaterial reads the data of the Secret. Errors name the key that is wrong and repeat no value.
func ParseGatewayMaterial(data map[string][]byte) (GatewayMaterial, error) {
	m := GatewayMaterial{
		Plane: string(data[keyPlane]), Installation: string(data[keyInstallation]), IDMapping: data[keyIDMapping],
		VerifyKey: data[keyVerify], ServerVersion: string(data[keyServerVersion]), CA: data[keyCA],
	}
	if err := m.check(); err != nil {
		return GatewayMaterial{}, err
	}
	var err error
	if m.Issued, err = time.Parse(time.RFC3339Nano, string(data[keyIssued])); err != nil {
		return GatewayMaterial{}, badKey(keyIssued)
	}
	var tokens []upstreamToken
	if err := json.Unmarshal(data[keyTokens], &tokens); err != nil {
		return GatewayMaterial{}, badKey(keyTokens)
	}
	for _, u := range tokens {
		t := UpstreamToken{Token: boundary.Secret(u.Token), Expires: u.Expires}
		for _, a := range u.Access {
			t.Access = append(t.Access, scopeqdrant.Access(a))
		}
		m.Tokens = append(m.Tokens, t)
	}
	m.byCollection = weakestFirst(m.Tokens)
	return m, nil
}

func (m GatewayMaterial) check() error {
	switch {
	case m.Plane == "" || m.Installation == "":
		return errors.New("gateway material must name its plane and installation")
	case len(m.IDMapping) != keySize:
		return badKey(keyIDMapping)
	case len(m.VerifyKey) != ed25519.PublicKeySize:
		return badKey(keyVerify)
	}
	return nil
}

func badKey(key string) error {
	return fmt.Errorf("key %q of the gateway material does not hold what the operator writes there; "+
		"delete the Secret, and the operator makes it anew", key)
}
