package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// TestAThousandCallersAndAnAlmostEmptyBudget: of more than fits exactly what fits is admitted, and at no moment is more than
// the limit used and reserved together.
func TestAThousandCallersAndAnAlmostEmptyBudget(t *testing.T) {
	const (
		limit, callers, connections, each = 5003, 1000, 64, 10
	)
	b := newBooks(t)
	b.give(limits("acme", tokens(limit)))
	app, own := b.pool(b.app, connections*3/4), b.pool(rows.LoginName(b.world.spec, "uid-acme", 0), connections/4)
	stop := b.sample(t, limit)
	var granted, refused atomic.Int64
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range 2 {
				id := fmt.Sprintf("c%d-%d", caller, i)
				var decision string
				var err error
				if caller%3 == 0 {
					var a answer
					a, err = tryReserve(own, id, "big", each, 0, nil)
					decision = a.Decision
				} else {
					err = app.QueryRow(context.Background(), "SELECT decision FROM tenantry.reserve_many('{acme}', ARRAY[$1], '{big}', $2, '{0}')", id, []int64{each}).Scan(&decision)
				}
				switch {
				case err != nil:
					t.Error(err)
				case decision == "Granted":
					granted.Add(1)
				case decision == "Refused":
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if samples := stop(); samples < 2 {
		t.Errorf("only %d samples", samples)
	}
	if granted.Load() != limit/each || granted.Load()+refused.Load() != 2*callers {
		t.Errorf("%d granted and %d refused, want %d and the rest", granted.Load(), refused.Load(), limit/each)
	}
	if got := b.counters("acme"); got != fmt.Sprintf("0/%d", limit/each*each) {
		t.Errorf("counters %s", got)
	}
	b.agree()
}

// sample looks at the counters and the ledger in one snapshot after the other, until it is stopped, and fails where they do not agree or are
// beyond the limit. stop says how often it looked.
func (b *books) sample(t *testing.T, limit int64) (stop func() int) {
	t.Helper()
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	done, finished := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { finished <- n }()
		for {
			select {
			case <-done:
				return
			default:
			}
			var counted, summed int64
			err := conn.QueryRow(context.Background(), `SELECT b.used[1] + b.reserved[1],
				(SELECT coalesce(sum(l.input_tokens + CASE l.state WHEN 'Reserved' THEN l.reserved_input ELSE 0 END), 0) FROM tenantry.ai_usage_logs l WHERE l.tenant_id = 'acme')
				FROM tenantry.tenant_budgets b WHERE b.tenant_id = 'acme'`).Scan(&counted, &summed)
			if err != nil || counted > limit || counted != summed {
				t.Errorf("counted %d, in the ledger %d, limit %d (%v)", counted, summed, limit, err)
				return
			}
			n++
		}
	}()
	return func() int { close(done); return <-finished }
}

// TestRetriesChargeOnce: the same few requests, reserved, settled and released by everybody at once.
func TestRetriesChargeOnce(t *testing.T) {
	const ids, callers = 40, 32
	b := newBooks(t)
	b.give(limits("acme", tokens(ids*10)))
	app := b.pool(b.app, callers)
	stop := b.sample(t, ids*10)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(caller), 7))
			for range 5 * ids {
				id := fmt.Sprintf("r%d", random.IntN(ids))
				var decision string
				for _, call := range []string{
					"SELECT concat(decision, code) FROM tenantry.reserve_many('{acme}', ARRAY[$1], '{big}', '{10}', '{0}')",
					"SELECT concat(state, code) FROM tenantry.settle_many('{acme}', ARRAY[$1], '{7}', '{0}')",
				} {
					if err := app.QueryRow(context.Background(), call, id).Scan(&decision); err != nil {
						t.Error(err)
					}
					switch decision {
					case "Granted", "Settled", "Failed" + rows.CodeReserveClosed:
					default:
						t.Errorf("%s: %s", id, decision)
					}
				}
			}
		})
	}
	wg.Wait()
	stop()
	if got := b.counters("acme"); got != fmt.Sprintf("%d/0", ids*7) {
		t.Errorf("%d requests of 7 were charged as %s", ids, got)
	}
	b.agree()
}

