package qdrant_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// later lets time pass until the next round is due, and returns what is found of one object, nil for nothing.
func (r *rig) later(d time.Duration, object string) *boundary.Finding {
	r.t.Helper()
	r.clock.SetTime(r.clock.Now().Add(d))
	diff, err := r.plane(plane.Recent)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range diff.Findings() {
		if f.Object == object {
			return &f
		}
	}
	return nil
}

func TestSnapshotsThatWereLeftBehindAreReportedAndKept(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	own, admin := acme.Corpora[0].Collection, r.as(r.cfg.APIKey)
	names := map[string]string{}
	for _, c := range []string{own, sharedName} {
		made, err := admin.snapshots.Create(admin.ctx, &pb.CreateSnapshotRequest{CollectionName: c})
		if err != nil {
			t.Fatal(err)
		}
		names[c] = made.GetSnapshotDescription().GetName()
		t.Cleanup(func() {
			_, _ = admin.snapshots.Delete(admin.ctx, &pb.DeleteSnapshotRequest{CollectionName: c, SnapshotName: names[c]})
		})
	}
	if f := r.later(time.Hour, "snapshots of collection "+sharedName); f != nil {
		t.Errorf("a backup in the making is a finding: %+v", f)
	}
	f := r.later(vector.BackupTime, "snapshots of collection "+sharedName)
	if f == nil {
		t.Fatal("nothing is found of a snapshot that is older than a day")
	}
	r.says(*f, boundary.Warning, vector.CheckSnapshots, "DELETE /collections/"+sharedName+"/snapshots/"+names[sharedName])
	if f = r.later(0, "snapshots of tenants' collections"); f == nil {
		t.Fatal("nothing is found of the snapshot of a tenant's collection")
	}
	r.says(*f, boundary.Warning, vector.CheckSnapshots, "DELETE /collections/"+own+"/snapshots/"+names[own])
	r.converge(r.plane)
	for c, name := range names {
		if _, err := admin.snapshots.Delete(admin.ctx, &pb.DeleteSnapshotRequest{CollectionName: c, SnapshotName: name}); err != nil {
			t.Errorf("the snapshot is gone: %v", err)
		}
	}
	if f = r.later(time.Hour, "snapshots of collection "+sharedName); f != nil {
		t.Errorf("after it was deleted: %+v", f)
	}
}

func TestASnapshotOfTheWholeServerIsReported(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	admin := r.as(r.cfg.APIKey)
	made, err := admin.snapshots.CreateFull(admin.ctx, &pb.CreateFullSnapshotRequest{})
	if err != nil {
		t.Fatal(err)
	}
	f := r.later(vector.BackupTime+time.Minute, "snapshots of the server")
	if f == nil {
		t.Fatal("nothing is found")
	}
	r.says(*f, boundary.Warning, vector.CheckSnapshots, "DELETE /snapshots/"+made.GetSnapshotDescription().GetName())
}

func TestSnapshotsThatCannotBeListedStopNothing(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	r.sim.SetFault(func(_ context.Context, method string, _ any) error {
		if strings.HasPrefix(method, "/qdrant.Snapshots/") {
			return status.Error(codes.Internal, "the bucket is away")
		}
		return nil
	})
	f := r.later(time.Hour, "server")
	if f == nil {
		t.Fatal("nothing is found")
	}
	r.says(*f, boundary.Info, vector.CheckSnapshotsUnread, "the bucket is away")
	asked := r.count("ListFull")
	if r.later(time.Minute, "server") == nil || r.count("ListFull") != asked {
		t.Errorf("within the hour the finding stands and nobody asks again")
	}
	r.sim.SetFault(nil)
	if f := r.later(time.Hour, "server"); f != nil {
		t.Errorf("an hour after it came back: %+v", f)
	}
}

// front ends TLS before a server. One that is careless lets plain text through as well.
type front struct {
	net.Listener
	config   *tls.Config
	to       string
	careless bool
}

func newFront(t *testing.T, to string, careless bool) (*front, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lis.Close() })
	f := &front{lis, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	}, to, careless}
	go f.serve()
	return f, pool
}

func (f *front) serve() {
	for {
		c, err := f.Accept()
		if err != nil {
			return
		}
		go f.pass(c)
	}
}

// peeked is a connection whose first byte was read already.
type peeked struct {
	net.Conn
	first []byte
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

func (f *front) pass(c net.Conn) {
	defer func() { _ = c.Close() }()
	first := make([]byte, 1)
	if _, err := io.ReadFull(c, first); err != nil {
		return
	}
	var in net.Conn = &peeked{c, first}
	switch {
	case first[0] == 0x16: // a TLS record
		in = tls.Server(in, f.config)
	case !f.careless:
		return
	}
	out, err := net.Dial("tcp", f.to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
}

func TestAServerThatAlsoAnswersPlainTextIsReported(t *testing.T) {
	r := simRig(t, qdrantsim.Options{})
	for name, c := range map[string]struct {
		asked, careless bool
		found           int
	}{
		"TLS alone":         {true, false, 0},
		"TLS and plain":     {true, true, 2},
		"plain as declared": {false, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			grpcFront, pool := newFront(t, r.sim.Addr(), c.careless)
			restFront, _ := newFront(t, strings.TrimPrefix(r.sim.RESTURL(), "http://"), c.careless)
			cfg := r.cfg
			cfg.Address, cfg.RESTURL = grpcFront.Addr().String(), "https://"+restFront.Addr().String()
			if c.asked {
				cfg.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
			}
			s, err := qdrant.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			d, err := s.DiffPlane(t.Context(), plane.Recent)
			if err != nil {
				t.Fatal(err)
			}
			named := 0
			for _, h := range d.Hazards {
				for _, address := range []string{grpcFront.Addr().String(), "http://" + restFront.Addr().String()} {
					if h.Check == vector.CheckPlainText && strings.Contains(h.Message, address) {
						named++
						r.says(h, boundary.Warning, vector.CheckPlainText, "QDRANT__SERVICE__ENABLE_TLS=true")
					}
				}
			}
			if named != c.found {
				t.Errorf("%d addresses are named, want %d: %+v", named, c.found, d.Hazards)
			}
		})
	}
}
