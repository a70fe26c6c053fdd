package qdrant_test

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

func TestWideningKeepsTheOldTokenAndNarrowingKillsIt(t *testing.T) {
	r := newRig(t).claimed()
	narrow := r.open(tenant("acme", "notes"))
	notes := narrow.Corpora[0].Collection

	wide := r.issued(tenant("acme", "notes", "mail"), "wide")
	r.settleTenant(wide)
	if _, err := r.as(token(narrow)).query(notes); err != nil {
		t.Errorf("the old token after a corpus was added: %v", err)
	}
	if _, err := r.as(token(wide)).query(wide.Corpora[1].Collection); err != nil {
		t.Errorf("the new token: %v", err)
	}

	narrow.Credentials = wide.Credentials // the reconciler has not minted a new one yet
	d := r.settleTenant(narrow)
	_, err := r.as(token(wide)).query(notes)
	refused(t, err, "stateful validation failed")
	if len(d.Hazards) != 1 || d.Hazards[0].Check != vector.CheckTokenOutdated {
		t.Errorf("hazards %+v", d.Hazards)
	}
	narrow = r.issued(narrow, "new")
	if d := r.settleTenant(narrow); len(d.Hazards) != 0 {
		t.Errorf("hazards %+v", d.Hazards)
	}
	if _, err := r.as(token(narrow)).query(notes); err != nil {
		t.Errorf("the token that was made for what is left: %v", err)
	}
}

func TestALostReferenceIsRevokedAtOnce(t *testing.T) {
	r := newRig(t).claimed()
	ref := reference("rules")
	r.settleCorpus(ref, nil)
	acme := tenant("acme", "notes")
	acme.References = []string{ref.Collection}
	acme = r.open(acme)
	as := r.as(token(acme))
	if _, err := as.query(ref.Collection); err != nil {
		t.Fatal(err)
	}
	acme.References = nil
	r.settleTenant(acme)
	_, err := as.query(ref.Collection)
	refused(t, err, "stateful validation failed")
}

func TestARetainedTenantLeavesATombstone(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	as := r.as(token(acme))
	acme.Access = boundary.Retained
	r.settleTenant(acme)
	_, err := as.query(acme.Corpora[0].Collection)
	refused(t, err, "stateful validation failed")
	heir := tenant("acme", "notes")
	heir.UID = "uid-of-the-heir"
	d, err := r.DiffTenant(t.Context(), heir, plane.Fresh)
	if err != nil || d.Conflict == nil || !d.Conflict.Tombstone {
		t.Errorf("a new Tenant with the retained id: %+v, %v", d.Conflict, err)
	}
	if n, err := r.CountPoints(t.Context(), acme.Corpora[0]); err != nil || n != 0 {
		t.Errorf("the collection must stand: %d, %v", n, err)
	}
}

func TestAnExpiredRecordIsRemoved(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	r.clock.SetTime(r.clock.Now().Add(vector.TokenLifetime / 2))
	acme = r.issued(acme, "second")
	r.settleTenant(acme)
	r.clock.SetTime(r.clock.Now().Add(vector.TokenLifetime / 2))
	d, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	if err != nil || len(d.Plan) != 1 || d.Plan[0].Phase != boundary.PhaseRemove {
		t.Fatalf("plan %q, %v", d.Plan.Lines(), err)
	}
	r.settleTenant(acme)
}
