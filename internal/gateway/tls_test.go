package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// writeCert writes a new self-signed certificate for 127.0.0.1 and returns it.
func writeCert(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "gateway"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		// By way of a rename, as a kubelet does it: no reader sees half a file.
		fresh := filepath.Join(dir, name+".new")
		must(t, os.WriteFile(fresh, pem.EncodeToMemory(block), 0o600))
		must(t, os.Rename(fresh, filepath.Join(dir, name)))
	}
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert
}

func TestTLSWithCertificateThatChanges(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := t.TempDir()
	first := writeCert(t, dir, 1)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.TLSCertDir = dir })
	serve(t, h, first)
	second := writeCert(t, dir, 2)
	for _, address := range []string{h.GRPCAddress(), strings.TrimPrefix(h.RESTURL(), "https://")} {
		eventually(t, "the new certificate is shown", func() bool { return serial(t, address) == 2 })
	}
	serve(t, h, second)
}

// serve sends one request by each protocol, trusting one certificate.
func serve(t *testing.T, h *harness, trusted *x509.Certificate) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(trusted)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	c, err := grpc.NewClient(h.GRPCAddress(), grpc.WithTransportCredentials(credentials.NewTLS(config)))
	must(t, err)
	defer func() { _ = c.Close() }()
	if err := c.Invoke(h.with(t, acme), queryRPC, query(), &pb.QueryResponse{}); err != nil {
		t.Errorf("gRPC: %v", err)
	}
	for version, transport := range map[int]*http.Transport{
		1: {TLSClientConfig: config.Clone()}, 2: {TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true},
	} {
		res, err := (&http.Client{Transport: transport}).Do(h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`))
		if err != nil {
			t.Errorf("HTTP/%d: %v", version, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || res.ProtoMajor != version {
			t.Errorf("HTTP/%d: %d by %s", version, res.StatusCode, res.Proto)
		}
		transport.CloseIdleConnections()
	}
}

// serial of the certificate that a listener shows.
func serial(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the certificate itself is looked at
	must(t, err)
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}
