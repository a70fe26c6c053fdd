package directory

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/desired"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// common is what the scopes of all tenants depend on. It is replaced only when its content changes.
type common struct {
	shared     map[string]boundary.Shape // by the name of the shared collection
	references []tenantryv1.Corpus       // of this plane, in trusted namespaces, pruned to what counts
	mapping    []byte
	version    string
	limits     scopeqdrant.Limits
}

func newCommon(w *world, limits scopeqdrant.Limits) *common {
	c := &common{
		shared: map[string]boundary.Shape{}, mapping: w.material.IDMapping, version: w.material.ServerVersion, limits: limits,
	}
	for _, s := range w.plane.Spec.Qdrant.SharedCollections {
		c.shared[s.Name] = desired.Shape(s.Vectors, s.SparseVectors, s.PayloadIndexes)
	}
	for _, r := range w.references.all() {
		c.references = append(c.references, prune(r))
	}
	return c
}

// prune keeps of a reference what scopes depend on, so that a count of points in its status changes nothing here.
func prune(c *tenantryv1.Corpus) tenantryv1.Corpus {
	out := tenantryv1.Corpus{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: c.Name, UID: c.UID, DeletionTimestamp: c.DeletionTimestamp},
		Spec:       c.Spec,
	}
	out.Status.Placement = c.Status.Placement
	if cond := meta.FindStatusCondition(c.Status.Conditions, tenantryv1.ConditionCollectionReady); cond != nil {
		out.Status.Conditions = []metav1.Condition{{Type: cond.Type, Status: cond.Status, Reason: cond.Reason}}
	}
	return out
}

// config is the scope of one tenant.
func (c *common) config(t *tenantryv1.Tenant, own *corpusSet) scopeqdrant.Config {
	var corpora []tenantryv1.Corpus
	for _, o := range own.all() {
		if served(o) {
			corpora = append(corpora, *o)
		}
	}
	want := desired.Tenant(t, corpora, c.references)
	owned, referred := c.claims(t, own)
	var collections []scopeqdrant.Collection
	for _, o := range want.Corpora {
		if shape, ok := c.shape(o); ok && owned[o.Name] == 1 {
			collections = append(collections, collection(o.Name, o, shape))
		}
	}
	for _, r := range c.readable(want.References) {
		collections = append(collections, collection(r.Collection, r, r.Shape))
		if owned[r.Name] == 0 && referred[r.Name] == 1 {
			collections = append(collections, collection(r.Name, r, r.Shape))
		}
	}
	slices.SortFunc(collections, func(a, b scopeqdrant.Collection) int { return cmp.Compare(a.Name, b.Name) })
	return scopeqdrant.Config{
		TenantID: want.ID, TenantUID: want.UID, MappingKey: c.mapping, ServerVersion: c.version, Limits: c.limits,
		Collections: collections,
	}
}

// claims counts the own corpora and the references that have a name, served at the moment or not: a name must not mean one
// collection today and another tomorrow.
func (c *common) claims(t *tenantryv1.Tenant, own *corpusSet) (owned, referred map[string]int) {
	owned, referred = map[string]int{}, map[string]int{}
	for _, o := range own.all() {
		if desired.OwnsCorpus(t, o) && o.Status.Placement != nil {
			owned[o.Name]++
		}
	}
	seen := map[string]bool{}
	for i := range c.references {
		r := &c.references[i]
		physical := vector.ReferenceName(r.Spec.Reference.Jurisdiction, r.Name)
		if !seen[physical] && slices.Contains(t.Spec.Jurisdictions, r.Spec.Reference.Jurisdiction) {
			referred[r.Name]++
			seen[physical] = true
		}
	}
	return owned, referred
}

// access is the most that a token for a tenant's requests may open: what is its own or readable by it, served at the moment
// or not, because tokens for several collections are made anew a little after those change. It is ordered by collection.
func (c *common) access(t *tenantryv1.Tenant, own *corpusSet) []scopeqdrant.Access {
	var out []scopeqdrant.Access
	for _, o := range own.all() {
		if !desired.OwnsCorpus(t, o) || o.Status.Placement == nil {
			continue
		}
		b := desired.Corpus(o, t)
		if _, ok := c.shape(b); ok {
			out = append(out, scopeqdrant.Access{Collection: b.Collection, Write: true})
		}
	}
	for i := range c.references {
		r := &c.references[i]
		name := vector.ReferenceName(r.Spec.Reference.Jurisdiction, r.Name)
		if slices.Contains(t.Spec.Jurisdictions, r.Spec.Reference.Jurisdiction) && r.Status.Placement != nil && r.Status.Placement.Collection == name {
			out = append(out, scopeqdrant.Access{Collection: name})
		}
	}
	slices.SortFunc(out, func(a, b scopeqdrant.Access) int { return cmp.Compare(a.Collection, b.Collection) })
	return slices.Compact(out)
}

// served says whether the collection of a corpus stands, or stood when its server was last read.
func served(c *tenantryv1.Corpus) bool {
	cond := meta.FindStatusCondition(c.Status.Conditions, tenantryv1.ConditionCollectionReady)
	if cond == nil {
		return false
	}
	return cond.Status == metav1.ConditionTrue || cond.Status == metav1.ConditionUnknown ||
		cond.Status == metav1.ConditionFalse && cond.Reason == tenantryv1.ReasonDrifted
}

// readable are the references behind collections that the tenant may read, one for each.
func (c *common) readable(collections []string) []boundary.Corpus {
	var out []boundary.Corpus
	for _, name := range collections {
		i := slices.IndexFunc(c.references, func(r tenantryv1.Corpus) bool {
			return r.Status.Placement != nil && r.Status.Placement.Collection == name && r.DeletionTimestamp.IsZero() && served(&r)
		})
		if i < 0 {
			continue
		}
		if r := desired.Corpus(&c.references[i], nil); r.Collection == vector.ReferenceName(r.Jurisdiction, r.Name) {
			out = append(out, r)
		}
	}
	return out
}

// shape of an own corpus. ok is false where it does not stand where its owner and pattern lead to: status is no authority
// on whose collection it is.
func (c *common) shape(own boundary.Corpus) (shape boundary.Shape, ok bool) {
	switch own.Pattern {
	case boundary.Dedicated:
		return own.Shape, own.Collection == vector.CollectionName(own.TenantID, own.Name)
	case boundary.Shared:
		shape, ok = c.shared[own.Collection]
		return shape, ok
	}
	return shape, false
}

func collection(name string, c boundary.Corpus, s boundary.Shape) scopeqdrant.Collection {
	out := scopeqdrant.Collection{Name: name, Physical: c.Collection, Pattern: scopeqdrant.Pattern(c.Pattern), CorpusID: c.UID}
	for _, v := range s.Vectors {
		out.Vectors = append(out.Vectors, scopeqdrant.Vector{Name: v.Name, Size: v.Size, Distance: v.Distance})
	}
	for _, v := range s.SparseVectors {
		out.Vectors = append(out.Vectors, scopeqdrant.Vector{Name: v.Name, Sparse: true, IDF: v.IDF})
	}
	for _, i := range s.PayloadIndexes {
		out.Indexes = append(out.Indexes, scopeqdrant.Index{Field: i.Field, Type: i.Type})
	}
	return out
}
