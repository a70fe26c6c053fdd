package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	clocktesting "k8s.io/utils/clock/testing"
)

// longAnswers is an upstream whose answers have so many points, of 4 KiB each, and that counts its calls.
func longAnswers(t *testing.T, points int) (address string, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	reply, vector := &pb.QueryResponse{}, make([]float32, 1024)
	for i := range vector {
		vector[i] = 0.12345678
	}
	for i := range points {
		reply.Result = append(reply.Result, &pb.ScoredPoint{Id: pb.NewIDNum(uint64(i)), Vectors: &pb.VectorsOutput{
			VectorsOptions: &pb.VectorsOutput_Vector{Vector: &pb.VectorOutput{Vector: &pb.VectorOutput_Dense{
				Dense: &pb.DenseVector{Data: vector},
			}}},
		}})
	}
	encoded := encode(t, reply)
	return serveRaw(t, func(_ any, stream grpc.ServerStream) error {
		calls.Add(1)
		var in []byte
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		return stream.SendMsg(&encoded)
	}), calls
}

// closedWindow lets a server send nothing of an answer.
var closedWindow = http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}

// An answer counts, and keeps its place, until the client has taken it; a client that does not is cut off.
func TestAnswersCountUntilTheyAreWritten(t *testing.T) {
	t.Parallel()
	const points = 256 // 1 MiB
	for name, end := range map[string]func(*testing.T, *harness, *clocktesting.FakeClock, *wireClient, uint32){
		"taken at last": func(t *testing.T, _ *harness, _ *clocktesting.FakeClock, w *wireClient, id uint32) {
			must(t, w.WriteWindowUpdate(0, 8<<20))
			for i := uint32(1); i <= id; i += 2 {
				must(t, w.WriteWindowUpdate(i, 4<<20))
			}
			if got := w.status(t, id); got != "0" {
				t.Errorf("status %s", got)
			}
		},
		"given up": func(t *testing.T, _ *harness, _ *clocktesting.FakeClock, w *wireClient, id uint32) {
			for i := uint32(1); i <= id; i += 2 {
				must(t, w.WriteRSTStream(i, http2.ErrCodeCancel))
			}
		},
		"hung up": func(t *testing.T, _ *harness, _ *clocktesting.FakeClock, w *wireClient, _ uint32) { must(t, w.Close()) },
		"cut off": func(_ *testing.T, h *harness, clock *clocktesting.FakeClock, w *wireClient, _ uint32) {
			clock.Step(clientPatience(h.options.Limits) + time.Second)
			for {
				if _, err := w.ReadFrame(); err != nil {
					return // the connection has ended
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := longAnswers(t, points)
			clock := clocktesting.NewFakeClock(time.Now())
			h := start(t, newFakeDirectory(t, address), func(o *Options) { o.Clock, o.Limits.TenantConcurrency = clock, 2 })
			eventually(t, "connections are watched", clock.HasWaiters)
			w := h.wire(t, acme, closedWindow)
			m := prefixed(0, encode(t, query()))
			var last uint32
			for i := range int64(2) {
				last = w.begin(t, queryRPC, true, m)
				eventually(t, "an answer is held", func() bool { return h.held() >= (i+1)*points*4096 && h.links.parcels() == int(i+1) })
			}
			if _, err := h.as(t, acme).Query(t.Context(), query()); !isExhausted(err) {
				t.Errorf("one too many: %v", err)
			}
			end(t, h, clock, w, last)
			h.nothingHeld(t)
			if n := h.links.parcels(); n != 0 {
				t.Errorf("%d answers are remembered", n)
			}
		})
	}
}

// parcels are the answers that have not been written.
func (s *links) parcels() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		l.mu.Lock()
		n += len(l.parcels)
		l.mu.Unlock()
	}
	return n
}

// The shortest answers count as well: the library tells when it is done with those above a certain length only.
func TestShortAnswersCountUntilTheyAreWritten(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	certs := t.TempDir()
	writeCert(t, certs, 1)
	for name, dir := range map[string]string{"plain text": "", "TLS": certs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.TLSCertDir = dir })
			w := h.wire(t, acme, closedWindow)
			calls := []uint32{
				w.begin(t, queryRPC, true, prefixed(0, encode(t, query()))),
				w.begin(t, "/qdrant.Collections/List", true, prefixed(0, nil)), // answered here
			}
			eventually(t, "both answers are held", func() bool { return h.links.parcels() == 2 })
			if got := h.turnstile(acme).inFlight.Load(); got != 2 || h.held() != 2*smallest {
				t.Errorf("%d requests and %d bytes are in flight", got, h.held())
			}
			for _, id := range calls {
				must(t, w.WriteWindowUpdate(id, 1<<20))
				if got := w.status(t, id); got != "0" {
					t.Errorf("status %s", got)
				}
			}
			h.nothingHeld(t)
		})
	}
}

