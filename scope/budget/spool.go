package budget

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// spoolState is how far a request of the spool is.
type spoolState byte

const (
	held  = spoolState(opHold)
	used  = spoolState(opUse)
	freed = spoolState(opFree)
)

// key of a request.
type key struct{ tenant, id string }

func (c *call) key() key { return key{c.tenant, c.id} }

// entry is what the spool knows of a request.
type entry struct {
	key
	state   spoolState
	model   string
	in, out int64
	at      int64 // seconds of the epoch
	seq     int64 // order of arrival
}

func (e entry) record() record {
	return record{op: byte(e.state), tenant: e.tenant, id: e.id, model: e.model, in: e.in, out: e.out, at: e.at}
}

// spool keeps what the ledger must still learn, in memory and in a file that is synced before anybody is told.
type spool struct {
	dir     string
	limit   int64
	observe func(Event)
	lock    *os.File

	syncing sync.Mutex // taken before mu
	synced  int64      // how many writes are on disk

	mu      sync.Mutex
	file    *os.File
	size    int64
	writes  int64
	entries map[key]entry
	seq     int64
	broken  error // once a write or sync failed, nothing of the file can be relied on
}

var (
	errSpoolFull = errors.New("the spool is full: raise Options.SpoolBytes")
	errFileFull  = errors.New("the spool's file is full") // of records that are no longer needed
)

// withRoom runs f, and again after the file was written anew if it was full.
func (s *spool) withRoom(f func() error) error {
	err := f()
	if errors.Is(err, errFileFull) {
		if err = s.compact(); err == nil {
			err = f()
		}
	}
	return err
}

// mostEntries leaves room for two records of each, and for as much again before the file is written anew.
func (s *spool) mostEntries() int { return int(s.limit / int64(3*recordMost)) }

func openSpool(dir string, limit int64, observe func(Event)) (*spool, error) {
	s := &spool{dir: dir, limit: limit, observe: observe, entries: map[key]entry{}}
	if err := s.open(); err != nil {
		if s.lock != nil {
			_ = s.lock.Close()
		}
		return nil, fmt.Errorf("scope/budget: open the spool: %w", err)
	}
	return s, nil
}

func (s *spool) open() (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := lockFile(s.lock); err != nil {
		return fmt.Errorf("%s is used by another process, or cannot be locked: give each process a directory of its own: %w", s.dir, err)
	}
	data, err := os.ReadFile(s.path("spool"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	records, _, lost := readRecords(data)
	if lost > 0 {
		if err := s.keepDamaged(data, lost); err != nil {
			return err
		}
	}
	for _, r := range records {
		s.apply(r)
	}
	for k, e := range s.entries {
		if e.state == held { // whoever held it is gone, and what it used is not known
			e.state = used
			s.entries[k] = e
		}
	}
	return s.rewrite()
}

func (s *spool) path(name string) string { return filepath.Join(s.dir, name) }

// keepDamaged keeps a file that is broken in its middle, for people to look at.
func (s *spool) keepDamaged(data []byte, lost int) error {
	name := s.path(fmt.Sprintf("damaged-%d", time.Now().UnixNano()))
	if err := os.WriteFile(name, data, 0o600); err != nil { //nolint:gosec // the application names its own directory
		return err
	}
	s.observe(Event{Kind: EventDamaged, Count: lost, Err: fmt.Errorf("%d bytes of the spool are no records; see %s", lost, name)})
	return nil
}

func (s *spool) apply(r record) {
	k := key{r.tenant, r.id}
	before, known := s.entries[k]
	if r.op == opDone {
		delete(s.entries, k)
		return
	}
	e := entry{key: k, state: spoolState(r.op), model: r.model, in: r.in, out: r.out, at: r.at, seq: before.seq}
	if !known {
		s.seq++
		e.seq = s.seq
	}
	s.entries[k] = e
}

// hold puts a grant on disk.
func (s *spool) hold(x *call, now time.Time) error {
	return s.put(entry{key: x.key(), state: held, model: x.model, in: x.in, out: x.out, at: now.Unix()}, func(e entry, known bool) (bool, error) {
		if known && e.state != held {
			return false, x.fail("TN017", "the request was settled or released already, and waits to be written", nil)
		}
		return !known, nil
	})
}

// finish puts a settlement or release on disk.
func (s *spool) finish(x *call, state spoolState, now time.Time) error {
	return s.put(entry{key: x.key(), state: state, model: x.model, in: x.in, out: x.out, at: now.Unix()}, func(e entry, known bool) (bool, error) {
		switch {
		case !known || e.state == held:
			return true, nil
		case e.state == state && e.in == x.in && e.out == x.out:
			return false, nil
		}
		return false, x.fail("TN014", "the request was settled or released with other figures, which stay", nil)
	})
}

// put writes an entry if decide says so, and returns when what there is then is on disk.
func (s *spool) put(e entry, decide func(entry, bool) (bool, error)) error {
	var upTo int64
	if err := s.withRoom(func() (err error) { upTo, err = s.write(e, decide); return err }); err != nil {
		return err
	}
	return s.sync(upTo)
}

// write says how many writes must be on disk.
func (s *spool) write(e entry, decide func(entry, bool) (bool, error)) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.entries[e.key]
	write, err := decide(before, known)
	if err == nil && write {
		if !known && len(s.entries) >= s.mostEntries() {
			err = errSpoolFull
		} else if err = s.append(e.record()); err == nil {
			s.apply(e.record())
		}
	}
	return s.writes, err
}

// done forgets entries that the ledger has. If the note of it is lost, they are settled again, which changes nothing.
func (s *spool) done(keys []key) error {
	s.mu.Lock()
	for _, k := range keys {
		r := record{op: opDone, tenant: k.tenant, id: k.id}
		if err := s.append(r); err != nil && !errors.Is(err, errFileFull) { // the file is written anew, without them
			s.mu.Unlock()
			return err
		}
		s.apply(r)
	}
	crowded := s.size > s.limit*3/4 || (len(s.entries) == 0 && s.size > 0)
	s.mu.Unlock()
	if crowded {
		return s.compact()
	}
	return nil
}

// expire charges in full what has been held since before.
func (s *spool) expire(before time.Time) error {
	return s.withRoom(func() error { return s.expireSome(before) })
}

func (s *spool) expireSome(before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.state != held || e.at >= before.Unix() {
			continue
		}
		e.state = used
		if err := s.append(e.record()); err != nil {
			return err
		}
		s.apply(e.record())
	}
	return nil
}

// due are entries that are settled or released, the oldest first.
func (s *spool) due() []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []entry
	for _, e := range s.entries {
		if e.state != held {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return int(a.seq - b.seq) })
	return out
}

func (s *spool) find(k key) (entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[k]
	return e, ok
}

func (s *spool) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}
