package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// A message says first whether it is compressed; the header may say something else.
func TestCompressionIsRefusedByItsFlag(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	w := h.wire(t, acme)
	for name, header := range map[string][]string{
		"without a header": nil, "as identity": {"grpc-encoding", "identity"}, "as gzip": {"grpc-encoding", "gzip"},
	} {
		if got := w.status(t, w.begin(t, queryRPC, true, prefixed(1, encode(t, query())), header...)); got != "12" {
			t.Errorf("%s: status %s, want Unimplemented", name, got)
		}
	}
	if calls := sim.Calls(); len(calls) > 0 {
		t.Errorf("%d requests reached Qdrant", len(calls))
	}
	h.nothingHeld(t)
}

// What is announced counts before a byte of it has come.
func TestAnnouncedBytesCount(t *testing.T) {
	t.Parallel()
	const announced = 1 << 20
	h := start(t, newFakeDirectory(t, "127.0.0.1:1"), nil)
	w := h.wire(t, acme)
	w.begin(t, upsertRPC, false, binary.BigEndian.AppendUint32([]byte{0}, announced))
	eventually(t, "the message counts", func() bool { return h.held() == rawCopies*announced })
	must(t, w.Close())
	h.nothingHeld(t)
	c := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
	fmt.Fprintf(c, "PUT /collections/docs/points HTTP/1.1\r\nHost: x\r\nApi-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{",
		h.dir.gatewayToken(t, acme, time.Now()), announced)
	eventually(t, "the body counts", func() bool { return h.held() == bodyCopies*announced })
	must(t, c.Close())
	h.nothingHeld(t)
}

// A chunked body announces nothing: it counts as it comes.
func TestChunkedBytesCount(t *testing.T) {
	t.Parallel()
	const chunk = 100_000
	h := start(t, newFakeDirectory(t, "127.0.0.1:1"), nil)
	c := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
	fmt.Fprintf(c, "PUT /collections/docs/points HTTP/1.1\r\nHost: x\r\nApi-Key: %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
		h.dir.gatewayToken(t, acme, time.Now()))
	for i := range int64(3) {
		fmt.Fprintf(c, "%x\r\n%s\r\n", chunk, strings.Repeat(" ", chunk))
		eventually(t, "a chunk counts", func() bool { return h.held() == bodyCopies*chunk*(i+1) })
	}
	must(t, c.Close())
	h.nothingHeld(t)
}

// Two bytes become a hundred: they count as such before they do.
func TestWhatBecomesOfMessagesCounts(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	const n = 100_000
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.InFlightBytes = shareOfTenant * n * 64 })
	values := &pb.ListValue{}
	for range n {
		values.Values = append(values.Values, &pb.Value{})
	}
	list := map[string]*pb.Value{"a": {Kind: &pb.Value_ListValue{ListValue: values}}}
	for name, m := range map[string][]byte{
		"points":  bytes.Repeat([]byte{0x1a, 0x00}, n), // UpsertPoints.points = {}
		"payload": encode(t, &pb.UpsertPoints{CollectionName: docs, Points: []*pb.PointStruct{{Payload: list}}}),
	} {
		if err := h.sendRaw(t, upsertRPC, m); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "send or ask for less") {
			t.Errorf("%s: %v", name, err)
		}
	}
	body := `{"points":[{"id":1,"vector":[1,0],"payload":{"a":[` + strings.TrimSuffix(strings.Repeat("0,", n), ",") + `]}}]}`
	code, header, answer := send(t, h.request(t, acme, http.MethodPut, "/collections/docs/points?wait=true", body))
	if code != http.StatusRequestEntityTooLarge || header.Get("Retry-After") != "" || !strings.Contains(message(answer), "send or ask for less") {
		t.Errorf("REST: %d %v %v", code, header, answer)
	}
	if got := sim.CallCount(upsertRPC); got != 0 {
		t.Errorf("%d requests reached Qdrant", got)
	}
	h.nothingHeld(t)
}

