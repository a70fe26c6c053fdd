package qdrantsim

import (
	"maps"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// overlay sets in dst every field that diff has set; nothing can be unset.
func overlay(dst, diff proto.Message) {
	if diff == nil || !diff.ProtoReflect().IsValid() {
		return
	}
	to := dst.ProtoReflect()
	diff.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		to.Set(f, v)
		return true
	})
}

// updateConfig applies an update to a copy of the configuration, in the
// server's order. Either all of it applies, or nothing.
func (c *collection) updateConfig(r *qdrant.UpdateCollection) error {
	next := proto.CloneOf(c.config)
	overlay(next.OptimizerConfig, optimizersDiff(r.GetOptimizersConfig()))
	updateParams(next.Params, r.GetParams())
	overlay(next.HnswConfig, r.GetHnswConfig())
	if err := updateVectors(next.Params, r.GetVectorsConfig()); err != nil {
		return err
	}
	if q := r.GetQuantizationConfig(); q != nil {
		next.QuantizationConfig = quantization(q)
	}
	if err := updateSparse(next.Params, r.GetSparseVectorsConfig()); err != nil {
		return err
	}
	if s := r.GetStrictModeConfig(); s != nil {
		if next.StrictModeConfig == nil {
			next.StrictModeConfig = &qdrant.StrictModeConfig{}
		}
		overlay(next.StrictModeConfig, s)
	}
	next.Metadata = updateMetadata(next.Metadata, r.GetMetadata())
	c.config = next
	return nil
}

func updateMetadata(have, diff map[string]*qdrant.Value) map[string]*qdrant.Value {
	if len(diff) == 0 {
		return have
	}
	out := maps.Clone(have)
	if out == nil {
		out = map[string]*qdrant.Value{}
	}
	mergeInto(out, diff)
	return out
}

func updateParams(p *qdrant.CollectionParams, d *qdrant.CollectionParamsDiff) {
	if d == nil {
		return
	}
	if d.OnDiskPayload != nil {
		p.OnDiskPayload = *d.OnDiskPayload
	}
	set(&p.ReplicationFactor, d.ReplicationFactor)
	set(&p.WriteConsistencyFactor, d.WriteConsistencyFactor)
	set(&p.ReadFanOutFactor, d.ReadFanOutFactor)
	set(&p.ReadFanOutDelayMs, d.ReadFanOutDelayMs)
}

func set[T any](dst **T, v *T) {
	if v != nil {
		*dst = v
	}
}

// updateVectors changes named vectors; the unnamed one is named "".
func updateVectors(p *qdrant.CollectionParams, d *qdrant.VectorsConfigDiff) error {
	diffs := d.GetParamsMap().GetMap()
	if single := d.GetParams(); single != nil {
		diffs = map[string]*qdrant.VectorParamsDiff{"": single}
	}
	for name, diff := range diffs {
		target := p.GetVectorsConfig().GetParamsMap().GetMap()[name]
		if single := p.GetVectorsConfig().GetParams(); single != nil && name == "" {
			target = single
		}
		if target == nil {
			return noSuchVector(name)
		}
		updateVector(target, diff)
	}
	return nil
}

func updateVector(target *qdrant.VectorParams, diff *qdrant.VectorParamsDiff) {
	if h := diff.GetHnswConfig(); h != nil {
		if target.HnswConfig == nil {
			target.HnswConfig = &qdrant.HnswConfigDiff{}
		}
		overlay(target.HnswConfig, h)
	}
	if q := diff.GetQuantizationConfig(); q != nil {
		target.QuantizationConfig = quantization(q)
	}
	set(&target.OnDisk, diff.OnDisk)
}

// quantization replaces the whole setting; Disabled removes it.
func quantization(d *qdrant.QuantizationConfigDiff) *qdrant.QuantizationConfig {
	switch q := d.GetQuantization().(type) {
	case *qdrant.QuantizationConfigDiff_Scalar:
		return qdrant.NewQuantizationScalar(q.Scalar)
	case *qdrant.QuantizationConfigDiff_Product:
		return qdrant.NewQuantizationProduct(q.Product)
	case *qdrant.QuantizationConfigDiff_Binary:
		return qdrant.NewQuantizationBinary(q.Binary)
	}
	return nil
}

func updateSparse(p *qdrant.CollectionParams, d *qdrant.SparseVectorConfig) error {
	for name, diff := range d.GetMap() {
		target := p.GetSparseVectorsConfig().GetMap()[name]
		if target == nil {
			return noSuchVector(name)
		}
		set(&target.Modifier, diff.Modifier)
		if diff.GetIndex() != nil {
			if target.Index == nil {
				target.Index = &qdrant.SparseIndexConfig{}
			}
			overlay(target.Index, diff.GetIndex())
		}
	}
	return nil
}
