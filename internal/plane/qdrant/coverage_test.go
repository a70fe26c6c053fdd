package qdrant_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	scope "github.com/tenantry/tenantry/scope/qdrant"
)

// found returns the one finding about an object, one interval after the harm was done, and fails where there is none.
func (r *rig) found(diff func(plane.Freshness) (boundary.Diff, error), object string, kind boundary.Kind) boundary.Finding {
	r.t.Helper()
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	d, err := diff(plane.Recent)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range d.Findings() {
		if f.Object == object && f.Kind == kind {
			return f
		}
	}
	r.t.Fatalf("no finding %s about %s among %+v", kind, object, d.Findings())
	return boundary.Finding{}
}

// says checks severity, check and remedy of a finding.
func (r *rig) says(f boundary.Finding, severity boundary.Severity, check, remedy string) {
	r.t.Helper()
	if f.Severity != severity || f.Check != check || !strings.Contains(f.Message, remedy) {
		r.t.Errorf("%+v\nwant severity %s, check %q, and the remedy %s", f, severity, check, remedy)
	}
}

func (r *rig) tenantDiff(tn boundary.Tenant) func(plane.Freshness) (boundary.Diff, error) {
	return func(f plane.Freshness) (boundary.Diff, error) { return r.DiffTenant(r.t.Context(), tn, f) }
}

func (c caller) alias(name, target string) error {
	_, err := c.collections.UpdateAliases(c.ctx, &pb.ChangeAliases{Actions: []*pb.AliasOperations{pb.NewAliasCreate(name, target)}})
	return err
}

func (c caller) drop(collection string) error {
	_, err := c.collections.Delete(c.ctx, &pb.DeleteCollection{CollectionName: collection})
	return err
}

func (r *rig) points(collection string) int {
	r.t.Helper()
	as := r.as(r.cfg.APIKey)
	got, err := as.points.Scroll(as.ctx, &pb.ScrollPoints{CollectionName: collection, Limit: pb.PtrOf(uint32(1000))})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(got.GetResult())
}

// The collection of a tenant is gone and its name leads to somebody else's: the tenant's own token reads it.
func TestAnAliasInThePlaceOfACollectionIsRemovedAndNoDataWithIt(t *testing.T) {
	r := newRig(t).claimed()
	acme, globex := r.open(tenant("acme", "notes")), r.open(tenant("globex", "notes"))
	own, foreign := acme.Corpora[0].Collection, globex.Corpora[0].Collection
	if err := r.as(token(globex)).upsert(foreign, 1); err != nil {
		t.Fatal(err)
	}
	admin := r.as(r.cfg.APIKey)
	if err := admin.drop(own); err != nil {
		t.Fatal(err)
	}
	if err := admin.alias(own, foreign); err != nil {
		t.Fatal(err)
	}
	if _, err := r.as(token(acme)).query(own); err != nil {
		t.Fatalf("the harm that is to be found is none: %v", err)
	}
	r.says(r.found(r.tenantDiff(acme), "alias "+own, boundary.Unexpected), boundary.Critical, "", "the alias is removed, and no data")
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	if got, err := admin.collections.ListAliases(admin.ctx, &pb.ListAliasesRequest{}); err != nil || len(got.GetAliases()) != 1 {
		t.Fatalf("a look alone must not mend: %v, %v", got.GetAliases(), err)
	}
	d, err := r.DiffTenant(t.Context(), acme, plane.Recent)
	if err == nil {
		err = r.Apply(t.Context(), d.Plan)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first reads again what was touched, the second trusts what the first kept
		if d, err := r.DiffTenant(t.Context(), acme, plane.Recent); err != nil || len(d.Findings()) != 0 {
			t.Errorf("the snapshot still knows the alias that was removed: %+v, %v", d.Findings(), err)
		}
	}
	r.converge(r.tenantDiff(acme))
	if got, err := admin.collections.ListAliases(admin.ctx, &pb.ListAliasesRequest{}); err != nil || len(got.GetAliases()) != 0 {
		t.Errorf("aliases %v, %v", got.GetAliases(), err)
	}
	if n := r.points(foreign); n != 1 {
		t.Errorf("%d points are left of the one that the alias led to", n)
	}
	if n := r.points(own); n != 0 {
		t.Errorf("the tenant's collection has %d points", n)
	}
}

