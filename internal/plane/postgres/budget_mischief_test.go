package postgres_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/plane"
)

// mischief is what a tenant or an application that acts for one may try against another's budget, or its own.
var mischief = []string{
	"UPDATE tenantry.tenant_budgets SET amounts = '{1000000}'",
	"DELETE FROM tenantry.tenant_budgets",
	"INSERT INTO tenantry.tenant_budgets SELECT * FROM tenantry.tenant_budgets",
	"TRUNCATE tenantry.tenant_budgets",
	"SELECT * FROM tenantry.tenant_budgets",
	"SELECT * FROM tenantry.tenant_budgets FOR UPDATE",
	"SELECT * FROM tenantry.budget_periods",
	"SELECT * FROM tenantry.budget_marks",
	"SELECT * FROM tenantry.budget_settings",
	"UPDATE tenantry.budget_settings SET without_budget = 'Allow'",
	"SELECT * FROM tenantry.model_prices",
	"INSERT INTO tenantry.model_prices VALUES ('big', now(), 0, 0)",
	"UPDATE tenantry.model_routing SET model = 'small'",
	"INSERT INTO tenantry.ai_usage_logs SELECT * FROM tenantry.ai_usage_logs",
	"UPDATE tenantry.ai_usage_logs SET cost_micros = 0",
	"DELETE FROM tenantry.ai_usage_logs",
	"TRUNCATE tenantry.ai_usage_logs",
	"DO $$ BEGIN LOCK TABLE tenantry.ai_usage_logs IN SHARE MODE; END $$",
	"SELECT * FROM tenantry.ai_usage_logs_default",
	"SELECT * FROM tenantry.usage_by_day",
	"SELECT * FROM tenantry.usage_by_model",
	"SELECT tenantry.budget_rebuild('globex')",
	"SELECT tenantry.budget_sweep('globex', now() + interval '1 year')",
	"SELECT tenantry.budget_sweep_due('', 10)",
	"SELECT tenantry.budget_roll('globex', now() + interval '1 year')",
	"SELECT tenantry.budget_late('globex', now(), 'big', -100, -100, 0, 0)",
	"SELECT tenantry.budget_mark()",
	"SELECT tenantry.budget_now()",
	"CREATE OR REPLACE FUNCTION tenantry.budget_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
	"ALTER FUNCTION tenantry.reserve(text, text, bigint, bigint, text) SECURITY INVOKER",
	"ALTER TABLE tenantry.ai_usage_logs DISABLE ROW LEVEL SECURITY",
	"CREATE POLICY mine ON tenantry.ai_usage_logs USING (true)",
	"CREATE TRIGGER mine BEFORE UPDATE ON tenantry.tenant_budgets FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
}

// asTenant are two more that only a tenant's own login is refused.
var asTenant = []string{
	"SELECT tenantry.release('g1')",
	"SELECT tenantry.reserve_many('{globex}', '{x}', '{big}', '{1}', '{1}')",
	"SELECT tenantry.settle_many('{globex}', '{g1}', '{0}', '{0}')",
	"SELECT tenantry.release_many('{globex}', '{g1}')",
	"SELECT tenantry.use_tenant('globex')",
}

func TestNoSQLOfATenantChangesABudget(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	b.reserve(b.acme, "a1", 40)
	b.reserve(b.globex, "g1", 40)
	for _, statement := range append(asTenant, mischief...) {
		if got := code(b.acme, statement); got != "42501" && got != "TN005" {
			t.Errorf("as a tenant, %s: SQLSTATE %q", statement, got)
		}
	}
	for _, statement := range mischief {
		if _, err := b.asApp("acme", statement); sqlState(err) != "42501" {
			t.Errorf("as the application, %s: %v", statement, err)
		}
	}
	// What it may do reaches its own rows only.
	for query, want := range map[string]string{
		"SELECT string_agg(request_id, ',') FROM tenantry.ai_usage_logs":                        "a1",
		"SELECT string_agg(limit_amount || ' ' || reserved, ',') FROM tenantry.budget_status()": "100 40",
	} {
		if got := b.value(b.acme, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if got, err := b.asApp("acme", query); got != want || err != nil {
			t.Errorf("as the application, %s: %s %v, want %s", query, got, err, want)
		}
	}
	if _, err := trySettle(b.acme, "g1", 0, 0); sqlState(err) != "TN013" {
		t.Errorf("another's request: %v", err)
	}
	// Settings that a session may change, and things that stand in for ours.
	for _, statement := range []string{
		"SET search_path = pg_temp, public", "SET plan_cache_mode = force_custom_plan", "SET row_security = on", "SET app.current_tenant = 'globex'",
		"SET tenantry.stamp = 'globex'", "SET enable_indexscan = off", "SET timezone = 'Pacific/Kiritimati'", "SET DateStyle = 'German'",
		"SET transform_null_equals = on", "SET standard_conforming_strings = off", "SET plpgsql.extra_errors = 'all'",
		"CREATE TEMPORARY TABLE tenant_budgets (tenant_id text)", "CREATE TEMPORARY TABLE logins AS SELECT session_user AS role_name, 'globex' AS tenant_id",
		"CREATE FUNCTION pg_temp.budget_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now() + interval ''1 year'''",
		"CREATE FUNCTION pg_temp.greatest(timestamptz, timestamptz) RETURNS timestamptz LANGUAGE sql AS 'SELECT now() + interval ''1 year'''",
	} {
		if got := code(b.acme, statement); got != "" {
			t.Fatalf("%s: %s", statement, got)
		}
	}
	if got := b.reserve(b.acme, "a2", 61); got.Decision != "Refused" || got.Reserved != 40 {
		t.Errorf("%+v", got)
	}
	if got := []string{b.counters("acme"), b.counters("globex")}; !cmp.Equal(got, []string{"0/40", "0/40"}) {
		t.Error(got)
	}
	b.agree()
}

// TestATenantThatHoldsItsRow keeps nobody else waiting: neither other tenants, nor the sweep.
func TestATenantThatHoldsItsRow(t *testing.T) {
	b := newBooks(t, func(s *budget.Spec) { s.ReservationSeconds = 1 })
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	ctx := context.Background()
	b.reserve(b.globex, "g1", 1)
	b.as(b.operator, "UPDATE tenantry.tenant_budgets SET next_expiry = now() - interval '1 second'",
		"UPDATE tenantry.ai_usage_logs SET expires_at = now() - interval '1 second'")
	err := pgx.BeginFunc(ctx, b.acme, func(tx pgx.Tx) error {
		if _, err := tryReserve(tx, "a1", "big", 10, 0, nil); err != nil {
			return err
		}
		if got := b.reserve(b.globex, "g2", 1); got.Decision != "Granted" {
			t.Error(got)
		}
		swept, err := b.s.SweepBudgets(ctx, plane.Fresh)
		if err != nil || swept.Expired != 1 {
			t.Errorf("%+v %v", swept, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.agree()
}
