package gateway

import (
	"context"
	"net"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// links are the connections of a listener, with the answers that have not been written to them. HTTP has deadlines for that;
// gRPC leaves it to the client when it takes an answer, and whether.
type links struct {
	net.Listener
	clock    clock.WithTicker
	patience time.Duration // with an answer, from the start of its request

	mu   sync.Mutex
	open map[*link]struct{}
}

// link is one connection.
type link struct {
	net.Conn
	of *links

	mu      sync.Mutex
	closed  bool
	parcels map[*parcel]struct{} // on their way
}

// linkAddr is a client's address that knows its connection: a call has no other way to it.
type linkAddr struct {
	net.Addr
	link *link
}

func newLinks(l net.Listener, patience time.Duration, c clock.WithTicker) *links {
	return &links{Listener: l, clock: c, patience: patience, open: map[*link]struct{}{}}
}

// Accept implements net.Listener.
func (s *links) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l := &link{Conn: c, of: s, parcels: map[*parcel]struct{}{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[l] = struct{}{}
	return l, nil
}

// watch ends connections whose clients do not take their answers, until ctx ends.
func (s *links) watch(ctx context.Context) {
	tick := s.clock.NewTicker(max(s.patience/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C():
			for _, l := range s.stuck() {
				_ = l.Close() // it may have closed by itself
			}
		}
	}
}

// stuck are the connections that hold an answer for too long.
func (s *links) stuck() []*link {
	since := s.clock.Now().Add(-s.patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	var stuck []*link
	for l := range s.open {
		if l.holds(since) {
			stuck = append(stuck, l)
		}
	}
	return stuck
}

// holds tells whether an answer to a request from before that time has not been written.
func (l *link) holds(since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.parcels {
		if p.start.Before(since) {
			return true
		}
	}
	return false
}

// RemoteAddr implements net.Conn.
func (l *link) RemoteAddr() net.Addr { return linkAddr{l.Conn.RemoteAddr(), l} }

// send takes a parcel along. It is done at once if the connection has ended.
func (l *link) send(p *parcel) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.parcels[p] = struct{}{}
	}
	l.mu.Unlock()
	if closed {
		p.done()
	}
}

func (l *link) sent(p *parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parcels, p)
}

// Close implements net.Conn. What was not written is not going to be: the library forgets such answers without a word.
func (l *link) Close() error {
	l.of.forget(l)
	l.mu.Lock()
	l.closed = true
	left := l.parcels
	l.parcels = nil
	l.mu.Unlock()
	for p := range left {
		p.done()
	}
	return l.Conn.Close()
}

func (s *links) forget(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, l)
}
