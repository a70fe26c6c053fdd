package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/test/harness"
)

// TestBudget: from an AIBudget to limits that hold, for the application and for the tenant's own login, and back to figures.
func TestBudget(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	if got := b.reserve(t, "acme", "early", 1); got != "Refused" {
		t.Errorf("without a budget: %s", got)
	}
	b.Make(t, tokens("acme", "acme", "1000", func(a *tenantryv1.AIBudget) {
		a.Spec.Limits = append(a.Spec.Limits, tenantryv1.BudgetLimit{Unit: "USD", Model: "*", Amount: "0.05"})
	}))
	first := b.await(t, "acme", append(enforced, harness.Want{Type: "WithinBudget", Status: "True"})...)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(paris)
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, paris)
	if p := first.Status.Period; p == nil || !p.Start.Time.Equal(start) || !p.End.Time.Equal(start.AddDate(0, 1, 0)) {
		t.Errorf("period %+v", p)
	}

	if got := b.reserve(t, "acme", "a1", 400); got != "Granted" {
		t.Error(got)
	}
	if _, err := b.asApp(t, "acme", "SELECT state FROM tenantry.settle('a1', 300, 0)"); err != nil {
		t.Error(err)
	}
	tenant := b.login(t, "acme")
	var decision, state string
	if err := tenant.QueryRow(t.Context(), "SELECT decision FROM tenantry.reserve('t1', 'big', 200, 0)").Scan(&decision); err != nil || decision != "Granted" {
		t.Error(decision, err)
	}
	if got := b.reserve(t, "acme", "a2", 501); got != "Refused Tokens * 300 200 1000" {
		t.Errorf("more than is left: %s", got)
	}
	if err := tenant.QueryRow(t.Context(), "SELECT state FROM tenantry.settle('t1', 1, 0)").Scan(&state); err != nil || state != "Settled" {
		t.Error(state, err)
	}
	if got := b.value(t, row, "acme"); got != "{1000,50000} {500,500} {0,0}" {
		t.Errorf("a tenant's own login settled below what it reserved, or figures are wrong: %s", got)
	}

	b.clock.by.Store(int64(2 * time.Minute)) // past the minute that the figures hold for
	a := harness.AwaitThat(t, b.Cluster, harness.TrustedNamespace, "acme", func(a *tenantryv1.AIBudget) error {
		if a.Status.Percent == nil || *a.Status.Percent != 50 {
			return fmt.Errorf("status %+v", a.Status.Usage)
		}
		return nil
	})
	want := []tenantryv1.BudgetUsage{
		{Unit: "Tokens", Model: "*", Used: "500", Reserved: "0", Limit: "1000", Percent: 50},
		{Unit: "USD", Model: "*", Used: "0.0005", Reserved: "0.00", Limit: "0.05", Percent: 1},
	}
	if diff := cmp.Diff(want, a.Status.Usage); diff != "" {
		t.Error(diff)
	}
	if got := string(b.Kubectl(t, nil, "-n", harness.TrustedNamespace, "get", "aib", "acme", "--no-headers")); !strings.Contains(got,
		" 50 ") || !strings.Contains(got, "0.0005 of 0.05 USD") || !strings.Contains(got, a.Status.Period.End.UTC().Format(time.RFC3339)) {
		t.Errorf("kubectl prints %s", got)
	}
	b.financeReads(t)
	harness.AwaitThat(t, b.Cluster, "", "acme", func(tn *tenantryv1.Tenant) error {
		if p := tn.Status.BudgetPercent; p == nil || *p != 50 {
			return fmt.Errorf("the Tenant shows %v", p)
		}
		return nil
	})
}

