package budget_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/scope/budget"
)

// apart is a world behind a proxy.
func apart(t *testing.T) (*world, *proxy, string) {
	t.Helper()
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1000, 1_000_000)
	w.limits("globex", 1000, 1_000_000)
	p := newProxy(t, net.JoinHostPort(w.pg.Host(), strconv.Itoa(w.pg.Port())))
	dsn := p.dsn(t, w.dsn(w.app))
	return w, p, dsn
}

func TestFailClosed(t *testing.T) {
	w, p, dsn := apart(t)
	c := w.clientAt(dsn, budget.Options{})
	r, err := c.Reserve(as(t, "acme"), ask("", 100, 0))
	must(t, err)
	p.set(down)
	if _, err := c.Reserve(as(t, "acme"), ask("", 1, 0)); !errors.Is(err, budget.ErrUnavailable) {
		t.Errorf("reserve while PostgreSQL is away: %v", err)
	}
	if err := r.Settle(t.Context(), budget.Usage{InputTokens: 9}); !errors.Is(err, budget.ErrUnavailable) {
		t.Errorf("settle without a spool: %v", err)
	}
	if _, err := c.Status(as(t, "acme")); !errors.Is(err, budget.ErrUnavailable) {
		t.Errorf("status: %v", err)
	}
	p.set(up)
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 9}))
	if got := w.counters("acme"); got != "9 used, 0 reserved" {
		t.Error(got)
	}
}

func TestFailOpen(t *testing.T) {
	w, p, dsn := apart(t)
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Observe: ev.add})
	ctx := as(t, "acme")
	before, err := c.Reserve(ctx, ask("before", 300, 0))
	must(t, err)
	given, err := c.Reserve(ctx, ask("given back", 300, 0))
	must(t, err)
	p.set(down)
	must(t, before.Settle(ctx, budget.Usage{InputTokens: 30, OutputTokens: 1}))
	must(t, given.Release(ctx))

	r, err := c.Reserve(ctx, ask("away", 500, 500))
	must(t, err)
	if !r.Unchecked || r.Model != "big" || r.Again {
		t.Errorf("%+v", r)
	}
	again, err := c.Reserve(ctx, retry("away", 500, 500))
	must(t, err)
	if !again.Again || !again.Unchecked {
		t.Errorf("a retry: %+v", again)
	}
	if _, err := c.Reserve(ctx, retry("away", 1, 1)); !errors.Is(err, budget.ErrOtherFigures) {
		t.Errorf("another request under the id: %v", err)
	}
	must(t, r.Settle(ctx, budget.Usage{InputTokens: 480, OutputTokens: 20}))
	must(t, again.Settle(ctx, budget.Usage{InputTokens: 480, OutputTokens: 20}))
	if err := again.Settle(ctx, budget.Usage{InputTokens: 1}); !errors.Is(err, budget.ErrOtherFigures) {
		t.Errorf("settle with other figures: %v", err)
	}
	if _, err := c.Reserve(ctx, ask("away", 500, 500)); !errors.Is(err, budget.ErrFinished) {
		t.Errorf("reserve what was settled: %v", err)
	}
	dropped, err := c.Reserve(ctx, ask("dropped", 500, 500))
	must(t, err)
	must(t, dropped.Release(ctx))
	open, err := c.Reserve(ctx, ask("open", 10, 10))
	must(t, err)
	if n := c.Spooled(); n != 5 {
		t.Errorf("%d in the spool", n)
	}
	p.set(up)
	ev.wait(t, "the spool to empty", func() bool { return c.Spooled() == 1 })
	must(t, open.Settle(ctx, budget.Usage{InputTokens: 10}))
	must(t, c.Close(ctx))
	if n := c.Spooled(); n != 0 {
		t.Errorf("%d are left in the spool", n)
	}
	for id, want := range map[string]string{
		"before": "Settled big 30 1 32", "given back": "Released big 0 0 0", "away": "Settled big 480 20 520", "dropped": "nothing", "open": "Settled big 10 0 10",
	} {
		if got := w.standing(id); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if got := w.counters("acme"); got != "541 used, 0 reserved" {
		t.Error(got)
	}
	w.agree()
}

