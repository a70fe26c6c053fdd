package qdrantsim

import (
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// resolveConfig makes the configuration of a new collection: what was asked
// for, over the defaults of the server as it is shipped. Numbers come out
// resolved; what is optional stays unset unless it was set.
func resolveConfig(r *qdrant.CreateCollection) (*qdrant.CollectionConfig, error) {
	if err := checkVectors(r); err != nil {
		return nil, err
	}
	if r.GetShardingMethod() == qdrant.ShardingMethod_Custom {
		return nil, unsupported("custom sharding")
	}
	config := &qdrant.CollectionConfig{
		Params:             resolveParams(r),
		HnswConfig:         defaultHNSW(),
		OptimizerConfig:    defaultOptimizers(),
		WalConfig:          defaultWAL(),
		QuantizationConfig: r.GetQuantizationConfig(),
		StrictModeConfig:   r.GetStrictModeConfig(),
		Metadata:           r.GetMetadata(),
	}
	overlay(config.HnswConfig, r.GetHnswConfig())
	overlay(config.OptimizerConfig, optimizersDiff(r.GetOptimizersConfig()))
	overlay(config.WalConfig, r.GetWalConfig())
	return config, nil
}

func resolveParams(r *qdrant.CreateCollection) *qdrant.CollectionParams {
	p := &qdrant.CollectionParams{
		ShardNumber:            1,
		OnDiskPayload:          true,
		VectorsConfig:          r.GetVectorsConfig(),
		ReplicationFactor:      qdrant.PtrOf(uint32(1)),
		WriteConsistencyFactor: qdrant.PtrOf(uint32(1)),
		ShardingMethod:         r.ShardingMethod,
		SparseVectorsConfig:    r.GetSparseVectorsConfig(),
	}
	if p.VectorsConfig.GetConfig() == nil {
		p.VectorsConfig = qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{})
	}
	if r.ShardNumber != nil {
		p.ShardNumber = *r.ShardNumber
	}
	if r.OnDiskPayload != nil {
		p.OnDiskPayload = *r.OnDiskPayload
	}
	if r.ReplicationFactor != nil {
		p.ReplicationFactor = r.ReplicationFactor
	}
	if r.WriteConsistencyFactor != nil {
		p.WriteConsistencyFactor = r.WriteConsistencyFactor
	}
	return p
}

func defaultHNSW() *qdrant.HnswConfigDiff {
	return &qdrant.HnswConfigDiff{
		M:                  qdrant.PtrOf(uint64(16)),
		EfConstruct:        qdrant.PtrOf(uint64(100)),
		FullScanThreshold:  qdrant.PtrOf(uint64(10000)),
		MaxIndexingThreads: qdrant.PtrOf(uint64(0)),
		OnDisk:             qdrant.PtrOf(false),
	}
}

func defaultOptimizers() *qdrant.OptimizersConfigDiff {
	return &qdrant.OptimizersConfigDiff{
		DeletedThreshold:       qdrant.PtrOf(0.2),
		VacuumMinVectorNumber:  qdrant.PtrOf(uint64(1000)),
		DefaultSegmentNumber:   qdrant.PtrOf(uint64(0)),
		IndexingThreshold:      qdrant.PtrOf(uint64(10000)),
		FlushIntervalSec:       qdrant.PtrOf(uint64(5)),
		MaxOptimizationThreads: qdrant.NewMaxOptimizationThreadsSetting(qdrant.MaxOptimizationThreads_Auto),
	}
}

func defaultWAL() *qdrant.WalConfigDiff {
	return &qdrant.WalConfigDiff{
		WalCapacityMb:    qdrant.PtrOf(uint64(32)),
		WalSegmentsAhead: qdrant.PtrOf(uint64(0)),
		WalRetainClosed:  qdrant.PtrOf(uint64(1)),
	}
}

// optimizersDiff carries the older spelling of the thread limit to the newer,
// and back: the server answers with both.
func optimizersDiff(d *qdrant.OptimizersConfigDiff) *qdrant.OptimizersConfigDiff {
	if d == nil {
		return nil
	}
	d = proto.CloneOf(d)
	if n := d.DeprecatedMaxOptimizationThreads; n != nil && d.MaxOptimizationThreads == nil {
		d.MaxOptimizationThreads = qdrant.NewMaxOptimizationThreads(*n)
	}
	if v, ok := d.GetMaxOptimizationThreads().GetVariant().(*qdrant.MaxOptimizationThreads_Value); ok {
		d.DeprecatedMaxOptimizationThreads = &v.Value
	}
	return d
}

// checkVectors refuses vector configurations that the server refuses, and those
// this server has no arithmetic for.
func checkVectors(r *qdrant.CreateCollection) error {
	dense := map[string]*qdrant.VectorParams{}
	maps.Copy(dense, r.GetVectorsConfig().GetParamsMap().GetMap())
	for _, name := range slices.Sorted(maps.Keys(dense)) {
		if err := checkVectorName("dense", name); err != nil {
			return err
		}
	}
	sparse := r.GetSparseVectorsConfig().GetMap()
	for _, name := range slices.Sorted(maps.Keys(sparse)) {
		if err := checkVectorName("sparse", name); err != nil {
			return err
		}
	}
	if _, ok := sparse[""]; ok {
		return badInput("Sparse vector name cannot be empty")
	}
	if p := r.GetVectorsConfig().GetParams(); p != nil {
		dense[""] = p
	}
	for _, name := range slices.Sorted(maps.Keys(dense)) {
		if _, both := sparse[name]; both {
			return badInput("Dense and sparse vector names must be unique - duplicate found with '%s'", name)
		}
		if err := checkVectorParams(dense[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkVectorParams(p *qdrant.VectorParams) error {
	switch p.GetDistance() {
	case qdrant.Distance_Cosine, qdrant.Distance_Dot, qdrant.Distance_Euclid, qdrant.Distance_Manhattan:
	default:
		return malformed("Distance cannot be \"UnknownDistance\"")
	}
	if d := p.GetDatatype(); d != qdrant.Datatype_Default && d != qdrant.Datatype_Float32 {
		return unsupported("vector datatypes other than float32")
	}
	return nil
}

func checkVectorName(kind, name string) error {
	const unsafe = "<>:\"/\\|?*\x00\x1f"
	if len(name) > 200 {
		return badInput("Invalid %s vector name `%s`: vector name must be at most 200 bytes long", kind, name)
	}
	for _, c := range name {
		if slices.Contains([]rune(unsafe), c) {
			return badInput("Invalid %s vector name `%s`: vector name cannot contain \"%c\" char", kind, name, c)
		}
	}
	return nil
}
