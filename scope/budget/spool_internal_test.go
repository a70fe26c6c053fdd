package budget

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *spool {
	t.Helper()
	s, err := openSpool(dir, minSpoolBytes, func(e Event) { t.Errorf("%+v", e) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What was granted can always be settled, the file keeps its bound, and another process reads what this one knew.
func TestSpoolKeepsItsPromises(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now()
	var holds []*call
	refused := 0
	for n := range 5000 {
		switch what := random.IntN(10); {
		case what < 5:
			x := newCall(reserving, "acme", fmt.Sprint(n, strings.Repeat("i", random.IntN(100))))
			x.model, x.in = strings.Repeat("m", random.IntN(maxName)), int64(n)
			if err := s.hold(x, now); errors.Is(err, errSpoolFull) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			} else {
				holds = append(holds, x)
			}
		case what < 9 && len(holds) > 0:
			i := random.IntN(len(holds))
			if err := s.finish(holds[i], []spoolState{used, freed}[n%2], now); err != nil {
				t.Fatalf("what was granted cannot be settled: %v", err)
			}
			holds = slices.Delete(holds, i, i+1)
		default:
			var keys []key
			for _, e := range s.due() {
				if random.IntN(2) == 0 {
					keys = append(keys, e.key)
				}
			}
			if err := s.done(keys); err != nil {
				t.Fatal(err)
			}
		}
		if s.size > minSpoolBytes {
			t.Fatalf("the file has %d bytes", s.size)
		}
	}
	if refused == 0 {
		t.Error("it was never full")
	}
	want := maps.Clone(s.entries)
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, dir)
	defer func() { _ = next.close() }()
	if len(next.entries) != len(want) {
		t.Errorf("%d entries, then %d", len(want), len(next.entries))
	}
	for k, e := range want {
		got := next.entries[k]
		if e.state == held { // by a process that is gone
			e.state = used
		}
		if e.seq, got.seq = 0, 0; got != e {
			t.Errorf("%+v, then %+v", e, got)
		}
	}
}

func TestSpoolExpiresWhatIsHeldForLong(t *testing.T) {
	s := open(t, t.TempDir())
	defer func() { _ = s.close() }()
	x := newCall(reserving, "acme", "one")
	x.model, x.in, x.out = "m", 3, 4
	now := time.Now()
	if err := errors.Join(s.hold(x, now), s.expire(now)); err != nil || len(s.due()) != 0 {
		t.Errorf("due at once: %v, %v", s.due(), err)
	}
	if err := s.expire(now.Add(2 * time.Second)); err != nil || len(s.due()) != 1 || s.due()[0].in != 3 || s.due()[0].out != 4 {
		t.Errorf("due: %v, %v", s.due(), err)
	}
	x.in = 1
	if err := s.finish(x, used, now); !errors.Is(err, ErrOtherFigures) {
		t.Errorf("settled after that: %v", err)
	}
}

func TestSpoolThatIsDamaged(t *testing.T) {
	dir := t.TempDir()
	b := encode(records[:2])
	b = append(b, "what nobody wrote"...)
	b = records[2].appendTo(b)
	if err := os.WriteFile(filepath.Join(dir, "spool"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	var told []Event
	s, err := openSpool(dir, minSpoolBytes, func(e Event) { told = append(told, e) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	if len(s.entries) != 2 || len(told) != 1 || told[0].Kind != EventDamaged || told[0].Count != len("what nobody wrote") {
		t.Errorf("%d entries, told %+v", len(s.entries), told)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "damaged-*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept: %v, %v", kept, err)
	}
}

// A disk that takes nothing any more is an error at once, and nothing is granted.
func TestSpoolWithoutADisk(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.file.Close(); err != nil {
		t.Fatal(err)
	}
	x := newCall(reserving, "acme", "one")
	if err := s.hold(x, time.Now()); err == nil || len(s.entries) != 0 {
		t.Errorf("%v, %v", err, s.entries)
	}
	_ = s.lock.Close()
}
