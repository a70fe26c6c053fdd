package redis

import (
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
)

// unreadableKept is how long it is told that a log could not be read: longer than anybody needs to notice, and steady while
// somebody goes on.
const unreadableKept = 10 * time.Minute

// unreadable are the nodes whose logs could not be read as a whole, and when that was last so. Safe for concurrent use.
type unreadable struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (u *unreadable) add(addr string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at == nil {
		u.at = map[string]time.Time{}
	}
	u.at[addr] = now
}

// hazards are those of the nodes that still are some. What is old is forgotten.
func (u *unreadable) hazards(nodes []cache.Node, now time.Time) []boundary.Finding {
	u.mu.Lock()
	defer u.mu.Unlock()
	for addr, at := range u.at {
		if now.Sub(at) >= unreadableKept {
			delete(u.at, addr)
		}
	}
	var out []boundary.Finding
	for i := range nodes {
		if _, ok := u.at[nodes[i].Name]; ok {
			out = append(out, cache.DenialsUnreadable(nodes[i].Name))
		}
	}
	return out
}