// TestNoDeadlock: batches for tenants in any order, while others settle, sweep and change limits.
func TestNoDeadlock(t *testing.T) {
	const tenants, workers, rounds = 8, 12, 25
	b := newBooks(t)
	var all []string
	for i := range tenants {
		all = append(all, fmt.Sprintf("t%d", i))
		b.converge(b.s, tenant(all[i]))
		b.give(limits(all[i], tokens(1_000_000)))
	}
	app := b.pool(b.app, workers)
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 11))
			for round := range rounds {
				var ids, requests, models []string
				var ones []int64
				for i := range 20 {
					ids, requests = append(ids, all[random.IntN(tenants)]), append(requests, fmt.Sprintf("w%d-%d-%d", worker, round, i))
					models, ones = append(models, "big"), append(ones, 1)
				}
				for _, call := range []string{
					"SELECT string_agg(DISTINCT decision, ',') FROM tenantry.reserve_many($1, $2, $3, $4, $4)",
					"SELECT string_agg(DISTINCT state, ',') FROM tenantry.settle_many($1, $2, $4, $4) WHERE $3::text[] IS NOT NULL",
				} {
					var got string
					if err := app.QueryRow(context.Background(), call, ids, requests, models, ones).Scan(&got); err != nil || got != "Granted" && got != "Settled" {
						t.Errorf("%s: %v", got, err)
						return
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range rounds {
			b.give(limits(all[i%tenants], tokens(1_000_000+int64(i))))
			if _, err := b.s.SweepBudgets(context.Background(), plane.Fresh); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	b.agree()
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	if got := b.value(conn, "SELECT sum(used[1])::text || ' ' || sum(open_requests) FROM tenantry.tenant_budgets"); got != fmt.Sprint(workers*rounds*20*2, " 0") {
		t.Errorf("used and open: %s", got)
	}
}

// TestACallReadsAFewRows whatever the size of the ledger, and whatever the planner knew of it when the session's plans were
// made: nothing, that it is empty, or that it is large.
func TestACallReadsAFewRows(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(1_000_000)))
	const rowsRead = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'tenantry' AND relname ~ '^ai_usage_logs'"
	ctx := context.Background()
	calls := 0
	most := func() (most int64) {
		t.Helper()
		for range 10 { // a session settles for its plans after a few calls
			calls++
			id := fmt.Sprintf("r%d", calls)
			err := pgx.BeginFunc(ctx, b.acme, func(tx pgx.Tx) error {
				var before, after int64
				err := tx.QueryRow(ctx, rowsRead).Scan(&before) // of earlier calls, not reported yet
				for _, call := range []string{"tenantry.reserve($1, 'big', 1, 0)", "tenantry.settle($1, 1, 0)"} {
					if err == nil {
						_, err = tx.Exec(ctx, "SELECT * FROM "+call, id)
					}
				}
				if err == nil {
					err = tx.QueryRow(ctx, rowsRead).Scan(&after)
				}
				most = max(most, after-before)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return most
	}
	fill := func() {
		b.as(b.operator, "INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, settled_at, reserved_input, reserved_output, reserved_micros, input_price, output_price, state, "+
			"tenant_id, request_id, model) SELECT clock_timestamp(), now(), now(), 0, 0, 0, 0, 0, 'Settled', 'acme', gen_random_uuid(), 'big' FROM generate_series(1, 5000)")
	}
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"nothing known", func() {}},
		{"vacuumed while empty", func() {
			b.as(b.operator, "DELETE FROM tenantry.ai_usage_logs", "VACUUM ANALYZE tenantry.ai_usage_logs")
		}},
		{"filled since", fill},
		{"in a new session", func() { b.acme = b.connect(b.dsn(rows.LoginName(b.world.spec, "uid-acme", 0))) }},
		{"analyzed", func() { b.as(b.operator, "ANALYZE tenantry.ai_usage_logs") }},
		{"in a new session after that", func() { b.acme = b.connect(b.dsn(rows.LoginName(b.world.spec, "uid-acme", 0))) }},
	} {
		step.do()
		if read := most(); read < 1 || read > 10 {
			t.Errorf("%s: a call read %d rows of the ledger", step.name, read)
		}
	}
}