// The answer to a reservation is lost, and it is settled through the spool: it is charged once all the same.
func TestLostAnswerIsChargedOnce(t *testing.T) {
	w, p, dsn := apart(t)
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Observe: ev.add})
	_, err := c.Reserve(as(t, "globex"), ask("", 1, 0)) // there is a connection, with the statement prepared
	must(t, err)
	p.set(oneway)
	r, err := c.Reserve(as(t, "acme"), ask("lost", 100, 0))
	must(t, err)
	if got := w.standing("lost"); !r.Unchecked || got != "Reserved big 0 0 0" {
		t.Fatalf("the test does not lose an answer: %+v, %s", r, got)
	}
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 70}))
	p.set(up)
	ev.wait(t, "the spool to empty", func() bool { return c.Spooled() == 0 })
	if got := w.standing("lost") + ", " + w.counters("acme"); got != "Settled big 70 0 70, 70 used, 0 reserved" {
		t.Error(got)
	}
}

// With FailClosed nobody gets what a lost answer granted, and nobody can settle it: it is given back.
func TestLostAnswerIsGivenBack(t *testing.T) {
	w, p, dsn := apart(t)
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{Spool: t.TempDir(), Observe: ev.add})
	_, err := c.Reserve(as(t, "globex"), ask("", 1, 0))
	must(t, err)
	p.set(oneway)
	if _, err := c.Reserve(as(t, "acme"), ask("", 100, 0)); !errors.Is(err, budget.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	if got := w.counters("acme"); got != "0 used, 100 reserved" {
		t.Fatalf("the test does not lose an answer: %s", got)
	}
	p.set(up)
	must(t, c.Close(t.Context()))
	if got := w.counters("acme"); got != "0 used, 0 reserved" {
		t.Error(got)
	}
}

func TestSpoolOutlivesTheClient(t *testing.T) {
	w, p, dsn := apart(t)
	dir := t.TempDir()
	o := budget.Options{WhenUnavailable: budget.FailOpen, Spool: dir}
	c := w.clientAt(dsn, o)
	p.set(down)
	r, err := c.Reserve(as(t, "acme"), ask("settled", 100, 0))
	must(t, err)
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 40}))
	_, err = c.Reserve(as(t, "acme"), ask("never settled", 100, 50))
	must(t, err)
	if _, err := budget.New(w.pool(dsn, 1), o); err == nil {
		t.Error("two clients share a spool")
	}
	if err := c.Close(t.Context()); !errors.Is(err, budget.ErrUnavailable) {
		t.Errorf("Close says nothing of what is left: %v", err)
	}
	if err := r.Settle(t.Context(), budget.Usage{InputTokens: 40}); err != nil {
		t.Errorf("settled again: %v", err)
	}
	if _, err := c.Reserve(as(t, "acme"), ask("", 1, 0)); !errors.Is(err, budget.ErrClosed) {
		t.Errorf("reserve after Close: %v", err)
	}
	// The file ends in the middle of a record: the process was killed while it wrote.
	f, err := os.OpenFile(filepath.Join(dir, "spool"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("TNb1\x40\x00torn")
	must(t, errors.Join(err, f.Close()))

	p.set(up)
	must(t, w.clientAt(dsn, o).Close(t.Context()))
	if got := w.standing("settled") + ", " + w.standing("never settled"); got != "Settled big 40 0 40, Settled big 100 50 200" {
		t.Error(got)
	}
	w.agree()
}

func TestSpoolIsBounded(t *testing.T) {
	w, p, dsn := apart(t)
	dir := t.TempDir()
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: dir, SpoolBytes: 64 << 10})
	p.set(down)
	var err error
	var granted []*budget.Reservation
	for err == nil {
		var r *budget.Reservation
		if r, err = c.Reserve(as(t, "acme"), ask(fmt.Sprint(len(granted), strings.Repeat("x", 100)), 1, 0)); err == nil {
			granted = append(granted, r)
		}
	}
	if !errors.Is(err, budget.ErrUnavailable) || !strings.Contains(err.Error(), "SpoolBytes") || len(granted) < 40 {
		t.Errorf("after %d: %v", len(granted), err)
	}
	for _, r := range granted { // there is room for what was granted
		must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	}
	info, err := os.Stat(filepath.Join(dir, "spool"))
	must(t, err)
	if info.Size() > 64<<10 {
		t.Errorf("the spool has %d bytes", info.Size())
	}
	p.set(up)
	must(t, c.Flush(t.Context()))
	if got, want := w.counters("acme"), fmt.Sprintf("%d used, 0 reserved", len(granted)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if info, err = os.Stat(filepath.Join(dir, "spool")); err != nil || info.Size() != 0 {
		t.Errorf("the spool is empty and has %d bytes, %v", info.Size(), err)
	}
}

