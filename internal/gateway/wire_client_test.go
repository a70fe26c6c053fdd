package gateway

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// wireClient is a client of gRPC that does what no library would.
type wireClient struct {
	net.Conn
	*http2.Framer
	decoder *hpack.Decoder
	token   string
	next    uint32
}

// wire connects to a gateway as a tenant, "" for nobody.
func (h *harness) wire(t *testing.T, id string, settings ...http2.Setting) *wireClient {
	t.Helper()
	c := dial(t, h.GRPCAddress())
	if h.certs != nil {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) // who it is is tried elsewhere
	}
	w := &wireClient{Conn: c, Framer: http2.NewFramer(c, c), decoder: hpack.NewDecoder(4096, nil), next: 1}
	if id != "" {
		w.token = h.dir.gatewayToken(t, id, h.options.Clock.Now())
	}
	fmt.Fprint(c, http2.ClientPreface)
	must(t, w.WriteSettings(settings...))
	return w
}

// begin sends the header of a call and the bytes that follow it, and returns the number of its stream.
func (w *wireClient) begin(t *testing.T, method string, end bool, data []byte, more ...string) uint32 {
	t.Helper()
	id := w.next
	w.next += 2
	pairs := append([]string{":method", "POST", ":scheme", "http", ":path", method, ":authority", "x", "content-type", "application/grpc",
		"te", "trailers"}, more...)
	if w.token != "" {
		pairs = append(pairs, "api-key", w.token)
	}
	must(t, w.WriteHeaders(http2.HeadersFrameParam{StreamID: id, EndHeaders: true, BlockFragment: headers(t, pairs...)}))
	must(t, w.WriteData(id, end, data))
	return id
}

// status reads until a call ends, and returns its code.
func (w *wireClient) status(t *testing.T, id uint32) string {
	t.Helper()
	for {
		f, err := w.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := f.(*http2.HeadersFrame); ok {
			fields, err := w.decoder.DecodeFull(h.HeaderBlockFragment())
			must(t, err)
			for _, field := range fields {
				if field.Name == "grpc-status" && h.StreamID == id {
					return field.Value
				}
			}
		}
	}
}

// prefixed is a message as gRPC sends it, with what it says about its compression.
func prefixed(flag byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(message))), message...)
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sendRaw sends bytes as the message of a call of acme's.
func (h *harness) sendRaw(t *testing.T, method string, message []byte) error {
	t.Helper()
	return h.conn(t).Invoke(h.with(t, acme), method, &message, new([]byte), grpc.ForceCodecV2(rawCodec{}))
}

// held is how much counts as in flight.
func (h *harness) held() int64 { return h.pipeline.admit.bytes.Load() }

func (h *harness) nothingHeld(t *testing.T) {
	t.Helper()
	eventually(t, "all is given back", func() bool {
		for _, id := range []string{acme, beta} {
			if s := h.turnstile(id); s.bytes.Load() != 0 || s.inFlight.Load() != 0 {
				return false
			}
		}
		return h.held() == 0
	})
}

func (h *harness) turnstile(id string) *turnstile {
	return h.pipeline.admit.turnstile(uid(id), id, h.options.Clock.Now())
}
