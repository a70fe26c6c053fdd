package connect

import "time"

// Missable is how many audits of a layer may be missed in a row before what was known of it is known no more.
const Missable = missable

// Audited is how the audits of a layer come out.
type Audited struct {
	// At is when the last audit that succeeded began, zero where none has yet.
	At time.Time
	// Missed audits since then, in a row: those that failed, and those that had not ended when the next was due.
	Missed int
	// Err of the last one that was missed, nil where none is.
	Err error
}

// Stale says that the layer has not been read for too long to go by what is known of it.
func (a Audited) Stale() bool { return a.Missed >= Missable }

// Audited tells of the audits of the layer.
func (l *Layer) Audited() Audited {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.audited
}

// SetAudited records an audit of the layer that began at a time.
func (l *Layer) SetAudited(began time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.audited = Audited{At: began}
		return
	}
	l.audited.Missed, l.audited.Err = l.audited.Missed+1, err
}
