package vector

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var unsafe = regexp.MustCompile(`[^A-Za-z0-9]+`)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	now    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	expiry = now.Add(TokenLifetime)

	judge = Plane{
		Spec: Spec{Plane: "eu-1", MaxDedicated: 3, Shared: []SharedCollection{{Name: "shared-documents", Shape: boundary.Shape{
			Vectors:        []boundary.DenseVector{{Size: 4, Distance: "Cosine"}},
			SparseVectors:  []boundary.SparseVector{{Name: "text", IDF: true}},
			PayloadIndexes: []boundary.PayloadIndex{{Field: "source", Type: "Keyword"}},
		}}}},
		Marker: boundary.Marker{Plane: "eu-1", Installation: "here", SchemaVersion: 1},
	}

	shape = boundary.Shape{
		Vectors:        []boundary.DenseVector{{Size: 4, Distance: "Cosine"}},
		PayloadIndexes: []boundary.PayloadIndex{{Field: "source", Type: "Keyword"}},
	}
)

func corpus(name string) boundary.Corpus {
	return boundary.Corpus{
		Name: name, UID: "uid-" + name, TenantID: "acme", TenantUID: "uid-acme", Pattern: boundary.Dedicated,
		Collection: CollectionName("acme", name), Shape: shape,
	}
}

func rules() boundary.Corpus {
	return boundary.Corpus{
		Name: "rules", UID: "uid-rules", Jurisdiction: "eu", Pattern: boundary.Reference,
		Collection: ReferenceName("eu", "rules"), Shape: shape,
	}
}

// acme is an open tenant with a dedicated corpus, a reference to read and a token.
func acme(corpora ...boundary.Corpus) boundary.Tenant {
	return boundary.Tenant{
		ID: "acme", UID: "uid-acme", Name: "acme", Access: boundary.Open, Corpora: corpora, References: []string{"reference_eu_rules"},
		Credentials: map[boundary.Layer]boundary.Credential{boundary.Vector: {TokenID: "one", Secret: "never printed"}},
	}
}

// says is what acme's token says where it opens all that it should.
func says(t boundary.Tenant) *Claims {
	return &Claims{TokenID: "one", Owner: t.UID, Grants: AccessList(t), Expires: expiry}
}

func record(id, owner string, grants ...Grant) Record {
	return Record{Point: "point-" + id, TokenID: id, Owner: owner, Grants: ordered(grants), Expires: expiry}
}

// server is a plane where everything stands that the tenant needs.
func server(t boundary.Tenant) Observed {
	o := Observed{
		Version: "1.19.0", Tokens: TokensAccepted, Collections: map[string]Collection{}, Grants: map[string][]Record{},
		Claims: map[string]boundary.Claim{t.ID: {TenantID: t.ID, UID: t.UID}},
	}
	for _, c := range []Collection{judge.Claims(), judge.Tokens(), judge.Shared(judge.Spec.Shared[0]), judge.Corpus(rules())} {
		o.Collections[c.Name] = c
	}
	for _, c := range t.Corpora {
		if c.Pattern == boundary.Dedicated {
			o.Collections[c.Collection] = judge.Corpus(c)
			o.Dedicated++
		}
	}
	if g := AccessList(t); len(g) > 0 {
		o.Grants[t.UID] = []Record{record("one", t.UID, g...)}
	}
	return o
}

// alter changes one collection of a server.
func alter(o Observed, name string, f func(*Collection)) Observed {
	c := o.Collections[name]
	stamp := *c.Stamp
	c.Stamp = &stamp
	f(&c)
	o.Collections[name] = c
	return o
}

var phases = map[boundary.Phase]string{
	boundary.PhaseClose: "close", boundary.PhaseBuild: "build", boundary.PhaseOpen: "open", boundary.PhaseRemove: "remove",
}

// printed shows everything of a diff that a reader or a reconciler sees.
func printed(d boundary.Diff, p *Problem) string {
	var b strings.Builder
	for _, c := range d.Plan {
		fmt.Fprintf(&b, "%-6s %s %s %s [%s]\n       %s\n       op: %s\n", phases[c.Phase], c.Kind, c.Severity, c.Object, c.Tenant, c.Summary, c.Op)
	}
	for _, h := range d.Hazards {
		fmt.Fprintf(&b, "hazard %s %s (%s) [%s]\n       %s\n", h.Severity, h.Object, h.Check, h.Tenant, h.Message)
	}
	if d.Conflict != nil {
		fmt.Fprintf(&b, "conflict %s held by %q tombstone=%t\n       %s\n", d.Conflict.Object, d.Conflict.Holder, d.Conflict.Tombstone, d.Conflict.Message)
	}
	if p != nil {
		fmt.Fprintf(&b, "problem %s\n       %s\n", p.Reason, p.Message)
	}
	fmt.Fprintf(&b, "objects %d, settled %t\n", d.Objects, d.Settled())
	return b.String()
}

func golden(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", unsafe.ReplaceAllString(t.Name(), "-")+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update and review what it writes", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
	if strings.Contains(got, "never printed") {
		t.Error("a plan shows a secret")
	}
}