func TestWeights(t *testing.T) {
	t.Parallel()
	point := &pb.PointStruct{Id: pb.NewIDNum(1), Vectors: pb.NewVectors(make([]float32, 1000)...), Payload: pb.NewValueMap(map[string]any{"a": 1, "b": "c"})}
	for name, c := range map[string]struct {
		message  proto.Message
		elements int64
		least    int64
	}{
		"a query":        {query(), 4, 4 * elementBytes},                                                                  // query, nearest, vector, with_payload
		"a point":        {&pb.UpsertPoints{Points: []*pb.PointStruct{point}}, 9, 9 * elementBytes},                       // the point, its id, vectors, vector, dense; two entries with a value each
		"sparse indices": {&pb.SparseVector{Indices: make([]uint32, 1000)}, 0, 1000 * packedBytes},                        // a byte each
		"dense":          {&pb.DenseVector{Data: make([]float32, 1000)}, 0, 1},                                            // as long as they are
		"deep":           {&pb.Filter{Must: []*pb.Condition{pb.NewFilterAsCondition(&pb.Filter{})}}, 2, 2 * elementBytes}, // types hold themselves
	} {
		w := shapeOf(c.message.ProtoReflect().Descriptor()).weigh(encode(t, c.message))
		if w.elements != c.elements || w.bytes < c.least || w.bytes > c.least+1000 {
			t.Errorf("%s: %+v, want %d elements and %d bytes or a few more", name, w, c.elements, c.least)
		}
	}
	if w := shapeOf(query().ProtoReflect().Descriptor()).weigh([]byte{0xff}); w != (weight{}) {
		t.Errorf("what is damaged weighs %+v", w)
	}
}

// There is a number of elements that no memory makes up for.
func TestElementsAreBounded(t *testing.T) {
	t.Parallel()
	h := start(t, newFakeDirectory(t, "127.0.0.1:1"), func(o *Options) { o.Limits.InFlightBytes = 1 << 40 })
	err := h.sendRaw(t, upsertRPC, bytes.Repeat([]byte{0x1a, 0x00}, maxElements+1))
	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "a million values") {
		t.Error(err)
	}
	h.nothingHeld(t)
}

// Whatever one tenant sends, the others find room.
func TestOneTenantHoldsItsShare(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	const share = 20 * smallest
	h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Limits.InFlightBytes = shareOfTenant * share })
	g := newGate()
	sim.SetFault(g.fault(acme))
	long := upsert()
	long.Points[0].Vectors = pb.NewVectors(make([]float32, smallest/2)...) // twice smallest, and as much again decoded
	ended := make(chan error, 4)
	c := h.as(t, acme)
	for range cap(ended) {
		go func() {
			_, err := c.Upsert(t.Context(), long)
			ended <- err
		}()
		within(t, "a request reaches Qdrant", g.came)
	}
	var limited *pb.QdrantResourceExhaustedError
	if _, err := c.Upsert(t.Context(), long); !errors.As(err, &limited) || limited.RetryAfterS != 1 {
		t.Errorf("one too many: %v", err)
	}
	if held := h.held(); held > share {
		t.Errorf("%d bytes are held, of a share of %d", held, share)
	}
	put(t, h.as(t, beta), docs, 1, beta)
	if got := value(t, h, "tenantry_gateway_refused_total", map[string]string{"reason": reasonShare}); got != 1 {
		t.Errorf("%v refusals are counted", got)
	}
	close(g.open)
	for range cap(ended) {
		if err := within(t, "a held request ends", ended); isExhausted(err) {
			t.Error(err) // the simulator may not like the vector
		}
	}
	h.nothingHeld(t)
}

