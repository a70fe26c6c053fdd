package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	clocktesting "k8s.io/utils/clock/testing"
)

// gate holds up the simulator's answers, and says when a request has come.
type gate struct {
	came chan string
	open chan struct{}
}

func newGate() *gate { return &gate{came: make(chan string, 1000), open: make(chan struct{})} }

// fault is a qdrantsim.Fault for requests that reach collections of a tenant, "" for every tenant's.
func (g *gate) fault(tenant string) func(context.Context, string, any) error {
	return func(ctx context.Context, _ string, req any) error {
		if r, ok := req.(interface{ GetCollectionName() string }); tenant != "" && ok && r.GetCollectionName() != physical(tenant) {
			return nil
		}
		g.came <- tenant
		select {
		case <-g.open:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

func TestRateIsLimitedPerTenant(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	clock := clocktesting.NewFakeClock(time.Now())
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) {
		o.Clock, o.Limits.TenantRate, o.Limits.TenantBurst = clock, 0.25, 2
	})
	c := h.as(t, acme)
	for range 2 {
		if _, err := c.Query(t.Context(), query()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Query(t.Context(), query())
	var limited *pb.QdrantResourceExhaustedError
	if !errors.As(err, &limited) || limited.RetryAfterS != 4 {
		t.Errorf("gRPC: %#v, want to be told to wait 4 s", err)
	}
	code, header, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`))
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "4" || message(body) == "" {
		t.Errorf("REST: %d %v %v", code, header, body)
	}
	if n := sim.CallCount(queryRPC); n != 2 {
		t.Errorf("%d requests reached Qdrant, want the 2 that were let in", n)
	}
	if _, err := h.as(t, beta).Query(t.Context(), query()); err != nil {
		t.Errorf("another tenant is held up: %v", err)
	}
	clock.Step(4 * time.Second)
	if _, err := c.Query(t.Context(), query()); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestConcurrencyIsLimitedPerTenant(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.TenantConcurrency = 3 })
	g := newGate()
	sim.SetFault(g.fault(acme))
	c := h.as(t, acme)
	ended := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := c.Query(t.Context(), query())
			ended <- err
		}()
	}
	for range 3 {
		within(t, "a request reaches Qdrant", g.came)
	}
	_, err := c.Query(t.Context(), query())
	var limited *pb.QdrantResourceExhaustedError
	if !errors.As(err, &limited) || limited.RetryAfterS != 1 {
		t.Errorf("the fourth: %#v", err)
	}
	code, header, _ := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`))
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "1" {
		t.Errorf("REST: %d, retry after %q", code, header.Get("Retry-After"))
	}
	// A slow upstream of one tenant holds no other back.
	if _, err := h.as(t, beta).Query(t.Context(), query()); err != nil {
		t.Errorf("another tenant is held up: %v", err)
	}
	close(g.open)
	for range 3 {
		if err := within(t, "a held request ends", ended); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Query(t.Context(), query()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestBytesInFlightAreLimited(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.InFlightBytes = 2 * smallest })
	g := newGate()
	sim.SetFault(g.fault(acme))
	c := h.as(t, acme)
	ended := make(chan error, 1)
	go func() {
		_, err := c.Query(t.Context(), query())
		ended <- err
	}()
	within(t, "a request reaches Qdrant", g.came)
	long := query()
	long.Query = pb.NewQuery(make([]float32, smallest/4)...) // with everything around it more than one share
	if _, err := h.as(t, beta).Query(t.Context(), long); status.Code(err) != codes.ResourceExhausted && !isExhausted(err) {
		t.Errorf("a request that is too much: %v", err)
	}
	if _, err := h.as(t, beta).Query(t.Context(), query()); err != nil {
		t.Errorf("a request that fits: %v", err)
	}
	close(g.open)
	if err := within(t, "the held request ends", ended); err != nil {
		t.Error(err)
	}
	eventually(t, "all is given back", func() bool { return h.pipeline.admit.bytes.Load() == 0 })
}

func isExhausted(err error) bool {
	var e *pb.QdrantResourceExhaustedError
	return errors.As(err, &e)
}

// The deadline that counts is the shorter one: here the gateway's, then the client's.
func TestSlowUpstreamEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestTimeout = 50 * time.Millisecond })
	sim.SetFault(newGate().fault(""))
	if _, err := h.as(t, acme).Query(t.Context(), query()); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("gRPC: %v", err)
	}
	if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)); code != http.StatusRequestTimeout || message(body) == "" {
		t.Errorf("REST: %d %v", code, body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if _, err := h.pipeline.Do(ctx, Request{Method: queryRPC, Header: http.Header{}, Protocol: protocolGRPC}); status.Code(err) == codes.OK {
		t.Error("a request was served after its end")
	}
}

func TestTurnstilesOfIdleTenantsAreSwept(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var l Limits
	l.TenantRate, l.TenantBurst = 1, 1
	l.complete()
	a := newAdmission(l, func(id string) string { return id })
	busy, spent := a.turnstile("busy", "busy", now), a.turnstile("spent", "spent", now)
	busy.inFlight.Add(1)
	if err := a.enter(spent, now); err != nil {
		t.Fatal(err)
	}
	spent.leave()
	for i := range maxTurnstiles {
		a.turnstile(strconv.Itoa(i), "", now)
	}
	if n := len(a.tenants); n > maxTurnstiles {
		t.Errorf("%d turnstiles are kept", n)
	}
	if a.turnstile("busy", "busy", now) != busy || a.turnstile("spent", "spent", now) != spent {
		t.Error("a tenant got a new turnstile while its old one counted")
	}
}

func TestNegativeRateIsNoLimit(t *testing.T) {
	t.Parallel()
	l := Limits{TenantRate: -1}
	l.complete()
	a := newAdmission(l, func(id string) string { return id })
	s, now := a.turnstile("u", "t", time.Now()), time.Now()
	for range 10_000 {
		if err := a.enter(s, now); err != nil {
			t.Fatal(err)
		}
		s.leave()
	}
}
