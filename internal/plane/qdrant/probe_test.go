package qdrant_test

import (
	"fmt"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

func (r *rig) probe(as boundary.Tenant, others ...boundary.Tenant) trial.Outcome {
	r.t.Helper()
	attempts, err := r.Probe(r.t.Context(), trial.Subject{Tenant: as, Others: others})
	if err != nil {
		r.t.Fatal(err)
	}
	return trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Vector: attempts})
}

func evidence(o trial.Outcome) string {
	var out []string
	for _, a := range o.Evidence(20) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Result, a.Words, a.Answer)))
	}
	return strings.Join(out, "\n")
}

func TestProbeWithTheTenantsTokenPasses(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "mail"))
	reads, writes := r.measure(func() {
		if o := r.probe(acme, globex); o.Crossed() || !o.Proven() || o.Count(trial.Void) != 0 || o.Count(trial.Passed) < 5 {
			t.Errorf("a clean plane does not pass:\n%s", evidence(o))
		}
	})
	if reads > 10 || writes != 0 {
		t.Errorf("a probe took %d reads and %d writes", reads, writes)
	}
	without := tenant("initech", "notes")
	if attempts, err := r.Probe(t.Context(), trial.Subject{Tenant: without}); err != nil || attempts != nil {
		t.Errorf("a tenant without a token is tried: %v, %v", attempts, err)
	}
}

func TestProbeSeesATokenThatOpensMore(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "mail"))
	all := []vector.Grant{
		{Collection: acme.Corpora[0].Collection, Access: vector.PointsReadWrite},
		{Collection: globex.Corpora[0].Collection, Access: vector.PointsReadWrite},
	}
	wide := acme
	wide.Credentials = map[boundary.Layer]boundary.Credential{
		boundary.Vector: {TokenID: acme.Credentials[boundary.Vector].TokenID, Secret: r.mint(acme.UID, acme.Credentials[boundary.Vector].TokenID, all)},
	}
	o := r.probe(wide, globex)
	if !o.Crossed() || !strings.Contains(evidence(o), "Failed reads collections of other tenants") ||
		!strings.Contains(evidence(o), "Failed lists collections of others") || strings.Contains(evidence(o), "Failed deletes") {
		t.Errorf("a wider token is not seen:\n%s", evidence(o))
	}
}

func TestProbeSeesAServerThatLetsTheKeyItselfIn(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "mail"))
	made := func() int {
		as := r.as(r.cfg.APIKey)
		list, err := as.collections.List(as.ctx, &pb.ListCollectionsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.GetCollections())
	}
	before := made()
	key := acme
	key.Credentials = map[boundary.Layer]boundary.Credential{boundary.Vector: {Secret: r.cfg.APIKey}}
	o := r.probe(key, globex)
	for _, words := range []string{"deletes collections", "reads the records of Tenantry", "lists collections of others", "reads collections of other tenants"} {
		if !strings.Contains(evidence(o), "Failed "+words) {
			t.Errorf("%s is not seen:\n%s", words, evidence(o))
		}
	}
	// Without anybody else on the plane, a name that nobody has shows it: "not found" instead of "not yours".
	if alone := evidence(r.probe(key)); !strings.Contains(alone, "Failed reads collections of other tenants") {
		t.Errorf("a plane with one tenant:\n%s", alone)
	}
	if after := made(); after != before {
		t.Errorf("the probe changed something: %d and %d", before, after)
	}
}

func TestProbeWithARevokedTokenProvesNothing(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "mail"))
	suspended := acme
	suspended.Access = boundary.Suspended
	if o := r.probe(suspended, globex); !o.Crossed() {
		t.Errorf("a suspended tenant whose token works is not seen:\n%s", evidence(o))
	}
	r.settleTenant(suspended)
	if o := r.probe(suspended, globex); o.Crossed() || !o.Proven() || o.Count(trial.Passed) != 2 {
		t.Errorf("a suspended tenant that is closed does not pass:\n%s", evidence(o))
	}
	if o := r.probe(acme, globex); o.Crossed() || o.Proven() || o.Count(trial.Passed) != 0 {
		t.Errorf("a token that opens nothing proves something:\n%s", evidence(o))
	}
}
