package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// TestBadInput: everything that cannot be is an error with its own code, and changes nothing.
func TestBadInput(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(1000)))
	b.reserve(b.acme, "known", 100)
	if _, err := trySettle(b.acme, "known", 100, 0); err != nil {
		t.Fatal(err)
	}
	b.reserve(b.acme, "held", 10)
	long := strings.Repeat("x", 129)
	for name, c := range map[string]struct{ call, code string }{
		"negative input":           {"reserve('r', 'big', -1, 0)", rows.CodeBadArgument},
		"negative output":          {"reserve('r', 'big', 0, -1)", rows.CodeBadArgument},
		"huge input":               {"reserve('r', 'big', 1000000001, 0)", rows.CodeBadArgument},
		"the largest number":       {"reserve('r', 'big', 9223372036854775807, 9223372036854775807)", rows.CodeBadArgument},
		"no tokens":                {"reserve('r', 'big', NULL, 0)", rows.CodeBadArgument},
		"no id":                    {"reserve(NULL, 'big', 1, 0)", rows.CodeBadArgument},
		"empty id":                 {"reserve('', 'big', 1, 0)", rows.CodeBadArgument},
		"long id":                  {"reserve('" + long + "', 'big', 1, 0)", rows.CodeBadArgument},
		"long model":               {"reserve('r', '" + long + "', 1, 0)", rows.CodeBadArgument},
		"no model":                 {"reserve('r', NULL, 1, 0)", rows.CodeBadArgument},
		"unknown model":            {"reserve('r', 'huge', 1, 0)", rows.CodeNoPrice},
		"all models":               {"reserve('r', '*', 1, 0)", rows.CodeNoPrice},
		"unknown complexity":       {"reserve('r', 'big', 1, 0, 'Hard')", rows.CodeBadArgument},
		"id of another request":    {"reserve('held', 'big', 11, 0)", rows.CodeOtherFigures},
		"id for another model":     {"reserve('held', 'small', 10, 0)", rows.CodeOtherFigures},
		"id that was settled":      {"reserve('known', 'big', 100, 0)", rows.CodeReserveClosed},
		"settle unknown":           {"settle('never', 1, 1)", rows.CodeNotReserved},
		"settle negative":          {"settle('held', -1, 0)", rows.CodeBadArgument},
		"settle NULL":              {"settle('held', NULL, NULL)", rows.CodeBadArgument},
		"settle twice differently": {"settle('known', 101, 0)", rows.CodeOtherFigures},
	} {
		t.Run(name, func(t *testing.T) {
			if got := code(b.acme, "SELECT * FROM tenantry."+c.call); got != c.code {
				t.Errorf("%s: SQLSTATE %q, want %s", c.call, got, c.code)
			}
			if got := b.counters("acme"); got != "100/10" {
				t.Errorf("counters %s", got)
			}
		})
	}
	if s, err := trySettle(b.acme, "known", 100, 0); err != nil || !s.Again {
		t.Errorf("the same figures again: %+v %v", s, err)
	}
	if s, err := trySettle(b.acme, "held", 700, 900); err != nil || s.In+s.Out != 1600 {
		t.Errorf("more than was reserved is charged: %+v %v", s, err)
	}
	if got := b.counters("acme"); got != "1700/0" {
		t.Errorf("counters %s", got)
	}
	b.agree()
}

