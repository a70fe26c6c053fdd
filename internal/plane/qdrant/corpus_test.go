package qdrant_test

import (
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
)

// byHand makes a collection that Tenantry did not make, with one point.
func (r *rig) byHand(name string, size uint64) {
	r.t.Helper()
	as := r.as(r.cfg.APIKey)
	_, err := as.collections.Create(as.ctx, &pb.CreateCollection{
		CollectionName: name, VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: size, Distance: pb.Distance_Cosine}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestACollectionThatIsNotOursIsLeftAlone(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme", "notes", "mail")
	r.byHand(acme.Corpora[0].Collection, 4)
	for name, diff := range map[string]func() (boundary.Diff, error){
		"corpus": func() (boundary.Diff, error) {
			r.settleTenant(tenant("acme"))
			return r.DiffCorpus(t.Context(), acme.Corpora[0], nil, plane.Fresh)
		},
		"tenant": func() (boundary.Diff, error) { return r.DiffTenant(t.Context(), acme, plane.Fresh) },
		"shared": func() (boundary.Diff, error) {
			s := r.cfg
			s.Spec.Shared = []vector.SharedCollection{{Name: acme.Corpora[0].Collection, Shape: sharedShape}}
			server, err := qdrant.Open(s)
			if err != nil {
				return boundary.Diff{}, err
			}
			defer server.Close()
			return server.DiffPlane(t.Context(), plane.Fresh)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := diff()
			if err != nil || d.Conflict == nil || len(d.Plan) != 0 {
				t.Errorf("conflict %+v, plan %q, %v", d.Conflict, d.Plan.Lines(), err)
			}
		})
	}
	as := r.as(r.cfg.APIKey)
	info, err := as.collections.Get(as.ctx, &pb.GetCollectionInfoRequest{CollectionName: acme.Corpora[0].Collection})
	if err != nil || len(info.GetResult().GetConfig().GetMetadata()) != 0 || len(info.GetResult().GetPayloadSchema()) != 0 {
		t.Errorf("the collection was touched: %v, %v", info, err)
	}
}

// A name that somebody else took must not open his collection, nor keep a door of ours open.
func TestATakenNameOpensNothing(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	both := tenant("acme", "notes", "mail")
	r.byHand(both.Corpora[1].Collection, 4)
	both = r.issued(both, "wide")
	d, err := r.DiffTenant(t.Context(), both, plane.Fresh)
	if err != nil || d.Conflict == nil {
		t.Fatalf("conflict %+v, plan %q, %v", d.Conflict, d.Plan.Lines(), err)
	}
	_, err = r.as(token(both)).query(both.Corpora[1].Collection)
	refused(t, err, "stateful validation failed")
	if _, err := r.as(token(acme)).query(acme.Corpora[0].Collection); err != nil {
		t.Errorf("the token that stood before must go on working: %v", err)
	}
}

func TestAShapeMismatchIsReportedAndNothingIsDropped(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	if err := r.as(token(acme)).upsert(acme.Corpora[0].Collection, 1); err != nil {
		t.Fatal(err)
	}
	c := acme.Corpora[0]
	c.Shape.Vectors = []boundary.DenseVector{{Size: 8, Distance: "Dot"}}
	d, err := r.DiffCorpus(t.Context(), c, nil, plane.Fresh)
	faulted(t, r, err, "ShapeMismatch", "make a new one under another name")
	if len(d.Plan) != 0 {
		t.Errorf("plan %q", d.Plan.Lines())
	}
	if n, err := r.CountPoints(t.Context(), acme.Corpora[0]); err != nil || n != 1 {
		t.Errorf("%d points left, %v", n, err)
	}
	acme.Corpora[0] = c
	if d, err := r.DiffTenant(t.Context(), acme, plane.Fresh); err != nil || !d.Settled() || len(d.Hazards) != 1 {
		t.Errorf("the tenant itself stays settled with one hazard: %q, %+v, %v", d.Plan.Lines(), d.Hazards, err)
	}
}

func TestTheBoundOnDedicatedCollections(t *testing.T) {
	r := newRig(t, func(c *qdrant.Config) { c.Spec.MaxDedicated = 1 }).claimed()
	acme := tenant("acme", "notes", "mail")
	r.settleTenant(acme)
	_, err := r.DiffCorpus(t.Context(), acme.Corpora[1], nil, plane.Fresh)
	faulted(t, r, err, "QuotaExceeded", "maxDedicatedCollections")
	if d, err := r.DiffCorpus(t.Context(), acme.Corpora[0], nil, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("the one that fits: %q, %v", d.Plan.Lines(), err)
	}
}

func TestOnlyTheLoaderWritesAReference(t *testing.T) {
	r := newRig(t).claimed()
	ref := reference("rules")
	r.settleCorpus(ref, nil)
	loader := boundary.Credential{TokenID: "load", Secret: r.mint(ref.UID, "load", vector.LoaderAccess(ref))}
	as := r.as(loader.Secret)
	refused(t, as.upsert(ref.Collection, 1), "stateful validation failed")
	r.settleCorpus(ref, &loader)
	if err := as.upsert(ref.Collection, 1); err != nil {
		t.Fatalf("load: %v", err)
	}
	if n, err := r.CountPoints(t.Context(), ref); err != nil || n != 1 {
		t.Errorf("%d points, %v", n, err)
	}
	_, err := as.query(sharedName)
	refused(t, err, "Access to collection "+sharedName+" is required")
	ref.Retained = true
	r.settleCorpus(ref, nil)
	refused(t, as.upsert(ref.Collection, 2), "stateful validation failed")
	if n, err := r.CountPoints(t.Context(), ref); err != nil || n != 1 {
		t.Errorf("the data of a retained corpus: %d points, %v", n, err)
	}
}

func TestARetainedCorpusKeepsItsDataAndItsName(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	own := acme.Corpora[0]
	as := r.as(token(acme))
	if err := as.upsert(own.Collection, 1); err != nil {
		t.Fatal(err)
	}
	gone := own
	gone.Retained = true
	r.settleCorpus(gone, nil)
	_, err := as.query(own.Collection)
	refused(t, err, "stateful validation failed")
	if n, err := r.CountPoints(t.Context(), own); err != nil || n != 1 {
		t.Errorf("%d points, %v", n, err)
	}
	again := own
	again.UID = "uid-of-a-new-corpus"
	d, err := r.DiffCorpus(t.Context(), again, nil, plane.Fresh)
	if err != nil || d.Conflict == nil || !d.Conflict.Tombstone || d.Conflict.Holder != own.UID {
		t.Errorf("a new Corpus of the same name: %+v, %v", d.Conflict, err)
	}
	acme.Corpora = nil
	acme.Credentials = nil
	r.settleTenant(acme)
}

func TestCountPointsOfASharedCollectionCountsOneCorpus(t *testing.T) {
	r := newRig(t).claimed()
	as := r.as(r.cfg.APIKey)
	put := func(id uint64, tenantID, corpusUID string) {
		_, err := as.points.Upsert(as.ctx, &pb.UpsertPoints{CollectionName: sharedName, Wait: pb.PtrOf(true), Points: []*pb.PointStruct{{
			Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1, 0, 0, 0),
			Payload: pb.NewValueMap(map[string]any{vector.TenantField: tenantID, vector.CorpusField: corpusUID}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(1, "t-acme", "uid-a")
	put(2, "t-acme", "uid-a")
	put(3, "t-acme", "uid-b")
	put(4, "t-globex", "uid-a")
	for uid, want := range map[string]int64{"uid-a": 2, "uid-b": 1, "uid-none": 0} {
		c := boundary.Corpus{Name: "x", UID: uid, TenantID: "t-acme", TenantUID: "u", Pattern: boundary.Shared, Collection: sharedName}
		if n, err := r.CountPoints(t.Context(), c); err != nil || n != want {
			t.Errorf("corpus %s: %d points, %v; want %d", uid, n, err, want)
		}
	}
	none := boundary.Corpus{Name: "none", Pattern: boundary.Dedicated, Collection: "tenant_t-acme_none"}
	if n, err := r.CountPoints(t.Context(), none); err != nil || n != 0 {
		t.Errorf("a collection that does not stand: %d, %v", n, err)
	}
}

func TestASharedTenantHoldsNoToken(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme")
	acme.Corpora = []boundary.Corpus{{Name: "s", UID: "uid-s", TenantID: acme.ID, TenantUID: acme.UID, Pattern: boundary.Shared, Collection: sharedName}}
	r.settleTenant(acme)
	r.settleCorpus(acme.Corpora[0], nil)
	// Even a token that was signed by mistake does not work: it has no record.
	forged := r.mint(acme.UID, "forged", []vector.Grant{{Collection: sharedName, Access: vector.Read}})
	acme.Credentials = map[boundary.Layer]boundary.Credential{boundary.Vector: {TokenID: "forged", Secret: forged}}
	r.settleTenant(acme)
	_, err := r.as(forged).query(sharedName)
	refused(t, err, "stateful validation failed")
}

// The server's own tripwire: a search that names no tenant is refused.
func TestASharedCollectionRefusesSearchesWithoutATenant(t *testing.T) {
	r := newRig(t).claimed()
	_, err := r.as(r.cfg.APIKey).query(sharedName)
	refused(t, err, "global vector indexing is disabled")
}
