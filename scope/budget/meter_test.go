package budget_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/scope/budget"
)

// chunks of a stream that ends with a usage chunk.
const (
	part  = "data: {\"choices\":[{\"delta\":{\"content\":\"123456\"}}]}\n\n" // 2 tokens by the estimate
	final = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":41,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n"
)

// model is a server that streams part after part, as many as are asked for, and then the end. It flushes each and waits for
// nobody, unless it is to hang after them.
func model(t *testing.T, parts int, hang bool) string {
	t.Helper()
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range parts {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
		if hang {
			select {
			case <-over:
			case <-r.Context().Done():
			}
			return
		}
		_, _ = io.WriteString(w, final)
	}))
	t.Cleanup(func() { close(over); s.Close() })
	return s.URL
}

func stream(ctx context.Context, t *testing.T, url string) io.ReadCloser {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(t, err)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response.Body
}

// forStream is a world in which acme has reserved for a stream.
func forStream(ctx context.Context, t *testing.T) (*world, *budget.Client, *budget.Reservation) {
	t.Helper()
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	client := w.client(budget.Options{})
	r, err := client.Reserve(ctx, ask("stream", 50, 100))
	must(t, err)
	return w, client, r
}

func TestMeter(t *testing.T) {
	for name, c := range map[string]struct {
		parts int
		hang  bool
		read  func(t *testing.T, m *budget.Meter, cancel func())
		want  string
	}{
		"to its end": {2, false, func(t *testing.T, m *budget.Meter, _ func()) {
			all, err := io.ReadAll(m)
			if string(all) != part+part+final || err != nil {
				t.Errorf("read %q, %v", all, err)
			}
			must(t, m.Close())
			must(t, m.Close())
		}, "Settled big 41 3 47"},
		"closed early": {2, true, func(t *testing.T, m *budget.Meter, _ func()) {
			readExactly(t, m, len(part+part))
			must(t, m.Close())
			if _, err := m.Read(make([]byte, 1)); err == nil {
				t.Error("it reads on after Close")
			}
		}, "Settled big 50 100 250"},
		"closed after its last word": {2, false, func(t *testing.T, m *budget.Meter, _ func()) {
			readExactly(t, m, len(part+part+final))
			must(t, m.Close())
		}, "Settled big 41 3 47"},
		"nothing read": {2, true, func(t *testing.T, m *budget.Meter, _ func()) {
			must(t, m.Close())
		}, "Settled big 50 100 250"},
		"cancelled": {3, true, func(t *testing.T, m *budget.Meter, cancel func()) {
			readExactly(t, m, len(part))
			cancel()
			if n, err := m.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("it reads on: %d, %v", n, err)
			}
		}, "Settled big 50 100 250"}, // nobody closes it
		"panic": {3, true, func(t *testing.T, m *budget.Meter, _ func()) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			defer func() { _ = m.Close() }()
			readExactly(t, m, len(part))
			panic("the handler has a bug")
		}, "Settled big 50 100 250"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(as(t, "acme"))
			defer cancel()
			w, client, r := forStream(ctx, t)
			c.read(t, r.Meter(ctx, stream(ctx, t, model(t, c.parts, c.hang)), budget.SSE()), cancel)
			must(t, client.Close(t.Context())) // waits for what is settled in the background
			if got := w.standing("stream"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			w.agree()
		})
	}
}

// What an aborted stream is charged: what it was to be at most, unless it says what it was or the platform takes the risk.
func TestOnAbort(t *testing.T) {
	const (
		role     = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
		running  = "data: {\"choices\":[{\"delta\":{\"content\":\"abc\"},\"finish_reason\":null}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\n"
		finished = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":7}}\n\n"
		begun    = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
		stopped  = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n"
		complete = "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n"
		body     = "{\n\"choices\":[{\"message\":{\"content\":\"abc\"}}]}\n"
	)
	w := newWorld(t, "acme")
	w.limits("acme", 1_000_000, 10_000_000)
	clients := map[budget.Abort]*budget.Client{
		"": w.client(budget.Options{}), budget.AbortEstimate: w.client(budget.Options{OnAbort: budget.AbortEstimate}),
	}
	for name, c := range map[string]struct {
		stream  string
		toEnd   bool
		onAbort budget.Abort
		want    string
	}{
		"nothing visible":             {role, false, "", "50 100"},
		"nothing visible, estimate":   {role, false, budget.AbortEstimate, "50 0"},
		"a few words, estimate":       {part, false, budget.AbortEstimate, "50 2"},
		"more than was reserved":      {strings.Repeat("data: {\"choices\":[{\"text\":\"a\"}]}\n", 120), false, "", "50 120"},
		"a report that goes on":       {running, false, "", "9 100"},
		"the last report":             {running + finished, false, "", "9 7"},
		"done, without a report":      {part + "data: [DONE]\n\n", false, "", "50 2"},
		"message begun":               {begun, false, "", "25 100"},
		"message stopped":             {begun + stopped, false, "", "25 15"},
		"response completed":          {complete, false, "", "5 6"},
		"to its end":                  {part, true, "", "50 2"},
		"to its end without a word":   {role, true, "", "50 100"},
		"to its end, a report of 0":   {"data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":0}}\n", true, "", "4 0"},
		"an answer that is no stream": {body, true, "", "50 100"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := clients[c.onAbort].Reserve(as(t, "acme"), ask("", 50, 100))
			must(t, err)
			m := r.Meter(t.Context(), strings.NewReader(c.stream), budget.SSE())
			if c.toEnd {
				_, err = io.Copy(io.Discard, m)
				must(t, err)
			} else {
				readExactly(t, m, len(c.stream))
			}
			must(t, m.Close())
			got := w.value("SELECT concat_ws(' ', input_tokens, output_tokens) FROM tenantry.ai_usage_logs WHERE request_id = $1", r.ID)
			if u := m.Usage(); got != c.want || fmt.Sprint(u.InputTokens, u.OutputTokens) != c.want {
				t.Errorf("charged %s and shown as %+v, want %s", got, u, c.want)
			}
		})
	}
	if _, err := budget.New(w.pool(w.dsn(w.app), 1), budget.Options{OnAbort: "free"}); err == nil {
		t.Error("an unknown OnAbort is taken")
	}
}

