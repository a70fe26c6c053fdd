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
	"github.com/tenantry/tenantry/internal/plane"
)

// flood gives a tenant n open reservations of nothing that expire at a moment, such as "now() - interval '1 second'".
func (b *books) flood(id string, n int, expires string) {
	b.t.Helper()
	b.as(b.operator, fmt.Sprintf("INSERT INTO tenantry.ai_usage_logs (created_at, expires_at, reserved_input, reserved_output, reserved_micros, input_price, "+
		"output_price, tenant_id, request_id, model) SELECT now(), %s, 0, 0, 0, 1, 1, '%s', 'flood' || i, 'big' FROM generate_series(1, %d) i", expires, id, n),
		fmt.Sprintf("UPDATE tenantry.tenant_budgets SET open_requests = open_requests + %d, next_expiry = least(next_expiry, %s), "+
			"open_since = least(open_since, now() - interval '1 minute') WHERE tenant_id = '%s'", n, expires, id))
}

const past = "now() - interval '1 second'"

func (b *books) openOf(id string) string {
	b.t.Helper()
	return b.value(b.connect(b.pg.SuperuserDSN(b.database)), "SELECT open_requests::text FROM tenantry.tenant_budgets WHERE tenant_id = $1", id)
}

// many reserves through reserve_many, and answers with the decisions or SQLSTATEs in order.
func (b *books) many(query string) []string {
	b.t.Helper()
	rows, err := b.appConn.Query(context.Background(), "SELECT coalesce(code, decision) FROM "+query+" ORDER BY ordinal")
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// TestAFloodOfExpiredReservations costs each call of its tenant a bounded number of them, and other tenants nothing.
func TestAFloodOfExpiredReservations(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	b.flood("acme", 3500, past)
	got := b.many("tenantry.reserve_many('{acme,globex}', '{full,ok}', '{big,big}', '{1000,1}', '{0,0}')")
	if !cmp.Equal(got, []string{"Refused", "Granted"}) || b.openOf("acme") != "2500" {
		t.Errorf("%v, and %s are open, want 2500", got, b.openOf("acme"))
	}
	if a := b.reserve(b.acme, "full2", 1000); a.Decision != "Refused" || b.openOf("acme") != "1500" {
		t.Errorf("%+v, and %s are open, want 1500", a, b.openOf("acme"))
	}
	swept, err := b.s.SweepBudgets(context.Background(), plane.Fresh)
	if err != nil || swept.Expired != 1500 || b.openOf("acme") != "0" {
		t.Errorf("%+v %v, and %s are open", swept, err, b.openOf("acme"))
	}
	b.agree()
}

// TestOpenReservationsAreBounded: beyond ten thousand none is granted, whatever it costs, until some are settled or expire.
func TestOpenReservationsAreBounded(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	b.flood("acme", 9998, "now() + interval '1 hour'")
	got := b.many("tenantry.reserve_many('{acme,acme,acme,globex}', '{a,b,c,g}', '{big,big,big,big}', '{0,0,0,0}', '{0,0,0,0}')")
	if !cmp.Equal(got, []string{"Granted", "Granted", "TN018", "Granted"}) {
		t.Error(got)
	}
	if _, err := tryReserve(b.acme, "d", "big", 0, 0, nil); sqlState(err) != "TN018" || !strings.Contains(err.Error(), "10000 open") {
		t.Errorf("one more: %v", err)
	}
	if a := b.reserve(b.acme, "b", 0); a.Decision != "Granted" || !a.Again {
		t.Errorf("a retry of one that is open: %+v", a)
	}
	if _, err := trySettle(b.acme, "a", 0, 0); err != nil {
		t.Fatal(err)
	}
	if a := b.reserve(b.acme, "e", 0); a.Decision != "Granted" {
		t.Errorf("after one was settled: %+v", a)
	}
	b.as(b.operator, "UPDATE tenantry.ai_usage_logs SET expires_at = "+past+" WHERE tenant_id = 'acme' AND state = 'Reserved'",
		"UPDATE tenantry.tenant_budgets SET next_expiry = "+past+" WHERE tenant_id = 'acme'")
	if a := b.reserve(b.acme, "f", 0); a.Decision != "Granted" || b.openOf("acme") != "9001" {
		t.Errorf("after they expired: %+v, and %s are open, want 9001", a, b.openOf("acme"))
	}
	b.agree()
}

// TestATenantWhoseSweepFails keeps no other from being swept, and is named.
func TestATenantWhoseSweepFails(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	b.flood("acme", 1, past)
	b.flood("globex", 2500, past)
	b.as(b.operator, "UPDATE tenantry.tenant_budgets SET period_end = period_start, time_zone = 'Nowhere' WHERE tenant_id = 'acme'")
	swept, err := b.s.SweepBudgets(context.Background(), plane.Fresh)
	if err == nil || !strings.Contains(err.Error(), "acme: ") || strings.Contains(err.Error(), "globex") || plane.CauseOf(err) != plane.ApplyFailed {
		t.Errorf("%+v %v", swept, err)
	}
	if swept.Expired != 2500 || b.openOf("globex") != "0" {
		t.Errorf("%+v, and %s of globex are open", swept, b.openOf("globex"))
	}
}

// TestAReaderThatStays keeps partitions from being made, and nothing else of the plane.
func TestAReaderThatStays(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	ctx := context.Background()
	now := time.Now().UTC()
	missing := "tenantry.ai_usage_logs_" + time.Date(now.Year(), now.Month()+3, 1, 0, 0, 0, 0, time.UTC).Format("2006_01")
	b.as(b.operator, "DROP TABLE "+missing)
	err := pgx.BeginFunc(ctx, b.acme, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT FROM tenantry.ai_usage_logs"); err != nil {
			return err
		}
		b.spec.Models = []budget.Price{{Model: "big", Input: 9_000_000, Output: 2_000_000}, prices[1]}
		b.spec.ReservationSeconds = 77
		s := b.open(b.config)
		diff, err := s.DiffPlane(ctx, plane.Fresh)
		if err != nil {
			return err
		}
		if err := s.Apply(ctx, diff.Plan); !plane.IsIsolated(err) || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), "is busy") {
			t.Errorf("apply: %v", err)
		}
		if diff, err = s.DiffPlane(ctx, plane.Fresh); err != nil || len(diff.Plan) != 1 || !strings.Contains(diff.Plan[0].Object, missing) {
			t.Errorf("left: %v\n%s", err, strings.Join(diff.Plan.Lines(), "\n"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
