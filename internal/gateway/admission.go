package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
)

const (
	// smallest is what a request counts in flight however small it is: it holds a goroutine and buffers.
	smallest = 64 << 10
	// maxTurnstiles is when idle ones are swept. Tenants are known, so this bounds what deleted ones leave behind.
	maxTurnstiles = 10_000
	// shareOfTenant is the part of all bytes in flight that one tenant may hold: a quarter.
	shareOfTenant = 4
	// concurrencyRetry is when to try again if too much is in flight.
	concurrencyRetry = time.Second
)

// admission decides how much of the gateway each tenant and all together may take. Only tenants that have been
// authenticated get here, so nobody can fill it with names.
type admission struct {
	limits Limits
	label  func(tenantID string) string
	bytes  atomic.Int64 // in flight, all tenants
	share  int64        // of them, for one tenant

	mu      sync.RWMutex
	tenants map[string]*turnstile // by UID
}

// turnstile is what one tenant has in flight and may still send.
type turnstile struct {
	label    string // metric label
	rate     *rate.Limiter
	inFlight atomic.Int64
	bytes    atomic.Int64 // in flight
	replies  sync.Map     // *methodMetrics → *expectation
}

func newAdmission(limits Limits, label func(tenantID string) string) *admission {
	return &admission{limits: limits, share: max(smallest, limits.InFlightBytes/shareOfTenant), label: label, tenants: map[string]*turnstile{}}
}

// enter lets a request of a tenant in, or refuses it. Whoever got in calls leave once.
func (a *admission) enter(t *turnstile, now time.Time) error {
	if !t.rate.AllowN(now, 1) {
		return tooFast(t, now)
	}
	if t.inFlight.Add(1) > int64(a.limits.TenantConcurrency) {
		t.inFlight.Add(-1)
		return &fault{code: codes.ResourceExhausted, reason: reasonConcurrency, retryAfter: concurrencyRetry,
			message: "Too many requests in flight for this tenant; wait for some to end"}
	}
	return nil
}

func (t *turnstile) leave() { t.inFlight.Add(-1) }

// hold counts bytes of a tenant's until free is called with the same number. A tenant that holds all it may leaves the rest to
// the others.
func (a *admission) hold(t *turnstile, n int64) error {
	if t.bytes.Add(n) > a.share {
		t.bytes.Add(-n)
		return &fault{code: codes.ResourceExhausted, reason: reasonShare, retryAfter: concurrencyRetry,
			message: "Too much in flight for this tenant; wait for some to end"}
	}
	if a.bytes.Add(n) > a.limits.InFlightBytes {
		a.free(t, n)
		return &fault{code: codes.ResourceExhausted, reason: reasonOverloaded, retryAfter: concurrencyRetry,
			message: "The gateway has too much in flight; try again"}
	}
	return nil
}

func (a *admission) free(t *turnstile, n int64) {
	t.bytes.Add(-n)
	a.bytes.Add(-n)
}

func tooFast(t *turnstile, now time.Time) error {
	missing := 1 - t.rate.TokensAt(now)
	wait := time.Duration(missing / float64(t.rate.Limit()) * float64(time.Second))
	return &fault{code: codes.ResourceExhausted, reason: reasonRate, retryAfter: wait,
		message: "Too many requests for this tenant; slow down"}
}

// turnstile returns that of a tenant, made at its first request.
func (a *admission) turnstile(uid, tenantID string, now time.Time) *turnstile {
	a.mu.RLock()
	t := a.tenants[uid]
	a.mu.RUnlock()
	if t != nil {
		return t
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.tenants[uid]; t != nil {
		return t
	}
	if len(a.tenants) >= maxTurnstiles {
		a.sweep(now)
	}
	t = &turnstile{label: a.label(tenantID), rate: a.limiter()}
	a.tenants[uid] = t
	return t
}

func (a *admission) limiter() *rate.Limiter {
	if a.limits.TenantRate < 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(a.limits.TenantRate), a.limits.TenantBurst)
}

// sweep forgets tenants that would start afresh anyway: nothing in flight and a full bucket.
func (a *admission) sweep(now time.Time) {
	for uid, t := range a.tenants {
		if t.inFlight.Load() == 0 && t.rate.TokensAt(now) >= float64(t.rate.Burst()) {
			delete(a.tenants, uid)
		}
	}
}