func readExactly(t *testing.T, m *budget.Meter, n int) {
	t.Helper()
	if _, err := io.ReadFull(m, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

// An upstream that breaks off is charged as reserved, for nobody knows what it still wrote; the caller sees its error.
func TestMeterOfABrokenStream(t *testing.T) {
	w := newWorld(t, "acme")
	w.limits("acme", 1000, 1_000_000)
	c := w.client(budget.Options{})
	r, err := c.Reserve(as(t, "acme"), ask("stream", 50, 100))
	must(t, err)
	broken := errors.New("connection reset")
	m := r.Meter(t.Context(), io.MultiReader(strings.NewReader(part+"data: {\"cho"), failing{broken}), budget.SSE())
	if _, err := io.ReadAll(m); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	must(t, m.Close())
	if got := w.standing("stream"); got != "Settled big 50 100 250" {
		t.Error(got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func lastError(seq iter.Seq2[string, error], _ func()) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// What is never iterated keeps nobody waiting.
func TestMeterSeqThatIsNeverIterated(t *testing.T) {
	w, client, r := forStream(as(t, "acme"), t)
	_ = budget.MeterSeq(context.Background(), r, func(func(string, error) bool) {}, func(string, *budget.Tally) {})
	if n := client.Pending(); n != 0 {
		t.Fatalf("Close would wait for %d", n)
	}
	must(t, client.Close(t.Context()))
	if got := w.standing("stream"); got != "Reserved big 0 0 0" {
		t.Error(got)
	}
}

func TestMeterSeq(t *testing.T) {
	broken := errors.New("connection reset")
	whole := func(yield func(string, error) bool) { yield("123456", nil) }
	elements := func(yield func(string, error) bool) {
		for i := range 5 {
			if !yield(fmt.Sprint("text of element ", i), nil) { // 17 bytes, 6 tokens
				return
			}
		}
		yield("", broken)
	}
	see := func(s string, tally *budget.Tally) { tally.Text(s) }
	for name, c := range map[string]struct {
		seq  iter.Seq2[string, error]
		loop func(seq iter.Seq2[string, error], cancel func()) error
		want string
	}{
		"to its end":   {whole, lastError, "Settled big 50 2 54 <nil>"},
		"to its error": {elements, lastError, "Settled big 50 100 250 " + broken.Error()},
		"break": {elements, func(seq iter.Seq2[string, error], _ func()) error {
			n := 0
			for _, err := range seq {
				if n++; n == 2 || err != nil {
					break
				}
			}
			return nil
		}, "Settled big 50 100 250 <nil>"},
		"panic": {elements, func(seq iter.Seq2[string, error], _ func()) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			for s, err := range seq {
				panic(fmt.Sprintf("bug after %s, %v", s, err))
			}
			return nil
		}, "Settled big 50 100 250 bug after text of element 0, <nil>"},
		"cancelled": {elements, func(seq iter.Seq2[string, error], cancel func()) (last error) {
			n := 0
			for _, err := range seq {
				if n++; n == 3 {
					cancel()
				}
				last = err
			}
			return last
		}, "Settled big 50 100 250 context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(as(t, "acme"))
			defer cancel()
			w, client, r := forStream(ctx, t)
			last := c.loop(budget.MeterSeq(ctx, r, c.seq, see), cancel)
			must(t, client.Close(t.Context()))
			got := fmt.Sprint(w.standing("stream"), " ", last)
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// While PostgreSQL is away, a meter's settlement waits in the spool.
func TestMeterWhilePostgresIsAway(t *testing.T) {
	w, p, dsn := apart(t)
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{Spool: t.TempDir(), Observe: ev.add})
	r, err := c.Reserve(as(t, "acme"), ask("stream", 50, 100))
	must(t, err)
	p.set(down)
	m := r.Meter(t.Context(), strings.NewReader(part+final), budget.SSE())
	_, err = io.Copy(io.Discard, m)
	must(t, errors.Join(err, m.Close()))
	p.set(up)
	ev.wait(t, "the spool to empty", func() bool { return c.Spooled() == 0 })
	if got := w.standing("stream"); got != "Settled big 41 3 47" {
		t.Error(got)
	}
}
