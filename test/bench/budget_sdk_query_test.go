package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sdkQueryRows  = 1000 // of each tenant
	sdkQueryCount = 20_000
)

// BenchmarkBudgetSDKQuery compares a prepared query for one row of a protected table, which names no tenant, with the same
// on a table without protection whose author did not forget it. Both run as the application's role, in one transaction each,
// and take turns.
func BenchmarkBudgetSDKQuery(b *testing.B) {
	l := newSDKLedger(b)
	s := &servers{pg: l.pg}
	fill := fmt.Sprintf("SELECT t.tenant_id, repeat('x', 100) FROM tenantry.tenants t, generate_series(1, %d) g WHERE starts_with(t.tenant_id, 'tenant-') ORDER BY g, 1", sdkQueryRows)
	s.execute(b, database,
		"CREATE SCHEMA hand", "GRANT USAGE ON SCHEMA hand TO "+appRole,
		"CREATE TABLE hand.documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text, PRIMARY KEY (tenant_id, id))",
		"INSERT INTO hand.documents (tenant_id, body) "+fill, "INSERT INTO public.documents (tenant_id, body) "+fill,
		"GRANT SELECT ON hand.documents TO "+appRole, "VACUUM ANALYZE hand.documents", "VACUUM ANALYZE public.documents")
	tenant := fmt.Sprintf(sdkTenant, 7)
	protected := l.queries(b, tenant, "SELECT body FROM public.documents WHERE id = $1", nil)
	hand := l.queries(b, tenant, "SELECT body FROM hand.documents WHERE id = $1 AND tenant_id = $2", []any{tenant})
	var took [2][]time.Duration
	for range sdkQueryCount {
		id := rand.IntN(sdkQueryRows)*sdkTenants + 8 // of the tenant
		for i, q := range []func(int) time.Duration{hand, protected} {
			took[i] = append(took[i], q(id))
		}
	}
	reportSDKQuery(b, took[0], took[1])
}

func reportSDKQuery(b *testing.B, hand, protected []time.Duration) {
	b.Helper()
	mid := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2].Nanoseconds()) / 1000
	}
	h, p := mid(hand), mid(protected)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(p, "protected-µs")
	b.ReportMetric(h, "hand-written-µs")
	b.ReportMetric(p/h, "ratio")
	var t strings.Builder
	fmt.Fprintf(&t, "a prepared query for one row, median of %d\n%-24s %8.1f µs\n%-24s %8.1f µs\n", sdkQueryCount, "hand-written", h, "protected", p)
	fmt.Fprintf(&t, "%-24s %8.1f µs (1.05 of the hand-written one, and 50 µs)\n", "aim", 1.05*h+50)
	show(t.String())
}

// queries asks one query over and over, in a transaction of a tenant.
func (l *sdkLedger) queries(tb testing.TB, tenant, query string, more []any) func(id int) time.Duration {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, l.dsn())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(ctx) })
	for _, sql := range []string{"BEGIN", "SELECT tenantry.use_tenant('" + tenant + "')"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			tb.Fatal(err)
		}
	}
	return func(id int) time.Duration {
		var body string
		begun := time.Now()
		if err := conn.QueryRow(ctx, query, append([]any{id}, more...)...).Scan(&body); err != nil {
			tb.Fatalf("%s, %d: %v", query, id, err)
		}
		return time.Since(begun)
	}
}
