package budget

// queue holds calls of many tenants, which take turns.
type queue struct {
	lines map[string]*line
	ring  []*line // those that have calls
	next  int     // whose turn it is
	count int
	drop  func(*call) // is given those that nobody waits for any more
}

// line of one tenant: first come, first served.
type line struct {
	tenant string
	calls  []*call
}

func (q *queue) push(c *call) {
	l := q.lines[c.tenant]
	if l == nil {
		l = &line{tenant: c.tenant}
		if q.lines == nil {
			q.lines = map[string]*line{}
		}
		q.lines[c.tenant] = l
		q.ring = append(q.ring, l)
	}
	l.calls = append(l.calls, c)
	q.count++
}

// take removes up to most calls, one of each tenant at a time.
func (q *queue) take(most int) []*call {
	out := make([]*call, 0, min(most, q.count))
	for len(out) < most && len(q.ring) > 0 {
		if q.next >= len(q.ring) {
			q.next = 0
		}
		l := q.ring[q.next]
		out = q.pop(l, out)
		if len(l.calls) == 0 {
			q.remove(q.next)
			continue
		}
		q.next++
	}
	return out
}

// takeTenant removes up to most calls of one tenant, another one each time.
func (q *queue) takeTenant(most int) []*call {
	if len(q.ring) == 0 {
		return nil
	}
	l := q.ring[0]
	var out []*call
	for len(out) < most && len(l.calls) > 0 {
		out = q.pop(l, out)
	}
	q.remove(0)
	if len(l.calls) > 0 {
		q.lines[l.tenant] = l
		q.ring = append(q.ring, l)
	}
	return out
}

// pop moves the first call of a line to out. A reservation that nobody waits for is dropped: it leaves nothing behind.
func (q *queue) pop(l *line, out []*call) []*call {
	c := l.calls[0]
	l.calls[0] = nil
	l.calls = l.calls[1:]
	q.count--
	if c.kind == reserving && c.left() {
		q.drop(c)
		return out
	}
	return append(out, c)
}

func (q *queue) remove(i int) {
	delete(q.lines, q.ring[i].tenant)
	q.ring = append(q.ring[:i], q.ring[i+1:]...)
}
