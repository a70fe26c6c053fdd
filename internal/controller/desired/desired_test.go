package desired

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

func tenant(edit ...func(*tenantryv1.Tenant)) *tenantryv1.Tenant {
	t := &tenantryv1.Tenant{}
	t.Name, t.UID = "acme", "u1"
	t.Spec = tenantryv1.TenantSpec{
		DataPlane: "eu-1", Namespaces: []string{"team"}, Jurisdictions: []string{"eu-gdpr"},
		Credentials: &tenantryv1.CredentialsSpec{Namespace: "team"},
	}
	for _, f := range edit {
		f(t)
	}
	return t
}

func corpus(namespace, name string, edit ...func(*tenantryv1.Corpus)) tenantryv1.Corpus {
	c := tenantryv1.Corpus{}
	c.Namespace, c.Name, c.UID = namespace, name, "c-"+"1"
	c.Spec.Tenant = "acme"
	c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternDedicated, Collection: "tenant_acme_" + name}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func reference(name, plane, jurisdiction string, ready metav1.ConditionStatus) tenantryv1.Corpus {
	return corpus("platform", name, func(c *tenantryv1.Corpus) {
		c.Spec.Tenant = ""
		c.Spec.Reference = &tenantryv1.ReferenceSpec{DataPlane: plane, Jurisdiction: jurisdiction}
		c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternReference, Collection: "reference_" + jurisdiction + "_" + name}
		c.Status.Conditions = []metav1.Condition{{Type: tenantryv1.ConditionCollectionReady, Status: ready}}
	})
}

func TestTenantTakesOnlyWhatCounts(t *testing.T) {
	now := metav1.Now()
	got := Tenant(tenant(), []tenantryv1.Corpus{
		corpus("team", "b"), corpus("team", "a"),
		corpus("elsewhere", "intruder"),
		corpus("team", "unplaced", func(c *tenantryv1.Corpus) { c.Status.Placement = nil }),
		corpus("team", "leaving", func(c *tenantryv1.Corpus) { c.DeletionTimestamp = &now }),
		corpus("team", "another's", func(c *tenantryv1.Corpus) { c.Spec.Tenant = "other" }),
	}, []tenantryv1.Corpus{
		reference("law", "eu-1", "eu-gdpr", metav1.ConditionTrue),
		reference("unready", "eu-1", "eu-gdpr", metav1.ConditionFalse),
		reference("foreign", "eu-1", "us-hipaa", metav1.ConditionTrue),
		reference("far", "eu-2", "eu-gdpr", metav1.ConditionTrue),
	})
	var names []string
	for _, c := range got.Corpora {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"reference_eu-gdpr_law"}, got.References); diff != "" {
		t.Error(diff)
	}
}

func TestAccess(t *testing.T) {
	now := metav1.Now()
	for name, tc := range map[string]struct {
		edit func(*tenantryv1.Tenant)
		want boundary.Access
	}{
		"by default": {func(*tenantryv1.Tenant) {}, boundary.Open},
		"suspended":  {func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended }, boundary.Suspended},
		"deleted":    {func(t *tenantryv1.Tenant) { t.DeletionTimestamp = &now }, boundary.Retained},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Tenant(tenant(tc.edit), nil, nil).Access; got != tc.want {
				t.Errorf("access = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestPlacement(t *testing.T) {
	shared := func(t *tenantryv1.Tenant) { t.Spec.Isolation = tenantryv1.IsolationShared }
	for name, tc := range map[string]struct {
		tenant  *tenantryv1.Tenant
		spec    tenantryv1.CorpusSpec
		want    tenantryv1.Placement
		problem bool
	}{
		"dedicated by default": {tenant(), tenantryv1.CorpusSpec{}, tenantryv1.Placement{Pattern: "Dedicated", Collection: "tenant_acme_notes"}, false},
		"shared by the tenant's default": {tenant(shared), tenantryv1.CorpusSpec{SharedCollection: "s"},
			tenantryv1.Placement{Pattern: "Shared", Collection: "s"}, false},
		"its own word counts more": {tenant(shared), tenantryv1.CorpusSpec{Isolation: tenantryv1.IsolationDedicated},
			tenantryv1.Placement{Pattern: "Dedicated", Collection: "tenant_acme_notes"}, false},
		"shared without a collection": {tenant(shared), tenantryv1.CorpusSpec{}, tenantryv1.Placement{}, true},
		"a collection but dedicated":  {tenant(), tenantryv1.CorpusSpec{SharedCollection: "s"}, tenantryv1.Placement{}, true},
		"reference": {nil, tenantryv1.CorpusSpec{Reference: &tenantryv1.ReferenceSpec{Jurisdiction: "eu"}},
			tenantryv1.Placement{Pattern: "Reference", Collection: "reference_eu_notes"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := &tenantryv1.Corpus{Spec: tc.spec}
			c.Name = "notes"
			got, problem := Placement(c, tc.tenant)
			if diff := cmp.Diff(tc.want, got); diff != "" || (problem != "") != tc.problem {
				t.Errorf("problem %q, %s", problem, diff)
			}
		})
	}
}
