package condition

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// TestEvents: a new object that is well is one Event; after that every change is one.
func TestEvents(t *testing.T) {
	isolated := func(status metav1.ConditionStatus) func(Object) {
		return func(o Object) { Put(o, tenantryv1.ConditionIsolated, status, "Why", "isolated") }
	}
	ready := func(o Object) { Ready(o, "Why", "ready") }
	for name, c := range map[string]struct {
		before, after []func(Object)
		want          []string
	}{
		"new and well":      {nil, []func(Object){isolated(metav1.ConditionTrue), ready}, []string{"Normal Why Ready: ready"}},
		"new and not known": {nil, []func(Object){isolated(metav1.ConditionUnknown)}, nil},
		"new and not well":  {nil, []func(Object){isolated(metav1.ConditionFalse)}, []string{"Warning Why Isolated: isolated"}},
		"as before":         {[]func(Object){isolated(metav1.ConditionTrue), ready}, nil, nil},
		"worse": {
			[]func(Object){isolated(metav1.ConditionTrue)}, []func(Object){isolated(metav1.ConditionFalse)}, []string{"Warning Why Isolated: isolated"},
		},
		"well again": {
			[]func(Object){isolated(metav1.ConditionUnknown)}, []func(Object){isolated(metav1.ConditionTrue)}, []string{"Normal Why Isolated: isolated"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := &tenantryv1.Tenant{}
			for _, do := range c.before {
				do(before)
			}
			after := before.DeepCopy()
			for _, do := range c.after {
				do(after)
			}
			recorder := events.NewFakeRecorder(10)
			announce(recorder, before, after)
			close(recorder.Events)
			var got []string
			for e := range recorder.Events {
				got = append(got, e)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