func TestAnAliasIntoACollectionIsReportedAndLeftAlone(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	admin := r.as(r.cfg.APIKey)
	kept := vector.CollectionName(acme.ID, "old")
	for alias, target := range map[string]string{
		sharedName + "-crm": sharedName, sharedName + "-notes": acme.Corpora[0].Collection, kept: sharedName,
	} {
		if err := admin.alias(alias, target); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = admin.collections.UpdateAliases(admin.ctx, &pb.ChangeAliases{Actions: []*pb.AliasOperations{pb.NewAliasDelete(alias)}})
		})
	}
	const remedy = "POST /collections/aliases"
	r.says(r.found(r.plane, "alias "+sharedName+"-crm", boundary.Hazard), boundary.Warning, vector.CheckAlias, remedy)
	r.says(r.found(r.plane, "alias "+sharedName+"-notes", boundary.Hazard), boundary.Warning, vector.CheckAlias, remedy)
	r.says(r.found(r.tenantDiff(acme), "alias "+kept, boundary.Hazard), boundary.Warning, vector.CheckAlias, remedy)
	r.converge(r.plane)
	r.converge(r.tenantDiff(acme))
	if got, err := admin.collections.ListAliases(admin.ctx, &pb.ListAliasesRequest{}); err != nil || len(got.GetAliases()) != 3 {
		t.Errorf("aliases %v, %v", got.GetAliases(), err)
	}
}

func (c caller) strict(collection string, s *pb.StrictModeConfig) error {
	_, err := c.collections.Update(c.ctx, &pb.UpdateCollection{CollectionName: collection, StrictModeConfig: s})
	return err
}

func (c caller) scroll(collection string, limit uint32) error {
	_, err := c.points.Scroll(c.ctx, &pb.ScrollPoints{CollectionName: collection, Limit: &limit})
	return err
}

// A tenant with a token of its own is bounded by the server itself.
func TestTheBoundsOfATokenAreKept(t *testing.T) {
	r := newRig(t).claimed()
	acme := r.open(tenant("acme", "notes"))
	own := acme.Corpora[0].Collection
	holder, admin := r.as(token(acme)), r.as(r.cfg.APIKey)
	if err := holder.scroll(own, 10000); err != nil {
		t.Errorf("what the engine lets through is refused: %v", err)
	}
	refused(t, holder.scroll(own, 10001), "Limit exceeded")
	for name, harm := range map[string]*pb.StrictModeConfig{
		"off":    {Enabled: pb.PtrOf(false)},
		"looser": {MaxQueryLimit: pb.PtrOf(uint32(1000000)), FilterMaxConditions: pb.PtrOf(uint64(1000000))},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			if err := admin.strict(own, harm); err != nil {
				t.Fatal(err)
			}
			if err := holder.scroll(own, 10001); err != nil {
				t.Fatalf("the harm that is to be found is none: %v", err)
			}
			r.says(r.found(r.tenantDiff(acme), "collection "+own, boundary.Changed), boundary.Warning, "", "strict mode")
			r.converge(r.tenantDiff(acme))
			refused(t, holder.scroll(own, 10001), "Limit exceeded")
		})
	}
	r.t = t
	if err := admin.strict(own, &pb.StrictModeConfig{MaxQueryLimit: pb.PtrOf(uint32(5)), SearchAllowExact: pb.PtrOf(false)}); err != nil {
		t.Fatal(err)
	}
	if _, writes := r.measure(func() { r.settleTenant(acme) }); writes != 0 {
		t.Errorf("tighter bounds of the platform cost %d writes", writes)
	}
}

// What the engine lets through must not be refused by the server: its limits hold in collections of every pattern.
func TestTheBoundsAreThoseOfTheEngine(t *testing.T) {
	engine := scope.DefaultLimits()
	judge := vector.Plane{Marker: marker}
	for _, c := range []boundary.Corpus{tenant("acme", "notes").Corpora[0], reference("rules")} {
		got := judge.Corpus(c).Strict
		want := vector.Strict{
			Enabled: true, MaxQueryLimit: uint32(engine.MaxLimit), MaxEf: uint32(engine.MaxLimit), MaxOversampling: 100,
			MaxPoints: uint64(engine.MaxPoints), MaxConditions: uint64(engine.MaxConditions),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-engine +server):\n%s", c.Pattern, diff)
		}
	}
}

func TestTheBoundsOfAReferenceAreKept(t *testing.T) {
	r := newRig(t).claimed()
	rules := reference("rules")
	r.settleCorpus(rules, nil)
	if err := r.as(r.cfg.APIKey).strict(rules.Collection, &pb.StrictModeConfig{Enabled: pb.PtrOf(false)}); err != nil {
		t.Fatal(err)
	}
	diff := func(f plane.Freshness) (boundary.Diff, error) { return r.DiffCorpus(t.Context(), rules, nil, f) }
	r.says(r.found(diff, "collection "+rules.Collection, boundary.Changed), boundary.Warning, "", "strict mode enabled is false")
	r.converge(diff)
}
