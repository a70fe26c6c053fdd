package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// A client that announces a body and sends it a little at a time is cut off when its time is over; until then it holds
// nobody back.
func TestSlowRESTClient(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestTimeout = time.Second })
	slow := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
	fmt.Fprintf(slow, "POST %s HTTP/1.1\r\nHost: x\r\nApi-Key: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		queryPath, h.dir.gatewayToken(t, acme, time.Now()))
	header := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
	fmt.Fprint(header, "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	eventually(t, "the slow request is being read", func() bool { return h.pipeline.admit.bytes.Load() > 0 })
	for range 20 {
		if code, _, body := send(t, h.request(t, acme, http.MethodPost, queryPath, `{"query":[1,0]}`)); code != http.StatusOK {
			t.Fatalf("another request is held up: %d %v", code, body)
		}
		fmt.Fprint(slow, " ")
	}
	res, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatalf("the slow client was not answered: %v", err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout || !res.Close {
		t.Errorf("the slow client got %d, close %t", res.StatusCode, res.Close)
	}
	if _, err := http.ReadResponse(bufio.NewReader(header), nil); err == nil {
		t.Error("a client without a complete header was answered as if it had one")
	}
	if n := sim.CallCount(queryRPC); n != 20 {
		t.Errorf("%d requests reached Qdrant, want 20", n)
	}
}

// The same over gRPC, whose library waits for a message for as long as the client takes: the stream's own deadline ends it.
func TestSlowGRPCClient(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.RequestTimeout = time.Second })
	c := dial(t, h.GRPCAddress())
	framer := http2.NewFramer(c, c)
	fmt.Fprint(c, http2.ClientPreface)
	must(t, framer.WriteSettings())
	must(t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, BlockFragment: headers(t,
		":method", "POST", ":scheme", "http", ":path", queryRPC, ":authority", "x", "content-type", "application/grpc",
		"te", "trailers", "api-key", h.dir.gatewayToken(t, acme, time.Now()))}))
	prefix := binary.BigEndian.AppendUint32([]byte{0}, 1000) // a message of 1,000 bytes
	must(t, framer.WriteData(1, false, prefix))
	eventually(t, "the slow request is being read", func() bool { return h.pipeline.admit.bytes.Load() > 0 })
	client := h.as(t, acme)
	for range 20 {
		if _, err := client.Query(t.Context(), query()); err != nil {
			t.Fatalf("another request is held up: %v", err)
		}
		must(t, framer.WriteData(1, false, []byte{0}))
	}
	if !ended1(t, framer) {
		t.Error("the slow stream was not ended")
	}
	eventually(t, "all is given back", func() bool { return h.pipeline.admit.bytes.Load() == 0 })
	if n := sim.CallCount(queryRPC); n != 20 {
		t.Errorf("%d requests reached Qdrant, want 20", n)
	}
}

// ended1 reads until stream 1 is ended by the server.
func ended1(t *testing.T, framer *http2.Framer) bool {
	t.Helper()
	for {
		f, err := framer.ReadFrame()
		if err != nil {
			t.Log(err)
			return false
		}
		switch f := f.(type) {
		case *http2.HeadersFrame:
			if f.StreamID == 1 && f.StreamEnded() {
				return true
			}
		case *http2.RSTStreamFrame:
			return f.StreamID == 1
		}
	}
}

func headers(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		must(t, e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return b.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
