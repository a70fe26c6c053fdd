package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// BenchmarkBudget compares pairs of reserve and settle with pairs of bare one-row updates of pgbench, on the same server, which
// syncs each commit. A pair is two transactions on both sides. Sides take turns; ratios are taken within a round, and medians
// shown. Bare updates of one row wait for each other, as calls for one tenant do; "spread" are those of 100 rows, which do not.
func BenchmarkBudget(b *testing.B) {
	k := newBank(b)
	for _, c := range []struct{ tenants, clients int }{{budgetTenants, 16}, {budgetTenants, 64}, {1, 64}} {
		b.Run(fmt.Sprintf("tenants=%d/clients=%d", c.tenants, c.clients), func(b *testing.B) {
			var rounds []budgetRound
			for range budgetRounds {
				rounds = append(rounds, budgetRound{
					bare: k.pgbench(b, appRole, bareScript, c.tenants, c.clients), spread: k.pgbench(b, appRole, bareScript, budgetTenants, c.clients),
					single: k.pgbench(b, appRole, singleScript, c.tenants, c.clients), login: k.pgbench(b, k.login, loginScript, 1, c.clients),
					sdk: k.throughSDK(b, c.tenants, c.clients),
				})
			}
			reportBudget(b, c.tenants, c.clients, rounds)
		})
	}
}

// budgetRound is one turn of each side, in pairs a second.
type budgetRound struct {
	bare, spread  float64
	single, login float64
	sdk           sdkRun
}

func reportBudget(b *testing.B, tenants, clients int, rounds []budgetRound) {
	b.Helper()
	over := func(of func(budgetRound) float64) float64 {
		var all []float64
		for _, r := range rounds {
			all = append(all, of(r))
		}
		return median(all)
	}
	var t strings.Builder
	fmt.Fprintf(&t, "Budgets: %d tenants, %d clients, %d cores, synchronous_commit on\n%-44s %8s %14s %10s\n", tenants, clients, runtime.NumCPU(),
		"", "pairs/s", "÷ bare updates", "÷ spread")
	for _, line := range []struct {
		what string
		of   func(budgetRound) float64
	}{
		{"bare updates (pgbench)", func(r budgetRound) float64 { return r.bare }},
		{"through the SDK", func(r budgetRound) float64 { return r.sdk.pairs }},
		{"reserve_many + settle_many of one (pgbench)", func(r budgetRound) float64 { return r.single }},
		{"reserve + settle by one tenant's login", func(r budgetRound) float64 { return r.login }},
	} {
		fmt.Fprintf(&t, "%-44s %8.0f %14.2f %10.2f\n", line.what, over(line.of),
			over(func(r budgetRound) float64 { return line.of(r) / r.bare }), over(func(r budgetRound) float64 { return line.of(r) / r.spread }))
	}
	p50 := over(func(r budgetRound) float64 { return r.sdk.p50.Seconds() * 1000 })
	p99 := over(func(r budgetRound) float64 { return r.sdk.p99.Seconds() * 1000 })
	fmt.Fprintf(&t, "reserve through the SDK: p50 %.2f ms, p99 %.2f ms, %.0f calls a round trip\n", p50, p99, over(func(r budgetRound) float64 { return r.sdk.batch }))
	show(t.String())
	b.ReportMetric(over(func(r budgetRound) float64 { return r.sdk.pairs / r.bare }), "sdk-ratio")
	b.ReportMetric(over(func(r budgetRound) float64 { return r.single / r.bare }), "single-ratio")
	b.ReportMetric(p99, "reserve-p99-ms")
	b.ReportMetric(0, "ns/op") // of no use for one run of minutes
}

