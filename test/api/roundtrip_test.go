package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/api/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What Git says and what the API server stores never differ: a GitOps tool that compares them sees no drift.
func TestValidManifestsAreStoredAsWritten(t *testing.T) {
	c := newClient(t)
	for _, m := range manifests(t, "valid/*.yaml") {
		t.Run(m.name(), func(t *testing.T) {
			for _, written := range m.objects {
				storedAsWritten(t, c, written)
			}
		})
	}
}

// storedAsWritten applies an object as a GitOps tool would, twice, and removes it at the end of the test.
func storedAsWritten(t *testing.T, c client.Client, written *unstructured.Unstructured) {
	t.Helper()
	first := apply(t, c, written)
	t.Cleanup(func() { remove(t, c, first) })
	for _, part := range []string{"spec", "status"} {
		if diff := cmp.Diff(written.Object[part], first.Object[part]); diff != "" {
			t.Errorf("%s of %s (-written +stored):\n%s", part, written.GetName(), diff)
		}
	}
	second := apply(t, c, written)
	if first.GetResourceVersion() != second.GetResourceVersion() {
		t.Errorf("applying %s again changed it", written.GetName())
	}
}

// apply is kubectl apply --server-side; it returns what is stored afterwards.
func apply(t *testing.T, c client.Client, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	object = object.DeepCopy()
	configuration := client.ApplyConfigurationFromUnstructured(object)
	if err := c.Apply(t.Context(), configuration, client.FieldOwner("git"), client.ForceOwnership); err != nil {
		t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
	}
	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(object.GroupVersionKind())
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), stored); err != nil {
		t.Fatalf("read %s %s back: %v", object.GetKind(), object.GetName(), err)
	}
	return stored
}

// The Go types say the same as the schema: no field is lost, and none appears that nobody wrote.
func TestGoTypesKeepWhatIsWritten(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, m := range manifests(t, "valid/*.yaml") {
		for _, written := range m.objects {
			if diff := cmp.Diff(written.Object["spec"], throughGo(t, scheme, written)["spec"]); diff != "" {
				t.Errorf("%s: spec (-written +from Go):\n%s", m.path, diff)
			}
		}
	}
}

// throughGo converts an object to its Go type and back. A field that the type lacks fails the test.
func throughGo(t *testing.T, scheme *runtime.Scheme, object *unstructured.Unstructured) map[string]any {
	t.Helper()
	typed, err := scheme.New(object.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	converter := runtime.DefaultUnstructuredConverter
	if err := converter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	back, err := converter.ToUnstructured(typed)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Together, the valid manifests set every field there is.
func TestValidManifestsCoverEveryField(t *testing.T) {
	written := map[string]sets.Set[string]{}
	for _, m := range manifests(t, "valid/*.yaml") {
		for _, object := range m.objects {
			if written[object.GetKind()] == nil {
				written[object.GetKind()] = sets.New[string]()
			}
			collect(written[object.GetKind()], "spec", object.Object["spec"])
		}
	}
	for _, crd := range definitions(t) {
		for _, node := range nodes(crd) {
			if strings.HasPrefix(node.path, "spec") && !written[crd.Spec.Names.Kind].Has(node.path) {
				t.Errorf("no valid manifest of a %s sets %s", crd.Spec.Names.Kind, node.path)
			}
		}
	}
}

// collect adds the paths of everything under value.
func collect(paths sets.Set[string], path string, value any) {
	paths.Insert(path)
	switch value := value.(type) {
	case map[string]any:
		for name, child := range value {
			collect(paths, path+"."+name, child)
		}
	case []any:
		for _, child := range value {
			collect(paths, path+"[]", child)
		}
	}
}
