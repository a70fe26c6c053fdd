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
		}, "Settled big 50 4 58"},
		"nothing read": {2, true, func(t *testing.T, m *budget.Meter, _ func()) {
			must(t, m.Close())
		}, "Settled big 50 0 50"},
		"cancelled": {3, true, func(t *testing.T, m *budget.Meter, cancel func()) {
			readExactly(t, m, len(part))
			cancel()
			if n, err := m.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("it reads on: %d, %v", n, err)
			}
		}, "Settled big 50 2 54"}, // nobody closes it
		"panic": {3, true, func(t *testing.T, m *budget.Meter, _ func()) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			defer func() { _ = m.Close() }()
			readExactly(t, m, len(part))
			panic("the handler has a bug")
		}, "Settled big 50 2 54"},
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

func readExactly(t *testing.T, m *budget.Meter, n int) {
	t.Helper()
	if _, err := io.ReadFull(m, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

// An upstream that breaks off is charged for what it sent; the caller sees its error.
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
	if got := w.standing("stream"); got != "Settled big 50 4 58" { // of the half line nobody knows what it was
		t.Error(got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestMeterSeq(t *testing.T) {
	broken := errors.New("connection reset")
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
		loop func(seq iter.Seq2[string, error], cancel func()) error
		want string
	}{
		"to its end": {func(seq iter.Seq2[string, error], _ func()) (last error) {
			for _, err := range seq {
				last = err
			}
			return last
		}, "Settled big 50 29 108 " + broken.Error()},
		"break": {func(seq iter.Seq2[string, error], _ func()) error {
			n := 0
			for _, err := range seq {
				if n++; n == 2 || err != nil {
					break
				}
			}
			return nil
		}, "Settled big 50 12 74 <nil>"},
		"panic": {func(seq iter.Seq2[string, error], _ func()) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			for s, err := range seq {
				panic(fmt.Sprintf("bug after %s, %v", s, err))
			}
			return nil
		}, "Settled big 50 6 62 bug after text of element 0, <nil>"},
		"cancelled": {func(seq iter.Seq2[string, error], cancel func()) (last error) {
			n := 0
			for _, err := range seq {
				if n++; n == 3 {
					cancel()
				}
				last = err
			}
			return last
		}, "Settled big 50 17 84 context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(as(t, "acme"))
			defer cancel()
			w, client, r := forStream(ctx, t)
			last := c.loop(budget.MeterSeq(ctx, r, elements, see), cancel)
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
