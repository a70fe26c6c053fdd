package cache

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestQuote(t *testing.T) {
	for name, want := range map[string]string{
		"tenant-acme": "tenant-acme", "svc.report_2@x:y/z": "svc.report_2@x:y/z", "": `""`,
		"x;FLUSHALL": `"x\x3bFLUSHALL"`, "$(id)`id`": `"\x24\x28id\x29\x60id\x60"`, "a\nACL": `"a\x0aACL"`,
		"\x1b[31m": `"\x1b\x5b31m"`, `a"b'c\d`: `"a\x22b\x27c\x5cd"`, "a b": `"a\x20b"`, "é\u202e\xff": `"\xc3\xa9\xe2\x80\xae\xff"`,
	} {
		if got := Quote(name); got != want {
			t.Errorf("%q is written %s, want %s", name, got, want)
		}
	}
}

// Whatever a user is called, no hazard about it holds a byte of the name that means something, and each says how to save.
func TestHazardsQuoteNames(t *testing.T) {
	const evil = "x;$(id)`id`\"'\\\x1b[31m\u202e\nACL"
	saves := map[string]string{ACLFile: "then run ACL SAVE", ConfigRewrite: "then run CONFIG REWRITE", None: "nothing saves them"}
	for planted, check := range map[string]string{
		"on nopass ~* +get": CheckForeignUser, "on #00 ~ai:acme:* +get": CheckForeignUser, "on #00 (~ai:acme:* +get)": CheckForeignUser,
		"on nopass +acl|setuser": CheckAdministrator, "on #00 +monitor": CheckBeyondPatterns,
		"tenant: on #00 ~ai:ghost:* +get": CheckUnclaimedUser, "operator: on nopass": CheckOperatorOpen, "default: on nopass ~* +@all": CheckOpenDefault,
	} {
		for persistence, save := range saves {
			s, n, name, rule := spec, settled(one, one), evil, planted
			s.Persistence = persistence
			switch who, words, ok := strings.Cut(planted, ": "); {
			case ok && who == "tenant":
				name, rule = tenantUserPrefix+evil, words
			case ok && who == "operator":
				s.Operator, rule = evil, words
			case ok:
				name, rule = who, words
			}
			parser := Parser{Catalog: n.Catalog}
			n.Users[name] = parser.Rule(Words(rule))
			found := s.FindHazards([]Node{n}, true)
			var about []boundary.Finding
			for _, f := range append(found.Plane, found.Tenant("acme")...) {
				if f.Check == check {
					about = append(about, f)
				}
			}
			if len(about) != 1 || !strings.Contains(about[0].Message, save) {
				t.Errorf("%s, %s: got %+v", rule, persistence, about)
			}
			for _, f := range about {
				if text := f.Object + f.Message; name != "default" && (strings.ContainsAny(text, "$`\x1b\n\u202e") || !strings.Contains(text, Quote(name))) {
					t.Errorf("%s: %q", rule, text)
				}
			}
		}
	}
}
