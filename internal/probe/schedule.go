package probe

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// longest time between two probes of a tenant. A process that takes over knows of no earlier ones and spreads the first
	// over the same time: twice that stays below an hour.
	longest = 27 * time.Minute
	// shortest time between two probes of a settled tenant, for small planes.
	shortest = 5 * time.Minute
	// pace is how much time each tenant of a plane adds to the period, up to longest.
	pace = 1500 * time.Millisecond
	// soon is when a tenant is probed that has just come, was mended, or could not be probed yet.
	soon = 10 * time.Second
	// again is when a crossed boundary is looked at again.
	again = time.Minute
)

// schedule says whom to probe next on one plane. It is pure: it is told the time.
type schedule struct {
	// fixed period; 0 works it out from the number of tenants.
	fixed time.Duration
	// begun: the tenants that stood when this process began have been spread out.
	begun bool
	slots map[types.UID]*slot
}

type slot struct {
	due time.Time
	// last probe, or when the tenant was first seen.
	last   time.Time
	flying bool
}

// period between two probes of one tenant.
func (s *schedule) period() time.Duration {
	if s.fixed > 0 {
		return s.fixed
	}
	return min(max(time.Duration(len(s.slots))*pace, shortest), longest)
}

// sync takes the tenants that are there now. Those that were there when the process began are spread over a period; those
// that come later are probed soon. It returns those that are gone.
func (s *schedule) sync(now time.Time, tenants []types.UID) (gone []types.UID) {
	there := map[types.UID]bool{}
	if s.slots == nil {
		s.slots = map[types.UID]*slot{}
	}
	var fresh []types.UID
	for _, uid := range tenants {
		there[uid] = true
		if s.slots[uid] == nil {
			s.slots[uid] = &slot{last: now}
			fresh = append(fresh, uid)
		}
	}
	for uid := range s.slots {
		if !there[uid] {
			delete(s.slots, uid)
			gone = append(gone, uid)
		}
	}
	wait := min(soon, s.period())
	if !s.begun {
		wait = s.period()
	}
	for _, uid := range fresh {
		s.slots[uid].due = now.Add(spread(uid, wait))
	}
	s.begun = s.begun || len(tenants) > 0
	return gone
}

// spread is a share of a time that follows from the UID alone: neighbours do not move in step.
func spread(uid types.UID, over time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid)) // a hash never fails to be written to
	x := h.Sum64()
	x ^= x >> 32 // the low bits of an FNV alone are not spread well for names that differ at their end
	x *= 0x9E3779B97F4A7C15
	return time.Duration(float64(x>>11) / (1 << 53) * float64(over))
}

// take returns whom to probe now, at most n, the longest due first. They are not returned again before they are done.
func (s *schedule) take(now time.Time, n int) []types.UID {
	var due []types.UID
	for uid, slot := range s.slots {
		if !slot.flying && !now.Before(slot.due) {
			due = append(due, uid)
		}
	}
	slices.SortFunc(due, func(a, b types.UID) int {
		return cmp.Or(s.slots[a].due.Compare(s.slots[b].due), cmp.Compare(a, b))
	})
	due = due[:min(n, len(due))]
	for _, uid := range due {
		s.slots[uid].flying = true
	}
	return due
}

// done says when a tenant that was taken is to be probed again; probed is false where nothing could be tried.
func (s *schedule) done(uid types.UID, now time.Time, in time.Duration, probed bool) {
	slot := s.slots[uid]
	if slot == nil {
		return
	}
	slot.flying, slot.due = false, now.Add(min(in, s.period()))
	if probed {
		slot.last = now
	}
}

// hurry brings a probe forward.
func (s *schedule) hurry(uid types.UID, now time.Time) {
	if slot := s.slots[uid]; slot != nil {
		if at := now.Add(min(soon, s.period())); at.Before(slot.due) {
			slot.due = at
		}
	}
}

// oldest is the age of the probe that is longest ago, zero without tenants.
func (s *schedule) oldest(now time.Time) time.Duration {
	var worst time.Duration
	for _, slot := range s.slots {
		worst = max(worst, now.Sub(slot.last))
	}
	return worst
}