// TestBudgetChanges: limits follow the spec within a look, use stays counted, and hands are kept off.
func TestBudgetChanges(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	b.Make(t, tokens("acme", "acme", "1000"))
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "r1", 600)

	b.edit(t, "acme", func(a *tenantryv1.AIBudget) { a.Spec.Limits[0].Amount = "500" })
	b.await(t, "acme", append(enforced, harness.Want{Type: "WithinBudget", Status: "False", Reason: "LimitReached", Says: "500 Tokens for all models"})...)
	if got := b.reserve(t, "acme", "r2", 1); got != "Refused Tokens * 600 0 500" {
		t.Errorf("lowered below use: %s", got)
	}
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) { a.Spec.Enforcement = "Warn" })
	b.await(t, "acme", append(enforced, harness.Want{Type: "WithinBudget", Status: "False", Says: "Warn"})...)
	if got := b.reserve(t, "acme", "r2", 1); !strings.HasPrefix(got, "Warned") {
		t.Errorf("with Warn: %s", got)
	}
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) { a.Spec.Enforcement, a.Spec.Limits[0].Amount = "", "2000" })
	b.await(t, "acme", append(enforced, harness.Want{Type: "WithinBudget", Status: "True"})...)
	if got := b.reserve(t, "acme", "r3", 1000); got != "Granted" {
		t.Errorf("raised: %s", got)
	}
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) { // another period, another limit: what was used counts
		a.Spec.Period, a.Spec.TimeZone = "Week", ""
		a.Spec.Limits = append(a.Spec.Limits, tenantryv1.BudgetLimit{Unit: "Tokens", Model: "big", Amount: "3000"})
	})
	b.await(t, "acme", enforced...)
	b.awaitValue(t, "{2000,3000} {600,600} {1001,1001}", row, "acme")

	for name, c := range map[string]struct{ by, query, want string }{
		"limit":     {"UPDATE tenantry.tenant_budgets SET amounts = '{9000,9000}'", row, "{2000,3000} {600,600} {1001,1001}"},
		"row":       {"DELETE FROM tenantry.tenant_budgets", row, "{2000,3000} {600,600} {1001,1001}"},
		"price":     {"INSERT INTO tenantry.model_prices VALUES ('big', clock_timestamp(), 0, 0)", price, "1000000"},
		"forbidden": {"UPDATE tenantry.budget_settings SET without_budget = 'Allow'", "SELECT without_budget FROM tenantry.budget_settings", "Refuse"},
		"function":  {"DROP FUNCTION tenantry.release(text)", "SELECT count(*)::text FROM pg_proc WHERE proname = 'release' AND pronamespace = 'tenantry'::regnamespace", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			b.db.Exec(t, c.by)
			harness.Eventually(t, harness.SettleWithin, "the hand's work is mended", func(context.Context) error {
				var n int
				if err := b.db.Superuser(t).QueryRow(t.Context(), "SELECT count(*) FROM ("+c.query+") q", argument(c.query)...).Scan(&n); err != nil || n != 1 {
					return fmt.Errorf("%d rows, %w", n, err)
				}
				if got := b.value(t, c.query, argument(c.query)...); got != c.want {
					return fmt.Errorf("%s", got)
				}
				return nil
			})
			b.await(t, "acme", enforced...)
		})
	}
	t.Run("counters", func(t *testing.T) {
		b.db.Exec(t, "UPDATE tenantry.tenant_budgets SET used = '{0,0}'")
		b.look(t, "now")
		b.awaitValue(t, "{2000,3000} {600,600} {1001,1001}", row, "acme")
		b.awaitEvent(t, "eu-1", "CountersMended", "counters of tenant acme")
	})
	t.Run("a new price", func(t *testing.T) {
		before := b.value(t, "SELECT sum(cost_micros)::text FROM tenantry.ai_usage_logs")
		harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Models[0].InputUSDPerMillion = "5" })
		b.awaitValue(t, "5000000", price)
		if got := b.value(t, "SELECT sum(cost_micros)::text FROM tenantry.ai_usage_logs"); got != before {
			t.Errorf("old cost is %s and was %s", got, before)
		}
	})
}

const price = "SELECT input_price::text FROM tenantry.model_prices WHERE model = 'big' ORDER BY valid_from DESC LIMIT 1"

func argument(query string) []any {
	if strings.Contains(query, "$1") {
		return []any{"acme"}
	}
	return nil
}

