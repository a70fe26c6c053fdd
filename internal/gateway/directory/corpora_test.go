package directory

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

func from(namespace string) func(*tenantryv1.Corpus) {
	return func(c *tenantryv1.Corpus) { c.Namespace = namespace }
}

// due says whether a rebuild was asked for, and takes the request back.
func due(d *Directory) bool {
	select {
	case <-d.changed:
		return true
	default:
		return false
	}
}

// TestOnlyWhatCountsIsLookedAt: who may create Corpora in a namespace that no Tenant lists can cause no work.
func TestOnlyWhatCountsIsLookedAt(t *testing.T) {
	unplaced := func(c *tenantryv1.Corpus) { c.Status.Placement = nil }
	for name, tc := range map[string]struct {
		object *tenantryv1.Corpus
		want   bool
	}{
		"its own":                        {newCorpus("acme", "x"), true},
		"in another namespace":           {newCorpus("acme", "x", from("stranger")), false},
		"without a place":                {newCorpus("acme", "x", unplaced), false},
		"of a Tenant elsewhere":          {newCorpus("globex", "x"), false},
		"a reference":                    {newReference("eu-gdpr", "x"), true},
		"a reference of the operator's":  {newReference("eu-gdpr", "x", from(system)), true},
		"a reference that is not placed": {newReference("eu-gdpr", "x", unplaced), true},
		"a reference by a stranger":      {newReference("eu-gdpr", "x", from("stranger")), false},
		"another plane's": {newReference("eu-gdpr", "x", func(c *tenantryv1.Corpus) {
			c.Spec.Reference.DataPlane = "us-1"
		}), false},
		"neither": {newReference("eu-gdpr", "x", func(c *tenantryv1.Corpus) { c.Spec.Reference = nil }), false},
	} {
		t.Run(name, func(t *testing.T) {
			d := offline(t, clocktesting.NewFakeClock(epoch), newTenant("acme"))
			for what, event := range map[string]func(){
				"made":    func() { d.event(tc.object, (*world).put) },
				"changed": func() { d.event(tc.object.DeepCopy(), (*world).put) },
			} {
				if event(); due(d) != tc.want {
					t.Errorf("%s: rebuilt %t, want %t", what, !tc.want, tc.want)
				}
			}
			n := len(d.world.corpora["acme"].all()) + len(d.world.references.all())
			if (n == 1) != tc.want {
				t.Errorf("%d Corpora count", n)
			}
			if d.event(tc.object, (*world).remove); due(d) != tc.want {
				t.Errorf("removed: rebuilt %t, want %t", !tc.want, tc.want)
			}
			if len(d.world.all.by) != 0 || len(d.world.all.owner) != 0 || len(d.world.corpora) != 0 {
				t.Errorf("something is left: %+v", d.world.all)
			}
		})
	}
}

// counting names what counts of acme and of the references.
func counting(w *world) []string {
	var out []string
	for _, c := range slices.Concat(w.corpora["acme"].all(), w.references.all()) {
		out = append(out, c.Namespace+"/"+c.Name)
	}
	return out
}

// TestWhatCountsFollows the Tenant and the DataPlane, in whatever order things come.
func TestWhatCountsFollows(t *testing.T) {
	in := func(namespaces ...string) client.Object {
		return newTenant("acme", func(t *tenantryv1.Tenant) { t.Spec.Namespaces = namespaces })
	}
	trusting := func(namespaces ...string) client.Object {
		return newPlane(func(d *tenantryv1.DataPlane) { d.Spec.TrustedNamespaces = namespaces })
	}
	w := newWorld(planeName, system)
	for i := range 2 {
		for _, namespace := range []string{"b", "a", "c"} {
			w.put(newCorpus("acme", fmt.Sprint("n", i), from(namespace)))
			w.put(newReference("eu-gdpr", fmt.Sprint("r", i), from(namespace)))
		}
	}
	w.put(newCorpus("beta", "other", from("a")))
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"neither", func() {}, nil},
		{"a Tenant", func() { w.put(in("b", "a")) }, []string{"a/n0", "a/n1", "b/n0", "b/n1"}},
		{"fewer namespaces", func() { w.put(in("b")) }, []string{"b/n0", "b/n1"}},
		{"a plane", func() { w.put(trusting("c", system)) }, []string{"b/n0", "b/n1", "c/r0", "c/r1"}},
		{"another namespace is trusted", func() { w.put(trusting("a")) }, []string{"b/n0", "b/n1", "a/r0", "a/r1"}},
		{"no plane", func() { w.remove(newPlane()) }, []string{"b/n0", "b/n1"}},
		{"a corpus changes hands", func() { w.put(newCorpus("beta", "n0", from("b"))) }, []string{"b/n1"}},
		{"and back", func() { w.put(newCorpus("acme", "n0", from("b"))) }, []string{"b/n0", "b/n1"}},
		{"no namespace", func() { w.put(in()) }, nil},
		{"all", func() { w.put(in("c", "b")) }, []string{"b/n0", "b/n1", "c/n0", "c/n1"}},
		{"no Tenant", func() { w.remove(in()) }, nil},
	} {
		step.do()
		if diff := cmp.Diff(step.want, counting(w)); diff != "" {
			t.Errorf("%s: %s", step.what, diff)
		}
	}
}

// TestATenantThatIsTheSame keeps its list, so that its scope is not made anew.
func TestATenantThatIsTheSame(t *testing.T) {
	w := worldOf(t, newTenant("acme"), newCorpus("acme", "notes"), newReference("eu-gdpr", "law"))
	own, references := w.corpora["acme"], w.references
	w.put(newTenant("acme", func(t *tenantryv1.Tenant) { t.Spec.Namespaces = []string{"team", "more"} }))
	w.put(newPlane(func(d *tenantryv1.DataPlane) { d.Spec.TrustedNamespaces = []string{"platform", "more"} }))
	w.put(newCorpus("acme", "notes", from("stranger")))
	if w.corpora["acme"] != own || w.references != references {
		t.Error("the lists were made anew")
	}
}
