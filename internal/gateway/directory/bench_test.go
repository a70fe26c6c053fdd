package directory

import (
	"fmt"
	"testing"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// BenchmarkRebuild is an event that concerns one of 1000 tenants with five corpora each.
func BenchmarkRebuild(b *testing.B) {
	w := worldOf(b)
	for i := range 1000 {
		name := fmt.Sprintf("t%04d", i)
		w.put(newTenant(name))
		for j := range 5 {
			w.put(newCorpus(name, fmt.Sprintf("%s-c%d", name, j), shared))
		}
	}
	last := build(w, nil, scopeqdrant.Limits{})
	b.ReportAllocs()
	for b.Loop() {
		w.put(newTenant("t0500"))
		if last = build(w, last, scopeqdrant.Limits{}); last.scopes != 0 || len(last.records) != 1000 {
			b.Fatalf("%d scopes for %d records", last.scopes, len(last.records))
		}
	}
}
