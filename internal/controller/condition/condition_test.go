package condition

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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

// TestSayingItAgainChangesNothing: an object that stays as it is, is not written again, whatever its state.
func TestSayingItAgainChangesNothing(t *testing.T) {
	for name, do := range map[string]func(Object, string, string){
		"ready": Ready, "not ready": NotReady, "reconciling": Reconciling, "stalled": Stalled,
	} {
		t.Run(name, func(t *testing.T) {
			tn := &tenantryv1.Tenant{}
			do(tn, "Reason", "m")
			for i := range tn.Status.Conditions {
				tn.Status.Conditions[i].LastTransitionTime = metav1.Unix(1000, 0)
			}
			before := tn.DeepCopy()
			do(tn, "Reason", "m")
			if diff := cmp.Diff(before, tn); diff != "" {
				t.Error(diff)
			}
		})
	}
}
