package qdrantsim

// SetSlowApply makes the server apply writes late, as a busy one does: a write
// that is not waited for is acknowledged and stays invisible until ApplyPending,
// a later write to the same collection that is waited for, or the end of
// the slowness. The order of writes is kept.
func (s *Server) SetSlowApply(slow bool) {
	s.faults.mu.Lock()
	s.faults.slow = slow
	s.faults.mu.Unlock()
	if !slow {
		s.ApplyPending()
	}
}

// ApplyPending applies the writes that SetSlowApply has held back, and returns
// how many there were.
func (s *Server) ApplyPending() int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	n := 0
	for c := range s.faults.pendingWrite {
		n += s.faults.drain(c)
	}
	return n
}

// defers keeps a write for later, if this is the time to. The store is locked.
func (f *faults) defers(c *collection, apply func()) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !f.slow {
		return false
	}
	if f.pendingWrite == nil {
		f.pendingWrite = map[*collection][]func(){}
	}
	f.pendingWrite[c] = append(f.pendingWrite[c], apply)
	return true
}

// drain applies what is pending for a collection. The store is locked.
func (f *faults) drain(c *collection) int {
	pending := f.pendingWrite[c]
	delete(f.pendingWrite, c)
	for _, apply := range pending {
		apply()
	}
	return len(pending)
}
