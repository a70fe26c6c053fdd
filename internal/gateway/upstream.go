package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// apiKey is the metadata key that Qdrant reads a credential from.
const apiKey = "api-key"

var (
	upstreamKeepalive = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}
	upstreamBackoff   = grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
		MinConnectTimeout: 5 * time.Second,
	}
)

// upstream is the way to the plane's Qdrant. It follows changes of address and TLS; calls in flight end on the
// connections on which they began.
type upstream struct {
	// where says where Qdrant is now. Its TLS is a new pointer exactly when it has changed.
	where       func() (directory.Upstream, error)
	connections int
	current     atomic.Pointer[pool]
	mu          sync.Mutex // for replacing current
	closed      bool
}

// invoke makes one call with one token. An answer longer than limit is refused before it is read: see longAnswer. trailer is
// filled only if the call fails.
func (u *upstream) invoke(ctx context.Context, method string, token boundary.Secret, req proto.Message, reply *rawReply, limit int, trailer *metadata.MD) error {
	p, err := u.acquire()
	if err != nil {
		return err
	}
	defer p.release()
	// A context made anew: whatever metadata the caller's may carry stays here.
	ctx = metadata.NewOutgoingContext(ctx, metadata.MD{apiKey: []string{token.Reveal()}})
	return p.next().Invoke(ctx, method, req, reply, grpc.StaticMethod(), grpc.Trailer(trailer), grpc.MaxCallRecvMsgSize(limit))
}

// acquire returns the current connections, made anew if Qdrant has moved. release them.
func (u *upstream) acquire() (*pool, error) {
	to, err := u.where()
	if err != nil {
		return nil, err
	}
	if p := u.current.Load(); p != nil && p.to == to && p.acquire() {
		return p, nil
	}
	return u.replace(to)
}

func (u *upstream) replace(to directory.Upstream) (*pool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, errUnreachable
	}
	old := u.current.Load()
	if old != nil && old.to == to && old.acquire() {
		return old, nil
	}
	p, err := newPool(to, u.connections)
	if err != nil {
		return nil, fmt.Errorf("connect to Qdrant at %s: %w", to.Address, err)
	}
	p.acquire()
	u.current.Store(p)
	if old != nil {
		old.release()
	}
	return p, nil
}

// close ends the connections once the last call on them has ended.
func (u *upstream) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	if p := u.current.Swap(nil); p != nil {
		p.release()
	}
}

// pool is a set of connections to one address. It counts its users, the upstream that keeps it among them, and closes
// with the last.
type pool struct {
	to    directory.Upstream
	conns []*grpc.ClientConn
	turn  atomic.Uint32
	users atomic.Int64
}

func newPool(to directory.Upstream, n int) (*pool, error) {
	p := &pool{to: to}
	p.users.Store(1)
	for range n {
		c, err := grpc.NewClient(to.Address, dialOptions(to.TLS)...)
		if err != nil {
			p.close()
			return nil, err
		}
		c.Connect()
		p.conns = append(p.conns, c)
	}
	return p, nil
}

func dialOptions(config *tls.Config) []grpc.DialOption {
	creds := insecure.NewCredentials()
	if config != nil {
		creds = credentials.NewTLS(config)
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithUserAgent("tenantry-gateway"),
		grpc.WithKeepaliveParams(upstreamKeepalive),
		grpc.WithConnectParams(upstreamBackoff),
		grpc.WithStaticStreamWindowSize(streamWindow), grpc.WithStaticConnWindowSize(connWindow),
		// Neither a proxy in the environment nor a DNS record decides where vectors go or what is sent twice.
		grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodecV2(upstreamCodec{}),
			// The engine's limits bound both directions: requests are checked when they come in, and a mapped id is
			// longer than the client's.
			grpc.MaxCallSendMsgSize(math.MaxInt32),
			experimental.AcceptCompressors(noCompressor{}.Name()),
		),
	}
}

func (p *pool) next() *grpc.ClientConn {
	return p.conns[int(p.turn.Add(1))%len(p.conns)]
}

// acquire fails if the pool has closed.
func (p *pool) acquire() bool {
	for {
		n := p.users.Load()
		if n == 0 {
			return false
		}
		if p.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (p *pool) release() {
	if p.users.Add(-1) == 0 {
		p.close()
	}
}

func (p *pool) close() {
	for _, c := range p.conns {
		_ = c.Close() // fails only if it is closed already
	}
}
