package budget

import (
	"sync"
	"time"
)

const (
	// firstSpan is how long a tenant stays apart after the last time that it held others up. It doubles each time it does so
	// again in a lane of many, to mostSpan.
	firstSpan = 10 * time.Second
	mostSpan  = 10 * time.Minute
	// forgetAfter so long without another time it begins with firstSpan again.
	forgetAfter = time.Hour
)

// quarantine knows the tenants whose calls wait by themselves. The zero value knows none.
type quarantine struct {
	tenants sync.Map // of confinement, by tenant
}

type confinement struct {
	until, last time.Time
	span        time.Duration
}

// has says whether a tenant is to wait by itself.
func (q *quarantine) has(tenant string) bool {
	v, ok := q.tenants.Load(tenant)
	return ok && time.Now().Before(v.(confinement).until)
}

// met notes that a tenant held up a round trip, in a lane of many or alone.
func (q *quarantine) met(tenant string, now time.Time, alone bool) {
	x := confinement{span: firstSpan}
	if v, ok := q.tenants.Load(tenant); ok {
		x = v.(confinement)
		if !alone && !now.Before(x.until) { // it was let out, and is back; calls that were sent before do not count
			x.span = min(2*x.span, mostSpan)
		}
	}
	x.last, x.until = now, now.Add(x.span)
	q.tenants.Store(tenant, x)
	q.tenants.Range(func(k, v any) bool {
		if now.Sub(v.(confinement).last) > forgetAfter {
			q.tenants.CompareAndDelete(k, v)
		}
		return true
	})
}
