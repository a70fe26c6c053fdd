package postgres

import (
	"crypto/tls"
	"testing"
)

// A server that takes a certificate for a login must not be shown the operator's while somebody else logs in.
func TestALoginAsATenantShowsNoCertificateOfTheOperator(t *testing.T) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: "db", Certificates: []tls.Certificate{{}},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil },
	}
	strip(c)
	strip(nil)
	if len(c.Certificates) != 0 || c.GetClientCertificate != nil || c.ServerName != "db" {
		t.Errorf("left: %d certificates, server %q", len(c.Certificates), c.ServerName)
	}
}