// BenchmarkBudgetSize measures a pair by a tenant's login, alone on the server, with a small and with a large ledger.
func BenchmarkBudgetSize(b *testing.B) {
	k := newBank(b)
	large := 1_000_000
	if text := os.Getenv("BENCH_LEDGER_ROWS"); text != "" {
		var err error
		if large, err = strconv.Atoi(text); err != nil {
			b.Fatalf("BENCH_LEDGER_ROWS is %q; it must be a number of rows", text)
		}
	}
	s := &servers{pg: k.pg}
	var t strings.Builder
	fmt.Fprintf(&t, "Reserve and settle by a tenant's login, one client; bare updates beside it\n%-20s %10s %12s\n", "rows in the ledger", "µs a pair", "µs bare")
	standing := 0
	for _, n := range []int{1000, large} {
		s.execute(b, database, fmt.Sprintf("INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, "+
			"output_price, state, tenant_id, request_id, model) SELECT date_trunc('month', now()) + i * interval '1 microsecond', now(), 1, 1, 1, 1, 1, 'Settled', "+
			"'t' || (i %% %d + 1), md5(i::text), 'm' FROM generate_series(%d, %d) i", budgetTenants, standing+1, n), "VACUUM ANALYZE tenantry.ai_usage_logs", "CHECKPOINT")
		standing = n
		var pairs, bare []float64
		for range budgetRounds {
			bare = append(bare, 1e6/k.pgbench(b, appRole, bareScript, budgetTenants, 1))
			pairs = append(pairs, 1e6/k.pgbench(b, k.login, loginScript, 1, 1))
		}
		fmt.Fprintf(&t, "%-20d %10.0f %12.0f\n", n, median(pairs), median(bare))
		b.ReportMetric(median(pairs), fmt.Sprintf("us/pair-%d-rows", n))
	}
	show(t.String())
	b.ReportMetric(0, "ns/op")
}

const (
	queryRows  = 1000 // of each tenant
	queryCount = 20_000
)

// BenchmarkProtectedQuery compares a prepared query for one row of a protected table, which names no tenant, with the same on a
// table without protection whose author did not forget it. Both run as the application's role, in one transaction each, and take
// turns.
func BenchmarkProtectedQuery(b *testing.B) {
	k := newBank(b)
	fill := fmt.Sprintf("SELECT 't' || n, repeat('x', 100) FROM generate_series(1, %d) n, generate_series(1, %d) g ORDER BY g, n", budgetTenants, queryRows)
	(&servers{pg: k.pg}).execute(b, database,
		"CREATE SCHEMA hand", "GRANT USAGE ON SCHEMA hand TO "+appRole,
		"CREATE TABLE hand.documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text, PRIMARY KEY (tenant_id, id))",
		"INSERT INTO hand.documents (tenant_id, body) "+fill, "INSERT INTO public.documents (tenant_id, body) "+fill,
		"GRANT SELECT ON hand.documents, public.documents TO "+appRole, "VACUUM ANALYZE hand.documents", "VACUUM ANALYZE public.documents")
	protected := k.queries(b, "SELECT body FROM public.documents WHERE id = $1")
	hand := k.queries(b, "SELECT body FROM hand.documents WHERE id = $1 AND tenant_id = $2", "t8")
	var with, without []time.Duration
	for range queryCount {
		id := rand.IntN(queryRows)*budgetTenants + 8 // of the tenant t8
		without = append(without, hand(id))
		with = append(with, protected(id))
	}
	micros := func(d []time.Duration) float64 { return float64(median(d).Nanoseconds()) / 1000 }
	h, p := micros(without), micros(with)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(p/h, "ratio")
	show(fmt.Sprintf("A prepared query for one row, median of %d\n%-24s %8.1f µs\n%-24s %8.1f µs\n%-24s %8.1f µs (1.05 of the hand-written one, and 50 µs)\n",
		queryCount, "hand-written", h, "protected", p, "aim", 1.05*h+50))
}

// queries asks one query over and over, in a transaction of the tenant t8.
func (k *bank) queries(b *testing.B, query string, more ...any) func(id int) time.Duration {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, k.pg.DSN(appRole, operatorPassword, database))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(ctx) })
	for _, sql := range []string{"BEGIN", "SELECT tenantry.use_tenant('t8')"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
	return func(id int) time.Duration {
		var body string
		begun := time.Now()
		if err := conn.QueryRow(ctx, query, append([]any{id}, more...)...).Scan(&body); err != nil {
			b.Fatalf("%s, %d: %v", query, id, err)
		}
		return time.Since(begun)
	}
}
