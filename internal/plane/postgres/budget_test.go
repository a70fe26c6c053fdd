package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

func TestReserveAndSettle(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(1000), budget.Limit{Unit: budget.USD, Model: "*", Amount: 1500}, budget.Limit{Unit: budget.Tokens, Model: "big", Amount: 400}))
	got, err := tryReserve(b.acme, "r1", "big", 100, 200, nil)
	if diff := cmp.Diff(answer{Decision: "Granted", Model: "big", Percent: 75}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if got := b.counters("acme"); got != "0,0,0/300,300,500" {
		t.Errorf("reserved: %s", got)
	}
	got, err = tryReserve(b.acme, "r1", "big", 100, 200, nil)
	if diff := cmp.Diff(answer{Decision: "Granted", Model: "big", Again: true}, got); diff != "" || err != nil {
		t.Error("a retry:", err, diff)
	}
	got, err = tryReserve(b.acme, "r2", "big", 101, 0, nil)
	want := answer{Decision: "Refused", Model: "big", Unit: "Tokens", LimitModel: "big", Reserved: 300, Limit: 400, Percent: 75}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error("beyond a model's limit:", err, diff)
	}
	if got, err := tryReserve(b.acme, "r2", "small", 700, 0, nil); err != nil || got.Decision != "Granted" {
		t.Error("another model has room:", err, got)
	}
	if _, err := b.asApp("acme", "SELECT state FROM tenantry.settle('r1', 100, 50)"); err != nil {
		t.Error(err)
	}
	if got := b.counters("acme"); got != "150,150,200/700,0,70" {
		t.Errorf("settled: %s", got)
	}
	b.agree()
}

// TestAnyDifferenceIsMended changes each thing by hand that budgets need, and has it found and put back.
func TestAnyDifferenceIsMended(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(1000)))
	b.reserve(b.acme, "r1", 100)
	for name, c := range map[string]struct {
		statement string
		object    string
	}{
		"setting":             {"UPDATE tenantry.budget_settings SET on_expiry = 'Free'", "settings of budgets"},
		"settings gone":       {"DELETE FROM tenantry.budget_settings", "settings of budgets"},
		"price":               {"INSERT INTO tenantry.model_prices VALUES ('big', clock_timestamp(), 0, 0)", "price of model big"},
		"price gone":          {"DELETE FROM tenantry.model_prices WHERE model = 'big'", "price of model big"},
		"price of a stranger": {"INSERT INTO tenantry.model_prices VALUES ('huge', clock_timestamp(), 0, 0)", "price of model huge"},
		"route":               {"UPDATE tenantry.model_routing SET model = 'small'", "route of Premium and Complex"},
		"route gone":          {"DELETE FROM tenantry.model_routing WHERE tier = 'Standard'", "route of Standard and Simple"},
		"strange route":       {"INSERT INTO tenantry.model_routing VALUES ('Enterprise', 'Simple', 'big')", "route of Enterprise and Simple"},
		"no security":         {"ALTER TABLE tenantry.ai_usage_logs DISABLE ROW LEVEL SECURITY", "table tenantry.ai_usage_logs"},
		"not forced":          {"ALTER TABLE tenantry.tenant_budgets NO FORCE ROW LEVEL SECURITY", "table tenantry.tenant_budgets"},
		"policy":              {"CREATE POLICY wide ON tenantry.ai_usage_logs USING (true)", "table tenantry.ai_usage_logs"},
		"policy gone":         {"DROP POLICY tenant_isolation ON tenantry.budget_periods", "table tenantry.budget_periods"},
		"open partition":      {"ALTER TABLE tenantry.ai_usage_logs_default NO FORCE ROW LEVEL SECURITY", "table tenantry.ai_usage_logs_default"},
		"partition":           {"DROP TABLE tenantry.ai_usage_logs_{last}", "table tenantry.ai_usage_logs_{last}"},
		"function":            {"CREATE OR REPLACE FUNCTION tenantry.budget_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'", "function tenantry.budget_now()"},
		"clock gone":          {"DROP FUNCTION tenantry.budget_now()", "function tenantry.budget_now()"},
		"function gone":       {"DROP FUNCTION tenantry.route(text)", "function tenantry.route(text)"},
		"function closed":     {"REVOKE EXECUTE ON FUNCTION tenantry.settle(text, bigint, bigint) FROM {prefix}tenants", "function tenantry.settle(text,bigint,bigint)"},
		"function opened":     {"GRANT EXECUTE ON FUNCTION tenantry.budget_rebuild(text) TO {prefix}tenants", "function tenantry.budget_rebuild(text)"},
		"table opened":        {"GRANT UPDATE ON tenantry.tenant_budgets TO {prefix}tenants", "table tenantry.tenant_budgets"},
		"limit":               {"UPDATE tenantry.tenant_budgets SET amounts = '{5000}'", "budget of tenant acme"},
		"limits":              {"UPDATE tenantry.tenant_budgets SET models = '{none}'", "budget of tenant acme"},
		"broken arrays":       {"UPDATE tenantry.tenant_budgets SET used = '{}'", "budget of tenant acme"},
		"enforcement":         {"UPDATE tenantry.tenant_budgets SET enforcement = 'Warn'", "budget of tenant acme"},
		"moved period":        {"UPDATE tenantry.tenant_budgets SET period_end = period_end + interval '1 year'", "budget of tenant acme"},
		"unknown zone":        {"UPDATE tenantry.tenant_budgets SET time_zone = 'Nowhere'", "budget of tenant acme"},
		"budget gone":         {"DELETE FROM tenantry.tenant_budgets", "budget of tenant acme"},
		"counters":            {"UPDATE tenantry.tenant_budgets SET used = '{0}', reserved = '{0}', open_requests = 0", "counters of tenant acme"},
	} {
		t.Run(name, func(t *testing.T) {
			last := time.Now().UTC().AddDate(0, 0, -time.Now().UTC().Day()+1).AddDate(0, 3, 0).Format("2006_01")
			names := strings.NewReplacer("{last}", last)
			b.as(b.operator, b.names(names.Replace(c.statement)))
			if got := b.mend(t); !slices.Contains(got, names.Replace(c.object)) {
				t.Errorf("found %q, want %q among it", got, names.Replace(c.object))
			}
			if got := b.mend(t); len(got) > 0 {
				t.Errorf("after mending: %q", got)
			}
			if got := b.counters("acme"); got != "0/100" {
				t.Errorf("counters %s", got)
			}
		})
	}
	b.agree()
}

