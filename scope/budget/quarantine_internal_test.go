package budget

import (
	"testing"
	"time"
)

func TestQuarantineStays(t *testing.T) {
	var q quarantine
	now := time.Now()
	left := func() time.Duration {
		v, ok := q.tenants.Load("acme")
		if !ok {
			return 0
		}
		return v.(confinement).until.Sub(now)
	}
	step := func(what string, after time.Duration, alone bool, want time.Duration) {
		t.Helper()
		now = now.Add(after)
		q.met("acme", now, alone)
		if got := left(); got != want {
			t.Errorf("%s: apart for %v, want %v", what, got, want)
		}
	}
	step("the first time", 0, false, 10*time.Second)
	if !q.has("acme") || q.has("globex") {
		t.Error("not the one who held others up is apart")
	}
	step("calls sent before", time.Second, false, 10*time.Second)
	step("alone", 5*time.Second, true, 10*time.Second)
	step("back among others", 11*time.Second, false, 20*time.Second)
	step("and again", 21*time.Second, false, 40*time.Second)
	step("alone does not double", 41*time.Second, true, 40*time.Second)
	for range 9 {
		now = now.Add(mostSpan)
		q.met("acme", now, false)
	}
	if got := left(); got != mostSpan {
		t.Errorf("in the end apart for %v", got)
	}
	now = now.Add(2 * forgetAfter)
	q.met("globex", now, false)
	if _, ok := q.tenants.Load("acme"); ok {
		t.Error("nothing is forgotten")
	}
}