// Whose tenant is gone when the message has come is not served, however it was when the header came.
func TestAccessEndsWhileTheMessageComes(t *testing.T) {
	t.Parallel()
	gone := func(d *fakeDirectory) { d.tenants = map[string]*directory.Tenant{} }
	revoked := func(d *fakeDirectory) {
		was := *d.tenants[uid(acme)]
		was.TokenIDs = nil
		d.tenants[uid(acme)] = &was
	}
	for name, c := range map[string]struct {
		change     func(*fakeDirectory)
		rest, grpc string
	}{
		"gone": {gone, "403", "7"}, "revoked": {revoked, "401", "16"}, "as before": {func(*fakeDirectory) {}, "200", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := startSim(t)
			clock := clocktesting.NewFakeClock(time.Now())
			h := start(t, newFakeDirectory(t, sim.Addr()), func(o *Options) { o.Clock = clock })
			rest := dial(t, strings.TrimPrefix(h.RESTURL(), "http://"))
			body := `{"points":[{"id":1,"vector":[0,1]}]}`
			fmt.Fprintf(rest, "PUT /collections/docs/points?wait=true HTTP/1.1\r\nHost: x\r\nApi-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{",
				h.dir.gatewayToken(t, acme, clock.Now()), len(body))
			w := h.wire(t, acme)
			m := prefixed(0, encode(t, upsert()))
			id := w.begin(t, upsertRPC, false, m[:prefixBytes])
			eventually(t, "both are being read", func() bool { return h.held() == 2*smallest })
			h.dir.set(c.change)
			clock.Step(promptly)
			fmt.Fprint(rest, body[1:])
			must(t, w.WriteData(id, true, m[prefixBytes:]))
			res, err := http.ReadResponse(bufio.NewReader(rest), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body) // only its code counts
			_ = res.Body.Close()
			if got := res.Status[:3]; got != c.rest {
				t.Errorf("REST: %s, want %s", res.Status, c.rest)
			}
			if got := w.status(t, id); got != c.grpc {
				t.Errorf("gRPC: status %s, want %s", got, c.grpc)
			}
			if got, want := sim.CallCount(upsertRPC), map[bool]int{true: 2}[name == "as before"]; got != want {
				t.Errorf("%d writes reached Qdrant, want %d", got, want)
			}
		})
	}
}

// A message in pieces is the same message, and more than one is none.
func TestMessagesInPieces(t *testing.T) {
	t.Parallel()
	sim := startSim(t)
	h := start(t, newFakeDirectory(t, sim.Addr()), nil)
	long := &pb.UpsertPoints{CollectionName: docs, Wait: pb.PtrOf(true)}
	for i := range 2000 {
		long.Points = append(long.Points, &pb.PointStruct{Id: pb.NewIDNum(uint64(i)), Vectors: pb.NewVectors(1, 0),
			Payload: pb.NewValueMap(map[string]any{"text": strings.Repeat("x", 50)})})
	}
	if _, err := h.as(t, acme).Upsert(t.Context(), long); err != nil {
		t.Error(err)
	}
	if n, err := h.as(t, acme).Count(t.Context(), &pb.CountPoints{CollectionName: docs, Exact: pb.PtrOf(true)}); err != nil || n != 2000 {
		t.Errorf("%d points, %v", n, err)
	}
	message := prefixed(0, encode(t, query()))
	w := h.wire(t, acme)
	for name, c := range map[string]struct {
		data []byte
		want codes.Code
	}{
		"none": {nil, codes.InvalidArgument}, "half": {message[:len(message)-1], codes.InvalidArgument}, "half a prefix": {message[:3], codes.InvalidArgument},
		"one": {message, codes.OK}, "two": {append(bytes.Clone(message), message...), codes.InvalidArgument},
	} {
		if got := w.status(t, w.begin(t, queryRPC, true, c.data)); got != fmt.Sprint(int(c.want)) {
			t.Errorf("%s: status %s, want %d", name, got, c.want)
		}
	}
	h.nothingHeld(t)
}
