package gateway

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// parcel is an answer on its way to a client over gRPC. The library takes its bytes and writes them when the client lets it: the
// request is over only when they are given back. They are given back to a pool, so a parcel is one.
type parcel struct {
	message proto.Message
	start   time.Time // of the request
	lease   lease
	link    *link // that it goes by; nil in tests
	over    atomic.Bool
}

// newParcel takes over an answer. from is the client's address, as the connection says it.
func newParcel(a Answer, from fmt.Stringer) *parcel {
	p := &parcel{message: a.Message, start: a.start, lease: a.lease}
	if at, ok := from.(linkAddr); ok {
		p.link = at.link
		p.link.send(p)
	}
	return p
}

// pooledFrom is the shortest piece that the library gives back: shorter ones it leaves to the collector, untold.
const pooledFrom = 1<<10 + 1

// wrap encodes the answer, unless that was done, and makes the parcel the pool of the bytes.
func (p *parcel) wrap(w wire) (mem.BufferSlice, error) {
	if r, ok := p.message.(*encodedReply); ok {
		r.encoded = slices.Grow(r.encoded, max(0, pooledFrom-len(r.encoded))) // it has that room already
		return mem.BufferSlice{mem.NewBuffer(&r.encoded, p)}, nil
	}
	b, err := w.encode(p.message, pooledFrom)
	if err != nil {
		p.done()
		return nil, err
	}
	return mem.BufferSlice{mem.NewBuffer(b, p)}, nil
}

// done ends the request. It is called when the bytes have been written or nobody will write them any more, from wherever that is
// found out first.
func (p *parcel) done() {
	if p.over.Swap(true) {
		return
	}
	if p.link != nil {
		p.link.sent(p)
	}
	p.lease.end()
}

// Get implements mem.BufferPool.
func (p *parcel) Get(n int) *[]byte { return mem.DefaultBufferPool().Get(n) }

// Put implements mem.BufferPool: the bytes have been written, or never will be.
func (p *parcel) Put(b *[]byte) {
	mem.DefaultBufferPool().Put(b)
	p.done()
}

var _ mem.BufferPool = (*parcel)(nil)
