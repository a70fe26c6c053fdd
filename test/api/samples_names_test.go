package api

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/api/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// samples are the sample resources by kind.
type samples struct {
	plane      v1alpha1.DataPlane
	tenants    map[string]v1alpha1.Tenant
	corpora    []v1alpha1.Corpus
	budgets    []v1alpha1.AIBudget
	namespaces []string
	// rights are the namespaces in which the operator may write Secrets.
	rights  []string
	secrets []corev1.Secret
}

func readSamples(t *testing.T) samples {
	t.Helper()
	s := samples{tenants: map[string]v1alpha1.Tenant{}}
	template := readManifest(t, filepath.Join(samplesDir, "platform", "secrets.template.yaml"))
	for _, o := range append(kustomize(t, samplesDir), template.objects...) {
		switch o.GetKind() {
		case "DataPlane":
			s.plane = into[v1alpha1.DataPlane](t, o)
		case "Tenant":
			s.tenants[o.GetName()] = into[v1alpha1.Tenant](t, o)
		case "Corpus":
			s.corpora = append(s.corpora, into[v1alpha1.Corpus](t, o))
		case "AIBudget":
			s.budgets = append(s.budgets, into[v1alpha1.AIBudget](t, o))
		case "Namespace":
			s.namespaces = append(s.namespaces, o.GetName())
		case "RoleBinding":
			s.rights = append(s.rights, credentialRights(t, o))
		case "Secret":
			s.secrets = append(s.secrets, into[corev1.Secret](t, o))
		default:
			t.Errorf("a sample is a %s, which this test does not know", o.GetKind())
		}
	}
	return s
}

func into[T any](t *testing.T, o *unstructured.Unstructured) T {
	t.Helper()
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, &typed, true); err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
	return typed
}

// credentialRights checks that a RoleBinding is the one that a condition of a Tenant asks for; it returns its namespace.
func credentialRights(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	binding := into[rbacv1.RoleBinding](t, o)
	operator := rbacv1.Subject{Kind: "ServiceAccount", Name: "tenantry-controller-manager", Namespace: "tenantry-system"}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "tenantry-credentials"}
	if diff := cmp.Diff([]rbacv1.Subject{operator}, binding.Subjects); diff != "" {
		t.Errorf("subjects of the RoleBinding in %s (-want +got):\n%s", binding.Namespace, diff)
	}
	if diff := cmp.Diff(role, binding.RoleRef); diff != "" {
		t.Errorf("role of the RoleBinding in %s (-want +got):\n%s", binding.Namespace, diff)
	}
	return binding.Namespace
}

// Every name in the samples leads to another sample.
func TestSamplesFitTogether(t *testing.T) {
	s := readSamples(t)
	for name, tenant := range s.tenants {
		check(t, "the plane of "+name, tenant.Spec.DataPlane, []string{s.plane.Name})
		for _, namespace := range tenant.Spec.Namespaces {
			check(t, "a namespace of "+name, namespace, s.namespaces)
		}
		if c := tenant.Spec.Credentials; c != nil {
			check(t, "the namespace with rights for the credentials of "+name, c.Namespace, s.rights)
		}
	}
	for _, corpus := range s.corpora {
		s.checkCorpus(t, corpus)
	}
	for _, budget := range s.budgets {
		s.checkBudget(t, budget)
	}
	s.checkSecrets(t)
}

func check(t *testing.T, what, got string, among []string) {
	t.Helper()
	if !slices.Contains(among, got) {
		t.Errorf("%s is %q, which is none of %q", what, got, among)
	}
}

func (s samples) checkCorpus(t *testing.T, c v1alpha1.Corpus) {
	t.Helper()
	if ref := c.Spec.Reference; ref != nil {
		check(t, "the plane of "+c.Name, ref.DataPlane, []string{s.plane.Name})
		check(t, "the namespace of "+c.Name, c.Namespace, s.plane.Spec.TrustedNamespaces)
		check(t, "the namespace with rights for the loader of "+c.Name, c.Namespace, s.rights)
		var read []string
		for _, tenant := range s.tenants {
			read = append(read, tenant.Spec.Jurisdictions...)
		}
		check(t, "the jurisdiction of "+c.Name, ref.Jurisdiction, read)
		return
	}
	check(t, "the namespace of "+c.Name, c.Namespace, s.tenants[c.Spec.Tenant].Spec.Namespaces)
	if c.Spec.SharedCollection != "" {
		var declared []string
		for _, shared := range s.plane.Spec.Qdrant.SharedCollections {
			declared = append(declared, shared.Name)
		}
		check(t, "the collection of "+c.Name, c.Spec.SharedCollection, declared)
	}
}

func (s samples) checkBudget(t *testing.T, b v1alpha1.AIBudget) {
	t.Helper()
	if _, ok := s.tenants[b.Spec.Tenant]; !ok {
		t.Errorf("AIBudget %s names the tenant %q, which is no sample", b.Name, b.Spec.Tenant)
	}
	check(t, "the namespace of AIBudget "+b.Name, b.Namespace, s.plane.Spec.TrustedNamespaces)
	models := []string{"*"}
	for _, model := range s.plane.Spec.Models {
		models = append(models, model.Name)
	}
	for _, limit := range b.Spec.Limits {
		check(t, "a model of AIBudget "+b.Name, limit.Model, models)
	}
}

// checkSecrets looks for the template of every Secret that the plane refers to and that the operator does not make.
func (s samples) checkSecrets(t *testing.T) {
	t.Helper()
	var templates []string
	for _, secret := range s.secrets {
		if secret.Namespace != "tenantry-system" || secret.Labels[v1alpha1.DataPlaneLabel] != s.plane.Name {
			t.Errorf("the template of Secret %s is not in the operator's namespace, or not labelled for %s", secret.Name, s.plane.Name)
		}
		for key := range secret.StringData {
			templates = append(templates, secret.Name+"/"+key)
		}
	}
	p := s.plane.Spec
	for _, ref := range []v1alpha1.SecretKeyReference{
		p.Qdrant.APIKeySecretRef, *p.Qdrant.TLS.CASecretRef, p.Postgres.DSNSecretRef, p.Redis.PasswordSecretRef, *p.Redis.TLS.CASecretRef,
	} {
		check(t, "a Secret of the plane", ref.Name+"/"+ref.Key, templates)
	}
}

// The three patterns are what the samples are there to show.
func TestSamplesShowEveryPattern(t *testing.T) {
	got := map[string]bool{}
	s := readSamples(t)
	for _, c := range s.corpora {
		got["Reference"] = got["Reference"] || c.Spec.Reference != nil
		got["Shared"] = got["Shared"] || c.Spec.SharedCollection != ""
		got["Dedicated"] = got["Dedicated"] || c.Spec.Tenant != "" && len(c.Spec.Vectors) > 0
	}
	if diff := cmp.Diff(map[string]bool{"Dedicated": true, "Shared": true, "Reference": true}, got); diff != "" {
		t.Errorf("patterns (-want +got):\n%s", diff)
	}
}
