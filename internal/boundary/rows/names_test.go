package rows

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testSpec() Spec {
	return Spec{
		Plane: "eu-1", Installation: "7d1c", NameKey: []byte("key"), AppRoles: []string{"app"}, MaintenanceRoles: []string{"dump"},
		Protect: []Protect{{Schema: "app", Tables: []string{AllTables}, TenantColumn: "tenant_id", Mode: Enforce}},
	}
}

func TestRoleNames(t *testing.T) {
	s := testSpec()
	other := s
	other.Installation = "other"
	got := []string{GroupName(s), AppsName(s), LoginName(s, "uid", 0), LoginName(s, "uid", 1), LoginName(s, "uid2", 0), LoginName(other, "uid", 0)}
	seen := map[string]bool{}
	for _, name := range got {
		if seen[name] {
			t.Errorf("%s is the name of two roles", name)
		}
		seen[name] = true
	}
	// Names are part of what stands on servers: they must never change.
	want := []string{"tenantry_0664ef1b_tenants", "tenantry_0664ef1b_apps"}
	if diff := cmp.Diff(want, got[:2]); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(got[2], Prefix(s)) || len(got[2]) != len(Prefix(s))+16 {
		t.Errorf("login role %s: want the prefix and 16 hex digits", got[2])
	}
	if strings.Contains(got[2], hex.EncodeToString([]byte("uid"))) {
		t.Errorf("login role %s tells the UID", got[2])
	}
}

func TestSpecIsRefused(t *testing.T) {
	long := strings.Repeat("x", 64)
	for name, change := range map[string]func(*Spec){
		"id format":      func(s *Spec) { s.IDFormat = "uuid" },
		"tenant context": func(s *Spec) { s.TenantContext = "Bare" },
		"role too long":  func(s *Spec) { s.AppRoles = []string{long} },
		"empty role":     func(s *Spec) { s.MaintenanceRoles = []string{""} },
		"mode":           func(s *Spec) { s.Protect[0].Mode = "Maybe" },
		"own schema":     func(s *Spec) { s.Protect[0].Schema = Schema },
		"guard's schema": func(s *Spec) { s.Protect[0].Schema = GuardSchema },
		"catalog":        func(s *Spec) { s.Protect[0].Schema = "pg_catalog" },
		"NUL in a table": func(s *Spec) { s.Protect[0].Tables = []string{"a\x00b"} },
		"long column":    func(s *Spec) { s.Protect[0].TenantColumn = long },
	} {
		t.Run(name, func(t *testing.T) {
			s := testSpec()
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			change(&s)
			if s.Validate() == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestCheckID(t *testing.T) {
	const uuid = "0b5a3b8e-1c5e-4f0e-9d7a-111111111111"
	for name, c := range map[string]struct {
		format, id string
		ok         bool
	}{
		"text":             {Text, "acme-2", true},
		"default":          {"", "acme", true},
		"upper case":       {Text, "Acme", false},
		"empty":            {Text, "", false},
		"slash":            {Text, "a/b", false},
		"37 characters":    {Text, strings.Repeat("a", 37), false},
		"uuid":             {UUID, uuid, true},
		"uuid upper case":  {UUID, strings.ToUpper(uuid), false},
		"uuid no hyphens":  {UUID, strings.ReplaceAll(uuid, "-", ""), false},
		"integer":          {Integer, "42", true},
		"zero":             {Integer, "0", true},
		"leading zero":     {Integer, "042", false},
		"negative":         {Integer, "-1", false},
		"too big":          {Integer, "9223372036854775808", false},
		"not an integer":   {Integer, "acme", false},
		"text for integer": {Integer, "4e2", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (Spec{IDFormat: c.format}).CheckID(c.id); (err == nil) != c.ok {
				t.Errorf("CheckID(%q) = %v", c.id, err)
			}
		})
	}
}

func TestQuoting(t *testing.T) {
	got := fmt.Sprint(Ident(`a"b`), Literal(`it's`), Literal(`back\slash'`), Qualified("s", "t"), idents([]string{"a", "B"}))
	want := fmt.Sprint(`"a""b"`, `'it''s'`, ` E'back\\slash'''`, `"s"."t"`, `"a", "B"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// unquoteIdent reads a quoted identifier as PostgreSQL's scanner does: one token, or ok is false.
func unquoteIdent(quoted string) (name string, ok bool) {
	inner, found := strings.CutPrefix(quoted, `"`)
	if !found || !strings.HasSuffix(inner, `"`) {
		return "", false
	}
	inner = strings.TrimSuffix(inner, `"`)
	return strings.ReplaceAll(inner, `""`, `"`), !strings.Contains(strings.ReplaceAll(inner, `""`, ""), `"`)
}

func FuzzIdent(f *testing.F) {
	for _, seed := range []string{"a", `a"b`, `"`, `""`, `"; DROP TABLE x; --`, "a\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got, ok := unquoteIdent(Ident(name)); !ok || got != name {
			t.Errorf("Ident(%q) = %s reads back as %q %v", name, Ident(name), got, ok)
		}
	})
}

// unquoteLiteral reads '…' or E'…' as PostgreSQL's scanner does, or ok is false. Escapes other than \\ are not ours.
func unquoteLiteral(quoted string) (text string, ok bool) {
	quoted = strings.TrimPrefix(quoted, " ")
	escaped := strings.HasPrefix(quoted, "E")
	inner, found := strings.CutPrefix(strings.TrimPrefix(quoted, "E"), "'")
	var out strings.Builder
	for i := 0; found && i < len(inner); i++ {
		switch {
		case inner[i] == '\'' && i == len(inner)-1:
			return out.String(), true
		case inner[i] == '\'' && inner[i+1] != '\'', inner[i] == '\\' && escaped && (i+1 == len(inner) || inner[i+1] != '\\'), inner[i] == '\\' && !escaped:
			return "", false
		case inner[i] == '\'' || inner[i] == '\\':
			i++
		}
		out.WriteByte(inner[i])
	}
	return "", false
}

func FuzzLiteral(f *testing.F) {
	for _, seed := range []string{"a", "it's", `\`, `\'`, "'; DROP TABLE x; --", "$body$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := unquoteLiteral(Literal(text)); !ok || got != text {
			t.Errorf("Literal(%q) = %s reads back as %q %v", text, Literal(text), got, ok)
		}
	})
}
