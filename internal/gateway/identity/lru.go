package identity

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// digest of a token. Tokens themselves are not kept.
type digest [sha256.Size]byte

// digestOf is SHA-256. Usual tokens are copied to the stack, which spares an allocation for each request.
func digestOf(token string) digest {
	var buffer [2048]byte
	if len(token) > len(buffer) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(buffer[:copy(buffer[:], token)])
}

// lru is a map that keeps the entries that were used last. It is safe for concurrent use.
type lru[V any] struct {
	mu    sync.Mutex
	max   int
	order *list.List // of *node[V], the last used in front
	items map[digest]*list.Element
}

type node[V any] struct {
	key   digest
	value V
}

func newLRU[V any](maximum int) *lru[V] {
	return &lru[V]{max: maximum, order: list.New(), items: map[digest]*list.Element{}}
}

func (l *lru[V]) get(key digest) (v V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.items[key]
	if !ok {
		return v, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*node[V]).value, true
}

func (l *lru[V]) put(key digest, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.items[key]; ok {
		e.Value.(*node[V]).value = v
		l.order.MoveToFront(e)
		return
	}
	l.items[key] = l.order.PushFront(&node[V]{key, v})
	if l.order.Len() > l.max {
		oldest := l.order.Back()
		l.order.Remove(oldest)
		delete(l.items, oldest.Value.(*node[V]).key)
	}
}

func (l *lru[V]) remove(key digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.items[key]; ok {
		l.order.Remove(e)
		delete(l.items, key)
	}
}
