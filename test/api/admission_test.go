package api

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestInvalidManifestsAreRefused(t *testing.T) {
	c := newClient(t)
	for _, m := range manifests(t, "invalid/*/*.yaml") {
		t.Run(m.path, func(t *testing.T) {
			if len(m.objects) != 1 || len(m.want) == 0 {
				t.Fatal("an invalid manifest is one object with at least one \"# want:\" line")
			}
			err := c.Create(t.Context(), namespaced(m.objects[0]), client.DryRunAll)
			if err == nil {
				t.Fatal("accepted, want it refused")
			}
			checkComplaints(t, m.want, complaints(err))
		})
	}
}

func TestUpdatesOfImmutableFieldsAreRefused(t *testing.T) {
	c := newClient(t)
	for _, m := range manifests(t, "immutable/*.yaml") {
		t.Run(m.name(), func(t *testing.T) {
			if len(m.want) == 0 {
				t.Fatal("an update that must be refused has at least one \"# want:\" line")
			}
			checkComplaints(t, m.want, update(t, c, m))
		})
	}
}

func TestOtherUpdatesAreAccepted(t *testing.T) {
	c := newClient(t)
	for _, m := range manifests(t, "mutable/*.yaml") {
		t.Run(m.name(), func(t *testing.T) { checkComplaints(t, nil, update(t, c, m)) })
	}
}

// update stores the first document of m, changes it to the second and returns the complaints.
func update(t *testing.T, c client.Client, m manifest) []string {
	t.Helper()
	if len(m.objects) != 2 {
		t.Fatal("an update is two documents: the object and what it is changed to")
	}
	stored := create(t, c, m.objects[0])
	changed := namespaced(m.objects[1])
	changed.SetResourceVersion(stored.GetResourceVersion())
	if err := c.Update(t.Context(), changed, client.DryRunAll); err != nil {
		return complaints(err)
	}
	return nil
}

// checkComplaints compares and, where they differ, prints the lines that would make the manifest right.
func checkComplaints(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("complaints (-want +got):\n%s\nIf these are right, they read:\n# want: %s", diff, strings.Join(got, "\n# want: "))
	}
}

// create stores an object and deletes it at the end of the test.
func create(t *testing.T, c client.Client, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	object = namespaced(object)
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatalf("create the object that is to be changed: %v", err)
	}
	t.Cleanup(func() { remove(t, c, object) })
	return object
}

// remove deletes an object. It uses a context of its own: a test's is done before its cleanups.
func remove(t *testing.T, c client.Client, object client.Object) {
	if err := client.IgnoreNotFound(c.Delete(context.Background(), object)); err != nil {
		t.Errorf("delete %s: %v", object.GetName(), err)
	}
}
