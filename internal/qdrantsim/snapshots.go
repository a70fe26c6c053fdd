package qdrantsim

import (
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// snapshotsService is qdrant.Snapshots: it checks the caller and keeps the names
// of what was made, with nothing behind them, so that a test can see who could
// have made or read a snapshot, and find one that lies about.
type snapshotsService struct {
	qdrant.UnimplementedSnapshotsServer
	s *Server
}

// full is where snapshots of the whole server are kept: no collection has that name.
const full = ""

// make keeps a snapshot of a collection. One made within the same second has the same name, and replaces it.
func (v snapshotsService) make(of, prefix string) *qdrant.CreateSnapshotResponse {
	now := v.s.opts.Clock.Now()
	d := &qdrant.SnapshotDescription{
		Name:         prefix + "-" + now.UTC().Format("2006-01-02-15-04-05") + ".snapshot",
		CreationTime: timestamppb.New(now),
	}
	v.s.store.mu.Lock()
	defer v.s.store.mu.Unlock()
	v.s.store.snapshots[of] = append(v.s.store.without(of, d.GetName()), d)
	return &qdrant.CreateSnapshotResponse{SnapshotDescription: d}
}

func (v snapshotsService) list(of string) *qdrant.ListSnapshotsResponse {
	v.s.store.mu.RLock()
	defer v.s.store.mu.RUnlock()
	return &qdrant.ListSnapshotsResponse{SnapshotDescriptions: slices.Clone(v.s.store.snapshots[of])}
}

func (v snapshotsService) remove(of, name string) error {
	v.s.store.mu.Lock()
	defer v.s.store.mu.Unlock()
	left := v.s.store.without(of, name)
	if len(left) == len(v.s.store.snapshots[of]) {
		return notFound("Snapshot %s", name)
	}
	v.s.store.snapshots[of] = left
	return nil
}

// without lists the snapshots of a collection but one.
func (st *store) without(of, name string) []*qdrant.SnapshotDescription {
	return slices.DeleteFunc(slices.Clone(st.snapshots[of]), func(d *qdrant.SnapshotDescription) bool { return d.GetName() == name })
}

// collection resolves an alias, for callers that may do what they ask for.
func (v snapshotsService) collection(ctx context.Context, name string, n need) (string, error) {
	resolved := ""
	err := v.s.view(ctx, name, n, func(c *collection) error { resolved = c.name; return nil })
	return resolved, err
}

func (v snapshotsService) Create(ctx context.Context, r *qdrant.CreateSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	name, err := v.collection(ctx, r.GetCollectionName(), needExtrasWrite)
	if err != nil {
		return nil, err
	}
	return v.make(name, name+"-0"), nil // 0 stands for the peer's id
}

func (v snapshotsService) List(ctx context.Context, r *qdrant.ListSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	name, err := v.collection(ctx, r.GetCollectionName(), needExtras)
	if err != nil {
		return nil, err
	}
	return v.list(name), nil
}

func (v snapshotsService) Delete(ctx context.Context, r *qdrant.DeleteSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	name, err := v.collection(ctx, r.GetCollectionName(), needExtrasWrite)
	if err != nil {
		return nil, err
	}
	return answer(&qdrant.DeleteSnapshotResponse{}, v.remove(name, r.GetSnapshotName()))
}

// CreateFull leaves one of each collection behind, of which it is put together.
func (v snapshotsService) CreateFull(ctx context.Context, _ *qdrant.CreateFullSnapshotRequest) (*qdrant.CreateSnapshotResponse, error) {
	if err := accessOf(ctx).everything(needManage); err != nil {
		return nil, err
	}
	v.s.store.mu.RLock()
	names := v.s.store.names()
	v.s.store.mu.RUnlock()
	for _, name := range names {
		v.make(name, name+"-0")
	}
	return v.make(full, "full-snapshot"), nil
}

func (v snapshotsService) ListFull(ctx context.Context, _ *qdrant.ListFullSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	if err := accessOf(ctx).everything(needRead); err != nil {
		return nil, err
	}
	return v.list(full), nil
}

func (v snapshotsService) DeleteFull(ctx context.Context, r *qdrant.DeleteFullSnapshotRequest) (*qdrant.DeleteSnapshotResponse, error) {
	if err := accessOf(ctx).everything(needManage); err != nil {
		return nil, err
	}
	return answer(&qdrant.DeleteSnapshotResponse{}, v.remove(full, r.GetSnapshotName()))
}
