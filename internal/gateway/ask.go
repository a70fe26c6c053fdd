package gateway

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// shortReply is the longest answer that is not counted before it is read: what every request counts covers it.
	shortReply = smallest
	// maxAsks of Qdrant for one answer that grows while it is asked for.
	maxAsks = 3
)

// expectation is how long the answers are that a tenant gets to a method, lately.
type expectation struct{ bytes atomic.Int64 }

// expected is what to allow for the next answer.
func (e *expectation) expected() int64 {
	if e == nil {
		return shortReply
	}
	return max(shortReply, e.bytes.Load())
}

// saw makes a longer answer count at once, with some room, and shorter ones by and by.
func (e *expectation) saw(n int64) {
	if last := e.bytes.Load(); n > last {
		e.bytes.Store(n + n/4)
	} else {
		e.bytes.Store(last - (last-n)/8)
	}
}

func (t *turnstile) expectation(m *methodMetrics) *expectation {
	e, _ := t.replies.Load(m)
	found, _ := e.(*expectation)
	return found
}

// learn remembers the length of an answer, if there is anything to remember.
func (t *turnstile) learn(m *methodMetrics, n int64) {
	e := t.expectation(m)
	if e == nil {
		if n <= shortReply {
			return
		}
		found, _ := t.replies.LoadOrStore(m, &expectation{})
		e = found.(*expectation)
	}
	e.saw(n)
}

// ask makes the call. An answer counts before it is read, and how long it is shows only when it comes. So one is allowed for that
// is as long as the tenant's last ones were; a read whose answer is longer is asked again, with its length counted. Answers to
// writes are short.
func (p *Pipeline) ask(ctx context.Context, x *exchange, call *scopeqdrant.Call, token boundary.Secret, reply *rawReply, trailer *metadata.MD) error {
	if !readsOnly(call.Access) {
		return p.upstream.invoke(ctx, call.Method, token, call.Message, reply, p.replyBytes, trailer)
	}
	limit := x.tenant.expectation(x.method).expected()
	for range maxAsks {
		limit = min(limit, int64(p.replyBytes))
		counted := int64(0)
		if limit > shortReply {
			counted = rawCopies * limit
		}
		if err := x.lease.use(counted); err != nil {
			return err
		}
		err := p.upstream.invoke(ctx, call.Method, token, call.Message, reply, int(limit), trailer)
		_ = x.lease.use(-counted) // giving back does not fail; what came is counted next
		n, long := longAnswer(err)
		switch {
		case err == nil:
			x.tenant.learn(x.method, int64(len(reply.bytes())))
			return nil
		case !long:
			return err
		case n > int64(p.replyBytes):
			return p.tooLong()
		}
		limit = n
	}
	return p.tooLong()
}

func (p *Pipeline) tooLong() error {
	return &fault{code: codes.InvalidArgument, reason: reasonLongAnswer, upstream: true,
		message: "The answer is longer than " + strconv.Itoa(p.replyBytes) + " bytes: ask for fewer points at once, or for less of each"}
}

// longAnswer tells whether a call failed because its answer is longer than was allowed, and how long it is. The library says so in
// words only; Qdrant does not use them.
func longAnswer(err error) (int64, bool) {
	if status.Code(err) != codes.ResourceExhausted {
		return 0, false
	}
	var n, limit int64
	if _, err := fmt.Sscanf(status.Convert(err).Message(), "grpc: received message larger than max (%d vs. %d)", &n, &limit); err != nil {
		return 0, false
	}
	return n, true
}

// weighReply counts an answer that has come: as it is, as it goes out, and as what it is decoded into. Of short answers to gRPC
// nothing is made.
func weighReply(x *exchange, call *scopeqdrant.Call, in []byte) error {
	n := rawCopies * int64(len(in))
	if x.Protocol != protocolGRPC || len(in) > shortReply {
		n += shapeOf(call.NewReply().ProtoReflect().Descriptor()).weigh(in).bytes
	}
	return x.lease.use(n)
}
