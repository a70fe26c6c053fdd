package qdrant

import (
	"context"
	"fmt"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// Apply carries out a plan in its order. It checks the marker first and stops at the first change that fails.
func (s *Server) Apply(ctx context.Context, plan boundary.Plan) error {
	if len(plan) == 0 {
		return nil
	}
	if err := s.ours(ctx); err != nil {
		return err
	}
	// What an interrupted change did is unknown, so all of the plan's parts are read again.
	defer func() { s.cache.touch(touchedBy(plan)) }()
	for _, c := range plan {
		if s.cfg.BeforeChange != nil {
			if err := s.cfg.BeforeChange(c); err != nil {
				return err
			}
		}
		if err := s.carryOut(ctx, c.Op); err != nil {
			return s.fault(err, "%s", c.Op)
		}
	}
	return nil
}

func (s *Server) carryOut(ctx context.Context, op boundary.Op) error {
	switch o := op.(type) {
	case vector.CreateCollection:
		return s.create(ctx, o.Want)
	case vector.UpdateCollection:
		_, err := s.calls.collections.Update(ctx, updateRequest(o.Want, o.Fields))
		return err
	case vector.CreateIndex:
		return s.createIndex(ctx, o)
	case vector.DropIndex:
		_, err := s.calls.points.DeleteFieldIndex(ctx, &pb.DeleteFieldIndexCollection{
			CollectionName: o.Collection, FieldName: o.Field, Wait: pb.PtrOf(true),
		})
		return err
	case vector.DropAlias:
		_, err := s.calls.collections.UpdateAliases(ctx, &pb.ChangeAliases{Actions: []*pb.AliasOperations{pb.NewAliasDelete(o.Alias)}})
		return err
	case vector.PutClaim:
		return s.putClaim(ctx, o.Claim)
	case vector.BuryClaim:
		return s.bury(ctx, o.Claim)
	case vector.PutGrant:
		_, err := s.calls.points.Upsert(ctx, upsertRequest(vector.TokensCollection, grantPoint(o.Record)))
		return err
	case vector.DropGrant:
		return s.dropGrant(ctx, o.Record)
	}
	return fmt.Errorf("operation %T is unknown", op)
}

// create makes a collection with its stamp. Where another manager was faster, its stamp decides.
func (s *Server) create(ctx context.Context, want vector.Collection) error {
	_, err := s.calls.collections.Create(ctx, createRequest(want))
	if !exists(err) {
		return err
	}
	standing, err := s.collections(ctx, []string{want.Name})
	if err != nil {
		return err
	}
	if have, ok := standing[want.Name]; !ok || have.Stamp == nil || *have.Stamp != *want.Stamp {
		return plane.Faultf(plane.ApplyFailed, nil,
			"collection %s was made by somebody else in the meantime; nothing was written to it", want.Name)
	}
	return nil
}

func (s *Server) createIndex(ctx context.Context, o vector.CreateIndex) error {
	r, err := indexRequest(o.Collection, o.Index)
	if err != nil {
		return err
	}
	_, err = s.calls.points.CreateFieldIndex(ctx, r)
	return err
}

// putClaim writes a claim where none stands and reads which one does.
func (s *Server) putClaim(ctx context.Context, want boundary.Claim) error {
	if err := s.insert(ctx, vector.ClaimsCollection, claimPoint(want)); err != nil {
		return err
	}
	standing, err := s.claim(ctx, want.TenantID)
	if err != nil {
		return err
	}
	if standing == nil || *standing != want {
		return plane.Faultf(plane.ApplyFailed, nil, "tenantID %s was claimed by another Tenant in the meantime", want.TenantID)
	}
	return nil
}

// bury overwrites the claim only where it is still ours.
func (s *Server) bury(ctx context.Context, c boundary.Claim) error {
	r := upsertRequest(vector.ClaimsCollection, claimPoint(c))
	r.UpdateFilter = &pb.Filter{Must: []*pb.Condition{pb.NewMatchKeyword(fieldUID, c.UID)}}
	_, err := s.calls.points.Upsert(ctx, r)
	return err
}

func (s *Server) dropGrant(ctx context.Context, r vector.Record) error {
	_, err := s.calls.points.Delete(ctx, &pb.DeletePoints{
		CollectionName: vector.TokensCollection, Wait: pb.PtrOf(true), Points: pb.NewPointsSelector(idOf(r.Point)),
		Ordering: &pb.WriteOrdering{Type: pb.WriteOrderingType_Strong},
	})
	return err
}

// touchedBy lists the parts of a snapshot that a plan changes.
func touchedBy(plan boundary.Plan) []part {
	var out []part
	for _, c := range plan {
		switch o := c.Op.(type) {
		case vector.CreateCollection:
			out = append(out, collectionPart(o.Want.Name))
		case vector.UpdateCollection:
			out = append(out, collectionPart(o.Want.Name))
		case vector.CreateIndex:
			out = append(out, collectionPart(o.Collection))
		case vector.DropIndex:
			out = append(out, collectionPart(o.Collection))
		case vector.DropAlias:
			out = append(out, aliasesPart, collectionPart(o.Alias))
		case vector.PutClaim:
			out = append(out, claimPart(o.Claim.TenantID))
		case vector.BuryClaim:
			out = append(out, claimPart(o.Claim.TenantID))
		case vector.PutGrant:
			out = append(out, grantsPart(o.Record.Owner))
		case vector.DropGrant:
			out = append(out, grantsPart(o.Record.Owner))
		}
	}
	return out
}
