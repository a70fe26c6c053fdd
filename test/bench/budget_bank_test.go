package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
	"github.com/tenantry/tenantry/scope"
	sdk "github.com/tenantry/tenantry/scope/budget"
)

const (
	budgetTenants = 100
	// budgetSpan is how long each measurement lasts. Those that are compared take turns, budgetRounds times.
	budgetSpan, budgetRounds = 3 * time.Second, 3
)

// bank is a durable PostgreSQL with a ledger, tenants t1 to t100 with budgets that nobody can use up, and a table for the bare
// updates.
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
	server, err := postgres.Open(postgres.Config{
		DSN: boundary.Secret(s.dsn()), Spec: plainRows, Marker: plainMarker, Budget: budget.Spec{Models: []budget.Price{{Model: "m", Input: 2_500_000, Output: 10_000_000}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	if err := prepareLayer(ctx, server); err != nil {
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
		"ALTER ROLE "+rows.Ident(rows.LoginName(plainRows, "uid-t1", 0))+" CONNECTION LIMIT -1", "VACUUM ANALYZE public.bare")
	return &bank{pg: pg, login: rows.LoginName(plainRows, "uid-t1", 0)}
}

// Scripts of pgbench. Each transaction of a pair commits on its own.
const (
	bareScript   = "\\set t random(1, :n)\nUPDATE public.bare SET n = n + 1 WHERE id = :t;\nUPDATE public.bare SET n = n + 1 WHERE id = :t;\n"
	singleScript = "\\set t random(1, :n)\n\\set r random(1, 1000000000000000)\n" +
		"SELECT * FROM tenantry.reserve_many(ARRAY['t' || :t], ARRAY['r' || :r], ARRAY['m'], ARRAY[100::bigint], ARRAY[50::bigint]);\n" +
		"SELECT * FROM tenantry.settle_many(ARRAY['t' || :t], ARRAY['r' || :r], ARRAY[100::bigint], ARRAY[20::bigint]);\n"
	loginScript = "\\set r random(1, 1000000000000000)\nSELECT * FROM tenantry.reserve('r' || :r, 'm', 100, 50);\nSELECT * FROM tenantry.settle('r' || :r, 100, 20);\n"
)

var perSecond = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench is the rate of a script, over so many rows or tenants.
func (k *bank) pgbench(b *testing.B, role, script string, over, clients int) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	command := exec.Command(pgbenchProgram(), "--no-vacuum", "--protocol=prepared", "--file="+file, fmt.Sprintf("--define=n=%d", over),
		fmt.Sprintf("--client=%d", clients), "--jobs=2", fmt.Sprintf("--time=%.0f", budgetSpan.Seconds()), database)
	command.Env = append(os.Environ(), "PGHOST="+k.pg.Host(), fmt.Sprintf("PGPORT=%d", k.pg.Port()), "PGUSER="+role, "PGPASSWORD="+operatorPassword)
	out, err := command.CombinedOutput()
	found := perSecond.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "ERROR") {
		b.Fatalf("pgbench (part of PostgreSQL): %v\n%s", err, out)
	}
	rate, _ := strconv.ParseFloat(string(found[1]), 64) // digits and a point
	return rate
}

func pgbenchProgram() string {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is valid
	return append([]string{"pgbench"}, found...)[len(found)]
}

// sdkRun is what clients of the SDK came to.
type sdkRun struct {
	pairs    float64 // a second
	p50, p99 time.Duration
	batch    float64 // calls a round trip
}

// throughSDK has so many clients reserve and settle over and over, for any of so many tenants. They share eight connections.
func (k *bank) throughSDK(b *testing.B, tenants, clients int) sdkRun {
	b.Helper()
	config, err := pgxpool.ParseConfig(k.pg.DSN(appRole, operatorPassword, database))
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns, config.MinConns = 8, 8
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	var mu sync.Mutex
	calls, trips := 0, 0
	c, err := sdk.New(pool, sdk.Options{Observe: func(e sdk.Event) {
		if e.Kind == sdk.EventBatch {
			mu.Lock()
			calls, trips = calls+e.Count, trips+1
			mu.Unlock()
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	took := make([][]time.Duration, clients)
	begun := time.Now()
	var work sync.WaitGroup
	for client := range clients {
		work.Go(func() {
			for time.Since(begun) < budgetSpan {
				ctx := scope.WithTenant(b.Context(), scope.Tenant{ID: fmt.Sprintf("t%d", rand.IntN(tenants)+1)})
				asked := time.Now()
				r, err := c.Reserve(ctx, sdk.Request{Model: "m", InputTokens: 100, MaxOutputTokens: 50})
				if err == nil {
					took[client] = append(took[client], time.Since(asked))
					err = r.Settle(ctx, sdk.Usage{InputTokens: 100, OutputTokens: 20})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	lasted := time.Since(begun).Seconds()
	if err := c.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return sdkRun{pairs: float64(len(all)) / lasted, p50: all[len(all)/2], p99: all[len(all)*99/100], batch: float64(calls) / float64(trips)}
}

func median[T float64 | time.Duration](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
