package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// snapshotTenants are in the snapshots of BenchmarkPureDiff.
const snapshotTenants = 10_000

// BenchmarkPureDiff compares one settled tenant after the other with a snapshot of a large plane in memory: what an audit
// interval costs per tenant and layer beside its one snapshot. An operation is one tenant.
func BenchmarkPureDiff(b *testing.B) {
	all := make([]newTenant, snapshotTenants)
	for i := range all {
		t, err := plainTenant(i, "key of the benchmark")
		if err != nil {
			b.Fatal(err)
		}
		all[i] = t
	}
	b.Run("rows", func(b *testing.B) { benchmarkDiff(b, all, settledRows(all)) })
	b.Run("cache", func(b *testing.B) { benchmarkDiff(b, all, settledCache(b, all)) })
	b.Run("vector", func(b *testing.B) { benchmarkDiff(b, all, settledVector(b, all)) })
}

// diff compares one tenant with a snapshot.
type diff func(boundary.Tenant) (boundary.Diff, error)

func benchmarkDiff(b *testing.B, all []newTenant, do diff) {
	for i := 0; b.Loop(); i++ {
		t := all[i%len(all)].Tenant
		if d, err := do(t); err != nil || !d.Settled() || d.Objects == 0 {
			b.Fatalf("%s is not settled: %v %v %v", t.ID, err, d.Plan.Lines(), d.Conflict)
		}
	}
}

func settledRows(all []newTenant) diff {
	states := map[string]rows.TenantState{}
	for i, t := range all {
		c := t.Credentials[boundary.Rows]
		states[t.ID] = rows.TenantState{
			Claim: &boundary.Claim{TenantID: t.ID, UID: t.UID}, State: "Active",
			Logins: map[string]rows.Login{c.Username: {Role: c.Username, TenantID: t.ID, Fingerprint: c.Secret.Fingerprint()}},
			Roles: map[string]rows.Role{c.Username: {
				OID: uint32(20_000 + i), Name: c.Username, Inherit: true, Login: true, ConnLimit: rows.LoginConnectionLimit,
				MemberOf: []string{rows.GroupName(plainRows)},
			}},
		}
	}
	return func(t boundary.Tenant) (boundary.Diff, error) { return rows.DiffTenant(plainRows, t, states[t.ID]) }
}

func settledCache(tb testing.TB, all []newTenant) diff {
	tb.Helper()
	n := cache.Node{
		Name: "redis:6379", Home: "redis:6379", ACLFilePath: "users.acl", Catalog: catalog(tb),
		Users: map[string]cache.User{}, Claims: map[string]boundary.Claim{}, Saved: map[string]string{},
	}
	parser := cache.Parser{Catalog: n.Catalog}
	for _, t := range all {
		name := cache.UserName(t.ID)
		// A server lists a rule without the word that made it start from nothing.
		u := parser.Rule(slices.DeleteFunc(slices.Clone(setUser(n, t.Tenant).Rule), func(word string) bool { return word == "reset" }))
		n.Users[name], n.Claims[t.ID] = u, boundary.Claim{TenantID: t.ID, UID: t.UID}
		n.Saved[cache.SaveField(name, n.Name)] = u.Digest()
	}
	return func(t boundary.Tenant) (boundary.Diff, error) { return plainCache.DiffTenant([]cache.Node{n}, t), nil }
}

// catalog is what a Redis 7.0 says of its commands.
func catalog(tb testing.TB) cache.Catalog {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(stacktest.RepoRoot(tb), "internal", "boundary", "cache", "testdata", "acl-cat-7.0.15.txt"))
	if err != nil {
		tb.Fatal(err)
	}
	categories := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		categories[words[0]] = words[1:]
	}
	return cache.NewCatalog(categories)
}

func settledVector(tb testing.TB, all []newTenant) diff {
	tb.Helper()
	judge := vector.Plane{Spec: plainVector, Marker: plainMarker}
	o := vector.Observed{
		Version: "1.17.0", Tokens: vector.TokensAccepted, Collections: map[string]vector.Collection{},
		Claims: map[string]boundary.Claim{}, Grants: map[string][]vector.Record{},
	}
	tokens := map[string]*vector.Claims{}
	for _, t := range all {
		o.Claims[t.ID] = boundary.Claim{TenantID: t.ID, UID: t.UID}
		if !t.dedicated {
			continue
		}
		o.Collections[t.Corpora[0].Collection] = judge.Corpus(t.Corpora[0])
		c, err := vector.Inspect(t.Credentials[boundary.Vector].Secret, "key of the benchmark")
		if err != nil {
			tb.Fatal(err)
		}
		tokens[t.ID] = &c
		o.Grants[t.UID] = []vector.Record{{Point: t.UID, TokenID: c.TokenID, Owner: t.UID, Grants: c.Grants, Expires: c.Expires}}
	}
	now := time.Now()
	return func(t boundary.Tenant) (boundary.Diff, error) {
		d, problem := judge.DiffTenant(t, tokens[t.ID], o, now)
		if problem != nil {
			return d, &problemError{problem}
		}
		return d, nil
	}
}

type problemError struct{ *vector.Problem }

func (p *problemError) Error() string { return p.Message }
