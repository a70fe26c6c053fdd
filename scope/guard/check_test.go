package guard_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/guard"
)

func checker(t testing.TB, change ...func(*guard.CheckerConfig)) *guard.OutputChecker {
	t.Helper()
	config := guard.CheckerConfig{
		IsTenant: guard.TenantIDs("acme", "acme-2", "globex", "summit", "0b0e7c5e-97a4-4f4c-9b3c-6f6f4a3f1e11"),
		Ignore:   []string{"summit"}, Names: []string{"shared-documents", "Redis-0.redis"}, Canaries: []string{"canary-4711"},
	}
	for _, f := range change {
		f(&config)
	}
	c, err := guard.NewOutputChecker(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func as(t testing.TB, id string) context.Context {
	return scope.WithTenant(t.Context(), scope.Tenant{ID: id})
}

// found is a finding with what it is about.
type found struct {
	Kind guard.Kind
	Text string
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []found
	}{
		"nothing":                  {"Your contract ends in May: see page 3.", nil},
		"its own id":               {"You are acme.", nil},
		"another's id":             {"Unlike globex, you pay.", []found{{guard.TenantID, "globex"}}},
		"capital":                  {"Unlike Globex.", []found{{guard.TenantID, "Globex"}}},
		"look-alike of its own":    {"acme-2 pays", []found{{guard.TenantID, "acme-2"}}},
		"a part of a word":         {"globexical, preglobex, acme-3, globex-x", nil},
		"between punctuation":      {"see globex.com, x_globex_y, (globex) -globex-", []found{{guard.TenantID, "globex"}, {guard.TenantID, "globex"}, {guard.TenantID, "globex"}, {guard.TenantID, "globex"}}},
		"a UUID":                   {"id 0B0E7C5E-97a4-4f4c-9b3c-6f6f4a3f1e11!", []found{{guard.TenantID, "0B0E7C5E-97a4-4f4c-9b3c-6f6f4a3f1e11"}}},
		"also a word":              {"the summit", nil},
		"Cyrillic":                 {"glоbеx", []found{{guard.TenantID, "glоbеx"}}},
		"invisible":                {"glo\u200bbex!", []found{{guard.TenantID, "glo\u200bbex"}}},
		"accents":                  {"glóbex", []found{{guard.TenantID, "glóbex"}}},
		"ligature":                 {"ﬁ globex ﬁ", []found{{guard.TenantID, "globex"}}},
		"in Chinese":               {"这是globex的", []found{{guard.TenantID, "globex"}}},
		"collection":               {"in tenant_globex_documents there", []found{{guard.Collection, "tenant_globex_documents"}}},
		"own collection":           {"in tenant_acme_documents.", []found{{guard.Collection, "tenant_acme_documents"}}},
		"a column":                 {"the column tenant_id is text", nil},
		"Tenantry's":               {"select from tenantry.use_tenant, tenantry_claims, tenantry_ab12_apps", []found{{guard.InternalName, "tenantry.use_tenant"}, {guard.InternalName, "tenantry_claims"}, {guard.InternalName, "tenantry_ab12_apps"}}},
		"the word":                 {"tenantry farmers, tenant-based rules", nil},
		"user of Redis":            {"user tenant-globex is off; tenant-acme on", []found{{guard.InternalName, "tenant-globex"}, {guard.InternalName, "tenant-acme"}}},
		"key":                      {"GET ai:globex:greeting or ai:acme:x, fai:acme:x", []found{{guard.KeyPrefix, "ai:globex:"}, {guard.KeyPrefix, "ai:acme:"}}},
		"names":                    {"collection SHARED-documents on redis-0.redis:6379", []found{{guard.Name, "SHARED-documents"}, {guard.Name, "redis-0.redis"}}},
		"a part of a name":         {"unshared-documents2", nil},
		"canary, inside of a word": {"xxcanary-4711xx", []found{{guard.Canary, "canary-4711"}}},
		"long word before":         {strings.Repeat("x", 5000) + " globex", []found{{guard.TenantID, "globex"}}},
		"in a long word":           {strings.Repeat("x.", 3000) + "globex" + strings.Repeat(".x", 3000), []found{{guard.TenantID, "globex"}}},
	} {
		t.Run(name, func(t *testing.T) {
			ch := checker(t)
			findings, err := ch.Check(as(t, "acme"), c.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []found
			for _, f := range findings {
				got = append(got, found{f.Kind, c.text[f.Start:f.End]})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, err := ch.Check(as(t, "acme"), ch.Redact(c.text, findings))
			if err != nil || len(again) > 0 {
				t.Errorf("after redaction: %v, %v", again, err)
			}
		})
	}
}

func TestCheckNeedsATenant(t *testing.T) {
	if _, err := checker(t).Check(t.Context(), "x"); !errors.Is(err, scope.ErrNoTenant) {
		t.Errorf("Check: %v", err)
	}
	if _, err := checker(t).Stream(t.Context()); !errors.Is(err, scope.ErrNoTenant) {
		t.Errorf("Stream: %v", err)
	}
}

func TestNewOutputChecker(t *testing.T) {
	for name, c := range map[string]guard.CheckerConfig{
		"canary that is short":  {Canaries: []string{"x"}},
		"canary with a space":   {Canaries: []string{"canary of acme"}},
		"name that is empty":    {Names: []string{""}},
		"name that is long":     {Names: []string{strings.Repeat("x", 256)}},
		"prefix with a pattern": {KeyPrefixes: []string{"a*"}},
	} {
		if _, err := guard.NewOutputChecker(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if findings, err := checker(t, func(c *guard.CheckerConfig) { *c = guard.CheckerConfig{} }).Check(as(t, "acme"), "globex ai:globex:"); err != nil || len(findings) != 1 {
		t.Errorf("the zero value finds %v, %v", findings, err)
	}
}

// stream runs an answer in pieces of a size.
func stream(t testing.TB, c *guard.OutputChecker, text string, size int) (string, []guard.Finding) {
	t.Helper()
	s, err := c.Stream(as(t, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	var found []guard.Finding
	for len(text) > 0 {
		n := min(size, len(text))
		out, f := s.Next(text[:n])
		shown.WriteString(out)
		found = append(found, f...)
		text = text[n:]
	}
	out, f := s.Close()
	shown.WriteString(out)
	return shown.String(), append(found, f...)
}

func sameInPieces(t *testing.T, c *guard.OutputChecker, text string, sizes ...int) {
	t.Helper()
	want, err := c.Check(as(t, "acme"), text)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, f := range want {
		if f.Start < last || f.End <= f.Start || f.End > len(text) {
			t.Fatalf("%q: findings out of order: %v", text, want)
		}
		last = f.End
	}
	for _, size := range sizes {
		shown, got := stream(t, c, text, size)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q in pieces of %d: -want +got:\n%s", text, size, diff)
		}
		if redacted := c.Redact(text, want); shown != redacted {
			t.Errorf("%q in pieces of %d shows %q, want %q", text, size, shown, redacted)
		}
	}
}

func TestStreamIsTheSameInPieces(t *testing.T) {
	text := "Unlike Globex, in tenant_globex_documents: glo\u200bbех ai:globex:key \xff canary-4711 " + strings.Repeat("a.b", 2000) + ".globex." +
		strings.Repeat("é", 3000) + " globex \xe2\x82"
	sameInPieces(t, checker(t), text, 1, 2, 3, 5, 7, 64, 1000, len(text))
}

// Words that are too long to hold back are judged in parts; nothing may slip through where they are cut.
func TestLongWordsAreCutBetweenFindings(t *testing.T) {
	c := checker(t)
	for pad := 1000; pad < 2100; pad++ {
		text := strings.Repeat("x", pad) + ".globex.tenant_globex_documents." + strings.Repeat("x", 2100-pad) + ".globex"
		findings, err := c.Check(as(t, "acme"), text)
		if err != nil || len(findings) != 3 {
			t.Fatalf("behind %d bytes: %v, %v", pad, findings, err)
		}
		if got := c.Redact(text, findings); strings.Contains(got, "globex") {
			t.Fatalf("behind %d bytes: %s", pad, got)
		}
	}
}

// What turns out to be part of a finding is never shown before.
func TestStreamHoldsBack(t *testing.T) {
	s, err := checker(t).Stream(as(t, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][2]string{{"Like glo", "Like "}, {"b", ""}, {"ex", ""}, {" an", "[withheld] "}, {"d acme", "and "}} {
		if got, _ := s.Next(step[0]); got != step[1] {
			t.Errorf("after %q it shows %q, want %q", step[0], got, step[1])
		}
	}
	if got, _ := s.Close(); got != "acme" {
		t.Errorf("at its end it shows %q", got)
	}
}

func FuzzStream(f *testing.F) {
	for _, s := range []string{"globex", "tenant_globex_documents", "ai:globex:x", "glо\u200bbex", "ﬁglobexﬁ", "\xffglobex\xe2", "canary-4711", strings.Repeat("x.globex", 400)} {
		f.Add(s, 1)
		f.Add(s+" "+s, 3)
	}
	c := checker(f)
	f.Fuzz(func(t *testing.T, text string, size int) {
		sameInPieces(t, c, text, max(1, size%64), len(text)+1)
		findings, err := c.Check(as(t, "acme"), text)
		if err != nil {
			t.Fatal(err)
		}
		if valid := utf8.ValidString(text); valid && !utf8.ValidString(c.Redact(text, findings)) {
			t.Errorf("%q is redacted to what is no UTF-8", text)
		}
	})
}
