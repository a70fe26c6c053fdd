package directory

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// shelf keeps every Corpus of the cluster, those too that do not count: who may create Corpora in some namespace must not
// be able to make this plane's gateways work. Putting one there costs the same however many there are.
type shelf struct {
	by    map[place]map[string]*tenantryv1.Corpus // by its name
	owner map[types.NamespacedName]string
}

// place is the Tenant that a Corpus names, "" for a reference, and the namespace that it is in.
type place struct{ tenant, namespace string }

func newShelf() shelf {
	return shelf{by: map[place]map[string]*tenantryv1.Corpus{}, owner: map[types.NamespacedName]string{}}
}

func (s shelf) put(c *tenantryv1.Corpus) {
	at := place{c.Spec.Tenant, c.Namespace}
	if s.by[at] == nil {
		s.by[at] = map[string]*tenantryv1.Corpus{}
	}
	s.by[at][c.Name] = c
	s.owner[client.ObjectKeyFromObject(c)] = c.Spec.Tenant
}

func (s shelf) remove(key types.NamespacedName) {
	at := place{s.owner[key], key.Namespace}
	delete(s.owner, key)
	if delete(s.by[at], key.Name); len(s.by[at]) == 0 {
		delete(s.by, at)
	}
}

// corpusSet is an immutable list, ordered by namespace and name.
type corpusSet struct{ list []*tenantryv1.Corpus }

func (w *world) putPlane(dp *tenantryv1.DataPlane) {
	before := w.plane
	w.plane = dp
	if before == nil || dp == nil || !slices.Equal(before.Spec.TrustedNamespaces, dp.Spec.TrustedNamespaces) {
		w.references = w.collect(w.references, "", w.trusted())
	}
}

func (w *world) putTenant(t *tenantryv1.Tenant) {
	before := w.tenants[t.Name]
	w.tenants[t.Name] = t
	if before == nil || !slices.Equal(before.Spec.Namespaces, t.Spec.Namespaces) {
		w.store(t.Name, w.collect(w.corpora[t.Name], t.Name, t.Spec.Namespaces))
	}
}

// trusted are the namespaces that references count from.
func (w *world) trusted() []string {
	if w.plane == nil {
		return nil
	}
	return append([]string{w.namespace}, w.plane.Spec.TrustedNamespaces...)
}

// counts says whether a Corpus has a say in what is served: a reference of this plane in a trusted namespace, or one that
// has a place already and is in a namespace of the Tenant that it names.
func (w *world) counts(c *tenantryv1.Corpus) bool {
	if c.Spec.Tenant == "" {
		return c.Spec.Reference != nil && c.Spec.Reference.DataPlane == w.planeName && slices.Contains(w.trusted(), c.Namespace)
	}
	t := w.tenants[c.Spec.Tenant]
	return t != nil && slices.Contains(t.Spec.Namespaces, c.Namespace) && c.Status.Placement != nil
}

func (w *world) putCorpus(c *tenantryv1.Corpus) (changed bool) {
	key := client.ObjectKeyFromObject(c)
	if before, ok := w.all.owner[key]; ok && before != c.Spec.Tenant {
		changed = w.removeCorpus(key) // deleted and made again under another Tenant between two events
	}
	w.all.put(c)
	if !w.counts(c) {
		return w.drop(c.Spec.Tenant, key) || changed
	}
	w.store(c.Spec.Tenant, w.set(c.Spec.Tenant).with(c))
	return true
}

func (w *world) removeCorpus(key types.NamespacedName) (changed bool) {
	owner, ok := w.all.owner[key]
	if !ok {
		return false
	}
	w.all.remove(key)
	return w.drop(owner, key)
}

// drop takes a Corpus out of those that count, if it is among them.
func (w *world) drop(owner string, key types.NamespacedName) bool {
	set := w.set(owner)
	i, found := set.find(key)
	if found {
		w.store(owner, &corpusSet{slices.Delete(slices.Clone(set.list), i, i+1)})
	}
	return found
}

// collect finds what counts of an owner in some namespaces. It returns before where that is the same.
func (w *world) collect(before *corpusSet, owner string, namespaces []string) *corpusSet {
	var list []*tenantryv1.Corpus
	for _, namespace := range slices.Compact(slices.Sorted(slices.Values(namespaces))) {
		for _, c := range w.all.by[place{owner, namespace}] {
			if w.counts(c) {
				list = append(list, c)
			}
		}
	}
	slices.SortFunc(list, func(a, b *tenantryv1.Corpus) int { return compare(a, client.ObjectKeyFromObject(b)) })
	if slices.Equal(before.all(), list) {
		return before
	}
	return &corpusSet{list}
}

func (w *world) set(owner string) *corpusSet {
	if owner == "" {
		return w.references
	}
	return w.corpora[owner]
}

func (w *world) store(owner string, set *corpusSet) {
	switch {
	case owner == "":
		w.references = set
	case len(set.all()) == 0:
		delete(w.corpora, owner)
	default:
		w.corpora[owner] = set
	}
}

func compare(c *tenantryv1.Corpus, k types.NamespacedName) int {
	return cmp.Or(cmp.Compare(c.Namespace, k.Namespace), cmp.Compare(c.Name, k.Name))
}

func (s *corpusSet) all() []*tenantryv1.Corpus {
	if s == nil {
		return nil
	}
	return s.list
}

func (s *corpusSet) find(key types.NamespacedName) (int, bool) {
	return slices.BinarySearchFunc(s.all(), key, compare)
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
