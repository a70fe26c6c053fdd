package gateway

// lease is what one request holds of the gateway: a place among those of its tenant, and bytes of its tenant's share. It is
// held from before the message is read until the answer has been written. It belongs to one goroutine at a time.
type lease struct {
	admission *admission
	tenant    *turnstile
	held      int64 // counted with the admission
	used      int64 // of them
}

// open takes a lease of a request that has been let in; leave is then for end to call.
func (l *lease) open(a *admission, t *turnstile) error {
	if err := a.hold(t, smallest); err != nil {
		return err
	}
	*l = lease{admission: a, tenant: t, held: smallest}
	return nil
}

// use counts n bytes before they are taken; a negative n gives some back for what comes next.
func (l *lease) use(n int64) error {
	if more := l.used + n - l.held; more > 0 {
		if l.used+n > l.admission.share {
			return errBeyondShare
		}
		if err := l.admission.hold(l.tenant, more); err != nil {
			return err
		}
		l.held += more
	}
	l.used += n
	return nil
}

// shrink gives back all but n bytes.
func (l *lease) shrink(n int64) {
	l.used = min(l.used, n)
	if rest := l.held - max(l.used, smallest); rest > 0 {
		l.admission.free(l.tenant, rest)
		l.held -= rest
	}
}

// end gives everything back. A lease that was never opened, or has ended, has nothing.
func (l *lease) end() {
	if l.tenant == nil {
		return
	}
	l.admission.free(l.tenant, l.held)
	l.tenant.leave()
	*l = lease{}
}
