package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// TestPeriods: bounds in UTC of the calendar period that a moment falls in.
func TestPeriods(t *testing.T) {
	b := newBooks(t)
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	for _, c := range []struct{ moment, period, zone, want string }{
		{"2026-01-31 22:59:59.999999+00", "Month", "Europe/Paris", "2025-12-31 23:00:00 2026-01-31 23:00:00"},
		{"2026-01-31 23:00:00+00", "Month", "Europe/Paris", "2026-01-31 23:00:00 2026-02-28 23:00:00"},
		{"2028-02-29 12:00:00+00", "Month", "UTC", "2028-02-01 00:00:00 2028-03-01 00:00:00"},
		{"2028-02-29 12:00:00+00", "Day", "America/New_York", "2028-02-29 05:00:00 2028-03-01 05:00:00"},
		{"2026-03-29 12:00:00+00", "Day", "Europe/Paris", "2026-03-28 23:00:00 2026-03-29 22:00:00"}, // 23 hours
		{"2026-10-25 12:00:00+00", "Day", "Europe/Paris", "2026-10-24 22:00:00 2026-10-25 23:00:00"}, // 25 hours
		{"2026-03-15 12:00:00+00", "Month", "Europe/Paris", "2026-02-28 23:00:00 2026-03-31 22:00:00"},
		{"2026-11-25 12:00:00+00", "Week", "Asia/Kolkata", "2026-11-22 18:30:00 2026-11-29 18:30:00"},
		{"2026-04-24 12:00:00+00", "Day", "Africa/Cairo", "2026-04-23 22:00:00 2026-04-24 21:00:00"},   // midnight does not exist
		{"2026-11-01 04:30:00+00", "Day", "America/Havana", "2026-11-01 04:00:00 2026-11-02 05:00:00"}, // midnight comes twice
		{"2026-11-01 05:30:00+00", "Day", "America/Havana", "2026-11-01 04:00:00 2026-11-02 05:00:00"},
		{"2026-11-01 03:59:59+00", "Day", "America/Havana", "2026-10-31 04:00:00 2026-11-01 04:00:00"},
		{"2026-12-31 23:59:59+00", "Week", "UTC", "2026-12-28 00:00:00 2027-01-04 00:00:00"},
	} {
		got := b.value(conn, "SELECT (p.period_start AT TIME ZONE 'UTC')::text || ' ' || (p.period_end AT TIME ZONE 'UTC')::text FROM tenantry.budget_period($1::text::timestamptz, $2, $3) p",
			c.moment, c.period, c.zone)
		if got != c.want {
			t.Errorf("%s of %s in %s: %s, want %s", c.period, c.moment, c.zone, got, c.want)
		}
	}
	// Whatever the moment, its period contains it, and the next begins where it ends.
	bad := b.value(conn, `SELECT count(*)::text FROM unnest(ARRAY['UTC', 'Europe/Paris', 'America/New_York', 'America/Havana', 'Africa/Cairo', 'Australia/Lord_Howe',
		'Pacific/Apia', 'Asia/Kathmandu', 'America/Santiago', 'Asia/Beirut']) z, unnest(ARRAY['Day', 'Week', 'Month']) k,
		generate_series('2026-01-01'::timestamptz, '2028-12-31', interval '7 hours 13 minutes') m,
		tenantry.budget_period(m, k, z) p, tenantry.budget_period(p.period_end, k, z) n
		WHERE m < p.period_start OR m >= p.period_end OR n.period_start <> p.period_end`)
	if bad != "0" {
		t.Errorf("%s moments are outside of their period, or leave a gap after it", bad)
	}
}

// TestRolloverUnderLoad lets callers run over midnight of the zone. What was reserved before counts in the old period, what
// is reserved after in the new one, each within its limit, and the limit is free again at once.
func TestRolloverUnderLoad(t *testing.T) {
	const limit = 150
	for name, c := range map[string]struct {
		midnight     string
		period, zone string
	}{
		"31 January":         {"2027-02-01T00:00:00+01:00", budget.Month, "Europe/Paris"},
		"29 February":        {"2028-03-01T00:00:00-05:00", budget.Month, "America/New_York"},
		"clocks go forward":  {"2027-03-28T00:00:00+01:00", budget.Day, "Europe/Paris"},
		"after going back":   {"2027-11-01T00:00:00+01:00", budget.Day, "Europe/Paris"},
		"no midnight at all": {"2027-04-30T01:00:00+03:00", budget.Day, "Africa/Cairo"},
		"a month of UTC":     {"2027-02-01T00:00:00Z", budget.Month, "UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks(t)
			midnight, err := time.Parse(time.RFC3339, c.midnight)
			if err != nil {
				t.Fatal(err)
			}
			b.at(midnight.Add(-10 * time.Minute))
			want := limits("acme", tokens(limit))
			want.Period, want.TimeZone = c.period, c.zone
			b.give(want)
			b.hammer(8, "acme", midnight, limit/3)
			conn := b.connect(b.pg.SuperuserDSN(b.database))
			got := b.value(conn, `SELECT concat_ws(' ',
				(SELECT p.used[1] + p.reserved[1] FROM tenantry.budget_periods p WHERE p.period_end = $1),
				(SELECT b.used[1] + b.reserved[1] FROM tenantry.tenant_budgets b WHERE b.period_start = $1))`, midnight)
			var before, after int
			if _, err := fmt.Sscan(got, &before, &after); err != nil || before < limit/3 || before > limit || after != limit {
				t.Errorf("used before and after midnight: %s, want %d to %d, and then %d: it was full when callers stopped", got, limit/3, limit, limit)
			}
			byLedger := b.value(conn, `SELECT concat_ws(' ', sum(input_tokens + CASE state WHEN 'Reserved' THEN reserved_input ELSE 0 END) FILTER (WHERE created_at < $1),
				sum(input_tokens + CASE state WHEN 'Reserved' THEN reserved_input ELSE 0 END) FILTER (WHERE created_at >= $1)) FROM tenantry.ai_usage_logs`, midnight)
			if diff := cmp.Diff(got, byLedger); diff != "" {
				t.Errorf("counters and ledger: %s", diff)
			}
			b.agree()
		})
	}
}

