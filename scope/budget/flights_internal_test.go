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
