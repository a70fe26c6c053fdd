package gateway

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// inFlight sends one request by each protocol and waits until both have reached Qdrant.
func inFlight(t *testing.T, h *harness, g *gate) (grpcEnds chan error, restEnds chan int) {
	t.Helper()
	grpcEnds, restEnds = make(chan error, 1), make(chan int, 1)
	c := h.as(t, acme)
	r := h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)
	go func() {
		_, err := c.Query(t.Context(), query())
		grpcEnds <- err
	}()
	go func() {
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			restEnds <- 0
			return
		}
		_ = res.Body.Close()
		restEnds <- res.StatusCode
	}()
	within(t, "a request reaches Qdrant", g.came)
	within(t, "another request reaches Qdrant", g.came)
	return grpcEnds, restEnds
}

func TestDrainLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	g := newGate()
	sim.SetFault(g.fault(""))
	grpcEnds, restEnds := inFlight(t, h, g)
	h.stop()
	eventually(t, "readiness ends", func() bool { return get(t, h.ProbeURL()+"/readyz") == http.StatusServiceUnavailable })
	if got := get(t, h.ProbeURL()+"/healthz"); got != http.StatusOK {
		t.Errorf("health while draining: %d", got)
	}
	for _, address := range []string{h.GRPCAddress(), strings.TrimPrefix(h.RESTURL(), "http://")} {
		eventually(t, "no new connections", func() bool {
			c, err := net.Dial("tcp", address)
			if err == nil {
				_ = c.Close()
			}
			return err != nil
		})
	}
	select {
	case err := <-h.stopped:
		t.Fatalf("it stopped with requests in flight: %v", err)
	default:
	}
	close(g.open)
	if err := within(t, "the gRPC request ends", grpcEnds); err != nil {
		t.Error(err)
	}
	if code := within(t, "the REST request ends", restEnds); code != http.StatusOK {
		t.Errorf("REST: %d", code)
	}
	if err := within(t, "the gateway stops", h.stopped); err != nil {
		t.Error(err)
	}
}

func TestDrainEndsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.DrainTimeout = 50 * time.Millisecond })
	g := newGate()
	sim.SetFault(g.fault("")) // never opens
	grpcEnds, restEnds := inFlight(t, h, g)
	h.stop()
	if err := within(t, "the gRPC request ends", grpcEnds); status.Code(err) == codes.OK {
		t.Error("a request that was ended succeeded")
	}
	if code := within(t, "the REST request ends", restEnds); code == http.StatusOK {
		t.Error("a request that was ended succeeded")
	}
	if err := within(t, "the gateway stops", h.stopped); err != nil {
		t.Error(err)
	}
}
