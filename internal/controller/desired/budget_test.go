package desired

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/budget"
)

func TestMoneyIsExact(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "0.000001": 1, "2.50": 2_500_000, "0.1": 100_000, "250.00": 250_000_000, "999999999999.999999": 999_999_999_999_999_999,
	} {
		if got, err := micros(text); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "0.0000001", "10000000000000", "1e3x"} {
		if got, err := micros(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestBudget(t *testing.T) {
	b := &tenantryv1.AIBudget{Spec: tenantryv1.AIBudgetSpec{
		Period: "Month", TimeZone: "Europe/Paris", DegradeAtPercent: 90,
		Limits: []tenantryv1.BudgetLimit{{Unit: "Tokens", Model: "*", Amount: "5000000"}, {Unit: "USD", Model: "gpt-4o", Amount: "0.25"}},
	}}
	b.UID = "u1"
	got, err := Budget(b, "acme")
	if err != nil {
		t.Fatal(err)
	}
	want := budget.Budget{
		TenantID: "acme", UID: "u1", Period: budget.Month, TimeZone: "Europe/Paris", Enforcement: budget.Block, DegradePercent: 90,
		Limits: []budget.Limit{{Unit: budget.Tokens, Model: "*", Amount: 5_000_000}, {Unit: budget.USD, Model: "gpt-4o", Amount: 250_000}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.Spec.Limits[0].Amount = "1.5"
	if _, err := Budget(b, "acme"); err == nil {
		t.Error("half a token was taken")
	}
}

func TestPlaneBudgets(t *testing.T) {
	dp := &tenantryv1.DataPlane{Spec: tenantryv1.DataPlaneSpec{
		Models:  []tenantryv1.ModelPrice{{Name: "gpt-4o", InputUSDPerMillion: "2.50", OutputUSDPerMillion: "10"}},
		Routing: []tenantryv1.ModelRoute{{Tier: "Premium", Complexity: "Complex", Model: "gpt-4o"}},
		Budgets: &tenantryv1.BudgetSettings{ReservationSeconds: 60, OnExpiry: "Free", WithoutBudget: "Allow", RetentionMonths: 6},
	}}
	got, err := PlaneBudgets(dp)
	want := budget.Spec{
		ReservationSeconds: 60, OnExpiry: budget.Free, WithoutBudget: budget.Allow, RetentionMonths: 6,
		Models: []budget.Price{{Model: "gpt-4o", Input: 2_500_000, Output: 10_000_000}},
		Routes: []budget.Route{{Tier: "Premium", Complexity: "Complex", Model: "gpt-4o"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestAPriceHasABound(t *testing.T) {
	for text, want := range map[string]bool{"1000000": true, "1000000.000001": false, "999999999999": false} {
		dp := &tenantryv1.DataPlane{}
		dp.Spec.Models = []tenantryv1.ModelPrice{{Name: "m", InputUSDPerMillion: "1", OutputUSDPerMillion: text}}
		if _, err := PlaneBudgets(dp); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
