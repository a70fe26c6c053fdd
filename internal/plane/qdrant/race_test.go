package qdrant_test

import (
	"context"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// planned is what a manager knew before something else happened.
func (r *rig) planned(tn boundary.Tenant) boundary.Plan {
	r.t.Helper()
	d, err := r.DiffTenant(r.t.Context(), tn, plane.Fresh)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Plan
}

func TestACollectionMadeInTheMeantimeIsNotTakenOver(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme", "notes")
	plan := r.planned(acme)
	r.byHand(acme.Corpora[0].Collection, 4)
	err := r.Apply(t.Context(), plan)
	faulted(t, r, err, plane.ApplyFailed, "made by somebody else in the meantime")
	as := r.as(r.cfg.APIKey)
	info, err := as.collections.Get(as.ctx, &pb.GetCollectionInfoRequest{CollectionName: acme.Corpora[0].Collection})
	if err != nil || len(info.GetResult().GetPayloadSchema()) != 0 {
		t.Errorf("an index was made on it: %v, %v", info, err)
	}
}

func TestOfTwoCorporaWithOneCollectionExactlyOneWins(t *testing.T) {
	r := newRig(t).claimed()
	first, second := tenant("acme", "notes"), tenant("acme", "notes")
	second.Corpora[0].UID = "uid-of-the-other-corpus"
	late := r.planned(second)
	r.settleTenant(first)
	err := r.Apply(t.Context(), late)
	faulted(t, r, err, plane.ApplyFailed, "made by somebody else in the meantime")
	d, err := r.DiffCorpus(t.Context(), second.Corpora[0], nil, plane.Fresh)
	if err != nil || d.Conflict == nil || d.Conflict.Holder != first.Corpora[0].UID {
		t.Errorf("the loser sees %+v, %v", d.Conflict, err)
	}
}

func TestAClaimLostInTheMeantimeIsNotBuried(t *testing.T) {
	r := newRig(t).claimed()
	acme := tenant("acme")
	r.settleTenant(acme)
	acme.Access = boundary.Retained
	plan := r.planned(acme)
	as := r.as(r.cfg.APIKey)
	filter := &pb.Filter{Must: []*pb.Condition{pb.NewMatchKeyword("uid", acme.UID)}}
	_, err := as.points.SetPayload(as.ctx, &pb.SetPayloadPoints{
		CollectionName: vector.ClaimsCollection, Wait: pb.PtrOf(true), PointsSelector: pb.NewPointsSelectorFilter(filter),
		Payload: pb.NewValueMap(map[string]any{"uid": "uid-of-the-heir"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	heir := tenant("acme")
	heir.UID = "uid-of-the-heir"
	if d, err := r.DiffTenant(t.Context(), heir, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("the heir's claim: %q, %+v, %v", d.Plan.Lines(), d.Conflict, err)
	}
}

// Servers differ in what of a first-wins write they know; either part alone must be enough.
func TestClaimsAreFirstWinsOnEveryServer(t *testing.T) {
	for name, forget := range map[string]func(*pb.UpsertPoints){
		"1.16, without update_mode":      func(u *pb.UpsertPoints) { u.UpdateMode = nil },
		"a mode that ignores the filter": func(u *pb.UpsertPoints) { u.UpdateFilter = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := simRig(t, qdrantsim.Options{}).claimed()
			first, second := tenant("acme"), tenant("acme")
			second.UID = "uid-of-the-other"
			late := r.planned(second)
			r.settleTenant(first)
			r.sim.SetFault(func(_ context.Context, _ string, req any) error {
				if u, ok := req.(*pb.UpsertPoints); ok {
					forget(u)
				}
				return nil
			})
			err := r.Apply(t.Context(), late)
			faulted(t, r, err, plane.ApplyFailed, "claimed by another Tenant")
			if d, err := r.DiffTenant(t.Context(), first, plane.Fresh); err != nil || !d.Settled() {
				t.Errorf("the first claim: %+v, %v", d.Conflict, err)
			}
		})
	}
}

func TestAnOlderServersWordsForACollectionThatExists(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	acme := tenant("acme", "notes")
	plan := r.planned(acme)
	r.settleTenant(acme)
	r.sim.SetFault(func(_ context.Context, _ string, req any) error {
		if c, ok := req.(*pb.CreateCollection); ok {
			return status.Errorf(codes.InvalidArgument, "Wrong input: Collection `%s` already exists!", c.GetCollectionName())
		}
		return nil
	})
	if err := r.Apply(t.Context(), plan); err != nil {
		t.Errorf("applying again what stands: %v", err)
	}
}
