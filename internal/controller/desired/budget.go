package desired

import (
	"cmp"
	"fmt"
	"math/big"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/budget"
)

// PlaneBudgets is what a DataPlane says about budgets. It fails on a price that the schema would not have let through.
func PlaneBudgets(dp *tenantryv1.DataPlane) (budget.Spec, error) {
	var out budget.Spec
	if b := dp.Spec.Budgets; b != nil {
		out = budget.Spec{
			ReservationSeconds: int(b.ReservationSeconds), OnExpiry: b.OnExpiry, WithoutBudget: b.WithoutBudget, RetentionMonths: int(b.RetentionMonths),
		}
	}
	for _, m := range dp.Spec.Models {
		input, err := price(m.InputUSDPerMillion)
		if err != nil {
			return budget.Spec{}, fmt.Errorf("inputUSDPerMillion of model %q: %w", m.Name, err)
		}
		output, err := price(m.OutputUSDPerMillion)
		if err != nil {
			return budget.Spec{}, fmt.Errorf("outputUSDPerMillion of model %q: %w", m.Name, err)
		}
		out.Models = append(out.Models, budget.Price{Model: m.Name, Input: input, Output: output})
	}
	for _, r := range dp.Spec.Routing {
		out.Routes = append(out.Routes, budget.Route{Tier: string(r.Tier), Complexity: r.Complexity, Model: r.Model})
	}
	return out, nil
}

// Budget is the desired state of the budget that an AIBudget gives a tenant.
func Budget(b *tenantryv1.AIBudget, tenantID string) (budget.Budget, error) {
	out := budget.Budget{
		TenantID: tenantID, UID: string(b.UID), Tier: string(b.Spec.Tier), Period: string(b.Spec.Period), TimeZone: b.Spec.TimeZone,
		Enforcement: cmp.Or(b.Spec.Enforcement, budget.Block), DegradePercent: int(b.Spec.DegradeAtPercent),
	}
	for _, l := range b.Spec.Limits {
		amount, err := amountOf(l)
		if err != nil {
			return budget.Budget{}, fmt.Errorf("limit in %s for model %q: %w", l.Unit, l.Model, err)
		}
		out.Limits = append(out.Limits, budget.Limit{Unit: string(l.Unit), Model: l.Model, Amount: amount})
	}
	return out, out.Validate()
}

func amountOf(l tenantryv1.BudgetLimit) (int64, error) {
	if l.Unit == budget.USD {
		return micros(l.Amount)
	}
	return scaled(l.Amount, 1)
}

// maxPrice in micro-dollars for a million tokens. A request of the most tokens that there can be has a cost that fits then.
const maxPrice = 1_000_000 * 1_000_000

func price(text string) (int64, error) {
	out, err := micros(text)
	if err == nil && out > maxPrice {
		return 0, fmt.Errorf("%q is more than a million US dollars", text)
	}
	return out, err
}

// micros of a decimal string of US dollars, exactly.
func micros(text string) (int64, error) { return scaled(text, 1_000_000) }

func scaled(text string, scale int64) (int64, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, fmt.Errorf("%q is not a decimal number", text)
	}
	r.Mul(r, new(big.Rat).SetInt64(scale))
	if !r.IsInt() || !r.Num().IsInt64() || r.Sign() < 0 {
		return 0, fmt.Errorf("%q has too many digits, or is negative", text)
	}
	return r.Num().Int64(), nil
}
