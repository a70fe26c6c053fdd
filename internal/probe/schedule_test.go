package probe

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func uids(n int) []types.UID {
	out := make([]types.UID, n)
	for i := range out {
		out[i] = types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	return out
}

// drive lets a schedule run from one moment to another, a probe taking a second, and returns when each tenant was probed.
func drive(s *schedule, tenants []types.UID, from, to time.Time, into map[types.UID][]time.Time) (most int) {
	type flight struct {
		uid   types.UID
		until time.Time
	}
	var flying []flight
	s.sync(from, tenants)
	for now := from; now.Before(to); now = now.Add(time.Second) {
		flying = slices.DeleteFunc(flying, func(f flight) bool {
			if now.Before(f.until) {
				return false
			}
			s.done(f.uid, now, s.period(), true)
			return true
		})
		for _, uid := range s.take(now, atOnce-len(flying)) {
			flying = append(flying, flight{uid, now.Add(time.Second)})
			into[uid] = append(into[uid], now)
		}
		most = max(most, len(flying))
	}
	return most
}

func TestEveryTenantIsProbedAtLeastOnceAnHour(t *testing.T) {
	for _, n := range []int{1, 100, 1000, 2000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tenants, at := uids(n), map[types.UID][]time.Time{}
			begin := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
			// The manager is replaced twice, each time by one that knows of no earlier probe.
			from := begin
			for _, to := range []time.Duration{70 * time.Minute, 100 * time.Minute, 150 * time.Minute} {
				if most := drive(&schedule{}, tenants, from, begin.Add(to), at); most > atOnce {
					t.Fatalf("%d probes at once", most)
				}
				from = begin.Add(to)
			}
			var worst time.Duration
			for _, uid := range tenants {
				before := begin
				for _, when := range append(at[uid], from) {
					worst = max(worst, when.Sub(before))
					before = when
				}
			}
			if worst > time.Hour {
				t.Errorf("a tenant waited %s for its probe", worst)
			}
		})
	}
}

func TestProbesOfAFleetAreSpreadOut(t *testing.T) {
	tenants, at := uids(1000), map[types.UID][]time.Time{}
	begin := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s := &schedule{}
	s.sync(begin, tenants)
	period := s.period()
	drive(s, tenants, begin, begin.Add(period), at)
	minutes := map[int]int{}
	for _, when := range at {
		minutes[int(when[0].Sub(begin)/time.Minute)]++
	}
	for minute := range int(period / time.Minute) {
		if n := minutes[minute]; n > 80 || n < 15 {
			t.Errorf("%d of 1,000 first probes in minute %d, want about 40", n, minute)
		}
	}
}

func TestWhoComesLaterOrWasMendedIsProbedSoon(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s, tenants := &schedule{}, uids(3)
	s.sync(now, tenants[:2])
	s.sync(now, tenants)
	if late := s.slots[tenants[2]].due; late.After(now.Add(soon)) {
		t.Errorf("one that came later waits until %s", late)
	}
	s.slots[tenants[0]].due = now.Add(longest)
	s.hurry(tenants[0], now)
	if due := s.slots[tenants[0]].due; !due.Equal(now.Add(soon)) {
		t.Errorf("one that was mended waits until %s", due)
	}
	s.hurry(tenants[0], now.Add(time.Second))
	if due := s.slots[tenants[0]].due; !due.Equal(now.Add(soon)) {
		t.Errorf("a second call put the probe off until %s", due)
	}
}

func TestATenantThatIsGoneIsForgottenAndNoneIsTakenTwice(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s, tenants := &schedule{fixed: time.Second}, uids(3)
	s.sync(now, tenants)
	later := now.Add(2 * time.Second)
	if got := s.take(later, 2); len(got) != 2 {
		t.Fatalf("took %v", got)
	}
	if got := s.take(later, 5); len(got) != 1 {
		t.Fatalf("took %v, want the third alone", got)
	}
	if gone := s.sync(later, tenants[:1]); len(gone) != 2 {
		t.Errorf("%v are gone", gone)
	}
	s.done(tenants[2], later, time.Second, true) // its probe ended after it went
	if len(s.slots) != 1 {
		t.Errorf("%d tenants are remembered", len(s.slots))
	}
	if got := s.oldest(later); got != 2*time.Second {
		t.Errorf("the oldest probe is %s old", got)
	}
}