// mend looks at everything, repairs it, and says what was found.
func (b *books) mend(t *testing.T) []string {
	t.Helper()
	ctx := context.Background()
	var found []string
	for _, look := range []func() (boundary.Diff, error){
		func() (boundary.Diff, error) { return b.s.DiffPlane(ctx, plane.Fresh) },
		func() (boundary.Diff, error) { return b.s.DiffBudget(ctx, limits("acme", tokens(1000)), plane.Fresh) },
		func() (boundary.Diff, error) { return b.s.DiffCounters(ctx) },
	} {
		diff, err := look()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range diff.Plan {
			found = append(found, c.Object)
		}
		if err := b.s.Apply(ctx, diff.Plan); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestAPlaneOfTheFirstSchemaIsMigrated begins with what the first version left.
func TestAPlaneOfTheFirstSchemaIsMigrated(t *testing.T) {
	b := newBooks(t)
	b.as(b.operator, "DROP TABLE tenantry.budget_settings, tenantry.model_prices, tenantry.model_routing, tenantry.tenant_budgets, tenantry.budget_periods, "+
		"tenantry.budget_marks, tenantry.ai_usage_logs CASCADE",
		"DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace AND proname NOT IN ('current_tenant', 'use_tenant') "+
			"LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$", "UPDATE tenantry.plane SET schema_version = 1")
	s := b.open(b.config)
	for range 2 { // the second look makes the partitions
		diff, err := s.DiffPlane(context.Background(), plane.Fresh)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(context.Background(), diff.Plan); err != nil {
			t.Fatal(err)
		}
	}
	if diff, err := s.DiffPlane(context.Background(), plane.Fresh); err != nil || !diff.Settled() {
		t.Fatal(err, diff.Plan.Lines())
	}
	b.give(limits("acme", tokens(100)))
	if got := b.reserve(b.acme, "r1", 100); got.Decision != "Granted" {
		t.Error(got)
	}
}

// TestBudgetsCostOneRoundTrip whatever the number of tenants.
func TestBudgetsCostOneRoundTrip(t *testing.T) {
	b := newBooks(t)
	ids := []string{"acme", "globex"}
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("t%d", i))
		b.converge(b.s, tenant(ids[len(ids)-1]))
	}
	for _, id := range ids {
		b.give(limits(id, tokens(100)))
	}
	var c calls
	s := b.open(b.config, func(cfg *postgres.Config) { cfg.Trace = c.trace })
	for _, id := range ids {
		diff, err := s.DiffBudget(context.Background(), limits(id, tokens(100)), plane.Recent)
		if err != nil || !diff.Settled() {
			t.Fatal(err, diff.Plan.Lines())
		}
		if usage, err := s.BudgetUsage(context.Background(), id, plane.Recent); err != nil || usage == nil || len(usage.Limits) != 1 {
			t.Fatal(err, usage)
		}
	}
	if diff := cmp.Diff(map[string]int{"read": 1}, c.take()); diff != "" {
		t.Error(diff)
	}
	if _, err := s.DiffCounters(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"read": 1}, c.take()); diff != "" {
		t.Error(diff)
	}
}

