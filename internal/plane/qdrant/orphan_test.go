package qdrant_test

import (
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// write puts points into a shared collection as nothing of ours does.
func (c caller) write(collection string, payload map[string]any, ids ...uint64) error {
	r := &pb.UpsertPoints{CollectionName: collection, Wait: pb.PtrOf(true)}
	for _, id := range ids {
		r.Points = append(r.Points, &pb.PointStruct{
			Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1, 0, 0, 0), Payload: pb.NewValueMap(payload),
		})
	}
	_, err := c.points.Upsert(c.ctx, r)
	return err
}

func TestPointsOfNobodyAreReportedAndLeftAlone(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme")
	r.settleTenant(acme)
	admin := r.as(r.cfg.APIKey)
	owned := map[string]any{vector.TenantField: acme.ID, vector.CorpusField: "uid-of-a-corpus"}
	if err := admin.write(sharedName, owned, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	if d, err := r.plane(plane.Fresh); err != nil || len(d.Findings()) != 0 {
		t.Fatalf("points with an owner are no finding: %+v, %v", d.Findings(), err)
	}
	for i, payload := range []map[string]any{
		{"source": "a"}, {vector.TenantField: acme.ID}, {vector.CorpusField: "u"}, {vector.TenantField: "t-nobody", vector.CorpusField: "u"},
	} {
		if err := admin.write(sharedName, payload, uint64(10+i)); err != nil {
			t.Fatal(err)
		}
	}
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	d, err := r.plane(plane.Recent)
	if err != nil || len(d.Hazards) != 2 || !d.Settled() {
		t.Fatalf("%+v, %v", d.Findings(), err)
	}
	remedy := "POST /collections/" + sharedName + "/points/delete"
	r.says(d.Hazards[0], boundary.Warning, vector.CheckStrangerPoints, `"t-nobody"`)
	r.says(d.Hazards[0], boundary.Warning, vector.CheckStrangerPoints, remedy)
	r.says(d.Hazards[1], boundary.Warning, vector.CheckUnmarkedPoints, "(3)")
	r.says(d.Hazards[1], boundary.Warning, vector.CheckUnmarkedPoints, remedy)
	r.converge(r.plane)
	if n := r.points(sharedName); n != 7 {
		t.Errorf("%d points are left of 7", n)
	}
}

func TestAPointOfTwoTenantsIsReportedWithinTheHour(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := tenant("acme"), tenant("globex")
	r.settleTenant(acme)
	r.settleTenant(globex)
	both := map[string]any{vector.TenantField: []any{acme.ID, globex.ID}, vector.CorpusField: "u"}
	if err := r.as(r.cfg.APIKey).write(sharedName, both, 1); err != nil {
		t.Fatal(err)
	}
	f := r.later(time.Hour, "collection "+sharedName)
	if f == nil {
		t.Fatal("nothing is found")
	}
	r.says(*f, boundary.Warning, vector.CheckDoubledPoints, "several values of tenant_id (1)")
	r.says(*f, boundary.Warning, vector.CheckDoubledPoints, "POST /collections/"+sharedName+"/points/scroll")
}

// Without the index on the tenant the server cannot tell whose points there are. The index is the finding then.
func TestPointsAreLookedAtAgainOnceTheIndexIsBack(t *testing.T) {
	r := newRig(t).claimed()
	admin := r.as(r.cfg.APIKey)
	if err := admin.write(sharedName, map[string]any{"source": "a"}, 1); err != nil {
		t.Fatal(err)
	}
	if err := admin.dropIndex(sharedName, vector.TenantField); err != nil {
		t.Fatal(err)
	}
	r.says(r.found(r.plane, "index "+sharedName+"."+vector.TenantField, boundary.Missing), boundary.Warning, "", "is_tenant")
	if d := r.converge(r.plane); len(d.Hazards) != 1 || d.Hazards[0].Check != vector.CheckUnmarkedPoints {
		t.Errorf("%+v", d.Hazards)
	}
}

func TestARecordOfNobodyIsRevoked(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	rules := reference("rules")
	r.settleCorpus(rules, nil)
	loader := &boundary.Credential{TokenID: "load", Secret: r.mint(rules.UID, "load", vector.LoaderAccess(rules))}
	r.settleCorpus(rules, loader)
	own := acme.Corpora[0].Collection
	forged := r.mint("uid-of-nobody", "forged", []vector.Grant{{Collection: own, Access: vector.PointsReadWrite}})
	admin := r.as(r.cfg.APIKey)
	_, err := admin.points.Upsert(admin.ctx, &pb.UpsertPoints{CollectionName: vector.TokensCollection, Wait: pb.PtrOf(true), Points: []*pb.PointStruct{{
		Id: pb.NewIDNum(7), Vectors: pb.NewVectors(1), Payload: pb.NewValueMap(map[string]any{"token": "forged", "tenant_uid": "uid-of-nobody"}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.as(forged).query(own); err != nil {
		t.Fatalf("the harm that is to be found is none: %v", err)
	}
	r.says(r.found(r.plane, "token forged", boundary.Unexpected), boundary.Warning, "", "no claim on this plane")
	if _, err := r.as(forged).query(own); err != nil {
		t.Fatalf("a look alone must not mend: %v", err)
	}
	r.converge(r.plane)
	_, err = r.as(forged).query(own)
	refused(t, err, "stateful validation failed")
	for name, good := range map[string]boundary.Secret{own: token(acme), rules.Collection: loader.Secret} {
		if _, err := r.as(good).query(name); err != nil {
			t.Errorf("a token that was granted was revoked too: %v", err)
		}
	}
}

func TestCollectionsOfNobodyAreReportedAndLeftAlone(t *testing.T) {
	r := newRig(t).claimed()
	acme, gone := r.open(tenant("acme", "notes")), r.open(tenant("gone", "notes"))
	admin := r.as(r.cfg.APIKey)
	byHand, left := vector.CollectionName(acme.ID, "byhand"), gone.Corpora[0].Collection
	r.byHand(byHand, 4)
	gone.Access = boundary.Retained
	r.settleTenant(gone)
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	d, err := r.plane(plane.Recent)
	if err != nil || len(d.Hazards) != 1 {
		t.Fatalf("a tombstone keeps the data of its Tenant: %+v, %v", d.Findings(), err)
	}
	r.says(r.found(r.plane, "collection "+byHand, boundary.Hazard), boundary.Info, vector.CheckOrphanCollection, "Tenantry did not make it")
	_, err = admin.points.Delete(admin.ctx, &pb.DeletePoints{
		CollectionName: vector.ClaimsCollection, Wait: pb.PtrOf(true),
		Points: pb.NewPointsSelectorFilter(&pb.Filter{Must: []*pb.Condition{pb.NewMatchKeyword("uid", gone.UID)}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.says(r.found(r.plane, "collection "+left, boundary.Hazard), boundary.Warning, vector.CheckOrphanCollection, "neither a claim nor a tombstone")
	r.converge(r.plane)
	for _, name := range []string{byHand, left} {
		if _, err := admin.collections.Get(admin.ctx, &pb.GetCollectionInfoRequest{CollectionName: name}); err != nil {
			t.Errorf("collection %s: %v", name, err)
		}
	}
}

func TestALostClaimOfATenantIsMadeAgain(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	admin := r.as(r.cfg.APIKey)
	_, err := admin.points.Delete(admin.ctx, &pb.DeletePoints{
		CollectionName: vector.ClaimsCollection, Wait: pb.PtrOf(true),
		Points: pb.NewPointsSelectorFilter(&pb.Filter{Must: []*pb.Condition{pb.NewMatchKeyword("uid", acme.UID)}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.says(r.found(r.tenantDiff(acme), "claim on tenantID "+acme.ID, boundary.Missing), boundary.Warning, "", "it is claimed for Tenant")
	r.converge(r.tenantDiff(acme))
	other := acme
	other.UID = "uid-of-the-next"
	if d, err := r.DiffTenant(t.Context(), other, plane.Fresh); err != nil || d.Conflict == nil {
		t.Errorf("the id is free for another Tenant: %+v, %v", d, err)
	}
}