// TestATenantPaysWhatItReserved at least, and an application pays what was used.
func TestATenantPaysWhatItReserved(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(1000)))
	for _, id := range []string{"own", "application", "released"} {
		b.reserve(b.acme, id, 100)
	}
	s, err := trySettle(b.acme, "own", 1, 0)
	if diff := cmp.Diff(settled{State: "Settled", In: 100, CostMicros: 100}, s); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if got := code(b.acme, "SELECT * FROM tenantry.release('released')"); got != "42501" {
		t.Errorf("a tenant released: %q", got)
	}
	for query, want := range map[string]string{
		"SELECT cost_micros::text FROM tenantry.settle('application', 1, 0)": "1",
		"SELECT state FROM tenantry.release('released')":                     "Released",
	} {
		if got, err := b.asApp("acme", query); got != want || err != nil {
			t.Errorf("%s: %q %v", query, got, err)
		}
	}
	if got, err := b.asApp("acme", "SELECT again::text FROM tenantry.release('released')"); got != "true" || err != nil {
		t.Errorf("released again: %q %v", got, err)
	}
	if _, err := b.asApp("acme", "SELECT state FROM tenantry.release('own')"); sqlState(err) != rows.CodeOtherFigures {
		t.Errorf("what was settled was released: %v", err)
	}
	if got := b.counters("acme"); got != "101/0" {
		t.Errorf("counters %s", got)
	}
	if got, err := b.asApp("acme", "SELECT cost_micros::text FROM tenantry.settle('released', 5, 0)"); got != "5" || err != nil {
		t.Errorf("what was used after all counts: %q %v", got, err)
	}
	b.agree()
}

// TestWhatFitsIsAdmitted to the last token of a limit, and a call for nothing even then; beyond it nothing is.
func TestWhatFitsIsAdmitted(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100), budget.Limit{Unit: budget.USD, Model: "*", Amount: 100}))
	many := func(id, n string) string {
		t.Helper()
		return b.value(b.appConn, "SELECT concat_ws(' ', decision, unit, used, reserved) FROM tenantry.reserve_many('{acme}', ARRAY[$1], '{big}', ARRAY[$2]::bigint[], '{0}')", id, n)
	}
	for _, c := range []struct {
		n                int64
		decision, byMany string
	}{
		{99, "Granted", "Granted"}, {101, "Refused", "Refused Tokens 0 99"}, {1, "Granted", "Granted"},
		{0, "Granted", "Granted"}, {1, "Refused", "Refused Tokens 0 100"},
	} {
		if c.n != 99 && c.n != 1 || c.decision == "Refused" { // what takes nothing is asked for both ways
			if got := many(fmt.Sprint("many", c.n), fmt.Sprint(c.n)); got != c.byMany {
				t.Errorf("%d by reserve_many: %s, want %s", c.n, got, c.byMany)
			}
		}
		if got := b.reserve(b.acme, fmt.Sprint("one", c.n, c.decision), c.n); got.Decision != c.decision {
			t.Errorf("%d: %+v, want %s", c.n, got, c.decision)
		}
	}
	b.give(limits("acme", tokens(99)))
	for id, n := range map[string]int64{"below use": 0, "below use, too": 1} {
		if got := b.reserve(b.acme, id, n); got.Decision != "Refused" || got.Reserved != 100 || got.Limit != 99 {
			t.Errorf("%d: %+v", n, got)
		}
	}
	b.give(limits("globex", tokens(0)))
	if got := b.reserve(b.globex, "nothing of nothing", 0); got.Decision != "Granted" {
		t.Errorf("%+v", got)
	}
	if got := b.reserve(b.globex, "something of nothing", 1); got.Decision != "Refused" {
		t.Errorf("%+v", got)
	}
	b.agree()
}

func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		onExpiry              string
		expired, late, refuse string
	}{
		"charged": {budget.Charge, "100/0", "40/0", "Refused"},
		"free":    {budget.Free, "0/0", "40/0", "Granted"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, func(s *budget.Spec) { s.OnExpiry, s.ReservationSeconds = c.onExpiry, 60 })
			b.give(limits("acme", tokens(120)))
			b.give(limits("globex", tokens(120)))
			for _, conn := range []*pgx.Conn{b.acme, b.globex} {
				b.reserve(conn, "r1", 100)
			}
			b.at(time.Now().Add(time.Minute + time.Second))
			// reserve itself sweeps before it refuses; the operator sweeps the others.
			if got := b.reserve(b.acme, "r2", 100); got.Decision != c.refuse {
				t.Errorf("beside an expired reservation: %+v", got)
			}
			swept, err := b.s.SweepBudgets(context.Background(), plane.Fresh)
			if diff := cmp.Diff(budget.Swept{Tenants: 1, Expired: 1}, swept); diff != "" || err != nil {
				t.Error(err, diff)
			}
			if got := b.counters("globex"); got != c.expired {
				t.Errorf("expired: %s, want %s", got, c.expired)
			}
			if _, err := b.asApp("globex", "SELECT state FROM tenantry.settle('r1', 40, 0)"); err != nil {
				t.Error(err)
			}
			if got := b.counters("globex"); got != c.late {
				t.Errorf("settled late: %s, want %s", got, c.late)
			}
			b.agree()
		})
	}
}

