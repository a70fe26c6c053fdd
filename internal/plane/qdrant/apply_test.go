package qdrant_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
)

var errCrash = errors.New("killed")

// crashing is a manager that dies before its nth change.
func (r *rig) crashing(n int) *qdrant.Server {
	before := r.cfg.BeforeChange
	defer func() { r.cfg.BeforeChange = before }()
	r.cfg.BeforeChange = func(boundary.Change) error {
		if n--; n < 0 {
			return errCrash
		}
		return nil
	}
	return r.another()
}

func TestAnInterruptedApplyConvergesAndNeverOpensEarly(t *testing.T) {
	lives := map[string]func(r *rig) (boundary.Tenant, func(*qdrant.Server) error){
		"plane": func(*rig) (boundary.Tenant, func(*qdrant.Server) error) {
			return boundary.Tenant{}, func(s *qdrant.Server) error {
				return step(s, func(f plane.Freshness) (boundary.Diff, error) { return s.DiffPlane(t.Context(), f) })
			}
		},
		"open": func(r *rig) (boundary.Tenant, func(*qdrant.Server) error) {
			r.claimed()
			tn := r.issued(tenant("acme", "notes", "mail"), "one")
			return tn, tenantStep(t, tn)
		},
		"suspend": func(r *rig) (boundary.Tenant, func(*qdrant.Server) error) {
			tn := r.claimed().open(tenant("acme", "notes", "mail"))
			tn.Access = boundary.Suspended
			return tn, tenantStep(t, tn)
		},
		"retain": func(r *rig) (boundary.Tenant, func(*qdrant.Server) error) {
			tn := r.claimed().open(tenant("acme", "notes", "mail"))
			tn.Access = boundary.Retained
			return tn, tenantStep(t, tn)
		},
	}
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				r := newRig(t)
				if _, err := r.Claim(t.Context(), marker); err != nil {
					t.Fatal(err)
				}
				tn, once := live(r)
				err := once(r.crashing(n))
				if err == nil {
					return // the plan has fewer changes than n: every place has been tried
				}
				if !errors.Is(err, errCrash) {
					t.Fatalf("crash %d: %v", n, err)
				}
				r.neverEarly(n, tn)
				if err := once(r.another()); err != nil {
					t.Fatalf("after crash %d: %v", n, err)
				}
				reads, writes := r.measure(func() { _ = once(r.another()) })
				if writes != 0 || reads == 0 {
					t.Errorf("after crash %d and recovery, another pass wrote %d times", n, writes)
				}
			}
		})
	}
}

// neverEarly checks that no token works before all collections of the tenant stand with their indexes.
func (r *rig) neverEarly(n int, tn boundary.Tenant) {
	r.t.Helper()
	if tn.Access != boundary.Open || len(tn.Corpora) == 0 {
		return
	}
	if _, err := r.as(token(tn)).query(tn.Corpora[0].Collection); err == nil {
		r.t.Errorf("crash %d: the token works though the apply was cut short", n)
	}
}

func step(s *qdrant.Server, diff func(plane.Freshness) (boundary.Diff, error)) error {
	d, err := diff(plane.Fresh)
	if err != nil {
		return err
	}
	if err := s.Apply(context.Background(), d.Plan); err != nil {
		return err
	}
	if d, err = diff(plane.Fresh); err == nil && !d.Settled() {
		return errors.New("not settled after apply")
	}
	return err
}

func tenantStep(t *testing.T, tn boundary.Tenant) func(*qdrant.Server) error {
	return func(s *qdrant.Server) error {
		return step(s, func(f plane.Freshness) (boundary.Diff, error) { return s.DiffTenant(t.Context(), tn, f) })
	}
}

func TestTwoManagersAtOnceConverge(t *testing.T) {
	r := newRig(t).claimed()
	tn := r.issued(tenant("acme", "notes", "mail"), "one")
	d, err := r.DiffTenant(t.Context(), tn, plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		manager := r.another()
		wg.Go(func() {
			if err := manager.Apply(context.Background(), d.Plan); err != nil {
				t.Errorf("apply: %v", err)
			}
		})
	}
	wg.Wait()
	if d, err := r.DiffTenant(t.Context(), tn, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("after four applies at once: %q, %v", d.Plan.Lines(), err)
	}
	if err := r.as(token(tn)).upsert(tn.Corpora[0].Collection, 1); err != nil {
		t.Errorf("the tenant's token: %v", err)
	}
}

func TestDriftIsKnownOncePastTheSnapshotsAge(t *testing.T) {
	r := newRig(t).claimed()
	as := r.as(r.cfg.APIKey)
	if d, err := r.plane(plane.Recent); err != nil || !d.Settled() {
		t.Fatalf("before any harm: %q, %v", d.Plan.Lines(), err)
	}
	if err := as.update(&pb.UpdateCollection{
		CollectionName: sharedName,
		VectorsConfig: pb.NewVectorsConfigDiffMap(map[string]*pb.VectorParamsDiff{"": {
			HnswConfig: &pb.HnswConfigDiff{M: pb.PtrOf(uint64(8))}, OnDisk: pb.PtrOf(true), QuantizationConfig: pb.NewQuantizationDiffBinary(&pb.BinaryQuantization{}),
		}}),
	}); err != nil {
		t.Fatal(err)
	}
	if d, err := r.plane(plane.Recent); err != nil || !d.Settled() {
		t.Fatalf("within the snapshot's age the harm cannot be known: %q, %v", d.Plan.Lines(), err)
	}
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	d, err := r.plane(plane.Recent)
	if err != nil || len(d.Plan) == 0 || d.Plan[0].Kind != boundary.Changed {
		t.Fatalf("one audit interval later: %q, %v", d.Plan.Lines(), err)
	}
	r.converge(r.plane)
}

func (r *rig) plane(f plane.Freshness) (boundary.Diff, error) {
	return r.DiffPlane(context.Background(), f)
}

func (c caller) dropIndex(collection, field string) error {
	_, err := c.points.DeleteFieldIndex(c.ctx, &pb.DeleteFieldIndexCollection{CollectionName: collection, FieldName: field, Wait: pb.PtrOf(true)})
	return err
}
