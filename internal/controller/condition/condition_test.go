package condition

import (
	"strings"
	"testing"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// TestKstatus: Reconciling and Stalled are present only while True, and never together.
func TestKstatus(t *testing.T) {
	tn := &tenantryv1.Tenant{}
	tn.Generation = 3
	steps := map[string]struct {
		do                         func(Object, string, string)
		ready                      metav1.ConditionStatus
		wantReconciling, wantStall bool
	}{
		"ready":       {Ready, metav1.ConditionTrue, false, false},
		"not ready":   {NotReady, metav1.ConditionFalse, false, false},
		"reconciling": {Reconciling, metav1.ConditionFalse, true, false},
		"stalled":     {Stalled, metav1.ConditionFalse, false, true},
	}
	for from, before := range steps {
		for to, after := range steps {
			before.do(tn, "Before", "m")
			after.do(tn, "After", "m")
			c := Get(tn, tenantryv1.ConditionReady)
			if c.Status != after.ready || c.Reason != "After" || c.ObservedGeneration != 3 {
				t.Errorf("%s → %s: Ready is %+v", from, to, c)
			}
			if got := Get(tn, tenantryv1.ConditionReconciling) != nil; got != after.wantReconciling {
				t.Errorf("%s → %s: Reconciling present is %t", from, to, got)
			}
			if got := Get(tn, tenantryv1.ConditionStalled) != nil; got != after.wantStall {
				t.Errorf("%s → %s: Stalled present is %t", from, to, got)
			}
		}
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	got := cut(strings.Repeat("é", maxMessage))
	if len(got) > maxMessage || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
	}
}