// TestALookAtALedgerWithNothingDue asks for nothing beyond its snapshot; what is due is done.
func TestALookAtALedgerWithNothingDue(t *testing.T) {
	b := newBooks(t)
	ctx := context.Background()
	b.give(limits("acme", tokens(100)))
	b.give(limits("globex", tokens(100)))
	b.reserve(b.acme, "r1", 60)
	var c calls
	look := func() budget.Swept {
		t.Helper()
		s := b.open(b.config, func(cfg *postgres.Config) { cfg.Trace = c.trace })
		if _, err := s.DiffPlane(ctx, plane.Recent); err != nil {
			t.Fatal(err)
		}
		swept, err := s.SweepBudgets(ctx, plane.Recent)
		if err != nil {
			t.Fatal(err)
		}
		return swept
	}
	look() // the first marks
	if got := c.take()["write"]; got == 0 {
		t.Error("where use stands was not noted")
	}
	for range 2 {
		if swept := look(); swept != (budget.Swept{}) {
			t.Errorf("%+v", swept)
		}
		if diff := cmp.Diff(map[string]int{"read": 2}, c.take()); diff != "" {
			t.Error(diff)
		}
	}
	b.at(time.Now().Add(time.Hour))
	if diff := cmp.Diff(budget.Swept{Tenants: 1, Expired: 1}, look()); diff != "" {
		t.Error(diff)
	}
	b.shift(time.Now().AddDate(0, 2, 0))
	if diff := cmp.Diff(budget.Swept{Tenants: 2}, look()); diff != "" {
		t.Error(diff)
	}
}

// TestALookAtALedgerWithoutItsFunctions finds them missing, also the ones that the snapshot calls.
func TestALookAtALedgerWithoutItsFunctions(t *testing.T) {
	b := newBooks(t)
	ctx := context.Background()
	b.give(limits("acme", tokens(100)))
	for _, name := range []string{"budget_now()", "budget_calendar(timestamptz, timestamptz, text, text)"} {
		b.as(b.operator, "DROP FUNCTION tenantry."+name)
		s := b.open(b.config)
		diff, err := s.DiffPlane(ctx, plane.Recent)
		if err != nil || len(diff.Plan) != 1 {
			t.Fatalf("%s: %v %v", name, err, diff.Plan.Lines())
		}
		if err := s.Apply(ctx, diff.Plan); err != nil {
			t.Fatal(err)
		}
		if diff, err = s.DiffBudget(ctx, limits("acme", tokens(100)), plane.Recent); err != nil || !diff.Settled() {
			t.Errorf("%s: %v %v", name, err, diff.Plan.Lines())
		}
	}
}

// TestFinanceReadsDollars of six decimals, without the digits that a division adds.
func TestFinanceReadsDollars(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", tokens(10_000)))
	b.reserve(b.acme, "r1", 1440)
	if _, err := trySettle(b.acme, "r1", 1440, 0); err != nil {
		t.Fatal(err)
	}
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	for _, view := range []string{"usage_by_day", "usage_by_model"} {
		if got := b.value(conn, "SELECT cost_usd::text FROM tenantry."+view+" WHERE tenant_id = $1", "acme"); got != "0.001440" {
			t.Errorf("%s says %s", view, got)
		}
	}
}

