package api

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const samplesDir = "../../config/samples"

// kustomize renders a folder of config/.
func kustomize(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	command := exec.Command(stacktest.ControlPlane(t).Kubectl, "kustomize", dir)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	objects, err := decode(out)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestSamplesAreStoredAsWritten(t *testing.T) {
	c := newClient(t)
	for _, written := range kustomize(t, samplesDir) { // namespaces come first; nothing else could be stored without them
		if written.GetKind() == "Namespace" {
			apply(t, c, written)
			continue
		}
		storedAsWritten(t, c, written)
	}
}

// A file that is listed in no kustomization would never be applied, nor tested.
func TestSamplesAreComplete(t *testing.T) {
	var want []string
	for _, m := range manifests(t, samplesDir+"/*/*.yaml", samplesDir+"/*/*/*.yaml") {
		if m.name() == "kustomization" || strings.HasSuffix(m.path, ".template.yaml") {
			continue
		}
		want = append(want, identities(m.objects)...)
	}
	got := identities(kustomize(t, samplesDir))
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("samples in files against samples in kustomizations (-files +kustomizations):\n%s", diff)
	}
}

func TestDefinitionsAreInTheKustomization(t *testing.T) {
	var want []string
	for _, crd := range definitions(t) {
		want = append(want, "CustomResourceDefinition /"+crd.Name)
	}
	if diff := cmp.Diff(want, identities(kustomize(t, "../../config/crd")), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("config/crd (-bases +kustomization):\n%s", diff)
	}
}

func identities(objects []*unstructured.Unstructured) []string {
	var found []string
	for _, o := range objects {
		found = append(found, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
	}
	return found
}
