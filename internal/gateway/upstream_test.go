package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "github.com/qdrant/go-client/qdrant"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// Qdrant refusing our token is our trouble: the client hears of it neither the words nor the code.
func TestRefusedUpstreamToken(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := newFakeDirectory(t, sim.Addr())
	dir.token = func([]scopeqdrant.Access) boundary.Secret { return "stale" }
	h := start(t, dir, nil)
	c := h.as(t, acme)
	_, err := c.Query(t.Context(), query())
	if status.Code(err) != codes.Unavailable || !strings.HasSuffix(err.Error(), errTokenRefused.message) {
		t.Errorf("a read: %v", err)
	}
	if n := sim.CallCount(queryRPC); n != 2 {
		t.Errorf("a read was tried %d times, want twice", n)
	}
	_, err = c.Upsert(t.Context(), upsert())
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a write: %v", err)
	}
	if n := sim.CallCount(upsertRPC); n != 1 {
		t.Errorf("a write was tried %d times, want once", n)
	}
	if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)); code != http.StatusServiceUnavailable {
		t.Errorf("REST: %d %v", code, body)
	}
	if got := value(t, h, "tenantry_gateway_tokens_refused_total", nil); got != 5 {
		t.Errorf("%v refused tokens are counted, want 5", got)
	}
}

// A token that is renewed in the meantime makes the second try succeed.
func TestRenewedTokenIsTriedOnce(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := newFakeDirectory(t, sim.Addr())
	asked := 0
	dir.token = func([]scopeqdrant.Access) boundary.Secret {
		if asked++; asked == 1 {
			return "stale"
		}
		return upstreamID
	}
	h := start(t, dir, nil)
	if _, err := h.as(t, acme).Query(t.Context(), query()); err != nil {
		t.Error(err)
	}
	if n := sim.CallCount(queryRPC); n != 2 {
		t.Errorf("%d tries, want 2", n)
	}
}

// The gateway asks for a token for exactly what the call touches.
func TestLeastToken(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := newFakeDirectory(t, sim.Addr())
	asked := make(chan []scopeqdrant.Access, 2)
	dir.token = func(a []scopeqdrant.Access) boundary.Secret {
		asked <- a
		return upstreamID
	}
	h := start(t, dir, nil)
	if _, err := h.as(t, acme).Query(t.Context(), query()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.as(t, acme).Upsert(t.Context(), upsert()); err != nil {
		t.Fatal(err)
	}
	for _, write := range []bool{false, true} {
		a := within(t, "a token is asked for", asked)
		if len(a) != 1 || a[0] != (scopeqdrant.Access{Collection: physical(acme), Write: write}) {
			t.Errorf("asked for %v", a)
		}
	}
}

func upsert() *pb.UpsertPoints {
	return &pb.UpsertPoints{CollectionName: docs, Points: []*pb.PointStruct{{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(1, 0)}}}
}

func TestUnreachableUpstream(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	address := sim.Addr()
	sim.Close()
	h := start(t, newFakeDirectory(t, address), nil)
	_, err := h.as(t, acme).Query(t.Context(), query())
	if status.Code(err) != codes.Unavailable || !strings.HasSuffix(err.Error(), errUnreachable.message) {
		t.Errorf("gRPC: %v", err)
	}
	code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`))
	if code != http.StatusServiceUnavailable || strings.Contains(message(body), address) {
		t.Errorf("REST: %d %v", code, body)
	}
}

// What the directory cannot give, a live token or an address, is said in its own safe words.
func TestDirectoryWithoutToken(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	dir := newFakeDirectory(t, sim.Addr())
	dir.down = &directory.Error{Problem: directory.NoMaterial, Message: "no live token"}
	h := start(t, dir, nil)
	if _, err := h.as(t, acme).Query(t.Context(), query()); status.Code(err) != codes.Unavailable || !strings.HasSuffix(err.Error(), "= no live token") {
		t.Error(err)
	}
	if got := value(t, h, "tenantry_gateway_refused_total", map[string]string{"reason": "NoMaterial"}); got != 1 {
		t.Errorf("%v refusals are counted", got)
	}
	if len(sim.Calls()) != 0 {
		t.Error("Qdrant was called without a token")
	}
}

// When Qdrant moves, calls in flight end where they began and the next one goes to the new address.
func TestUpstreamMovesWithCallsInFlight(t *testing.T) {
	t.Parallel()
	before, after := startSim(t), startSim(t)
	dir := newFakeDirectory(t, before.Addr())
	h := start(t, dir, nil)
	g := newGate()
	before.SetFault(g.fault(acme))
	ended := make(chan error, 1)
	c := h.as(t, acme)
	go func() {
		_, err := c.Query(t.Context(), query())
		ended <- err
	}()
	within(t, "a request reaches the old server", g.came)
	old := h.pipeline.upstream.current.Load()
	dir.set(func(d *fakeDirectory) { d.upstream.Address = after.Addr() })
	if _, err := c.Query(t.Context(), query()); err != nil {
		t.Fatal(err)
	}
	if n := after.CallCount(queryRPC); n != 1 {
		t.Errorf("the new server saw %d queries", n)
	}
	if n := old.users.Load(); n != 1 {
		t.Errorf("the old connections have %d users, want the one in flight", n)
	}
	close(g.open)
	if err := within(t, "the call in flight ends", ended); err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	if old.acquire() || old.conns[0].GetState().String() != "SHUTDOWN" {
		t.Error("the old connections are still open")
	}
}

// A rate limit of Qdrant's own keeps its retry-after, bounded.
func TestRetryAfterOfUpstream(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"7": "7", "999999": "3600", "soon": "", "-1": ""} {
		sim := startSim(t)
		h := start(t, newFakeDirectory(t, sim.Addr()), nil)
		sim.SetFault(func(ctx context.Context, _ string, _ any) error {
			if err := grpc.SetTrailer(ctx, metadata.Pairs("retry-after", header)); err != nil {
				return err
			}
			return status.Error(codes.ResourceExhausted, "only 3 tokens of tenant_beta_docs were available")
		})
		code, got, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`))
		if code != http.StatusTooManyRequests || got.Get("Retry-After") != want || strings.Contains(message(body), "beta") {
			t.Errorf("%s: %d %v %v, want %q", header, code, got.Get("Retry-After"), body, want)
		}
	}
}

func TestConnectionsAreUsedInTurn(t *testing.T) {
	t.Parallel()
	sim, err := qdrantsim.Start(qdrantsim.Options{NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	p, err := newPool(directory.Upstream{Address: sim.Addr()}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer p.release()
	seen := map[*grpc.ClientConn]int{}
	for range 9 {
		seen[p.next()]++
	}
	if len(seen) != 3 {
		t.Errorf("%d connections are used", len(seen))
	}
	for c, n := range seen {
		if n != 3 {
			t.Errorf("%p is used %d times", c, n)
		}
	}
}
