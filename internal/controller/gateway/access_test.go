package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// shared are the shared collections of the plane in these tests.
var shared = vector.Spec{Shared: []vector.SharedCollection{{Name: "s1"}, {Name: "s2"}}}

func tenant(name string, edit ...func(*tenantryv1.Tenant)) tenantryv1.Tenant {
	t := tenantryv1.Tenant{}
	t.Name, t.UID = name, types.UID("uid-of-"+name)
	t.Spec = tenantryv1.TenantSpec{DataPlane: "eu-1", Namespaces: []string{"team"}, Jurisdictions: []string{"eu"}}
	t.Status.TenantID, t.Status.AppliedHash = name, "h"
	for _, f := range edit {
		f(&t)
	}
	return t
}

func corpus(tenant, name string, edit ...func(*tenantryv1.Corpus)) tenantryv1.Corpus {
	c := tenantryv1.Corpus{}
	c.Namespace, c.Name, c.UID = "team", name, types.UID(tenant+name)
	c.Spec.Tenant = tenant
	c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternDedicated, Collection: vector.CollectionName(tenant, name)}
	ready(metav1.ConditionTrue, tenantryv1.ReasonCollectionReady)(&c)
	for _, f := range edit {
		f(&c)
	}
	return c
}

func reference(name string, edit ...func(*tenantryv1.Corpus)) tenantryv1.Corpus {
	return corpus("", name, append([]func(*tenantryv1.Corpus){func(c *tenantryv1.Corpus) {
		c.Spec.Tenant, c.Spec.Reference = "", &tenantryv1.ReferenceSpec{DataPlane: "eu-1", Jurisdiction: "eu"}
		c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternReference, Collection: vector.ReferenceName("eu", name)}
	}}, edit...)...)
}

func in(pattern tenantryv1.Pattern, collection string) func(*tenantryv1.Corpus) {
	return func(c *tenantryv1.Corpus) {
		c.Status.Placement = &tenantryv1.Placement{Pattern: pattern, Collection: collection}
	}
}

func ready(status metav1.ConditionStatus, reason string) func(*tenantryv1.Corpus) {
	return func(c *tenantryv1.Corpus) {
		c.Status.Conditions = []metav1.Condition{{Type: tenantryv1.ConditionCollectionReady, Status: status, Reason: reason}}
	}
}

func stock(references []tenantryv1.Corpus, tenants []tenantryv1.Tenant, corpora ...tenantryv1.Corpus) inventory {
	v := inventory{tenants: tenants, references: references, corpora: map[string][]tenantryv1.Corpus{}}
	for _, c := range corpora {
		v.corpora[c.Spec.Tenant] = append(v.corpora[c.Spec.Tenant], c)
	}
	return v
}

// text writes sets as "a=w b=r", one a line.
func text(sets []set) []string {
	var out []string
	for _, s := range sets {
		var parts []string
		for _, a := range s {
			parts = append(parts, a.Collection+"="+map[bool]string{true: "w", false: "r"}[a.Write])
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}

func TestSets(t *testing.T) {
	one := []tenantryv1.Tenant{tenant("acme")}
	suspended := func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended }
	now := metav1.Now()
	for name, tc := range map[string]struct {
		stock inventory
		want  []string
	}{
		"no tenant":         {stock([]tenantryv1.Corpus{reference("law")}, nil), nil},
		"nothing to open":   {stock(nil, one), nil},
		"a corpus":          {stock(nil, one, corpus("acme", "a")), []string{"tenant_acme_a=w"}},
		"two, and together": {stock(nil, one, corpus("acme", "b"), corpus("acme", "a")), []string{"tenant_acme_a=w", "tenant_acme_b=w", "tenant_acme_a=w tenant_acme_b=w"}},
		"a reference is read": {stock([]tenantryv1.Corpus{reference("law")}, one, corpus("acme", "a")),
			[]string{"reference_eu_law=r", "tenant_acme_a=w", "reference_eu_law=r tenant_acme_a=w"}},
		"tenants that share what they open": {stock(nil, []tenantryv1.Tenant{tenant("acme"), tenant("beta")},
			corpus("acme", "a", in(tenantryv1.PatternShared, "s1")), corpus("acme", "b", in(tenantryv1.PatternShared, "s2")),
			corpus("acme", "c", in(tenantryv1.PatternShared, "s2")),
			corpus("beta", "a", in(tenantryv1.PatternShared, "s1")), corpus("beta", "b", in(tenantryv1.PatternShared, "s2"))),
			[]string{"s1=w", "s2=w", "s1=w s2=w"}},
		"suspended":             {stock(nil, []tenantryv1.Tenant{tenant("acme", suspended)}, corpus("acme", "a")), nil},
		"on its way out":        {stock(nil, []tenantryv1.Tenant{tenant("acme", func(t *tenantryv1.Tenant) { t.DeletionTimestamp = &now })}, corpus("acme", "a")), nil},
		"not claimed":           {stock(nil, []tenantryv1.Tenant{tenant("acme", func(t *tenantryv1.Tenant) { t.Status.TenantID = "" })}, corpus("acme", "a")), nil},
		"never verified":        {stock(nil, []tenantryv1.Tenant{tenant("acme", func(t *tenantryv1.Tenant) { t.Status.AppliedHash = "" })}, corpus("acme", "a")), nil},
		"a namespace not its":   {stock(nil, one, corpus("acme", "a", func(c *tenantryv1.Corpus) { c.Namespace = "elsewhere" })), nil},
		"not looked at":         {stock(nil, one, corpus("acme", "a", func(c *tenantryv1.Corpus) { c.Status.Conditions = nil })), nil},
		"drifted":               {stock(nil, one, corpus("acme", "a", ready("False", tenantryv1.ReasonDrifted))), []string{"tenant_acme_a=w"}},
		"not known":             {stock(nil, one, corpus("acme", "a", ready("Unknown", tenantryv1.ReasonUnreachable))), []string{"tenant_acme_a=w"}},
		"of another shape":      {stock(nil, one, corpus("acme", "a", ready("False", tenantryv1.ReasonShapeMismatch))), nil},
		"leaving":               {stock(nil, one, corpus("acme", "a", func(c *tenantryv1.Corpus) { c.DeletionTimestamp = &now })), nil},
		"placed at another's":   {stock(nil, one, corpus("acme", "a", in(tenantryv1.PatternDedicated, "tenant_beta_a"))), nil},
		"placed at the claims":  {stock(nil, one, corpus("acme", "a", in(tenantryv1.PatternShared, vector.ClaimsCollection))), nil},
		"a dedicated as shared": {stock(nil, one, corpus("acme", "a", in(tenantryv1.PatternShared, "tenant_beta_a"))), nil},
		"a reference elsewhere": {stock([]tenantryv1.Corpus{reference("law", in(tenantryv1.PatternReference, "tenant_beta_a"))}, one), nil},
		"a reference of others": {stock([]tenantryv1.Corpus{reference("law", func(c *tenantryv1.Corpus) { c.Spec.Reference.Jurisdiction = "us" })}, one), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, text(tc.stock.sets(shared))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
