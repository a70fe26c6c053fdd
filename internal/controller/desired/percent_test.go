package desired

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

func TestBudgetPercent(t *testing.T) {
	var refused, inForce, going tenantryv1.AIBudget
	fifty, ninety, deleted := int32(50), int32(90), metav1.Now()
	inForce.Status.Percent = &fifty
	going.Status.Percent, going.DeletionTimestamp = &ninety, &deleted
	for name, c := range map[string]struct {
		budgets []tenantryv1.AIBudget
		want    int32
	}{
		"none":             {nil, -1},
		"one that counts":  {[]tenantryv1.AIBudget{refused, going, inForce}, 50},
		"none that counts": {[]tenantryv1.AIBudget{refused, going}, -1},
	} {
		got := int32(-1)
		if p := BudgetPercent(c.budgets); p != nil {
			got = *p
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
