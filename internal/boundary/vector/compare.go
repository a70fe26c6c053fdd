package vector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Field is a part of a collection that can be changed in place.
type Field string

// The fields.
const (
	FieldStamp        Field = "metadata"
	FieldHNSW         Field = "hnsw_config"
	FieldVectors      Field = "vectors"
	FieldSparse       Field = "sparse_vectors"
	FieldQuantization Field = "quantization_config"
	FieldStrict       Field = "strict_mode_config"
	FieldReplicas     Field = "replication_factor"
)

// difference is one thing that is not as desired.
type difference struct {
	field Field
	text  string
}

func differs(f Field, text string, args ...any) difference {
	return difference{f, fmt.Sprintf(text, args...)}
}

// mismatch says what of have only a new collection could change, "" for nothing.
func mismatch(want, have Collection) string {
	var out []string
	standing := map[string]Vector{}
	for _, v := range have.Vectors {
		standing[v.Name] = v
	}
	for _, w := range want.Vectors {
		if h, ok := standing[w.Name]; !ok {
			out = append(out, fmt.Sprintf("vector %q is missing", w.Name))
		} else if text := shapeOf(h); text != shapeOf(w) {
			out = append(out, fmt.Sprintf("vector %q is %s, declared as %s", w.Name, text, shapeOf(w)))
		}
		delete(standing, w.Name)
	}
	for _, h := range have.Vectors {
		if _, ok := standing[h.Name]; ok {
			out = append(out, fmt.Sprintf("vector %q is not declared", h.Name))
		}
	}
	out = append(out, sparseMismatch(want.Sparse, have.Sparse)...)
	if have.CustomSharding {
		out = append(out, "its sharding is custom, declared as automatic")
	}
	if want.Stamp.Kind == KindShared && want.Shards != have.Shards {
		out = append(out, fmt.Sprintf("it has %d shards, declared as %d", have.Shards, want.Shards))
	}
	return strings.Join(out, "; ")
}

func shapeOf(v Vector) string {
	text := fmt.Sprintf("%d × %s", v.Size, v.Distance)
	if v.Datatype != "" {
		text += " " + v.Datatype
	}
	if v.Multi {
		text += " multivector"
	}
	return text
}

func sparseMismatch(want, have []boundary.SparseVector) []string {
	var out []string
	named := func(list []boundary.SparseVector, name string) bool {
		return slices.ContainsFunc(list, func(s boundary.SparseVector) bool { return s.Name == name })
	}
	for _, w := range want {
		if !named(have, w.Name) {
			out = append(out, fmt.Sprintf("sparse vector %q is missing", w.Name))
		}
	}
	for _, h := range have {
		if !named(want, h.Name) {
			out = append(out, fmt.Sprintf("sparse vector %q is not declared", h.Name))
		}
	}
	return out
}

// compare lists what can be changed in place. The tuning of a collection that is not shared is left to the platform: it is
// nothing that a resource declares.
func compare(want, have Collection) []difference {
	var out []difference
	for _, w := range want.Sparse {
		for _, h := range have.Sparse {
			if w.Name == h.Name && w.IDF != h.IDF {
				out = append(out, differs(FieldSparse, "the idf modifier of sparse vector %q is %s, must be %s", w.Name, onOff(h.IDF), onOff(w.IDF)))
			}
		}
	}
	if want.Stamp.Kind != KindShared {
		return append(out, compareBounds(want.Strict, have.Strict)...)
	}
	out = append(out, compareStrict(want.Strict, have.Strict)...)
	if want.HNSW != have.HNSW {
		out = append(out, differs(FieldHNSW, "hnsw_config is %s, must be %s", have.HNSW, want.HNSW))
	}
	if want.Quantization != have.Quantization {
		out = append(out, differs(FieldQuantization, "quantization is %s, must be %s", none(have.Quantization), none(want.Quantization)))
	}
	if want.Replicas != have.Replicas {
		out = append(out, differs(FieldReplicas, "replication_factor is %d, must be %d", have.Replicas, want.Replicas))
	}
	return append(out, compareVectors(want, have)...)
}

