package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

const (
	budgetTenants = 100
	// budgetRound is how long each measurement lasts. Those that are compared take turns, budgetRounds times.
	budgetRound, budgetRounds = 4 * time.Second, 3
)

// bank is a durable PostgreSQL with a ledger, budgets without an end, and a table for the bare updates.
type bank struct {
	pg    *stack.Postgres
	login string // the login role of the tenant t1
}

func newBank(b *testing.B) *bank {
	b.Helper()
	ctx := context.Background()
	pg, err := stack.StartPostgres(ctx, stack.PostgresOptions{Durable: true, Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pg.Stop)
	s := &servers{pg: pg}
	s.prepareDatabase(b)
	spec := rows.Spec{Plane: planeName, Installation: "bench", NameKey: []byte("bench"), AppRoles: []string{appRole}}
	server, err := postgres.Open(postgres.Config{
		DSN: boundary.Secret(s.dsn()), Spec: spec, Marker: boundary.Marker{Plane: planeName, Installation: "bench", SchemaVersion: boundary.SchemaVersion},
		Budget: budget.Spec{Models: []budget.Price{{Model: "m", Input: 2_500_000, Output: 10_000_000}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	if _, err := server.Claim(ctx, boundary.Marker{Plane: planeName, Installation: "bench", SchemaVersion: boundary.SchemaVersion}); err != nil {
		b.Fatal(err)
	}
	settle := func(diff boundary.Diff, err error) {
		b.Helper()
		if err == nil {
			err = server.Apply(ctx, diff.Plan)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	settle(server.DiffPlane(ctx, plane.Fresh))
	for i := range budgetTenants {
		id := fmt.Sprintf("t%d", i+1)
		t := boundary.Tenant{ID: id, UID: "uid-" + id, Access: boundary.Open, Login: i == 0}
		settle(server.DiffTenant(ctx, t, plane.Fresh))
		if i == 0 {
			t.Credentials = map[boundary.Layer]boundary.Credential{boundary.Rows: {Secret: operatorPassword}}
			settle(server.DiffTenant(ctx, t, plane.Fresh))
		}
		settle(server.DiffBudget(ctx, budget.Budget{TenantID: id, UID: id, Period: budget.Month, Limits: []budget.Limit{
			{Unit: budget.Tokens, Model: "*", Amount: 1e15}, {Unit: budget.USD, Model: "*", Amount: 1e15}, {Unit: budget.Tokens, Model: "m", Amount: 1e15},
		}}, plane.Fresh))
	}
	s.execute(b, database, "CREATE TABLE public.bare (id integer PRIMARY KEY, n bigint) WITH (fillfactor = 50)",
		fmt.Sprintf("INSERT INTO public.bare SELECT i, 0 FROM generate_series(1, %d) i", budgetTenants), "GRANT ALL ON public.bare TO "+appRole,
		"ALTER ROLE "+rows.Ident(rows.LoginName(spec, "uid-t1", 0))+" CONNECTION LIMIT -1")
	return &bank{pg: pg, login: rows.LoginName(spec, "uid-t1", 0)}
}

// Scripts of pgbench. Each transaction of a pair commits on its own.
const (
	bareScript = "\\set t random(1, :n)\nUPDATE public.bare SET n = n + 1 WHERE id = :t;\nUPDATE public.bare SET n = n + 1 WHERE id = :t;\n"
	appScript  = "\\set t random(1, :n)\n\\set r random(1, 1000000000000000)\n" +
		"SELECT * FROM tenantry.reserve_many(ARRAY['t' || :t], ARRAY['r' || :r], ARRAY['m'], ARRAY[100::bigint], ARRAY[50::bigint]);\n" +
		"SELECT * FROM tenantry.settle_many(ARRAY['t' || :t], ARRAY['r' || :r], ARRAY[100::bigint], ARRAY[20::bigint]);\n"
	loginScript = "\\set r random(1, 1000000000000000)\nSELECT * FROM tenantry.reserve('r' || :r, 'm', 100, 50);\nSELECT * FROM tenantry.settle('r' || :r, 100, 20);\n"
)

var perSecond = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench is the rate of a script.
func (k *bank) pgbench(b *testing.B, role, script string, rows, clients int) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	command := exec.Command("pgbench", "--no-vacuum", "--protocol=prepared", "--file="+file, fmt.Sprintf("--define=n=%d", rows),
		fmt.Sprintf("--client=%d", clients), "--jobs=2", fmt.Sprintf("--time=%.0f", budgetRound.Seconds()), database)
	command.Env = append(os.Environ(), "PGHOST="+k.pg.Host(), fmt.Sprintf("PGPORT=%d", k.pg.Port()), "PGUSER="+role, "PGPASSWORD="+operatorPassword)
	out, err := command.CombinedOutput()
	found := perSecond.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "ERROR") {
		b.Fatalf("pgbench (part of PostgreSQL): %v\n%s", err, out)
	}
	rate, _ := strconv.ParseFloat(string(found[1]), 64)
	return rate
}

// waiting is a request that waits for its answer.
type waiting struct {
	tenant, id string
	done       chan error
}

// counter coalesces: while one round trip is under way, what comes in meanwhile goes into the next.
type counter struct {
	orders chan waiting
	call   func(conn *pgx.Conn, tenants, ids []string) error
}

func (c *counter) serve(conn *pgx.Conn) {
	for first := range c.orders {
		batch := []waiting{first}
	more:
		for len(batch) < 500 {
			select {
			case o, ok := <-c.orders:
				if !ok {
					break more
				}
				batch = append(batch, o)
			default:
				break more
			}
		}
		var tenants, ids []string
		for _, o := range batch {
			tenants, ids = append(tenants, o.tenant), append(ids, o.id)
		}
		err := c.call(conn, tenants, ids)
		for _, o := range batch {
			o.done <- err
		}
	}
}

func (c *counter) ask(tenant, id string, done chan error) error {
	c.orders <- waiting{tenant, id, done}
	return <-done
}

// coalesced is the rate of pairs of so many callers that share one connection for each of the two calls, and the 99th
// percentile of reserve.
func (k *bank) coalesced(b *testing.B, tenants, callers int) (rate float64, p99 time.Duration) {
	b.Helper()
	repeat := func(n int, v int64) []int64 { return slices.Repeat([]int64{v}, n) }
	reserve := &counter{orders: make(chan waiting, callers), call: func(conn *pgx.Conn, tenants, ids []string) error {
		return answered(conn, len(ids), "SELECT decision = 'Granted' FROM tenantry.reserve_many($1, $2, $3, $4, $5)",
			tenants, ids, slices.Repeat([]string{"m"}, len(ids)), repeat(len(ids), 100), repeat(len(ids), 50))
	}}
	settle := &counter{orders: make(chan waiting, callers), call: func(conn *pgx.Conn, tenants, ids []string) error {
		return answered(conn, len(ids), "SELECT state = 'Settled' FROM tenantry.settle_many($1, $2, $3, $4)", tenants, ids, repeat(len(ids), 100), repeat(len(ids), 20))
	}}
	var serving, calling sync.WaitGroup
	for _, c := range []*counter{reserve, settle} {
		conn, err := pgx.Connect(context.Background(), k.pg.DSN(appRole, operatorPassword, database))
		if err != nil {
			b.Fatal(err)
		}
		serving.Go(func() { c.serve(conn); _ = conn.Close(context.Background()) })
	}
	start := time.Now()
	latencies := make([][]time.Duration, callers)
	for caller := range callers {
		calling.Go(func() {
			done := make(chan error, 1)
			for i := 0; time.Since(start) < budgetRound; i++ {
				tenant, id := fmt.Sprintf("t%d", (i*7+caller)%tenants+1), fmt.Sprintf("c%d-%d-%d", start.UnixNano(), caller, i)
				begun := time.Now()
				if err := reserve.ask(tenant, id, done); err != nil {
					b.Error(err)
					return
				}
				latencies[caller] = append(latencies[caller], time.Since(begun))
				if err := settle.ask(tenant, id, done); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	calling.Wait()
	took := time.Since(start)
	close(reserve.orders)
	close(settle.orders)
	serving.Wait()
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return float64(len(all)) / took.Seconds(), all[len(all)*99/100]
}

// answered fails unless so many rows say true.
func answered(conn *pgx.Conn, want int, query string, args ...any) error {
	found, err := conn.Query(context.Background(), query, args...)
	if err != nil {
		return err
	}
	yes, err := pgx.CollectRows(found, pgx.RowTo[bool])
	if err == nil && (len(yes) != want || slices.Contains(yes, false)) {
		err = fmt.Errorf("%d of %d answers, or one is no", len(yes), want)
	}
	return err
}

func median[T float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkLedger compares pairs of reserve and settle with pairs of bare one-row updates on the same server, which syncs
// each commit: for a hundred tenants with 16 clients and for one with 64. Sides take turns; medians are shown.
func BenchmarkLedger(b *testing.B) {
	k := newBank(b)
	for b.Loop() {
		for _, c := range []struct {
			tenants, clients int
		}{{budgetTenants, 16}, {1, 64}} {
			var bare, app, login, sdk []float64
			var p99 []time.Duration
			for range budgetRounds {
				bare = append(bare, k.pgbench(b, appRole, bareScript, c.tenants, c.clients))
				app = append(app, k.pgbench(b, appRole, appScript, c.tenants, c.clients))
				login = append(login, k.pgbench(b, k.login, loginScript, 1, c.clients))
				rate, slow := k.coalesced(b, c.tenants, c.clients)
				sdk, p99 = append(sdk, rate), append(p99, slow)
			}
			base := median(bare)
			name := fmt.Sprintf("%d-tenants", c.tenants)
			b.ReportMetric(median(sdk)/base, name+"-coalesced-ratio")
			b.ReportMetric(median(app)/base, name+"-single-ratio")
			var t strings.Builder
			fmt.Fprintf(&t, "Ledger: %d tenants, %d clients, %d cores\n%-40s %10s %8s\n", c.tenants, c.clients, runtime.NumCPU(), "", "pairs/s", "ratio")
			for _, line := range []struct {
				what string
				rate []float64
			}{
				{"two bare updates (pgbench)", bare}, {"reserve_many + settle_many of one (pgbench)", app},
				{"reserve + settle, one tenant's login", login}, {"coalesced calls (Go)", sdk},
			} {
				fmt.Fprintf(&t, "%-44s %8.0f %8.2f\n", line.what, median(line.rate), median(line.rate)/base)
			}
			fmt.Fprintf(&t, "p99 of a coalesced reserve %s\n", median(p99).Round(10*time.Microsecond))
			show(t.String())
		}
	}
	b.ReportMetric(0, "ns/op") // of no use for one run of minutes
}

// BenchmarkLedgerSize measures a reserve by a tenant's login with a small and with a large ledger.
func BenchmarkLedgerSize(b *testing.B) {
	k := newBank(b)
	large := 1_000_000
	if text := os.Getenv("BENCH_LEDGER_ROWS"); text != "" {
		var err error
		if large, err = strconv.Atoi(text); err != nil {
			b.Fatalf("BENCH_LEDGER_ROWS is %q; it must be a number of rows", text)
		}
	}
	s := &servers{pg: k.pg}
	for b.Loop() {
		var t strings.Builder
		fmt.Fprintf(&t, "Reserve and settle by a tenant's login, one client\n%-20s %10s\n", "rows in the ledger", "µs a pair")
		standing := 0
		for _, n := range []int{1000, large} {
			s.execute(b, database, fmt.Sprintf("INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, "+
				"output_price, state, tenant_id, request_id, model) SELECT date_trunc('month', now()) + i * interval '1 millisecond', now(), 1, 1, 1, 1, 1, 'Settled', "+
				"'t' || (i %% %d + 1), md5(i::text), 'm' FROM generate_series(%d, %d) i", budgetTenants, standing+1, n), "VACUUM ANALYZE tenantry.ai_usage_logs", "CHECKPOINT")
			standing = n
			var each []float64
			for range budgetRounds {
				each = append(each, 1e6/k.pgbench(b, k.login, loginScript, 1, 1))
			}
			fmt.Fprintf(&t, "%-20d %10.0f\n", n, median(each))
			b.ReportMetric(median(each), fmt.Sprintf("us/pair-%d-rows", n))
		}
		show(t.String())
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLedgerPointQuery compares a prepared query of one row through row-level security with the same written by hand.
func BenchmarkLedgerPointQuery(b *testing.B) {
	k := newBank(b)
	ctx := context.Background()
	connect := func(dsn string) *pgx.Conn {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close(ctx) })
		return conn
	}
	own, super := connect(k.pg.DSN(k.login, operatorPassword, database)), connect(k.pg.SuperuserDSN(database))
	if _, err := own.Exec(ctx, "SELECT tenantry.reserve('r' || i, 'm', 1, 1) FROM generate_series(1, 1000) i"); err != nil {
		b.Fatal(err)
	}
	month := time.Now().UTC().Format("2006-01-01")
	query := func(conn *pgx.Conn, text string, args ...any) time.Duration {
		begun := time.Now()
		var n int64
		if err := conn.QueryRow(ctx, text, args...).Scan(&n); err != nil {
			b.Fatal(err)
		}
		return time.Since(begun)
	}
	for b.Loop() {
		var with, without []time.Duration
		for i := range 5000 {
			id := fmt.Sprintf("r%d", i%1000+1)
			with = append(with, query(own, "SELECT reserved_input FROM tenantry.ai_usage_logs WHERE request_id = $1 AND created_at >= $2::text::timestamptz", id, month))
			without = append(without, query(super, "SELECT reserved_input FROM tenantry.ai_usage_logs WHERE tenant_id = 't1' AND request_id = $1 AND created_at >= $2::text::timestamptz", id, month))
		}
		show(fmt.Sprintf("Prepared point query, medians: row-level security %s, by hand %s: %.2f times and %s more\n", median(with), median(without),
			float64(median(with))/float64(median(without)), median(with)-median(without)))
	}
	b.ReportMetric(0, "ns/op")
}
