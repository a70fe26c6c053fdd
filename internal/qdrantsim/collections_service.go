package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// collectionsService is qdrant.Collections.
type collectionsService struct {
	qdrant.UnimplementedCollectionsServer
	s *Server
}

// view runs do under the read lock on a collection the caller may use.
func (s *Server) view(ctx context.Context, name string, n need, do func(*collection) error) error {
	if err := accessOf(ctx).collection(name, n); err != nil {
		return err
	}
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	c, err := s.store.resolve(name)
	if err != nil {
		return err
	}
	return do(c)
}

// change runs do under the write lock, for callers that may manage everything.
func (s *Server) change(ctx context.Context, do func(*store) error) error {
	if err := accessOf(ctx).everything(needManage); err != nil {
		return err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return do(s.store)
}

func (v collectionsService) Get(ctx context.Context, r *qdrant.GetCollectionInfoRequest) (*qdrant.GetCollectionInfoResponse, error) {
	out := &qdrant.GetCollectionInfoResponse{}
	err := v.s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		out.Result = c.info()
		return nil
	})
	return answer(out, err)
}

func (c *collection) info() *qdrant.CollectionInfo {
	schema := make(map[string]*qdrant.PayloadSchemaInfo, len(c.indexes))
	for key, x := range c.indexes {
		schema[key] = x.info(c)
	}
	return &qdrant.CollectionInfo{
		Status:              qdrant.CollectionStatus_Green,
		OptimizerStatus:     &qdrant.OptimizerStatus{Ok: true},
		SegmentsCount:       1,
		Config:              proto.CloneOf(c.config),
		PayloadSchema:       schema,
		PointsCount:         qdrant.PtrOf(uint64(len(c.points))),
		IndexedVectorsCount: qdrant.PtrOf(uint64(0)), // as small collections have no graph
		UpdateQueue:         &qdrant.UpdateQueueInfo{},
	}
}

func (v collectionsService) List(ctx context.Context, _ *qdrant.ListCollectionsRequest) (*qdrant.ListCollectionsResponse, error) {
	v.s.store.mu.RLock()
	defer v.s.store.mu.RUnlock()
	out := &qdrant.ListCollectionsResponse{}
	for _, name := range v.s.store.names() {
		if accessOf(ctx).sees(name) {
			out.Collections = append(out.Collections, &qdrant.CollectionDescription{Name: name})
		}
	}
	return out, nil
}

func (v collectionsService) CollectionExists(ctx context.Context, r *qdrant.CollectionExistsRequest) (*qdrant.CollectionExistsResponse, error) {
	if err := accessOf(ctx).collection(r.GetCollectionName(), needRead); err != nil {
		return nil, err
	}
	v.s.store.mu.RLock()
	defer v.s.store.mu.RUnlock()
	_, err := v.s.store.resolve(r.GetCollectionName())
	return &qdrant.CollectionExistsResponse{Result: &qdrant.CollectionExists{Exists: err == nil}}, nil
}

func (v collectionsService) Create(ctx context.Context, r *qdrant.CreateCollection) (*qdrant.CollectionOperationResponse, error) {
	config, err := resolveConfig(r)
	if err != nil {
		return nil, err
	}
	err = v.s.change(ctx, func(st *store) error {
		return st.add(newCollection(r.GetCollectionName(), config))
	})
	return answer(&qdrant.CollectionOperationResponse{Result: true}, err)
}

func (v collectionsService) Update(ctx context.Context, r *qdrant.UpdateCollection) (*qdrant.CollectionOperationResponse, error) {
	err := v.s.change(ctx, func(st *store) error {
		c, err := st.resolve(r.GetCollectionName())
		if err != nil {
			return err
		}
		return c.updateConfig(r)
	})
	return answer(&qdrant.CollectionOperationResponse{Result: true}, err)
}

func (v collectionsService) Delete(ctx context.Context, r *qdrant.DeleteCollection) (*qdrant.CollectionOperationResponse, error) {
	out := &qdrant.CollectionOperationResponse{}
	err := v.s.change(ctx, func(st *store) error {
		out.Result = st.remove(r.GetCollectionName())
		return nil
	})
	return answer(out, err)
}

func (v collectionsService) CollectionClusterInfo(ctx context.Context, r *qdrant.CollectionClusterInfoRequest) (*qdrant.CollectionClusterInfoResponse, error) {
	out := &qdrant.CollectionClusterInfoResponse{}
	err := v.s.view(ctx, r.GetCollectionName(), needExtras, func(c *collection) error {
		shards := c.config.GetParams().GetShardNumber()
		out.ShardCount = uint64(shards)
		for i := range shards {
			shard := &qdrant.LocalShardInfo{ShardId: i, State: qdrant.ReplicaState_Active}
			if i == 0 { // this server does not shard: the first holds everything
				shard.PointsCount = uint64(len(c.points))
			}
			out.LocalShards = append(out.LocalShards, shard)
		}
		return nil
	})
	return answer(out, err)
}

func (v collectionsService) UpdateCollectionClusterSetup(ctx context.Context, _ *qdrant.UpdateCollectionClusterSetupRequest) (*qdrant.UpdateCollectionClusterSetupResponse, error) {
	return nil, v.refuseCluster(ctx)
}

func (v collectionsService) CreateShardKey(ctx context.Context, _ *qdrant.CreateShardKeyRequest) (*qdrant.CreateShardKeyResponse, error) {
	return nil, v.refuseCluster(ctx)
}

func (v collectionsService) DeleteShardKey(ctx context.Context, _ *qdrant.DeleteShardKeyRequest) (*qdrant.DeleteShardKeyResponse, error) {
	return nil, v.refuseCluster(ctx)
}

// refuseCluster answers what needs a cluster, which this server is not.
func (v collectionsService) refuseCluster(ctx context.Context) error {
	if err := accessOf(ctx).everything(needManage); err != nil {
		return err
	}
	return standalone()
}

// answer is out, or nothing when there is an error.
func answer[T any](out *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}
