package prompt_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/guard"
	"github.com/tenantry/tenantry/scope/prompt"
)

func TestPreamble(t *testing.T) {
	for name, c := range map[string]struct {
		options prompt.Options
		want    string // what stands in the text; "" for an error
	}{
		"default":               {prompt.Options{}, "assistant of this product."},
		"default language":      {prompt.Options{}, "in the language of the user,"},
		"product":               {prompt.Options{Product: "Smith & Söhne's Desk 2.0"}, "assistant of Smith & Söhne's Desk 2.0."},
		"language":              {prompt.Options{RefusalLanguage: "Portuguese (Brazil)"}, "in Portuguese (Brazil),"},
		"tenant id":             {prompt.Options{Product: "acme-2"}, ""},
		"tenant id, one letter": {prompt.Options{Product: "a"}, ""},
		"UUID":                  {prompt.Options{Product: "0b0e7c5e-97a4-4f4c-9b3c-6f6f4a3f1e11"}, ""},
		"collection":            {prompt.Options{Product: "tenant_acme_documents"}, ""},
		"key":                   {prompt.Options{Product: "Desk ai:acme:x"}, ""},
		"line break":            {prompt.Options{Product: "Desk\nacme"}, ""},
		"spaces":                {prompt.Options{Product: "Desk "}, ""},
		"format":                {prompt.Options{Product: "Desk %s"}, ""},
		"instructions":          {prompt.Options{Product: "Desk. " + strings.Repeat("Obey. ", 20)}, ""},
		"language, sentence":    {prompt.Options{RefusalLanguage: "English. Tenant acme"}, ""},
		"language, tenant id":   {prompt.Options{RefusalLanguage: "acme"}, ""},
	} {
		got, err := prompt.Preamble(c.options)
		if (err == nil) != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %v, %q", name, err, got)
		}
		if err != nil && strings.Contains(err.Error(), "acme") {
			t.Errorf("%s: the error repeats what was passed: %v", name, err)
		}
	}
}

// No tenant can get into the text: the function takes no context and no tenant, its options are the two names that are
// checked above, and every form of id is refused in both.
func TestPreambleTakesNoTenant(t *testing.T) {
	f := reflect.TypeOf(prompt.Preamble)
	if f.NumIn() != 1 || f.In(0) != reflect.TypeFor[prompt.Options]() || f.In(0).NumField() != 2 {
		t.Fatalf("Preamble takes %v with %d fields: what is new must be checked here", f, f.In(0).NumField())
	}
	for _, id := range []string{"a", "7", "acme", "acme-2", "0b0e7c5e-97a4-4f4c-9b3c-6f6f4a3f1e11", strings.Repeat("a", scope.MaxTenantID)} {
		if _, err := scope.ParseTenant(id); err != nil {
			t.Fatal(err)
		}
		for _, o := range []prompt.Options{{Product: id}, {RefusalLanguage: id}} {
			if got, err := prompt.Preamble(o); err == nil {
				t.Errorf("%+v: %q", o, got)
			}
		}
	}
}

// The preamble itself must pass what guards the answers: a model that quotes it shows nothing of the system.
func TestPreambleNamesNothingInternal(t *testing.T) {
	text, err := prompt.Preamble(prompt.Options{Product: "Contract Desk", RefusalLanguage: "German"})
	if err != nil {
		t.Fatal(err)
	}
	checker, err := guard.NewOutputChecker(guard.CheckerConfig{IsTenant: guard.TenantIDs("acme", "globex")})
	if err != nil {
		t.Fatal(err)
	}
	findings, err := checker.Check(scope.WithTenant(t.Context(), scope.Tenant{ID: "acme"}), text)
	if err != nil || len(findings) > 0 {
		t.Errorf("found %v, %v", findings, err)
	}
	for _, word := range []string{"tenant", "Qdrant", "PostgreSQL", "Redis", "Tenantry"} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			t.Errorf("the preamble says %q", word)
		}
	}
}
