package e2e

import (
	"testing"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/test/harness"
)

// TestBudgetSettings: what the DataPlane says of tenants without a budget and of expired reservations, and what an AIBudget says of
// cheaper models, counts for the next call.
func TestBudgetSettings(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	set := func(s tenantryv1.BudgetSettings) {
		harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Budgets = &s })
		b.awaitValue(t, s.OnExpiry+" "+s.WithoutBudget, "SELECT concat_ws(' ', on_expiry, without_budget) FROM tenantry.budget_settings")
	}
	set(tenantryv1.BudgetSettings{OnExpiry: "Charge", WithoutBudget: "Allow"})
	if got := b.reserve(t, "acme", "allowed", 100); got != "Granted" {
		t.Errorf("without a budget, allowed: %s", got)
	}
	b.Make(t, tokens("acme", "acme", "1000", func(a *tenantryv1.AIBudget) { a.Spec.DegradeAtPercent = 70 }))
	b.await(t, "acme", enforced...)
	b.awaitValue(t, "{1000} {0} {100}", row, "acme") // what was let through before counts

	expire := func() {
		b.db.Exec(t, "UPDATE tenantry.ai_usage_logs SET expires_at = now() WHERE state = 'Reserved'", "UPDATE tenantry.tenant_budgets SET next_expiry = now()")
	}
	expire()
	b.awaitValue(t, "{1000} {100} {0}", row, "acme")
	set(tenantryv1.BudgetSettings{OnExpiry: "Free", WithoutBudget: "Refuse"})
	b.spend(t, "acme", "used", 500)
	if got := b.reserve(t, "acme", "freed", 50); got != "Granted" {
		t.Error(got)
	}
	expire()
	b.awaitValue(t, "{1000} {600} {0}", row, "acme")

	const model = "SELECT r.decision || ' ' || r.model FROM tenantry.reserve($1, 'big', $2, 0, 'Complex') r"
	for _, c := range []struct {
		id   string
		n    int64
		want string
	}{{"far", 90, "Granted big"}, {"near", 20, "Granted small"}, {"full", 300, "Refused big"}} {
		if got, err := b.asApp(t, "acme", model, c.id, c.n); err != nil || got != c.want {
			t.Errorf("%s the limit: %s %v, want %s", c.id, got, err, c.want)
		}
	}
	b.Remove(t, tokens("acme", "acme", "1000"))
	b.db.Exec(t, "DELETE FROM tenantry.tenant_budgets")
	if got := b.reserve(t, "acme", "refused", 1); got != "Refused" {
		t.Errorf("without a budget, refused: %s", got)
	}
}
