package directory

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// upstream is the way to Qdrant and what it was made from.
type upstream struct {
	Upstream
	err  *Error
	mode tenantryv1.TLSMode
	ca   string
}

// newUpstream returns prev where nothing changed, so that connections can be kept for as long as the pointer stays the same.
func newUpstream(q *tenantryv1.QdrantSpec, ca []byte, prev *upstream) *upstream {
	u := &upstream{Upstream: Upstream{Address: q.Address}, mode: tenantryv1.TLSSystem}
	if q.TLS != nil {
		u.mode = q.TLS.Mode
	}
	if u.mode == tenantryv1.TLSCA {
		u.ca = string(ca)
	}
	if prev != nil && prev.Address == u.Address && prev.mode == u.mode && prev.ca == u.ca {
		return prev
	}
	switch u.mode {
	case tenantryv1.TLSDisabled:
	case tenantryv1.TLSSystem:
		u.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	case tenantryv1.TLSCA:
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(ca) {
			u.err = &Error{NoMaterial, "the gateway material holds no CA for Qdrant, which the DataPlane asks for with tls.mode CA; " +
				"see whether its caSecretRef leads to a PEM bundle"}
		}
		u.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	default:
		u.err = &Error{NoMaterial, fmt.Sprintf("tls.mode %q of the DataPlane's qdrant is not known to this gateway", u.mode)}
	}
	return u
}
