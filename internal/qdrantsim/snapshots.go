package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// snapshotsService is qdrant.Snapshots: it checks the caller, succeeds, and
// keeps nothing, so that a test can see who could have made or read a snapshot.
type snapshotsService struct {
	qdrant.UnimplementedSnapshotsServer
	s *Server
}

func (v snapshotsService) made(name string) *qdrant.CreateSnapshotResponse {
	now := v.s.opts.Clock.Now()
	return &qdrant.CreateSnapshotResponse{SnapshotDescription: &qdrant.SnapshotDescription{
		Name:         name + "-" + now.UTC().Format("2006-01-02-15-04-05") + ".snapshot",
		CreationTime: timestamppb.New(now),
	}}
}

func (v snapshotsService) Create(ctx context.Context, r *qdrant.CreateSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	name := r.GetCollectionName()
	err := v.s.view(ctx, name, needExtrasWrite, func(*collection) error { return nil })
	return answer(v.made(name), err)
}

func (v snapshotsService) List(ctx context.Context, r *qdrant.ListSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	err := v.s.view(ctx, r.GetCollectionName(), needExtras, func(*collection) error { return nil })
	return answer(&qdrant.ListSnapshotsResponse{}, err)
}

func (v snapshotsService) Delete(ctx context.Context, r *qdrant.DeleteSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	err := v.s.view(ctx, r.GetCollectionName(), needExtrasWrite, func(*collection) error { return nil })
	return answer(&qdrant.DeleteSnapshotResponse{}, err)
}

func (v snapshotsService) CreateFull(ctx context.Context, _ *qdrant.CreateFullSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	return answer(v.made("full-snapshot"), accessOf(ctx).everything(needManage))
}

func (v snapshotsService) ListFull(ctx context.Context, _ *qdrant.ListFullSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	return answer(&qdrant.ListSnapshotsResponse{}, accessOf(ctx).everything(needRead))
}

func (v snapshotsService) DeleteFull(ctx context.Context, _ *qdrant.DeleteFullSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	return answer(&qdrant.DeleteSnapshotResponse{}, accessOf(ctx).everything(needManage))
}
