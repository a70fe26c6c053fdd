package bench

import (
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// BenchmarkCreate1000Tenants takes tenants from nothing to Ready: claimed and isolated on every server, with credentials
// in Secrets. The baseline makes the same roles, users, claims, collections, tokens and Secrets on servers of the same kind,
// and knows beforehand that nothing stands in its way.
func BenchmarkCreate1000Tenants(b *testing.B) {
	n := tenants(b)
	for b.Loop() {
		f := fleets.fresh(b, n)
		c := compared{tenants: n, simulated: f.servers.qdrant.Simulated}
		c.plain = plainCreate(b, f, n)
		before := f.operator.take()
		start := time.Now()
		f.createTenants(b)
		c.operator = side{took: time.Since(start), trips: since(before, f.operator.take())}
		c.report(b, "Create")
		f.verify(b)
	}
}

// plainCreate runs the baseline on servers of its own, which are gone before the operator has its turn.
func plainCreate(b *testing.B, f *fleet, n int) side {
	b.Helper()
	s := newServers(b)
	defer s.stop()
	s.prepare(b)
	p := newPlain(b, s, f.WithWatch)
	start := time.Now()
	p.create(b, n, boundary.Secret(s.qdrant.APIKey))
	return side{took: time.Since(start), trips: p.counts.take()}
}

// handful bounds the round trips to each server that one new tenant takes, with credentials, whatever else goes on.
const handful = 20

// verify holds the operator to its promise: a handful of round trips a tenant.
func (f *fleet) verify(tb testing.TB) {
	tb.Helper()
	for _, server := range order {
		if got := f.operator.take()[server].total(); server != api && got > handful*f.size {
			tb.Errorf("%d tenants took %d round trips to %s; at most %d each were promised", f.size, got, nameOf[server], handful)
		}
	}
}

func since(before, after map[boundary.Layer]trips) map[boundary.Layer]trips {
	out := map[boundary.Layer]trips{}
	for server, t := range after {
		out[server] = trips{t.reads - before[server].reads, t.writes - before[server].writes}
	}
	return out
}
