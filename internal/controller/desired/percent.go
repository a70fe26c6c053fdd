package desired

import tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"

// BudgetPercent is what the AIBudget that is in force for a tenant shows as used, nil where none is. budgets are those that
// name the tenant; those that do not count show nothing.
func BudgetPercent(budgets []tenantryv1.AIBudget) *int32 {
	for i := range budgets {
		if p := budgets[i].Status.Percent; p != nil && budgets[i].DeletionTimestamp.IsZero() {
			return p
		}
	}
	return nil
}
