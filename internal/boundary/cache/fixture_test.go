package cache

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// catalog70 is what a Redis 7.0.15 answers to ACL CAT: a category and its commands on each line.
var catalog70 = readCatalog("testdata/acl-cat-7.0.15.txt")

func readCatalog(path string) Catalog {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	categories := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		categories[words[0]] = words[1:]
	}
	return NewCatalog(categories)
}

var spec = Spec{KeyPrefix: "ai", Persistence: ACLFile, AppUser: "app", AppPassword: "app-password", Operator: "tenantry"}

const secret = boundary.Secret("password-of-acme")

func acme(change ...func(*boundary.Tenant)) boundary.Tenant {
	t := boundary.Tenant{ID: "acme", UID: "uid-acme", Name: "acme", Access: boundary.Open,
		Credentials: map[boundary.Layer]boundary.Credential{boundary.Cache: {Username: "tenant-acme", Secret: secret}}}
	for _, c := range change {
		c(&t)
	}
	return t
}

func without(t *boundary.Tenant)   { t.Credentials = nil }
func suspended(t *boundary.Tenant) { t.Access = boundary.Suspended }
func retained(t *boundary.Tenant)  { t.Access = boundary.Retained }
func otherUID(t *boundary.Tenant)  { t.UID = "uid-other" }

// empty is a node on which nothing stands.
func empty(name, home string) Node {
	return Node{Name: name, Home: home, ACLFilePath: "users.acl", ConfigPath: "redis.conf", Catalog: catalog70,
		Users: map[string]User{}, Claims: map[string]boundary.Claim{}, Saved: map[string]string{}}
}

// settled is a node on which acme stands as it should.
func settled(name, home string, change ...func(*Node)) Node {
	n := empty(name, home)
	n.Claims["acme"] = boundary.Claim{TenantID: "acme", UID: "uid-acme"}
	u := spec.tenantUser(&n, acme())
	n.Users["tenant-acme"] = u
	n.Saved[SaveField("tenant-acme", name)] = u.Digest()
	for _, c := range change {
		c(&n)
	}
	return n
}

// rule replaces acme's user by what a server describes as these words. %s is the hash of its password, and -@all stands
// for the commands it should have.
func rule(words string) func(*Node) {
	return func(n *Node) {
		parser := Parser{Catalog: n.Catalog}
		granted := "-@all +" + strings.Join(spec.granted(n).words, " +")
		words := strings.ReplaceAll(strings.ReplaceAll(words, "%s", secret.Fingerprint()), "-@all", granted)
		n.Users["tenant-acme"] = parser.Rule(Words(words))
	}
}

func gone(n *Node)    { delete(n.Users, "tenant-acme") }
func unsaved(n *Node) { n.Saved = map[string]string{} }
func savedAs(digest string) func(*Node) {
	return func(n *Node) { n.Saved[SaveField("tenant-acme", n.Name)] = digest }
}
func claimedBy(uid string, tombstone bool) func(*Node) {
	return func(n *Node) { n.Claims["acme"] = boundary.Claim{TenantID: "acme", UID: uid, Tombstone: tombstone} }
}
func neverClaimed(n *Node) { n.Claims = map[string]boundary.Claim{} }

// describe prints a diff as its golden file shows it.
func describe(d boundary.Diff) string {
	var b strings.Builder
	if d.Conflict != nil {
		fmt.Fprintf(&b, "conflict: %s\n", d.Conflict.Message)
	}
	for _, c := range d.Plan {
		fmt.Fprintf(&b, "%d %s %s %s: %s\n    on %s: %s\n", c.Phase, c.Kind, c.Severity, c.Object, c.Summary,
			c.Op.(Op).At(), shorten(c.Op.String()))
	}
	for _, f := range d.Hazards {
		fmt.Fprintf(&b, "%s %s %s: %s\n", f.Check, f.Severity, f.Object, f.Message)
	}
	fmt.Fprintf(&b, "objects: %d\n", d.Objects)
	return b.String()
}

// shorten leaves the first and the last command of a long list.
func shorten(text string) string {
	words := strings.Fields(text)
	var out []string
	for i, w := range words {
		inner := i > 0 && i+1 < len(words) && words[i-1][0] == '+' && w[0] == '+' && words[i+1][0] == '+'
		if !inner {
			out = append(out, w)
		} else if out[len(out)-1] != "…" {
			out = append(out, "…")
		}
	}
	return strings.Join(out, " ")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
