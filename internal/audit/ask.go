package audit

// askKept is how many rounds an answer is kept for an object that does not come back for it, such as one that was deleted.
const askKept = 20

// asks are requests for a round that begins after them.
type asks struct {
	// begun and ended count whole rounds.
	begun, ended uint64
	of           map[Object]asked
}

type asked struct {
	token string
	// round that answers it.
	round uint64
}

// ask returns true where a round that answers the request has ended.
func (l *loop) ask(o Object, token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asks.of == nil {
		l.asks.of = map[Object]asked{}
	}
	if r, ok := l.asks.of[o]; ok && r.token == token {
		return l.asks.ended >= r.round
	}
	l.asks.of[o] = asked{token: token, round: l.asks.begun + 1}
	l.poke()
	return false
}

// asked says whether somebody waits for a round.
func (l *loop) asked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.asks.of {
		if r.round > l.asks.ended {
			return true
		}
	}
	return false
}

func (l *loop) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks.begun++
}

// answer ends a whole round, and returns who waited for it.
func (l *loop) answer() []Object {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks.ended = l.asks.begun
	var out []Object
	for o, r := range l.asks.of {
		switch {
		case r.round == l.asks.ended:
			out = append(out, o)
		case r.round+askKept < l.asks.ended:
			delete(l.asks.of, o)
		}
	}
	return out
}