// compareVectors looks at what a vector overrides of its collection.
func compareVectors(want, have Collection) []difference {
	var out []difference
	for _, w := range want.Vectors {
		at := slices.IndexFunc(have.Vectors, func(h Vector) bool { return h.Name == w.Name })
		if at < 0 {
			continue
		}
		h := have.Vectors[at]
		if w.OnDisk != h.OnDisk {
			out = append(out, differs(FieldVectors, "on_disk of vector %q is %t, must be %t", w.Name, h.OnDisk, w.OnDisk))
		}
		if h.HNSW != w.HNSW && h.HNSW != have.HNSW {
			out = append(out, differs(FieldVectors, "hnsw_config of vector %q is %s, must be %s", w.Name, h.HNSW, w.HNSW))
		}
		if h.Quantization != w.Quantization && h.Quantization != have.Quantization {
			out = append(out, differs(FieldVectors, "quantization of vector %q is %s, must be %s", w.Name, none(h.Quantization), none(w.Quantization)))
		}
	}
	return out
}

func compareStrict(want, have Strict) []difference {
	var out []difference
	field := func(name string, is, must any) {
		if is != must {
			out = append(out, differs(FieldStrict, "strict mode %s is %v, must be %v", name, is, must))
		}
	}
	field("enabled", have.Enabled, want.Enabled)
	field("unindexed_filtering_retrieve", !have.RefuseUnindexedReads, !want.RefuseUnindexedReads)
	field("unindexed_filtering_update", !have.RefuseUnindexedWrites, !want.RefuseUnindexedWrites)
	field("search_allow_exact", !have.RefuseExact, !want.RefuseExact)
	field("max_query_limit", have.MaxQueryLimit, want.MaxQueryLimit)
	return out
}

// compareBounds finds bounds that are missing or looser than wanted. Tighter ones, and switches, are the platform's to set.
func compareBounds(want, have Strict) []difference {
	if !want.Enabled {
		return nil
	}
	var out []difference
	if !have.Enabled {
		out = append(out, differs(FieldStrict, "strict mode enabled is false, must be true"))
	}
	for _, b := range bounds(&want, &have) {
		if b.have != b.tighter {
			out = append(out, differs(FieldStrict, "strict mode %s is %s, must be at most %s", b.name, orNone(b.have), orNone(b.want)))
		}
	}
	return out
}

// tighten is the strict mode that keeps what is tighter than wanted, and the switches as they stand.
func tighten(want, have Strict) Strict {
	if !have.Enabled {
		return want
	}
	out := have
	for _, b := range bounds(&want, &out) {
		b.set()
	}
	return out
}

type bound struct {
	name                string
	want, have, tighter float64
	set                 func()
}

// bounds pairs the bounds of both; set puts the tighter one into have.
func bounds(want, have *Strict) []bound {
	return []bound{
		boundOf("max_query_limit", want.MaxQueryLimit, &have.MaxQueryLimit),
		boundOf("search_max_hnsw_ef", want.MaxEf, &have.MaxEf),
		boundOf("search_max_oversampling", want.MaxOversampling, &have.MaxOversampling),
		boundOf("upsert_max_batchsize", want.MaxPoints, &have.MaxPoints),
		boundOf("filter_max_conditions", want.MaxConditions, &have.MaxConditions),
	}
}

func boundOf[T uint32 | uint64 | float32](name string, want T, have *T) bound {
	tighter := *have
	if tighter == 0 || tighter > want {
		tighter = want
	}
	return bound{name, float64(want), float64(*have), float64(tighter), func() { *have = tighter }}
}

func orNone(bound float64) string {
	if bound == 0 {
		return "not set"
	}
	return strconv.FormatFloat(bound, 'f', -1, 64)
}

// String describes the parameters.
func (h HNSW) String() string {
	return fmt.Sprintf("{m: %d, payload_m: %d, ef_construct: %d}", h.M, h.PayloadM, h.EfConstruct)
}

// String describes the index.
func (i Index) String() string {
	if i.Tenant {
		return i.Type + " with is_tenant"
	}
	return i.Type
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func none(s string) string {
	if s == "" {
		return "None"
	}
	return s
}
