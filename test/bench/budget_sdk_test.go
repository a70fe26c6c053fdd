package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
)

const (
	sdkClients = 64
	sdkTenants = 100
	sdkRounds  = 5
	sdkSpan    = 3 * time.Second
)

// BenchmarkBudgetSDK compares pairs of reserve and settle through the SDK with pairs of bare updates of one row, each in a
// transaction of its own, on the same server with the same settings (everything durable), by as many clients. The bare
// updates are those of pgbench, and of the same driver in the same language. Both sides take turns, and the median of the
// rounds' ratios counts.
func BenchmarkBudgetSDK(b *testing.B) {
	s := newSDKLedger(b)
	for _, tenants := range []int{1, sdkTenants} {
		b.Run(fmt.Sprintf("tenants=%d", tenants), func(b *testing.B) {
			var rounds []sdkRound
			for range sdkRounds {
				rounds = append(rounds, sdkRound{
					pgbench: s.pgbench(b, tenants), spread: s.pgbench(b, sdkTenants), loop: s.loop(b, tenants), sdk: s.sdk(b, tenants),
				})
			}
			reportSDK(b, tenants, rounds)
		})
	}
}

type sdkRound struct {
	pgbench, loop float64 // pairs per second, of as many rows as there are tenants
	spread        float64 // of many rows, which do not wait for each other
	sdk           sdkRun
}

type sdkRun struct {
	pairs float64 // per second
	p50   time.Duration
	p99   time.Duration // of reserve
	batch float64
}

func middle[T int | float64 | time.Duration](of func(sdkRound) T, rounds []sdkRound) T {
	var all []T
	for _, r := range rounds {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func reportSDK(b *testing.B, tenants int, rounds []sdkRound) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	pairs := middle(func(r sdkRound) float64 { return r.sdk.pairs }, rounds)
	p50 := middle(func(r sdkRound) time.Duration { return r.sdk.p50 }, rounds)
	p99 := middle(func(r sdkRound) time.Duration { return r.sdk.p99 }, rounds)
	loop := middle(func(r sdkRound) float64 { return r.loop }, rounds)
	toLoop := middle(func(r sdkRound) float64 { return r.sdk.pairs / r.loop }, rounds)
	b.ReportMetric(pairs, "pairs/s")
	b.ReportMetric(float64(p99.Microseconds())/1000, "reserve-p99-ms")
	b.ReportMetric(toLoop, "ratio-to-loop")
	var t strings.Builder
	fmt.Fprintf(&t, "budget: reserve and settle, %d tenants, %d clients, %d cores, synchronous_commit on\n", tenants, sdkClients, runtime.NumCPU())
	fmt.Fprintf(&t, "%-46s %10.0f pairs/s, reserve p50 %s p99 %s, %.0f calls a round trip\n", "SDK", pairs, p50.Round(10*time.Microsecond),
		p99.Round(10*time.Microsecond), middle(func(r sdkRound) float64 { return r.sdk.batch }, rounds))
	fmt.Fprintf(&t, "%-46s %10.0f pairs/s, ratio %.2f\n", "bare updates, this driver, 64 connections", loop, toLoop)
	const command = "pgbench -M prepared -c 64 -j 2"
	t.WriteString(reportSDKPgbench(b, "ratio-to-pgbench", command, rounds, func(r sdkRound) float64 { return r.pgbench }))
	if tenants == 1 {
		t.WriteString(reportSDKPgbench(b, "ratio-to-pgbench-spread", "the same, over 100 rows", rounds, func(r sdkRound) float64 { return r.spread }))
	}
	show(t.String())
}

func reportSDKPgbench(b *testing.B, metric, what string, rounds []sdkRound, of func(sdkRound) float64) string {
	b.Helper()
	pairs := middle(of, rounds)
	if pairs == 0 {
		return fmt.Sprintf("%-46s %10s\n", what, "not installed")
	}
	ratio := middle(func(r sdkRound) float64 { return r.sdk.pairs / of(r) }, rounds)
	b.ReportMetric(ratio, metric)
	return fmt.Sprintf("%-46s %10.0f pairs/s, ratio %.2f\n", what, pairs, ratio)
}

const sdkBareUpdate = "UPDATE public.bare SET v = v + 1 WHERE id = $1"

// loop is the bare updates with the driver that the SDK uses, a connection for each client.
func (l *sdkLedger) loop(tb testing.TB, rows int) float64 {
	tb.Helper()
	pool := l.pool(tb, sdkClients)
	defer pool.Close()
	pairs, _ := sdkClientsRun(tb, func(ctx context.Context, _ int) error {
		id := 1 + rand.IntN(rows)
		for range 2 {
			if _, err := pool.Exec(ctx, sdkBareUpdate, id); err != nil {
				return err
			}
		}
		return nil
	})
	return pairs
}

// pgbench does the same, and says 0 where there is none.
func (l *sdkLedger) pgbench(tb testing.TB, rows int) float64 {
	tb.Helper()
	program := sdkPgbench()
	if program == "" {
		return 0
	}
	script := filepath.Join(tb.TempDir(), "bare.sql")
	text := fmt.Sprintf("\\set t random(1, %d)\n", rows) + strings.Repeat("UPDATE public.bare SET v = v + 1 WHERE id = :t;\n", 2)
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), program, "-n", "-M", "prepared", "-f", script, "-T", strconv.Itoa(int(sdkSpan.Seconds())),
		"-c", strconv.Itoa(sdkClients), "-j", "2", "-h", l.pg.Host(), "-p", strconv.Itoa(l.pg.Port()), "-U", appRole, database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+operatorPassword)
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("pgbench: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		var tps float64
		if n, _ := fmt.Sscanf(line, "tps = %f", &tps); n == 1 {
			return tps
		}
	}
	tb.Fatalf("pgbench does not say how fast it was:\n%s", out)
	return 0
}