// TestWhoseBudget: one AIBudget counts, in a trusted namespace, and its limits outlast it.
func TestWhoseBudget(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme", "beta")
	forged := tokens("beta", "forged", "1000000")
	forged.Namespace = harness.TenantNamespace
	b.Make(t, forged)
	harness.Await[tenantryv1.AIBudget](t, b.Cluster, forged.Namespace, "forged",
		harness.Want{Type: "Stalled", Status: "True", Reason: "NamespaceNotAllowed", Says: "trustedNamespaces"},
		harness.Want{Type: "Enforced", Status: "False", Reason: "NamespaceNotAllowed"})
	if got := b.value(t, "SELECT count(*)::text FROM tenantry.tenant_budgets"); got != "0" {
		t.Errorf("%s rows were written for it", got)
	}

	b.Make(t, tokens("acme", "first", "1000"))
	b.await(t, "first", enforced...)
	b.spend(t, "acme", "r1", 600)
	b.Make(t, tokens("acme", "second", "5000"))
	b.await(t, "second", harness.Want{Type: "Stalled", Status: "True", Reason: "BudgetConflict", Says: "platform/first"},
		harness.Want{Type: "Enforced", Status: "False"})
	if got := b.reserve(t, "acme", "r2", 500); got != "Refused Tokens * 600 0 1000" {
		t.Errorf("the second has a say: %s", got)
	}
	b.await(t, "first", enforced...)

	b.Remove(t, tokens("acme", "first", "1000"))
	b.await(t, "second", enforced...)
	b.awaitValue(t, "{5000} {600} {0}", row, "acme")
	b.Remove(t, tokens("acme", "second", "5000"))
	if got := b.reserve(t, "acme", "r3", 5000); got != "Refused Tokens * 600 0 5000" {
		t.Errorf("limits went with their AIBudget: %s", got)
	}
	b.Make(t, tokens("acme", "third", "7000", func(a *tenantryv1.AIBudget) {
		a.Spec.Limits = append(a.Spec.Limits, tenantryv1.BudgetLimit{Unit: "Tokens", Model: "bgi", Amount: "10"})
	}))
	b.await(t, "third", harness.Want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: `model "bgi" caps nothing`},
		harness.Want{Type: "Enforced", Status: "True"})
	b.edit(t, "third", func(a *tenantryv1.AIBudget) { a.Spec.Limits = a.Spec.Limits[:1] })
	b.await(t, "third", enforced...)
	b.edit(t, "third", func(a *tenantryv1.AIBudget) { a.Spec.TimeZone = "Europe/Atlantis" })
	b.await(t, "third", harness.Want{Type: "Enforced", Status: "False", Reason: "ApplyFailed", Says: "Europe/Atlantis"})
	b.edit(t, "third", func(a *tenantryv1.AIBudget) { a.Spec.TimeZone = "UTC" })
	b.await(t, "third", enforced...)

	b.Remove(t, harness.NewTenant("eu-1", "acme"))
	b.awaitValue(t, "0", "SELECT count(*)::text FROM tenantry.tenant_budgets")
	if got := b.value(t, "SELECT count(*)::text FROM tenantry.ai_usage_logs"); got != "1" {
		t.Errorf("%s requests are left in the ledger", got)
	}
	b.await(t, "third", harness.Want{Type: "Ready", Status: "False", Reason: "NamespaceNotAllowed"})
}

