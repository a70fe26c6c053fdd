package directory

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a Directory and the API server, which it takes away and gives back.
type proxy struct {
	addr, upstream string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
}

func newProxy(t testing.TB, upstream string) *proxy {
	t.Helper()
	p := &proxy{addr: "127.0.0.1:0", upstream: upstream, conns: map[net.Conn]bool{}}
	p.restore(t)
	t.Cleanup(p.cut)
	return p
}

// restore begins to listen, on the same address as before.
func (p *proxy) restore(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if p.listener, err = net.Listen("tcp", p.addr); err != nil {
		t.Fatal(err)
	}
	p.addr = p.listener.Addr().String()
	go p.serve(p.listener)
}

// cut ends every connection and refuses new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

func (p *proxy) serve(l net.Listener) {
	for {
		down, err := l.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", p.upstream)
		if err != nil || !p.keep(l, down, up) {
			_ = down.Close()
			continue
		}
		go pump(down, up)
		go pump(up, down)
	}
}

// keep remembers a pair, unless the line was cut in between.
func (p *proxy) keep(l net.Listener, pair ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != l {
		return false
	}
	for _, c := range pair {
		p.conns[c] = true
	}
	return true
}

func pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
