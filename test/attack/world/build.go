package world

import (
	"slices"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// The operator's own collections. No tenant may see that they exist.
var bookkeeping = []string{vector.ClaimsCollection, vector.TokensCollection}

// DedicatedName is the physical name of a tenant's own collection.
func DedicatedName(tenant, corpus string) string { return vector.CollectionName(tenant, corpus) }

// Physical is the name of the collection on the server.
func (r Reference) Physical() string { return vector.ReferenceName(r.Jurisdiction, r.Name) }

func (r Reference) uid() string { return UID("reference/" + r.Jurisdiction + "/" + r.Name) }

func (t Tenant) reads(r Reference) bool { return slices.Contains(t.Jurisdictions, r.Jurisdiction) }

func (w *World) tenant(id string) Tenant {
	i := slices.IndexFunc(w.Cast.Tenants, func(t Tenant) bool { return t.ID == id })
	if i < 0 {
		panic("no tenant " + id)
	}
	return w.Cast.Tenants[i]
}

// Build makes all collections anew, empty.
func (w *World) Build(t testing.TB) {
	t.Helper()
	for _, name := range w.Sim.CollectionNames() {
		if err := w.Direct.DeleteCollection(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	w.create(t, SharedName, true)
	for _, name := range bookkeeping {
		w.create(t, name, false)
	}
	for _, tenant := range w.Cast.Tenants {
		for _, name := range tenant.Dedicated {
			if !w.Cast.Unbuilt[tenant.ID] {
				w.create(t, DedicatedName(tenant.ID, name), false)
			}
		}
	}
	for _, r := range w.Cast.References {
		if !w.Cast.Unbuilt[r.Name] {
			w.create(t, r.Physical(), false)
		}
	}
	w.Sim.ResetCalls()
}

// Create makes a collection of the world's shape beside the others, as if it were somebody's own.
func (w *World) Create(t testing.TB, name string) {
	t.Helper()
	w.create(t, name, false)
}

func (w *World) create(t testing.TB, name string, shared bool) {
	t.Helper()
	r := &pb.CreateCollection{CollectionName: name, VectorsConfig: w.dense(), SparseVectorsConfig: w.sparse()}
	r.StrictModeConfig = &pb.StrictModeConfig{ // as internal/plane/qdrant makes it
		Enabled: pb.PtrOf(true), MaxQueryLimit: pb.PtrOf(uint32(10000)), SearchMaxHnswEf: pb.PtrOf(uint32(10000)),
		SearchMaxOversampling: pb.PtrOf(float32(100)), UpsertMaxBatchsize: pb.PtrOf(uint64(20000)), FilterMaxConditions: pb.PtrOf(uint64(2000)),
	}
	if shared {
		r.HnswConfig = &pb.HnswConfigDiff{M: pb.PtrOf(uint64(0)), PayloadM: pb.PtrOf(uint64(16))}
		r.StrictModeConfig = &pb.StrictModeConfig{
			Enabled: pb.PtrOf(true), UnindexedFilteringRetrieve: pb.PtrOf(false), UnindexedFilteringUpdate: pb.PtrOf(false),
			SearchAllowExact: pb.PtrOf(false), MaxQueryLimit: pb.PtrOf(uint32(10000)),
		}
	}
	if err := w.Direct.CreateCollection(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, i := range w.Cast.Shape.PayloadIndexes {
		w.index(t, &pb.CreateFieldIndexCollection{CollectionName: name, FieldName: i.Field, FieldType: fieldTypes[i.Type].Enum()})
	}
	if shared {
		w.index(t, &pb.CreateFieldIndexCollection{
			CollectionName: name, FieldName: vector.TenantField, FieldType: pb.FieldType_FieldTypeKeyword.Enum(),
			FieldIndexParams: pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: pb.PtrOf(true)}),
		})
		w.index(t, &pb.CreateFieldIndexCollection{CollectionName: name, FieldName: vector.CorpusField, FieldType: pb.FieldType_FieldTypeKeyword.Enum()})
	}
}

var fieldTypes = map[string]pb.FieldType{
	"Keyword": pb.FieldType_FieldTypeKeyword, "Integer": pb.FieldType_FieldTypeInteger, "Float": pb.FieldType_FieldTypeFloat,
	"Bool": pb.FieldType_FieldTypeBool, "Datetime": pb.FieldType_FieldTypeDatetime, "Text": pb.FieldType_FieldTypeText,
}

func (w *World) index(t testing.TB, r *pb.CreateFieldIndexCollection) {
	t.Helper()
	r.Wait = pb.PtrOf(true)
	if _, err := w.Direct.CreateFieldIndex(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (w *World) dense() *pb.VectorsConfig {
	named := map[string]*pb.VectorParams{}
	for _, v := range w.Cast.Shape.Vectors {
		named[v.Name] = &pb.VectorParams{Size: v.Size, Distance: pb.Distance(pb.Distance_value[v.Distance])}
	}
	if one, ok := named[""]; ok && len(named) == 1 {
		return pb.NewVectorsConfig(one)
	}
	return pb.NewVectorsConfigMap(named)
}

func (w *World) sparse() *pb.SparseVectorConfig {
	named := map[string]*pb.SparseVectorParams{}
	for _, v := range w.Cast.Shape.SparseVectors {
		named[v.Name] = &pb.SparseVectorParams{}
		if v.IDF {
			named[v.Name].Modifier = pb.Modifier_Idf.Enum()
		}
	}
	return pb.NewSparseVectorsConfig(named)
}
