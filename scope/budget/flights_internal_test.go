package budget

import (
	"fmt"
	"testing"
	"time"
)

func TestFlightsThatNobodyEnds(t *testing.T) {
	var f flights
	now := time.Now()
	x := newCall(reserving, "acme", "left")
	if !f.begin(x, false, now) || f.begin(newCall(reserving, "acme", "left"), false, now) {
		t.Fatal("not one of two has it")
	}
	f.extend(x, now.Add(time.Hour))
	if f.begin(newCall(reserving, "acme", "left"), false, now.Add(59*time.Minute)) {
		t.Error("given before it expires")
	}
	if !f.begin(newCall(reserving, "acme", "left"), false, now.Add(time.Hour)) {
		t.Error("not given after it expired")
	}
	for i := range 10 * tidyFrom {
		now = now.Add(time.Minute)
		f.begin(newCall(reserving, "acme", fmt.Sprint(i)), false, now)
	}
	if len(f.open) > tidyFrom {
		t.Errorf("%d are kept", len(f.open))
	}
}

// TestARetryOfWhichNothingComes gives the request back to whoever had it, unless he has ended it meanwhile.
func TestARetryOfWhichNothingComes(t *testing.T) {
	now := time.Now()
	newOne := func() *call { return newCall(reserving, "acme", "id") }
	for name, ended := range map[string]bool{"still under way": false, "ended meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			var f flights
			first, again := newOne(), newOne()
			f.begin(first, false, now)
			if !f.begin(again, true, now) {
				t.Fatal("a retry does not get it")
			}
			if ended {
				f.end(first)
			}
			f.fail(again)
			if got := f.begin(newOne(), false, now); got != ended {
				t.Errorf("a third one gets it: %t, want %t", got, ended)
			}
		})
	}
}
