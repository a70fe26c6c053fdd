package api

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifest is one file of test cases or samples.
type manifest struct {
	path    string
	want    []string // the messages of "# want:" lines, sorted
	objects []*unstructured.Unstructured
}

// manifests reads the files that the patterns match. A pattern without a match is a mistake of the test.
func manifests(t *testing.T, patterns ...string) []manifest {
	t.Helper()
	var found []manifest
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no manifests match %s (%v)", pattern, err)
		}
		for _, path := range paths {
			found = append(found, readManifest(t, path))
		}
	}
	return found
}

func readManifest(t *testing.T, path string) manifest {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{path: path}
	for line := range strings.Lines(string(content)) {
		if want, ok := strings.CutPrefix(line, "# want:"); ok {
			m.want = append(m.want, strings.TrimSpace(want))
		}
	}
	slices.Sort(m.want)
	if m.objects, err = decode(content); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

// decode returns the objects of a YAML stream.
func decode(content []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, err
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// name is the file without directories and extension: the name of the subtest.
func (m manifest) name() string { return strings.TrimSuffix(filepath.Base(m.path), ".yaml") }

// complaints are what the API server holds against an object, "field: message" each, sorted. That further rules were not
// looked at because of these is left out: it says nothing about the object.
func complaints(err error) []string {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var found []string
	for _, cause := range status.Status().Details.Causes {
		if !strings.Contains(cause.Message, "some validation rules were not checked") {
			found = append(found, cause.Field+": "+cause.Message)
		}
	}
	slices.Sort(found)
	return found
}

// namespaced puts an object of a namespaced kind that names no namespace into default.
func namespaced(object *unstructured.Unstructured) *unstructured.Unstructured {
	object = object.DeepCopy()
	if kind := object.GetKind(); object.GetNamespace() == "" && (kind == "Corpus" || kind == "AIBudget") {
		object.SetNamespace("default")
	}
	return object
}
