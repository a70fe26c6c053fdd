package qdrant_test

import (
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

func (c caller) upsert(collection string, id uint64) error {
	_, err := c.points.Upsert(c.ctx, &pb.UpsertPoints{
		CollectionName: collection, Wait: pb.PtrOf(true),
		Points: []*pb.PointStruct{{Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1, 0, 0, 0), Payload: pb.NewValueMap(map[string]any{"source": "a"})}},
	})
	return err
}

func (c caller) query(collection string) (int, error) {
	r, err := c.points.Query(c.ctx, &pb.QueryPoints{CollectionName: collection, Query: pb.NewQuery(1, 0, 0, 0)})
	return len(r.GetResult()), err
}

func refused(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("the server should have refused with %q, it answered: %v", words, err)
	}
}

func TestATokenOpensTheTenantsOwnCollectionsAndNothingElse(t *testing.T) {
	r := newRig(t).claimed()
	ref := reference("rules")
	r.settleCorpus(ref, nil)
	acme := tenant("acme", "notes")
	acme.References = []string{ref.Collection}
	acme = r.open(acme)
	globex := r.open(tenant("globex", "notes"))

	as := r.as(token(acme))
	own, other := acme.Corpora[0].Collection, globex.Corpora[0].Collection
	if err := as.upsert(own, 1); err != nil {
		t.Fatalf("write to its own collection: %v", err)
	}
	if n, err := as.query(own); err != nil || n != 1 {
		t.Fatalf("query its own collection: %d points, %v", n, err)
	}
	if _, err := as.query(ref.Collection); err != nil {
		t.Errorf("read a reference corpus: %v", err)
	}
	refused(t, as.upsert(ref.Collection, 1), "Write access to collection")
	for _, foreign := range []string{other, sharedName, "tenantry_tokens", "tenantry_claims"} {
		_, err := as.query(foreign)
		refused(t, err, "Access to collection "+foreign+" is required")
		refused(t, as.upsert(foreign, 1), "Access to collection "+foreign+" is required")
	}
}

func TestASuspendedTenantsTokenDiesAndComesBack(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	as := r.as(token(acme))
	own := acme.Corpora[0].Collection
	if err := as.upsert(own, 1); err != nil {
		t.Fatal(err)
	}
	acme.Access = boundary.Suspended
	r.settleTenant(acme)
	_, err := as.query(own)
	refused(t, err, "stateful validation failed")
	acme.Access = boundary.Open
	r.settleTenant(acme)
	if n, err := as.query(own); err != nil || n != 1 {
		t.Errorf("after the suspension: %d points, %v", n, err)
	}
}

func TestASettledTenantCostsOneSnapshotAndNoWrites(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "notes", "mail"))
	manager := r.another()
	look := func() {
		for _, tn := range []boundary.Tenant{acme, globex} {
			d, err := manager.DiffTenant(t.Context(), tn, plane.Recent)
			if err != nil || !d.Settled() {
				t.Fatalf("%s: %q, %v", tn.ID, d.Plan.Lines(), err)
			}
		}
		if d, err := manager.DiffPlane(t.Context(), plane.Recent); err != nil || !d.Settled() {
			t.Fatalf("plane: %q, %v", d.Plan.Lines(), err)
		}
	}
	if _, writes := r.measure(look); writes != 0 {
		t.Errorf("the first look wrote %d times", writes)
	}
	if reads, writes := r.measure(look); reads != 0 || writes != 0 {
		t.Errorf("the second look, within the snapshot's age, cost %d reads and %d writes", reads, writes)
	}
}
