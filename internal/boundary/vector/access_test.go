package vector

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestAccessList(t *testing.T) {
	shared := boundary.Corpus{Name: "s", TenantID: "acme", TenantUID: "uid-acme", Pattern: boundary.Shared, Collection: "shared-documents"}
	retained, foreign := corpus("old"), corpus("theirs")
	retained.Retained = true
	foreign.TenantID = "globex"
	for name, c := range map[string]struct {
		tenant boundary.Tenant
		want   []Grant
	}{
		"own and references": {acme(corpus("notes"), corpus("mail")), []Grant{
			{"reference_eu_rules", Read}, {"tenant_acme_mail", PointsReadWrite}, {"tenant_acme_notes", PointsReadWrite},
		}},
		"references only":          {acme(), []Grant{{"reference_eu_rules", Read}}},
		"nothing at all":           {boundary.Tenant{ID: "acme"}, nil},
		"shared only":              {acme(shared), nil},
		"shared beside its own":    {acme(shared, corpus("notes")), []Grant{{"reference_eu_rules", Read}, {"tenant_acme_notes", PointsReadWrite}}},
		"retained only":            {acme(retained), []Grant{{"reference_eu_rules", Read}}},
		"somebody else's":          {acme(foreign), []Grant{{"reference_eu_rules", Read}}},
		"a reference that is none": {boundary.Tenant{ID: "acme", Corpora: []boundary.Corpus{corpus("notes")}, References: []string{"tenant_globex_notes"}}, []Grant{{"tenant_acme_notes", PointsReadWrite}}},
		"a reference named twice":  {boundary.Tenant{ID: "acme", Corpora: []boundary.Corpus{corpus("notes")}, References: []string{"reference_a_b", "reference_a_b"}}, []Grant{{"reference_a_b", Read}, {"tenant_acme_notes", PointsReadWrite}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, AccessList(c.tenant)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoaderAccess(t *testing.T) {
	if diff := cmp.Diff([]Grant{{"reference_eu_rules", PointsReadWrite}}, LoaderAccess(rules())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if g := LoaderAccess(corpus("notes")); g != nil {
		t.Errorf("a dedicated corpus has no loader, got %v", g)
	}
}

func TestNamesNeverCollide(t *testing.T) {
	names := map[string]string{}
	for owner, name := range map[string]string{
		"acme/2-notes":      CollectionName("acme", "2-notes"),
		"acme-2/notes":      CollectionName("acme-2", "notes"),
		"reference a/b-c":   ReferenceName("a", "b-c"),
		"reference a-b/c":   ReferenceName("a-b", "c"),
		"claims":            ClaimsCollection,
		"tokens":            TokensCollection,
		"reference as acme": CollectionName("reference", "a"),
	} {
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s share collection %s", owner, other, name)
		}
		names[name] = owner
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"1.19.0": true, "v1.19.0": true, "1.20.0-dev": true, "2.0.0": true, "1.18.9": false, "1.2.0": false, "0.99": false, "": false, "dev": false,
	} {
		if got := AtLeast(version, 1, 19); got != want {
			t.Errorf("AtLeast(%q, 1, 19) = %t, want %t", version, got, want)
		}
	}
}

func TestNoOpShowsASecret(t *testing.T) {
	d, _ := judge.DiffTenant(acme(corpus("notes")), says(acme(corpus("notes"))), Observed{Tokens: TokensAccepted}, now)
	ops := map[string]bool{}
	for _, c := range d.Plan {
		ops[c.Op.String()] = true
	}
	want := map[string]bool{
		"claim tenantID acme": true, "create collection tenant_acme_notes": true,
		"create index tenant_acme_notes.source as Keyword": true, "grant token one of uid-acme": true,
	}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
