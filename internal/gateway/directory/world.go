package directory

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
)

// world is what the API server holds, as far as the gateway of one plane cares. Objects in it belong to the informers: they
// are replaced, never written to. So are corpusSets: a pointer that is the same means that nothing changed.
type world struct {
	planeName string
	namespace string // the operator's

	plane       *tenantryv1.DataPlane
	material    *credential.GatewayMaterial
	materialErr error // why there is a Secret but no material

	tenants    map[string]*tenantryv1.Tenant
	corpora    map[string]*corpusSet // by the name of the Tenant
	references *corpusSet
	owners     map[types.NamespacedName]string // of every corpus; "" owns references
}

// corpusSet is an immutable list, ordered by namespace and name.
type corpusSet struct{ list []*tenantryv1.Corpus }

func newWorld(plane, namespace string) *world {
	return &world{
		planeName: plane, namespace: namespace, tenants: map[string]*tenantryv1.Tenant{},
		corpora: map[string]*corpusSet{}, references: &corpusSet{}, owners: map[types.NamespacedName]string{},
	}
}

// put takes an object that is new or changed.
func (w *world) put(o client.Object) {
	switch o := o.(type) {
	case *tenantryv1.DataPlane:
		if o.Name == w.planeName {
			w.plane = o
		}
	case *tenantryv1.Tenant:
		if o.Spec.DataPlane == w.planeName {
			w.tenants[o.Name] = o
		}
	case *tenantryv1.Corpus:
		w.putCorpus(o)
	case *corev1.Secret:
		if w.isMaterial(o) {
			w.material, w.materialErr = parseMaterial(o, w.planeName)
		}
	}
}

// remove forgets an object that is gone.
func (w *world) remove(o client.Object) {
	switch o := o.(type) {
	case *tenantryv1.DataPlane:
		if o.Name == w.planeName {
			w.plane = nil
		}
	case *tenantryv1.Tenant:
		delete(w.tenants, o.Name)
	case *tenantryv1.Corpus:
		w.removeCorpus(client.ObjectKeyFromObject(o))
	case *corev1.Secret:
		if w.isMaterial(o) {
			w.material, w.materialErr = nil, nil
		}
	}
}

func (w *world) isMaterial(s *corev1.Secret) bool {
	return s.Namespace == w.namespace && s.Name == credential.GatewayMaterialName(w.planeName)
}

func parseMaterial(s *corev1.Secret, plane string) (*credential.GatewayMaterial, error) {
	if s.Type != credential.GatewayMaterialType {
		return nil, fmt.Errorf("it has type %q, not %q: something else was put in its place; delete it, and the operator writes it anew",
			s.Type, credential.GatewayMaterialType)
	}
	m, err := credential.ParseGatewayMaterial(s.Data)
	if err != nil {
		return nil, err
	}
	if m.Plane != plane {
		return nil, fmt.Errorf("it is the material of DataPlane %q, not of %q; delete it, and the operator writes it anew", m.Plane, plane)
	}
	return &m, nil
}

func (w *world) putCorpus(c *tenantryv1.Corpus) {
	key, owner := client.ObjectKeyFromObject(c), c.Spec.Tenant
	if before, ok := w.owners[key]; ok && before != owner {
		w.removeCorpus(key) // deleted and made again under another Tenant between two events
	}
	w.owners[key] = owner
	w.replace(owner, func(set *corpusSet) *corpusSet { return set.with(c) })
}

func (w *world) removeCorpus(key types.NamespacedName) {
	owner, ok := w.owners[key]
	if !ok {
		return
	}
	delete(w.owners, key)
	w.replace(owner, func(set *corpusSet) *corpusSet { return set.without(key) })
}

func (w *world) replace(owner string, edit func(*corpusSet) *corpusSet) {
	if owner == "" {
		w.references = edit(w.references)
		return
	}
	set := edit(w.corpora[owner])
	if len(set.list) == 0 {
		delete(w.corpora, owner)
		return
	}
	w.corpora[owner] = set
}

func (s *corpusSet) all() []*tenantryv1.Corpus {
	if s == nil {
		return nil
	}
	return s.list
}

func (s *corpusSet) find(key types.NamespacedName) (int, bool) {
	return slices.BinarySearchFunc(s.all(), key, func(c *tenantryv1.Corpus, k types.NamespacedName) int {
		return cmp.Or(cmp.Compare(c.Namespace, k.Namespace), cmp.Compare(c.Name, k.Name))
	})
}

func (s *corpusSet) with(c *tenantryv1.Corpus) *corpusSet {
	i, found := s.find(client.ObjectKeyFromObject(c))
	list := slices.Clone(s.all())
	if found {
		list[i] = c
		return &corpusSet{list}
	}
	return &corpusSet{slices.Insert(list, i, c)}
}

func (s *corpusSet) without(key types.NamespacedName) *corpusSet {
	i, found := s.find(key)
	if !found {
		return &corpusSet{s.all()}
	}
	return &corpusSet{slices.Delete(slices.Clone(s.list), i, i+1)}
}
