package qdrantsim

import (
	"maps"
	"net"
	"slices"
	"sync"
)

// connections are the open connections of clients.
type connections struct {
	mu   sync.Mutex
	open map[*trackedConn]struct{}
}

// DropConnections closes every gRPC connection to the server, in the middle of
// whatever is going on, and returns how many there were. Clients may connect
// again at once. Called from a Fault, it cuts the caller off as well.
func (s *Server) DropConnections() int {
	s.faults.connections.mu.Lock()
	open := slices.Collect(maps.Keys(s.faults.connections.open))
	s.faults.connections.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	return len(open)
}

// track makes DropConnections reach the connections of a listener.
func (f *faults) track(lis net.Listener) net.Listener {
	return trackedListener{Listener: lis, to: &f.connections}
}

type trackedListener struct {
	net.Listener
	to *connections
}

func (l trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &trackedConn{Conn: conn, from: l.to}
	l.to.mu.Lock()
	defer l.to.mu.Unlock()
	if l.to.open == nil {
		l.to.open = map[*trackedConn]struct{}{}
	}
	l.to.open[t] = struct{}{}
	return t, nil
}

type trackedConn struct {
	net.Conn
	from *connections
}

func (c *trackedConn) Close() error {
	c.from.mu.Lock()
	delete(c.from.open, c)
	c.from.mu.Unlock()
	return c.Conn.Close()
}
