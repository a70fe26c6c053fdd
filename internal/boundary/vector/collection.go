package vector

import (
	"cmp"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Kind is what a collection that Tenantry made is for.
type Kind string

// The kinds.
const (
	KindClaims    Kind = "Claims"
	KindTokens    Kind = "Tokens"
	KindShared    Kind = "Shared"
	KindDedicated Kind = "Dedicated"
	KindReference Kind = "Reference"
)

// StampKey is the member of a collection's metadata that holds the Stamp.
const StampKey = "tenantry"

// Stamp is the claim on a collection. It is written in the call that creates it, so that the first creator wins.
type Stamp struct {
	Plane        string
	Installation string
	// Collection repeats the name: an alias shows the metadata of what it points to.
	Collection string
	Kind       Kind
	// TenantUID and CorpusUID are "" where the collection has no such owner.
	TenantUID string
	CorpusUID string
	// Retained: the Corpus is gone and its data stays.
	Retained bool
}

// Collection is a collection as it should stand, or as it does. Both sides are normalised: what a server leaves out, it
// stands for its default, and lists are ordered by name.
type Collection struct {
	Name string
	// Stamp is nil on a collection that Tenantry did not make.
	Stamp   *Stamp
	Vectors []Vector
	Sparse  []boundary.SparseVector
	Indexes []Index
	// Shards and Replicas: 0 = the server's default.
	Shards   uint32
	Replicas uint32
	// CustomSharding: points go where the writer says.
	CustomSharding bool
	HNSW           HNSW
	// Quantization: "", Scalar, Binary; a server may also hold Product.
	Quantization string
	Strict       Strict
	// Segments per shard and WALMegabytes are set when a collection is made and then left to the platform; 0 = default.
	Segments     uint64
	WALMegabytes uint64
}

// Vector is one dense vector.
type Vector struct {
	Name     string
	Size     uint64
	Distance string
	// Datatype is "" for float32.
	Datatype string
	// Multi: several vectors per point under this name.
	Multi  bool
	OnDisk bool
	// HNSW and Quantization are those in effect: the vector's own, else the collection's.
	HNSW         HNSW
	Quantization string
}

// HNSW are the graph's parameters.
type HNSW struct {
	// M: edges per node of the graph over all points; 0 = there is none.
	M uint64
	// PayloadM: edges per node of the graph of each tenant. A server without a setting uses M.
	PayloadM    uint64
	EfConstruct uint64
}

// defaultHNSW is what Qdrant uses where nothing is said.
var defaultHNSW = HNSW{M: 16, PayloadM: 16, EfConstruct: 100}

// Strict is the part of the strict mode that Tenantry relies on. The zero value is a server's default: off.
type Strict struct {
	Enabled bool
	// RefuseUnindexed refuses filters on fields without an index, in reads and in writes.
	RefuseUnindexedReads  bool
	RefuseUnindexedWrites bool
	// RefuseExact refuses exact searches; with M = 0 also a search that names no tenant.
	RefuseExact bool
	// MaxQueryLimit bounds the points of one answer; 0 = no bound, as in the fields below.
	MaxQueryLimit uint32
	// MaxEf bounds hnsw_ef of a search, MaxOversampling the multiple of its limit that is fetched for rescoring.
	MaxEf           uint32
	MaxOversampling float32
	// MaxPoints of one write.
	MaxPoints uint64
	// MaxConditions of one filter.
	MaxConditions uint64
}

// Index is one payload index.
type Index struct {
	Field string
	Type  string
	// Tenant tells the server that points are read by this field's value.
	Tenant bool
}

// index returns the index on a field.
func (c *Collection) index(field string) (Index, bool) {
	for _, i := range c.Indexes {
		if i.Field == field {
			return i, true
		}
	}
	return Index{}, false
}

// Normalise orders the lists, so that two collections can be compared.
func (c *Collection) Normalise() {
	slices.SortFunc(c.Vectors, func(a, b Vector) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Sparse, func(a, b boundary.SparseVector) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Indexes, func(a, b Index) int { return cmp.Compare(a.Field, b.Field) })
}