// TestThresholds are announced once a period, whatever restarts in between.
func TestThresholds(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	b.Make(t, tokens("acme", "acme", "1000", func(a *tenantryv1.AIBudget) { a.Spec.AlertPercents = []int32{90, 50} }))
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "r1", 501)
	fifty := map[string]int{"50 percent of the limit of 1000 Tokens for all models are used: 501": 1}
	b.awaitEvents(t, fifty)
	b.spend(t, "acme", "r2", 20)
	b.op.Stop()
	b.start(t)
	b.clock.by.Store(int64(2 * time.Minute))
	harness.AwaitThat(t, b.Cluster, harness.TrustedNamespace, "acme", func(a *tenantryv1.AIBudget) error {
		if *a.Status.Percent != 52 {
			return fmt.Errorf("%d percent", *a.Status.Percent)
		}
		return nil
	})
	b.awaitEvents(t, fifty)
	b.spend(t, "acme", "r3", 400)
	both := map[string]int{"50 percent of the limit of 1000 Tokens for all models are used: 501": 1, "90 percent of the limit of 1000 Tokens for all models are used: 921": 1}
	b.awaitEvents(t, both)
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) { a.Spec.Limits[0].Amount = "2000" })
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "r4", 900)
	b.clock.by.Store(int64(4 * time.Minute))
	a := harness.AwaitThat(t, b.Cluster, harness.TrustedNamespace, "acme", func(a *tenantryv1.AIBudget) error {
		if *a.Status.Percent != 91 {
			return fmt.Errorf("%d percent", *a.Status.Percent)
		}
		return nil
	})
	if diff := cmp.Diff([]int32{50, 90}, a.Status.Usage[0].Alerted); diff != "" {
		t.Error(diff)
	}
	b.awaitEvents(t, both)
}

func (b *books) awaitEvents(t *testing.T, want map[string]int) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "Events", func(context.Context) error {
		if diff := cmp.Diff(want, b.events(t, "acme", "ThresholdReached")); diff != "" {
			return fmt.Errorf("%s", diff)
		}
		return nil
	})
}

// TestBudgetOutage: with PostgreSQL away, nothing is called enforced for long; a blip rewrites nothing.
func TestBudgetOutage(t *testing.T) {
	t.Parallel()
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{Durable: true})
	b := newBooks(t, pg, "acme")
	harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = 60 })
	b.AwaitDataPlane(t, "eu-1", harness.Ready)
	b.Make(t, tokens("acme", "acme", "1000"))
	before := b.await(t, "acme", enforced...)
	restart := func(ask string) {
		if err := pg.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.look(t, ask)
		b.AwaitDataPlane(t, "eu-1", harness.Ready)
	}
	kill := func(ask string) {
		pg.Kill()
		b.look(t, ask)
		b.AwaitDataPlane(t, "eu-1", harness.Want{Type: "PostgresReachable", Status: "Unknown"})
	}
	kill("first kill")
	restart("first restart")
	after := b.await(t, "acme", enforced...)
	if before.ResourceVersion != after.ResourceVersion {
		t.Errorf("a blip rewrote the AIBudget:\n%s", cmp.Diff(before, after))
	}
	kill("second kill")
	b.clock.by.Add(int64(4 * time.Minute)) // more than three intervals
	b.edit(t, "acme", func(a *tenantryv1.AIBudget) {
		a.Annotations = map[string]string{tenantryv1.ReconcileAtAnnotation: "now"}
	})
	b.await(t, "acme", harness.Want{Type: "Enforced", Status: "Unknown", Reason: "Unreachable"},
		harness.Want{Type: "WithinBudget", Status: "Unknown", Reason: "Unreachable"}, harness.Want{Type: "Ready", Status: "False"})
	restart("second restart")
	b.await(t, "acme", append(enforced, harness.Want{Type: "WithinBudget", Status: "True"})...)
}

// TestBudgetWithoutLedger: a plane without PostgreSQL counts nothing, and its AIBudgets say so.
func TestBudgetWithoutLedger(t *testing.T) {
	t.Parallel()
	c := harness.NewCluster(t)
	s := newServers(t)
	b := &books{Cluster: c, clock: &movingClock{}}
	b.start(t)
	(&harness.Servers{Redis: s.Redis}).DataPlane(t, c, "eu-1")
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.AwaitTenant(t, "acme", harness.Isolated...)
	c.Make(t, tokens("acme", "acme", "1000"))
	a := b.await(t, "acme", harness.Want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: "has no postgres"},
		harness.Want{Type: "Enforced", Status: "False"}, harness.Want{Type: "WithinBudget", Status: "Unknown"})
	if meta.IsStatusConditionTrue(a.Status.Conditions, "Ready") {
		t.Error("it is called ready")
	}
}
