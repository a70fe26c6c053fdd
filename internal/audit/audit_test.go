package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

var errAway = plane.Faultf(plane.Unreachable, nil, "away")

// TestHangingServer: a server that hangs is asked once, counts as missed round after round until it is stale, and holds up
// neither the others nor the judgement. When it answers, it is current again.
func TestHangingServer(t *testing.T) {
	release := make(chan struct{})
	hangs := &fakeServer{layer: boundary.Cache, read: func(ctx context.Context) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	works := &fakeServer{layer: boundary.Rows}
	r := newRig(t, &fakeJudge{}, []plane.Server{works, hangs})
	cache := r.plane.Layer(boundary.Cache)
	eventually(t, "the layer to be stale", func() error {
		if !cache.Audited().Stale() {
			return fmt.Errorf("%+v", cache.Audited())
		}
		return nil
	})
	if began, _ := hangs.counts(); began != 1 {
		t.Errorf("the server that hangs was asked %d times", began)
	}
	if r.meter.count("Rows Read") < 3 || r.meter.count("rounds") < 3 {
		t.Errorf("it held up the others: %+v, %d rounds", r.meter.outcomes, r.meter.count("rounds"))
	}
	if r.plane.Layer(boundary.Rows).Audited().Stale() {
		t.Error("the other layer is stale, too")
	}
	close(release)
	eventually(t, "the layer to be current again", func() error {
		if a := cache.Audited(); a.Missed != 0 || a.At.IsZero() {
			return fmt.Errorf("%+v", a)
		}
		return nil
	})
	eventually(t, "more readings", atLeast("readings", func() int { n, _ := hangs.counts(); return n }, 20))
	if _, most := hangs.counts(); most != 1 {
		t.Errorf("%d readings at once", most)
	}
	if _, most := works.counts(); most != 1 {
		t.Errorf("%d readings at once of the other", most)
	}
}

// TestMissed: two missed rounds are not stale, three are, and one that succeeds ends it.
func TestMissed(t *testing.T) {
	answers := make(chan error)
	s := &fakeServer{layer: boundary.Rows, read: func(ctx context.Context) error {
		select {
		case err := <-answers:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	r := newRig(t, &fakeJudge{}, []plane.Server{s}, func(r *rig) { r.plane.Interval = time.Hour; r.Pause = time.Millisecond })
	layer := r.plane.Layer(boundary.Rows)
	for i, step := range []struct {
		err    error
		missed int
		stale  bool
	}{{nil, 0, false}, {errAway, 1, false}, {errAway, 2, false}, {errAway, 3, true}, {nil, 0, false}} {
		answers <- step.err
		eventually(t, "the round to end", atLeast("rounds", func() int { return r.meter.count("rounds") }, i+1))
		if a := layer.Audited(); a.Missed != step.missed || a.Stale() != step.stale || !errors.Is(a.Err, step.err) {
			t.Errorf("step %d: %+v", i, a)
		}
	}
}

// TestAsk: a round that had begun before somebody asked does not answer; the next one does, and wakes who asked.
func TestAsk(t *testing.T) {
	began, proceed := make(chan struct{}), make(chan struct{})
	s := &fakeServer{layer: boundary.Rows, read: func(ctx context.Context) error {
		for _, ch := range []chan struct{}{began, proceed} {
			select {
			case ch <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}}
	r := newRig(t, &fakeJudge{}, []plane.Server{s}, func(r *rig) { r.plane.Interval = time.Hour; r.Pause = time.Hour })
	me := Object{Plane: "p", Tenant: "acme"}
	<-began
	if r.Ask(me, "1") {
		t.Fatal("answered before any round has ended")
	}
	<-proceed
	<-began // at once, although the interval is an hour: somebody has asked
	if r.Ask(me, "1") || r.wokenCount(me) != 0 {
		t.Fatal("answered by the round that had begun before")
	}
	<-proceed
	eventually(t, "the answer", func() error {
		if r.wokenCount(me) != 1 || !r.Ask(me, "1") {
			return fmt.Errorf("woken %d times", r.wokenCount(me))
		}
		return nil
	})
	if r.Ask(me, "2") {
		t.Error("another token was answered by an old round")
	}
	<-began
	<-proceed
	eventually(t, "the second answer", func() error {
		if !r.Ask(me, "2") {
			return errors.New("not answered")
		}
		return nil
	})
}

// TestAsksShareARound: within a second of a whole round nobody gets another one for the asking; then all get the same.
func TestAsksShareARound(t *testing.T) {
	tells := &telling{fakeServer: &fakeServer{layer: boundary.Rows}, changed: make(chan func())}
	other := &fakeServer{layer: boundary.Cache}
	still := clocktest.NewFakePassiveClock(time.Now())
	r := newRig(t, &fakeJudge{}, []plane.Server{tells, other},
		func(r *rig) { r.plane.Interval, r.Pause, r.Clock = time.Hour, time.Hour, still })
	rounds := func() int { return r.meter.count("rounds") }
	changed := <-tells.changed
	eventually(t, "the first round", atLeast("rounds", rounds, 1))
	a, b := Object{Plane: "p", Tenant: "a"}, Object{Plane: "p", Tenant: "b"}
	r.Ask(a, "1")
	r.Ask(b, "1")
	changed()
	eventually(t, "an early round", atLeast("rounds", rounds, 2))
	if n, _ := other.counts(); n != 1 || r.Ask(a, "1") {
		t.Errorf("read %d times within the same second", n)
	}
	still.SetTime(still.Now().Add(askGap))
	eventually(t, "the answers", atLeast("calls", func() int { return r.wokenCount(a) + r.wokenCount(b) }, 2))
	if n, _ := other.counts(); n != 2 || !r.Ask(a, "1") || !r.Ask(b, "1") {
		t.Errorf("read %d times for two who asked", n)
	}
}

// TestAnswersAreForgotten: who asked and never came back is not remembered for ever.
func TestAnswersAreForgotten(t *testing.T) {
	r := newRig(t, &fakeJudge{}, []plane.Server{&fakeServer{layer: boundary.Rows}})
	for i := range 50 {
		r.Ask(Object{Plane: "p", Tenant: fmt.Sprint(i)}, "1")
	}
	l := r.loop("p")
	eventually(t, "an empty memory", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.asks.of); n > 0 {
			return fmt.Errorf("%d are remembered", n)
		}
		return nil
	})
}

// TestEarly: a server that tells of a change is read at once, and that server alone.
func TestEarly(t *testing.T) {
	tells := &telling{fakeServer: &fakeServer{layer: boundary.Rows}, changed: make(chan func())}
	other := &fakeServer{layer: boundary.Cache}
	r := newRig(t, &fakeJudge{plane: func() bool { return true }}, []plane.Server{tells, other},
		func(r *rig) { r.plane.Interval = time.Hour; r.Pause = time.Hour })
	changed := <-tells.changed
	eventually(t, "the first round", atLeast("rounds", func() int { return r.meter.count("rounds") }, 1))
	before := r.wokenCount(Object{Plane: "p"})
	changed()
	eventually(t, "an early round", atLeast("rounds", func() int { return r.meter.count("rounds") }, 2))
	eventually(t, "the judgement", atLeast("calls", func() int { return r.wokenCount(Object{Plane: "p"}) }, before+1))
	if n, _ := tells.counts(); n != 2 {
		t.Errorf("the server that told was read %d times", n)
	}
	if n, _ := other.counts(); n != 1 {
		t.Errorf("the other server was read %d times", n)
	}
}

// TestPanics: what goes wrong with one Tenant, one server or the plane stops nothing else.
func TestPanics(t *testing.T) {
	judge := &fakeJudge{names: []string{"a", "b", "c", "d"}, plane: func() bool { panic("plane") }, tenant: func(name string) (Urgency, error) {
		switch name {
		case "b":
			panic("tenant")
		case "c":
			return Settled, errors.New("no")
		}
		return Now, nil
	}}
	breaks := &fakeServer{layer: boundary.Cache, read: func(context.Context) error { panic("server") }}
	r := newRig(t, judge, []plane.Server{&fakeServer{layer: boundary.Rows}, breaks})
	eventually(t, "rounds", atLeast("rounds", func() int { return r.meter.count("rounds") }, 5))
	woken := r.wokenTenants()
	if want := []string{"a", "b", "c", "d", "a"}; !slices.Equal(woken[:min(5, len(woken))], want) {
		t.Errorf("woken %v, want %v: a Tenant that cannot be judged is reconciled, which tells why", woken, want)
	}
	if a := r.plane.Layer(boundary.Cache).Audited(); !a.Stale() {
		t.Errorf("a reading that panics counts as %+v", a)
	}
	if r.meter.count("Rows Read") < 5 {
		t.Error("the other server was not read")
	}
}

// TestPacing: a fleet that turns Unknown is not woken at once; what differs does not wait behind it.
func TestPacing(t *testing.T) {
	judge := &fakeJudge{tenant: func(name string) (Urgency, error) {
		if name == "drifted" {
			return Now, nil
		}
		return Later, nil
	}}
	for i := range 1000 {
		judge.names = append(judge.names, fmt.Sprint(i))
	}
	judge.names = append(judge.names, "drifted")
	r := newRig(t, judge, []plane.Server{&fakeServer{layer: boundary.Rows}},
		func(r *rig) { r.plane.Interval = 2 * time.Second; r.Pause = time.Hour })
	eventually(t, "a round", atLeast("rounds", func() int { return r.meter.count("rounds") }, 1))
	woken := r.wokenTenants()
	if len(woken) != 2*laterPerSecond+2 || woken[len(woken)-1] != "drifted" {
		t.Errorf("%d Tenants were woken in a round of two seconds, the last is %v", len(woken), woken[len(woken)-1:])
	}
}

// TestForget: a plane that is gone is audited no more, and a new one of its name is.
func TestForget(t *testing.T) {
	s := &fakeServer{layer: boundary.Rows}
	r := newRig(t, &fakeJudge{}, []plane.Server{s})
	eventually(t, "rounds", atLeast("rounds", func() int { return r.meter.count("rounds") }, 3))
	old := r.loop("p")
	r.Forget("p")
	if _, ok := r.loops["p"]; ok {
		t.Error("the loop is remembered")
	}
	r.Ensure("p")
	if r.loop("p") == old {
		t.Error("the loop that was ended goes on")
	}
	n := r.meter.count("rounds")
	eventually(t, "rounds of the new plane", atLeast("rounds", func() int { return r.meter.count("rounds") }, n+3))
}