// What the ledger will never take is kept for people, and holds up nothing.
func TestRejected(t *testing.T) {
	w, p, dsn := apart(t)
	dir := t.TempDir()
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{Spool: dir, Observe: ev.add})
	twice, err := c.Reserve(as(t, "acme"), ask("twice", 10, 0))
	must(t, err)
	again, err := c.Reserve(as(t, "acme"), retry("twice", 10, 0))
	must(t, err)
	fine, err := c.Reserve(as(t, "globex"), ask("fine", 10, 0))
	must(t, err)
	must(t, twice.Settle(t.Context(), budget.Usage{InputTokens: 1}))
	p.set(down)
	must(t, again.Settle(t.Context(), budget.Usage{InputTokens: 2}))
	must(t, fine.Settle(t.Context(), budget.Usage{InputTokens: 3}))
	p.set(up)
	ev.wait(t, "the spool to empty", func() bool { return len(ev.of(budget.EventFlushed)) > 0 })
	if got := ev.of(budget.EventRejected); len(got) != 1 || got[0].RequestID != "twice" || !errors.Is(got[0].Err, budget.ErrOtherFigures) {
		t.Errorf("rejected: %+v", got)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "rejected"))
	must(t, err)
	if !strings.Contains(string(kept), `"request":"twice"`) || strings.Count(string(kept), "\n") != 1 {
		t.Errorf("kept: %s", kept)
	}
	if got := w.standing("twice") + ", " + w.standing("fine"); got != "Settled big 1 0 1, Settled big 3 0 3" {
		t.Error(got)
	}
}

// What was used beyond the limit while nobody could look is charged, up to where the ledger takes no more; the rest waits.
func TestOverspentWhileAway(t *testing.T) {
	w, p, dsn := apart(t)
	ev := newEvents()
	c := w.clientAt(dsn, budget.Options{WhenUnavailable: budget.FailOpen, Spool: t.TempDir(), Observe: ev.add})
	p.set(down)
	var work sync.WaitGroup
	for i := range 30 {
		work.Go(func() {
			r, err := c.Reserve(as(t, "acme"), ask(fmt.Sprint(i), 100, 0))
			if err == nil {
				err = r.Settle(context.Background(), budget.Usage{InputTokens: 100})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	p.set(up)
	must(t, c.Flush(t.Context()))
	if got := w.counters("acme"); got != "3000 used, 0 reserved" {
		t.Error(got)
	}
	if _, err := c.Reserve(as(t, "acme"), ask("", 1, 0)); !errors.Is(err, budget.ErrRefused) {
		t.Errorf("after that: %v", err)
	}
	// What comes then is not lost, whatever the ledger says of it now.
	p.set(down)
	r, err := c.Reserve(as(t, "acme"), ask("late", 5, 0))
	must(t, err)
	must(t, r.Settle(t.Context(), budget.Usage{InputTokens: 5}))
	p.set(up)
	must(t, c.Flush(t.Context()))
	w.limits("acme", 10_000, 1_000_000)
	must(t, c.Flush(t.Context()))
	if got := fmt.Sprint(w.counters("acme"), ", ", c.Spooled()); got != "3005 used, 0 reserved, 0" {
		t.Error(got)
	}
	w.agree()
}
