package gateway

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

const (
	benchClients = 32 // that saturate
	pacedClients = 4  // that do not
	benchRounds  = 7  // of which the table shows the medians
	// pacedEvery is how long each paced client waits between requests: about a third of what a gateway can do on two cores.
	pacedEvery = time.Millisecond
	// paceTime and fullTime are how long one round paces and saturates.
	paceTime, fullTime = 250 * time.Millisecond, 120 * time.Millisecond
)

var workloads = []workload{
	{protocol: protocolGRPC, collection: docs}, {protocol: protocolGRPC, collection: docs, payload: true},
	{protocol: protocolGRPC, collection: notes}, {protocol: protocolGRPC, collection: notes, payload: true},
	{protocol: protocolGRPC, collection: docs, pool: 1}, {protocol: protocolGRPC, collection: docs, payload: true, pool: 1},
	{protocol: protocolREST, collection: docs}, {protocol: protocolREST, collection: docs, payload: true},
	{protocol: protocolREST, collection: notes, payload: true},
}

// BenchmarkTable prints what the gateway adds to a request and what it costs in throughput, against the same stub in the
// same run: rounds with and without the gateway take turns, so that noise hits both. It asserts no time.
func BenchmarkTable(b *testing.B) {
	TuneCollector(os.Getenv)
	t := &table{b: b}
	t.header()
	for _, w := range workloads {
		t.line(w.String(), func(b *testing.B) (direct, through []ask) {
			s := newStage(b, w)
			return s.direct(b, benchClients), s.through(b, benchClients)
		})
	}
	for _, w := range workloads[:2] {
		t.line("empty proxy/"+answers[w.payload], func(b *testing.B) (direct, through []ask) {
			s := newStage(b, w)
			return s.direct(b, benchClients), s.clients(b, benchClients, emptyProxy(b, s.grpc), "", "", s.physical())
		})
	}
	if address := os.Getenv("QDRANT_ADDR"); address != "" {
		t.line("server at "+address, func(b *testing.B) (direct, through []ask) {
			s := newServerStage(b, address, os.Getenv("QDRANT_API_KEY"))
			return s.direct(b, benchClients), s.through(b, benchClients)
		})
	}
	t.engine()
	_, _ = os.Stdout.WriteString("\n" + t.text.String()) // past the benchmark's own log, which is cut after ten lines
}

// table is what is printed.
type table struct {
	b    *testing.B
	text strings.Builder
}

func (t *table) header() {
	fmt.Fprintf(&t.text, "10 nearest at %d dimensions from a stub of constant cost, %d cores shared by all. p50/p99 in µs with %d paced clients,\n",
		benchDimensions, runtime.GOMAXPROCS(0), pacedClients)
	fmt.Fprintf(&t.text, "requests per second and µs of CPU per request with %d that never wait. Medians of %d rounds, which take turns.\n",
		benchClients, benchRounds)
	fmt.Fprintf(&t.text, "%-34s %12s %12s %12s | %8s %8s %5s | %7s %7s %5s\n",
		"", "direct", "gateway", "added", "direct/s", "gateway/s", "ratio", "direct", "gateway", "ratio")
}

func (t *table) line(name string, clients func(*testing.B) (direct, through []ask)) {
	t.b.Run(name, func(b *testing.B) {
		c := compare(b, clients)
		c.report(b)
		fmt.Fprintf(&t.text, "%-34s %s\n", name, c)
	})
}

// engine adds what the engine alone takes for a plain query, and for its answer.
func (t *table) engine() {
	s := newFakeDirectory(t.b, "").tenants[uid(acme)].Scope
	for _, w := range workloads[:4] {
		base, reply := w.query(w.collection), encoded(t.b, w.reply(t.b, s))
		request := func() *scopeqdrant.Call {
			m := &pb.QueryPoints{CollectionName: w.collection, Query: base.GetQuery(), Limit: base.Limit, WithPayload: base.GetWithPayload()}
			call, err := s.Request(queryRPC, m)
			if err != nil {
				t.b.Fatal(err)
			}
			return call
		}
		call, buffer := request(), make([]byte, 0, 2*len(reply))
		in := each(func() { _ = request() })
		out := each(func() {
			if _, err := call.ResponseBytes(buffer, reply); err != nil {
				t.b.Fatal(err)
			}
		})
		fmt.Fprintf(&t.text, "the engine alone, %-22s request %s, answer %s\n", w.String()+":", in, out)
	}
}