func TestALimitTakesEffectAndUseStays(t *testing.T) {
	b := newBooks(t)
	step := func(want budget.Budget, id string, n int64, decision, counters string) {
		t.Helper()
		b.give(want)
		if got := b.reserve(b.acme, id, n); got.Decision != decision {
			t.Errorf("%s: %+v, want %s", id, got, decision)
		}
		if got := b.counters("acme"); got != counters {
			t.Errorf("%s: counters %s, want %s", id, got, counters)
		}
	}
	step(limits("acme", tokens(100)), "r1", 60, "Granted", "0/60")
	step(limits("acme", tokens(50)), "r2", 1, "Refused", "0/60")
	step(limits("acme", tokens(70)), "r3", 10, "Granted", "0/70")
	more := limits("acme", tokens(1000), budget.Limit{Unit: budget.USD, Model: "big", Amount: 100})
	step(more, "r4", 30, "Granted", "0,0/100,100")
	step(more, "r5", 1, "Refused", "0,0/100,100")
	more.Period, more.TimeZone = budget.Day, "America/New_York"
	step(more, "r6", 1, "Refused", "0,0/100,100")
	warn := limits("acme", tokens(100))
	warn.Enforcement = budget.Warn
	step(warn, "r7", 5, "Warned", "0/105")
	b.agree()
}

func TestAPriceChangeKeepsOldCost(t *testing.T) {
	b := newBooks(t)
	b.give(limits("acme", budget.Limit{Unit: budget.USD, Model: "*", Amount: 10_000}))
	b.reserve(b.acme, "old", 100)
	b.spec.Models = []budget.Price{{Model: "big", Input: 7_000_000, Output: 7_000_000}, prices[1]}
	b.s = b.open(b.config)
	b.mend(t) // also takes the USD limit for a token one, as mend says
	b.give(limits("acme", budget.Limit{Unit: budget.USD, Model: "*", Amount: 10_000}))
	b.reserve(b.acme, "new", 100)
	got := []int64{}
	for _, id := range []string{"old", "new"} {
		s, err := trySettle(b.acme, id, 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.CostMicros)
	}
	if diff := cmp.Diff([]int64{100, 700}, got); diff != "" {
		t.Error(diff)
	}
	b.spec.Models = b.spec.Models[1:]
	b.s = b.open(b.config)
	b.settle(b.s)
	if _, err := tryReserve(b.acme, "gone", "big", 1, 0, nil); sqlState(err) != rows.CodeNoPrice {
		t.Errorf("a model that was taken out: %v", err)
	}
}

func TestWithoutABudget(t *testing.T) {
	b := newBooks(t)
	if got := b.reserve(b.acme, "r1", 1); got.Decision != "Refused" || got.Unit != "" {
		t.Errorf("refused by default, without a limit to name: %+v", got)
	}
	b.spec.WithoutBudget = budget.Allow
	b.s = b.open(b.config)
	b.settle(b.s)
	if got := b.reserve(b.acme, "r1", 70); got.Decision != "Granted" {
		t.Errorf("allowed: %+v", got)
	}
	if usage, err := b.s.BudgetUsage(context.Background(), "acme", plane.Fresh); err != nil || usage != nil {
		t.Errorf("it has no AIBudget, and usage %+v (%v)", usage, err)
	}
	b.give(limits("acme", tokens(100)))
	if got := b.counters("acme"); got != "0/70" {
		t.Errorf("what was recorded before the limit counts: %s", got)
	}
}

func TestCheaperNearTheLimit(t *testing.T) {
	b := newBooks(t)
	want := limits("acme", tokens(100))
	want.DegradePercent = 50
	b.give(want)
	for _, c := range []struct {
		id         string
		complexity any
		want       answer
	}{
		{"below", "Complex", answer{Decision: "Granted", Model: "big", Percent: 30}},
		{"above", "Complex", answer{Decision: "Granted", Model: "small", Percent: 60}},
		{"above", "Complex", answer{Decision: "Granted", Model: "small", Again: true}},
		{"simple already", "Simple", answer{Decision: "Granted", Model: "big", Percent: 90}},
		{"full", nil, answer{Decision: "Refused", Model: "big", Unit: "Tokens", LimitModel: "*", Reserved: 90, Limit: 100, Percent: 90}},
	} {
		got, err := tryReserve(b.acme, c.id, "big", 30, 0, c.complexity)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Error(c.id, err, diff)
		}
	}
	if got, err := b.asApp("acme", "SELECT tenantry.route('Complex') || tenantry.route('Simple')"); err != nil || got != "bigsmall" {
		t.Error(got, err)
	}
	if _, err := b.asApp("acme", "SELECT tenantry.route('Standard')"); sqlState(err) != rows.CodeNoPrice {
		t.Error(err)
	}
	b.agree()
}
