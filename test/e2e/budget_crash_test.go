package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// onBudgets has the operator die before whatever it does about budgets: each write to the server of rows, and each to an
// AIBudget or an Event in the API.
func (m *mortal) onBudgets() operator.Options {
	return operator.Options{Hooks: planeconnect.Hooks{Trace: func(layer boundary.Layer, kind, name string) {
		if layer == boundary.Rows && kind == "write" {
			m.step(name)
		}
	}}}
}

func (m *mortal) onBudgetsInTheAPI(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && (strings.Contains(r.URL.Path, "/aibudgets/") || strings.HasSuffix(r.URL.Path, "/events")) {
			m.step(r.Method + " " + r.URL.Path)
		}
		return next.RoundTrip(r)
	})
}

// TestKilledAtEveryStepOfABudget kills the operator with SIGKILL before everything that it does when, at the same time, a limit,
// an alert and a price changed, a reservation has expired and counters were changed by hand, while an application goes on
// spending. At no moment is the tenant without a limit, nothing that was acknowledged is lost, each threshold is announced at most
// once, and a new operator always finishes the work.
func TestKilledAtEveryStepOfABudget(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	b.Make(t, tokens("acme", "acme", "100000"))
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "begin", 95_000)
	b.op.Stop()
	s := &spender{settled: map[string]int64{"begin": 95_000}}
	for step := 1; ; step++ {
		b.upset(t, step)
		stop := s.start(t, b, step)
		died := runUntilKilled(t, b.Cluster, step, dieOfBudgets, func(context.Context) error { return b.asDeclared(t, step) })
		stop()
		if got := b.value(t, "SELECT concat_ws(' ', amounts, enforcement) FROM tenantry.tenant_budgets WHERE tenant_id = 'acme'"); got != fmt.Sprintf("{%d} Block", 100_000+step) &&
			got != fmt.Sprintf("{%d} Block", 100_000+step-1) {
			t.Errorf("step %d: killed, and the limit is %s", step, got)
		}
		b.start(t)
		harness.Eventually(t, harness.SettleWithin, "what is declared", func(context.Context) error { return b.asDeclared(t, step) })
		b.op.Stop()
		s.check(t, b)
		for note, n := range b.events(t, "acme", "ThresholdReached") {
			if n > 1 {
				t.Errorf("step %d: announced %d times: %s", step, n, note)
			}
		}
		if !died {
			if step < 8 {
				t.Errorf("it took only %d steps", step-1)
			}
			t.Logf("killed before each of %d steps", step-1)
			return
		}
	}
}

// upset changes everything at once that the operator looks after; n tells one time from the next.
func (b *books) upset(t *testing.T, n int) {
	t.Helper()
	if got := b.reserve(t, "acme", fmt.Sprint("expires-", n), 10); got != "Granted" {
		t.Fatalf("reserve: %s", got)
	}
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) {
		a.Spec.Limits[0].Amount, a.Spec.AlertPercents = fmt.Sprint(100_000+n), []int32{int32(n)}
	})
	harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Models[0].InputUSDPerMillion = fmt.Sprint(n + 1) })
	b.db.Exec(t, "UPDATE tenantry.ai_usage_logs SET expires_at = now() WHERE state = 'Reserved'",
		"UPDATE tenantry.tenant_budgets SET next_expiry = now(), used = ARRAY[used[1] + 7]")
}

// asDeclared is nil once everything that upset changed is as it should be.
func (b *books) asDeclared(t *testing.T, n int) error {
	got := b.value(t, `SELECT concat_ws(' ', b.amounts[1],
		(SELECT p.input_price / 1000000 FROM tenantry.model_prices p WHERE p.model = 'big' ORDER BY p.valid_from DESC LIMIT 1),
		(SELECT l.state FROM tenantry.ai_usage_logs l WHERE l.request_id = $1),
		b.used[1] - (SELECT sum(l.input_tokens + l.output_tokens) FROM tenantry.ai_usage_logs l),
		b.reserved[1] - (SELECT coalesce(sum(l.reserved_input + l.reserved_output), 0) FROM tenantry.ai_usage_logs l WHERE l.state = 'Reserved'))
		FROM tenantry.tenant_budgets b WHERE b.tenant_id = 'acme'`, fmt.Sprint("expires-", n))
	if want := fmt.Sprintf("%d %d Expired 0 0", 100_000+n, n+1); got != want {
		return fmt.Errorf("%s, want %s", got, want)
	}
	var a tenantryv1.AIBudget
	if err := b.Get(t.Context(), types.NamespacedName{Namespace: harness.TrustedNamespace, Name: "acme"}, &a); err != nil {
		return err
	}
	if len(a.Status.Usage) != 1 || !cmp.Equal(a.Status.Usage[0].Alerted, []int32{int32(n)}) {
		return fmt.Errorf("announced: %v", a.Status.Usage)
	}
	return errors.Join(enforced[0].Check(&a), enforced[1].Check(&a))
}

// spender is an application that spends, and remembers what was acknowledged.
type spender struct {
	mu      sync.Mutex
	settled map[string]int64
}

// most calls of one round, so that the limit is not reached.
const mostCalls = 50

func (s *spender) start(t *testing.T, b *books, round int) (stop func()) {
	t.Helper()
	conn := b.db.Connect(t, b.db.App)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < mostCalls && ctx.Err() == nil; i++ {
			id := fmt.Sprintf("r%d-%d", round, i)
			var decision, state string
			if err := conn.QueryRow(context.Background(), "SELECT concat(decision, code) FROM tenantry.reserve_many('{acme}', ARRAY[$1], '{big}', '{2}', '{0}')", id).Scan(&decision); err != nil || decision != "Granted" {
				t.Errorf("reserve %s: %s %v", id, decision, err)
			}
			if err := conn.QueryRow(context.Background(), "SELECT concat(state, code) FROM tenantry.settle_many('{acme}', ARRAY[$1], '{1}', '{0}')", id).Scan(&state); err != nil || state != "Settled" {
				t.Errorf("settle %s: %s %v", id, state, err)
			}
			s.mu.Lock()
			s.settled[id] = 1
			s.mu.Unlock()
		}
	}()
	return func() { cancel(); <-done; _ = conn.Close(context.Background()) }
}

// check that everything that was acknowledged stands in the ledger, once.
func (s *spender) check(t *testing.T, b *books) {
	t.Helper()
	var want int64
	for _, n := range s.settled {
		want += n
	}
	got := b.value(t, "SELECT concat_ws(' ', count(*), count(DISTINCT request_id), sum(input_tokens)) FROM tenantry.ai_usage_logs WHERE state = 'Settled'")
	if got != fmt.Sprintf("%d %d %d", len(s.settled), len(s.settled), want) {
		t.Errorf("the ledger has %s settled, and %d of %d tokens were acknowledged", got, len(s.settled), want)
	}
}