// hammer has so many callers reserve and settle a token at a time, as the application for one tenant. Once so many are used,
// the clock is moved to just before midnight, and runs over it; each caller stops when it is refused in the new period.
// Every fifth reservation is left open.
func (b *books) hammer(callers int, id string, midnight time.Time, enough int64) {
	b.t.Helper()
	pool := b.pool(b.app, int32(callers))
	var granted atomic.Int64
	var once sync.Once
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				request := fmt.Sprintf("h%d-%d", caller, i)
				var decision, state string
				var resets time.Time
				if err := pool.QueryRow(context.Background(), "SELECT decision, resets_at FROM tenantry.reserve_many(ARRAY[$1], ARRAY[$2], '{big}', '{1}', '{0}')", id, request).
					Scan(&decision, &resets); err != nil {
					b.t.Errorf("reserve: %v", err)
					return
				}
				if decision == "Refused" && resets.After(midnight) {
					return
				}
				if decision == "Granted" && granted.Add(1) >= enough {
					once.Do(func() { b.shift(midnight.Add(-20 * time.Millisecond)) })
				}
				if decision != "Granted" || i%5 == 0 {
					continue
				}
				if err := pool.QueryRow(context.Background(), "SELECT state FROM tenantry.settle_many(ARRAY[$1], ARRAY[$2], '{1}', '{0}')", id, request).Scan(&state); err != nil || state != "Settled" {
					b.t.Errorf("settle: %s %v", state, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestIdsAreRememberedOverAMonthsEnd: a retry after midnight finds its request in the other partition.
func TestIdsAreRememberedOverAMonthsEnd(t *testing.T) {
	b := newBooks(t)
	first := time.Date(time.Now().Year(), time.Now().Month()+1, 1, 0, 0, 0, 0, time.UTC)
	b.at(first.Add(-time.Minute))
	want := limits("acme", tokens(100))
	b.give(want)
	b.reserve(b.acme, "r1", 60)
	b.reserve(b.acme, "r2", 30)
	b.at(first.Add(time.Minute))
	if got := b.reserve(b.acme, "r1", 60); !got.Again {
		t.Errorf("reserved twice: %+v", got)
	}
	if s, err := trySettle(b.acme, "r1", 60, 0); err != nil || s.Again {
		t.Errorf("%+v %v", s, err)
	}
	if s, err := trySettle(b.acme, "r1", 60, 0); err != nil || !s.Again {
		t.Errorf("settled twice: %+v %v", s, err)
	}
	if _, err := tryReserve(b.acme, "r1", "big", 60, 0, nil); sqlState(err) != rows.CodeReserveClosed {
		t.Errorf("reserved again after it was settled: %v", err)
	}
	b.reserve(b.acme, "r3", 100)
	if got := b.counters("acme"); got != "0/100" {
		t.Errorf("the new month: %s", got)
	}
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	if got := b.value(conn, "SELECT array_to_string(used || reserved, ',') FROM tenantry.budget_periods"); got != "60,30" {
		t.Errorf("the old month: %s", got)
	}
	b.agree()
}

// TestRowsThatFoundNoPartition are put by, count, and move to their partition when it is made; what is too old goes.
func TestRowsThatFoundNoPartition(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	far := time.Now().UTC().AddDate(2, 0, 0)
	b.at(far)
	b.reserve(b.acme, "r1", 60)
	if got := b.reserve(b.acme, "r1", 60); !got.Again {
		t.Errorf("%+v", got)
	}
	b.as(b.operator, "INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, output_price, "+
		"tenant_id, request_id, model) VALUES ('2020-05-05', '2020-05-05', 0, 0, 0, 0, 0, 'acme', 'ancient', 'big')")
	b.settle(b.s)
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	got := b.value(conn, "SELECT string_agg(request_id || ' in ' || tableoid::regclass, ',') FROM tenantry.ai_usage_logs")
	if want := "r1 in tenantry.ai_usage_logs_" + far.Format("2006_01"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if s, err := trySettle(b.acme, "r1", 60, 0); err != nil || s.Again {
		t.Errorf("%+v %v", s, err)
	}
	b.agree()
}

// TestOldMonthsGo when the plane keeps fewer.
func TestOldMonthsGo(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.as(b.operator, "INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, output_price, "+
		"tenant_id, request_id, model) VALUES (now() - interval '5 months', now(), 0, 0, 0, 0, 0, 'acme', 'old', 'big')")
	b.settle(b.s) // makes the partition of that month
	b.reserve(b.acme, "new", 1)
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	if got := b.value(conn, "SELECT string_agg(request_id, ',' ORDER BY created_at) FROM tenantry.ai_usage_logs WHERE tableoid <> 'tenantry.ai_usage_logs_default'::regclass"); got != "old,new" {
		t.Fatalf("before: %s", got)
	}
	b.spec.RetentionMonths = 3
	b.s = b.open(b.config)
	b.settle(b.s)
	if got := b.value(conn, "SELECT string_agg(request_id, ',') FROM tenantry.ai_usage_logs"); got != "new" {
		t.Errorf("left: %s", got)
	}
}
