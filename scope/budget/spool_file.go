package budget

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// append writes a record behind the others. mu is held.
func (s *spool) append(r record) error {
	if s.broken != nil {
		return s.broken
	}
	b := r.appendTo(nil)
	if s.size+int64(len(b)) > s.limit {
		return errFileFull
	}
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		if cut := s.file.Truncate(s.size); cut != nil {
			s.broken = fmt.Errorf("the spool is unusable: %w", errors.Join(err, cut))
		}
		return fmt.Errorf("write to the spool: %w", err)
	}
	s.size += int64(len(b))
	s.writes++
	return nil
}

// sync returns when so many writes are on disk. One sync serves all that were written before it began.
func (s *spool) sync(upTo int64) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	writes, file, err := s.writes, s.file, s.broken
	s.mu.Unlock()
	if err != nil || s.synced >= upTo {
		return err
	}
	if err := file.Sync(); err != nil { // what was written may be gone, and no later sync would say so
		return s.breakOff(err)
	}
	s.synced = writes
	return nil
}

func (s *spool) breakOff(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = fmt.Errorf("the spool is unusable until the program starts anew: %w", err)
	return s.broken
}

// compact writes the file anew with what is still needed.
func (s *spool) compact() error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if err := s.rewrite(); err != nil {
		return fmt.Errorf("write the spool anew: %w", err)
	}
	s.synced = s.writes
	return nil
}

// rewrite puts a new file in the old one's place, in one step.
func (s *spool) rewrite() error {
	var all []entry
	for _, e := range s.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return int(a.seq - b.seq) })
	var b []byte
	for _, e := range all {
		b = e.record().appendTo(b)
	}
	file, err := os.OpenFile(s.path("spool.new"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(b); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(s.path("spool.new"), s.path("spool"))
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.size = file, int64(len(b))
	return syncDir(s.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the application names its own directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *spool) close() error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.broken, s.file.Sync(), s.file.Close(), s.lock.Close())
	s.file, s.broken = nil, ErrClosed
	return err
}