// TestIsolationLevels: in an old snapshot a call would not see what others reserved.
func TestIsolationLevels(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	for level, want := range map[string]string{"READ COMMITTED": "", "REPEATABLE READ": rows.CodeIsolation, "SERIALIZABLE": rows.CodeIsolation} {
		b.must(t, "BEGIN ISOLATION LEVEL "+level)
		if got := code(b.acme, "SELECT * FROM tenantry.reserve('"+level+"', 'big', 10, 0)"); got != want {
			t.Errorf("%s: %q, want %q", level, got, want)
		}
		b.must(t, "ROLLBACK")
	}
}

func (b *books) must(t *testing.T, statement string) {
	t.Helper()
	if got := code(b.acme, statement); got != "" {
		t.Fatal(statement, got)
	}
}

// TestManyAtOnce: each element answers for itself, in one transaction.
func TestManyAtOnce(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	ctx := context.Background()
	lines := func(query string, args ...any) string {
		t.Helper()
		found, err := b.appConn.Query(ctx, query, args...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(out, "; ")
	}
	tenants := []string{"globex", "acme", "nobody", "acme", "acme", "acme", "acme"}
	ids := []string{"g1", "a1", "n1", "a2", "a1", "a3", ""}
	models := []string{"big", "big", "big", "big", "big", "huge", "big"}
	tokensIn, tokensOut := []int64{50, 60, 1, 60, 60, 1, 1}, []int64{0, 0, 0, 0, 0, 0, 0}
	got := lines("SELECT concat_ws(' ', ordinal, decision, again, unit, used, reserved, limit_amount, code) FROM tenantry.reserve_many($1, $2, $3, $4, $5) ORDER BY ordinal",
		tenants, ids, models, tokensIn, tokensOut)
	want := "1 Granted f; 2 Granted f; 3 Failed TN002; 4 Refused f Tokens 0 60 100; 5 Granted t; 6 Failed TN012; 7 Failed TN010"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.converge(b.s, suspended(b.withPassword(tenant("globex"))))
	got = lines("SELECT concat_ws(' ', ordinal, state, again, input_tokens, code) FROM tenantry.settle_many($1, $2, $3, $4) ORDER BY ordinal",
		[]string{"globex", "acme", "acme", "acme"}, []string{"g1", "a1", "a1", "a9"}, []int64{10, 20, 20, 1}, []int64{0, 0, 0, 0})
	if diff := cmp.Diff("1 Settled f 10; 2 Settled f 20; 3 Settled t 20; 4 Failed TN013", got); diff != "" {
		t.Error(diff)
	}
	got = lines("SELECT concat_ws(' ', ordinal, state, again, code) FROM tenantry.release_many($1, $2) ORDER BY ordinal", []string{"acme"}, []string{"a1"})
	if diff := cmp.Diff("1 Failed TN014", got); diff != "" {
		t.Error(diff)
	}
	for _, call := range []string{
		"SELECT tenantry.reserve_many('{acme}', '{x,y}', '{big}', '{1}', '{1}')", "SELECT tenantry.settle_many('{acme}', NULL, '{1}', '{1}')",
		"SELECT tenantry.reserve_many(array_fill('acme'::text, '{1001}'), array_fill('x'::text, '{1001}'), array_fill('big'::text, '{1001}'), " +
			"array_fill(1::bigint, '{1001}'), array_fill(1::bigint, '{1001}'))",
	} {
		if got := code(b.appConn, call); got != rows.CodeBadArgument {
			t.Errorf("%s: %q", call, got)
		}
	}
	b.agree()
}