// compared is one line of the table: medians of rounds.
type compared struct{ direct, through side }

type side struct {
	p50, p99 time.Duration
	load
}

// report repeats the line as metrics.
func (c compared) report(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of no use for one run of seconds
	b.ReportMetric(float64(c.through.p50-c.direct.p50)/1e3, "added-p50-µs")
	b.ReportMetric(float64(c.through.p99-c.direct.p99)/1e3, "added-p99-µs")
	b.ReportMetric(c.through.perSecond/c.direct.perSecond, "throughput-ratio")
	b.ReportMetric(float64(c.direct.cpu)/float64(c.through.cpu), "cpu-ratio")
}

func (c compared) String() string {
	d, g := c.direct, c.through
	us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
	return fmt.Sprintf("%12s %12s %12s | %8.0f %8.0f %5.2f | %7s %7s %5.2f",
		us(d.p50)+"/"+us(d.p99), us(g.p50)+"/"+us(g.p99), us(g.p50-d.p50)+"/"+us(g.p99-d.p99),
		d.perSecond, g.perSecond, g.perSecond/d.perSecond, us(d.cpu), us(g.cpu), float64(d.cpu)/float64(g.cpu))
}

func compare(b *testing.B, clients func(*testing.B) (direct, through []ask)) compared {
	b.Helper()
	direct, through := clients(b)
	var d, g []side
	for range benchRounds {
		d, g = append(d, round(b, direct)), append(g, round(b, through))
	}
	return compared{medians(d), medians(g)}
}

func round(tb testing.TB, clients []ask) side {
	tb.Helper()
	took := pace(tb, clients[:pacedClients], pacedEvery, paceTime)
	return side{p50: percentile(took, 50), p99: percentile(took, 99), load: saturate(tb, clients, fullTime)}
}

func medians(of []side) side {
	return side{
		p50: medianOf(of, func(s side) time.Duration { return s.p50 }), p99: medianOf(of, func(s side) time.Duration { return s.p99 }),
		load: load{
			perSecond: medianOf(of, func(s side) float64 { return s.perSecond }), cpu: medianOf(of, func(s side) time.Duration { return s.cpu }),
		},
	}
}

func medianOf[S any, T time.Duration | float64](of []S, get func(S) T) T {
	var values []T
	for _, s := range of {
		values = append(values, get(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// emptyProxy is a proxy of the same gRPC library that does nothing: it passes bytes on. It shows what of the gateway's cost
// is that of being asked and asking at all.
func emptyProxy(tb testing.TB, upstream string) string {
	tb.Helper()
	p, err := newPool(directory.Upstream{Address: upstream}, DefaultUpstreamConnections)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.release)
	return serveRaw(tb, func(_ any, stream grpc.ServerStream) error {
		var in, out []byte
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		ctx := metadata.AppendToOutgoingContext(stream.Context(), apiKey, upstreamID)
		if err := p.next().Invoke(ctx, queryRPC, &in, &out, grpc.StaticMethod(), grpc.ForceCodecV2(rawCodec{})); err != nil {
			return err
		}
		return stream.SendMsg(&out)
	})
}

// each measures a function: the median time of rounds, and allocations.
func each(f func()) string {
	const n = 2000
	var before, after runtime.MemStats
	var took []time.Duration
	runtime.ReadMemStats(&before)
	for range benchRounds {
		begin := time.Now()
		for range n {
			f()
		}
		took = append(took, time.Since(begin)/n)
	}
	runtime.ReadMemStats(&after)
	return fmt.Sprintf("%s with %d allocations", percentile(took, 50), (after.Mallocs-before.Mallocs)/(n*benchRounds))
}

// BenchmarkSaturated is one line of the table at a time, for a profiler.
func BenchmarkSaturated(b *testing.B) {
	TuneCollector(os.Getenv)
	for _, w := range workloads {
		b.Run(w.String()+"/direct", func(b *testing.B) { saturated(b, newStage(b, w).direct(b, benchClients)) })
		b.Run(w.String()+"/gateway", func(b *testing.B) { saturated(b, newStage(b, w).through(b, benchClients)) })
	}
}

func saturated(b *testing.B, clients []ask) {
	work, done := make(chan struct{}, len(clients)), make(chan struct{})
	for _, ask := range clients {
		go func() {
			for range work {
				if err := ask(); err != nil {
					b.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	for range clients {
		<-done
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}