func sdkPgbench() string {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is valid
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// sdk reserves and settles.
func (l *sdkLedger) sdk(tb testing.TB, tenants int) sdkRun {
	tb.Helper()
	pool := l.pool(tb, 8)
	defer pool.Close()
	var mu sync.Mutex
	calls, trips := 0, 0
	c, err := budget.New(pool, budget.Options{Observe: func(e budget.Event) {
		if e.Kind == budget.EventBatch {
			mu.Lock()
			calls, trips = calls+e.Count, trips+1
			mu.Unlock()
		}
	}})
	if err != nil {
		tb.Fatal(err)
	}
	took := make([][]time.Duration, sdkClients)
	pairs, _ := sdkClientsRun(tb, func(ctx context.Context, client int) error {
		ctx = scope.WithTenant(ctx, scope.Tenant{ID: fmt.Sprintf(sdkTenant, rand.IntN(tenants))})
		begun := time.Now()
		r, err := c.Reserve(ctx, budget.Request{Model: "gpt-4o", InputTokens: 1000, MaxOutputTokens: 500})
		if err != nil {
			return err
		}
		took[client] = append(took[client], time.Since(begun))
		return r.Settle(ctx, budget.Usage{InputTokens: 990, OutputTokens: 212})
	})
	if err := c.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return sdkRun{pairs: pairs, p50: all[len(all)/2], p99: all[len(all)*99/100], batch: float64(calls) / float64(trips)}
}

// sdkClientsRun runs f in every client over and over, and say how often per second.
func sdkClientsRun(tb testing.TB, f func(ctx context.Context, client int) error) (perSecond float64, total int) {
	tb.Helper()
	counts := make([]int, sdkClients)
	begun := time.Now()
	var work sync.WaitGroup
	for i := range sdkClients {
		work.Go(func() {
			for time.Since(begun) < sdkSpan {
				if err := f(tb.Context(), i); err != nil {
					tb.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	work.Wait()
	for _, n := range counts {
		total += n
	}
	return float64(total) / time.Since(begun).Seconds(), total
}
