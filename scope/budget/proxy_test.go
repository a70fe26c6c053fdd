package budget_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between the client and PostgreSQL, so that a test can take PostgreSQL away.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	mode  int
	conns map[net.Conn]bool
}

const (
	up     = iota
	down   // nothing gets through
	stuck  // what is sent arrives, and no answer comes; connections stay open
	oneway // what is sent arrives, and no answer comes: the connection breaks instead
)

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.set(down)
		work.Wait()
	})
	return p
}

// dsn is the same through the proxy.
func (p *proxy) dsn(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	u.Host = p.listener.Addr().String()
	return u.String()
}

// set the mode. Going down breaks all connections.
func (p *proxy) set(mode int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	if mode == down {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

func (p *proxy) is(mode int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode == mode
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.target)
	if err != nil || p.is(down) {
		return
	}
	defer func() { _ = server.Close() }()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		delete(p.conns, server)
		p.mu.Unlock()
	}()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil || p.is(oneway) {
			return
		}
		if p.is(stuck) {
			continue
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