// A client of REST that does not read holds what is its tenant's, until the server's deadline or its own end.
func TestUnreadRESTAnswersCount(t *testing.T) {
	t.Parallel()
	const points = 2048 // 20 MiB as text, which no socket takes
	for name, end := range map[string]func(*testing.T, net.Conn){
		"hung up": func(t *testing.T, c net.Conn) { must(t, c.Close()) },
		"read at last": func(t *testing.T, c net.Conn) {
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK || n < 1<<20 {
				t.Errorf("%s, %d bytes, %v", res.Status, n, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := longAnswers(t, points)
			h := start(t, newFakeDirectory(t, address), nil)
			c := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
			body := `{"query":[1,0],"with_vector":true}`
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nApi-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				queryPath, h.dir.gatewayToken(t, acme, time.Now()), len(body), body)
			eventually(t, "its text alone is held", func() bool {
				return value(t, h, "tenantry_gateway_in_flight", nil) == 0 && h.held() > 2*points*4096 && h.held() < 4*points*4096
			})
			if got := h.turnstile(acme).inFlight.Load(); got != 1 {
				t.Errorf("%d requests are in flight", got)
			}
			end(t, c)
			h.nothingHeld(t)
		})
	}
}

// How long an answer is shows before it is read: it is counted then, and asked for again. The next one is expected to be as long.
func TestLongAnswersAreCountedBeforeTheyAreRead(t *testing.T) {
	t.Parallel()
	address, calls := longAnswers(t, 256)
	h := start(t, newFakeDirectory(t, address), nil)
	c := h.as(t, acme)
	for i, want := range []int64{2, 3, 4} {
		points, err := c.Query(t.Context(), query())
		if err != nil || len(points) != 256 {
			t.Fatalf("%d points, %v", len(points), err)
		}
		if got := calls.Load(); got != want {
			t.Errorf("after %d queries Qdrant was asked %d times, want %d", i+1, got, want)
		}
	}
	h.nothingHeld(t)
}

// Where there is no room for an answer it is not read.
func TestNoRoomForAnAnswer(t *testing.T) {
	t.Parallel()
	address, calls := longAnswers(t, 256)
	h := start(t, newFakeDirectory(t, address), func(o *Options) { o.Limits.InFlightBytes = shareOfTenant << 20 })
	if _, err := h.as(t, acme).Query(t.Context(), query()); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "ask for less") {
		t.Errorf("gRPC: %v", err)
	}
	if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("REST: %d %v", code, body)
	}
	if got := calls.Load(); got != 2 {
		t.Errorf("Qdrant was asked %d times, want once for each", got)
	}
	h.nothingHeld(t)
}

// There is a length of answers that nobody gets.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	address, calls := longAnswers(t, 256)
	h := start(t, newFakeDirectory(t, address), func(o *Options) { o.Limits.ReplyBytes = 1 << 20 })
	if _, err := h.as(t, acme).Query(t.Context(), query()); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "longer than 1048576 bytes") {
		t.Errorf("gRPC: %v", err)
	}
	if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)); code != http.StatusBadRequest || !strings.Contains(message(body), "ask for fewer points") {
		t.Errorf("REST: %d %v", code, body)
	}
	if got := calls.Load(); got != 2 {
		t.Errorf("Qdrant was asked %d times, want once for each", got)
	}
	h.nothingHeld(t)
}

// An expectation rises at once and falls by and by.
func TestExpectation(t *testing.T) {
	t.Parallel()
	var s turnstile
	m := &methodMetrics{}
	s.learn(m, shortReply)
	if s.expectation(m) != nil {
		t.Error("short answers are remembered")
	}
	s.learn(m, 8<<20)
	if got := s.expectation(m).expected(); got != 10<<20 {
		t.Errorf("%d are expected after 8 MiB", got)
	}
	for range 8 {
		s.learn(m, 1000)
	}
	if got := s.expectation(m).expected(); got < 3<<20 || got > 4<<20 {
		t.Errorf("%d are expected after a few short ones", got)
	}
	for range 100 {
		s.learn(m, 1000)
	}
	if got := s.expectation(m).expected(); got != shortReply {
		t.Errorf("%d are expected after many short ones", got)
	}
}

// Who may connect has shown nothing yet: there is a number of connections that are served at once.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, newFakeDirectory(t, "127.0.0.1:1"), func(o *Options) { o.Limits.Connections = 1 })
	for _, address := range []string{h.GRPCAddress(), strings.TrimPrefix(h.RESTURL(), "http://")} {
		hello := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
		if address == h.GRPCAddress() {
			hello = http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" // and empty settings
		}
		first, second := dial(t, address), dial(t, address)
		for _, c := range []net.Conn{first, second} {
			fmt.Fprint(c, hello)
		}
		one := make([]byte, 1)
		if _, err := io.ReadFull(first, one); err != nil {
			t.Fatal(err)
		}
		must(t, second.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
		if _, err := io.ReadFull(second, one); err == nil {
			t.Errorf("%s: a second connection is served beside the first", address)
		}
		must(t, first.Close())
		must(t, second.SetReadDeadline(time.Now().Add(patience)))
		if _, err := io.ReadFull(second, one); err != nil {
			t.Errorf("%s: the second connection is not served after the first: %v", address, err)
		}
	}
}

// Strangers learn whether, and not why.
func TestReadinessToStrangers(t *testing.T) {
	t.Parallel()
	h := start(t, newFakeDirectory(t, "127.0.0.1:1"), nil)
	h.dir.set(func(d *fakeDirectory) { d.ready = fmt.Errorf("plane eu-1 has no material") })
	for url, want := range map[string]string{h.RESTURL(): "not ready", h.ProbeURL(): "plane eu-1 has no material"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(b) != want || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %q, want %q", url, res.StatusCode, b, want)
		}
	}
}
