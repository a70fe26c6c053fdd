package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// times is how often something is to be killed: a small number, or what an environment variable says.
func times(t *testing.T, variable string, small int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return small
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// said is what clients were told: the figures of settled requests. Of one that was under way when the client died nobody knows.
type said struct {
	mu      sync.Mutex
	settled map[string]int64
}

func (s *said) add(id string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled[id] = n
}

// check compares what was said with what stands.
func (s *said) check(b *books, limit int64) {
	b.t.Helper()
	b.agree()
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(context.Background(), "SELECT request_id, state, input_tokens FROM tenantry.ai_usage_logs WHERE tenant_id = 'acme'")
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string]int64{}
	var id, state string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &state, &n}, func() error {
		if _, twice := found[id]; twice {
			b.t.Errorf("%s stands twice in the ledger", id)
		}
		if found[id] = -1; state == "Settled" {
			found[id] = n
		}
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	for id, want := range s.settled {
		if got, ok := found[id]; !ok || got != want {
			b.t.Errorf("%s was settled with %d, and the ledger has %d (found %v)", id, want, got, ok)
		}
	}
	var used int64
	if err := conn.QueryRow(context.Background(), "SELECT used[1] + reserved[1] FROM tenantry.tenant_budgets WHERE tenant_id = 'acme'").Scan(&used); err != nil || used > limit {
		b.t.Errorf("%d used and reserved of %d (%v)", used, limit, err)
	}
}

// work reserves and settles until the connection ends. It calls before ahead of each call, with its number.
func (s *said) work(conn *pgx.Conn, random *rand.Rand, prefix string, before func(call int)) {
	ctx := context.Background()
	for i := 0; ; i++ {
		id, n := fmt.Sprintf("%s-%d", prefix, i), random.Int64N(9)+1
		var got string
		before(2 * i)
		if err := conn.QueryRow(ctx, "SELECT concat(decision, code) FROM tenantry.reserve_many('{acme}', ARRAY[$1], '{big}', '{10}', '{0}')", id).Scan(&got); err != nil || got != "Granted" {
			return
		}
		before(2*i + 1)
		if err := conn.QueryRow(ctx, "SELECT concat(state, code) FROM tenantry.settle_many('{acme}', ARRAY[$1], ARRAY[$2::bigint], '{0}')", id, n).Scan(&got); err != nil {
			return
		}
		if got == "Settled" {
			s.add(id, n)
		}
	}
}

// count of settles that were acknowledged.
func (s *said) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.settled)
}

// TestKilledClients ends connections in the middle of some call, as the kernel does for a process that was killed.
func TestKilledClients(t *testing.T) {
	kills := times(t, "BUDGET_CLIENT_KILLS", 400)
	const limit, workers = 1_000_000, 8
	b := newBooks(t)
	b.give(limits("acme", tokens(limit)))
	s := &said{settled: map[string]int64{}}
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 3))
			for kill := range kills / workers {
				conn, err := pgx.Connect(context.Background(), b.dsn(b.app))
				if err != nil {
					t.Error(err)
					return
				}
				last, delay := random.IntN(8), time.Duration(random.IntN(3000))*time.Microsecond
				var timer *time.Timer
				s.work(conn, random, fmt.Sprintf("c%d-%d", worker, kill), func(call int) {
					if call == last {
						timer = time.AfterFunc(delay, func() { _ = conn.PgConn().Conn().Close() })
					}
				})
				timer.Stop()
				_ = conn.PgConn().Conn().Close()
			}
		})
	}
	wg.Wait()
	if len(s.settled) < kills/4 {
		t.Errorf("only %d requests were settled", len(s.settled))
	}
	s.check(b, limit)
}

// TestKilledServer kills PostgreSQL at random moments and has it recover. Every settle that was acknowledged is there.
func TestKilledServer(t *testing.T) {
	kills := times(t, "BUDGET_SERVER_KILLS", 6)
	const limit, workers = 1_000_000, 8
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{Durable: true})
	b := newBooksIn(newWorldOn(t, pg))
	b.give(limits("acme", tokens(limit)))
	s := &said{settled: map[string]int64{}}
	random := rand.New(rand.NewPCG(5, 5))
	for kill := range kills {
		var wg sync.WaitGroup
		for worker := range workers {
			conn, err := pgx.Connect(context.Background(), b.dsn(b.app))
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				s.work(conn, rand.New(rand.NewPCG(uint64(kill), uint64(worker))), fmt.Sprintf("k%d-%d", kill, worker), func(int) {})
				_ = conn.Close(context.Background())
			})
		}
		for enough := s.count() + 1 + random.IntN(100); s.count() < enough; {
			<-time.After(time.Millisecond)
		}
		<-time.After(time.Duration(random.IntN(5000)) * time.Microsecond)
		pg.Kill()
		wg.Wait()
		if err := pg.Restart(context.Background()); err != nil {
			t.Fatal(err)
		}
		b.s = b.open(b.config)
		s.check(b, limit)
	}
	t.Logf("%d kills, %d acknowledged settles", kills, len(s.settled))
}
