package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
)

// sliceUsers is how many users are described before the server answers others: about 25 milliseconds of Redis 7.0.
const sliceUsers = 50

// pass is what is known of one node.
type pass struct {
	mu     sync.Mutex
	memory cache.PassMemory
}

// readUsers reads all users of a node, then its records: a tenant's claim is written before its user, so that a user
// without a claim is one that has none. names are nil where the server did not tell them.
func (s *Server) readUsers(ctx context.Context, l *look, now cache.Counters, names []string) (err error) {
	users := len(names)
	if names == nil {
		users = -1
	}
	known := s.passes.get(l.addr)
	known.mu.Lock()
	defer known.mu.Unlock()
	how := known.memory.Next(l.node.Facts.Version, now, users)
	switch how {
	case cache.PassSlices:
		l.node.Users, err = s.readSlices(ctx, l, names)
	case cache.PassKept:
		l.node.Users = known.memory.Users()
	case cache.PassList:
	}
	if err == nil {
		err = s.readRest(ctx, l, how == cache.PassList)
	}
	if err == nil {
		known.memory.Keep(how, l.node.Users)
	}
	return err
}

// readRest reads the records, and the users before them where one command tells them all.
func (s *Server) readRest(ctx context.Context, l *look, list bool) error {
	p := s.client(l.addr).Pipeline()
	var users *redis.Cmd
	if list {
		users = p.Do(ctx, "acl", "list")
	}
	claims := p.HGetAll(ctx, cache.ClaimsKey)
	saved := p.HGetAll(ctx, cache.SavedKey)
	if err := s.exchange(ctx, "read", "read users of "+l.addr, l.addr, p); err != nil {
		return err
	}
	if list {
		var err error
		if l.node.Users, err = readUsers(users, l.node.Catalog); err != nil {
			return err
		}
	}
	return l.readRecords(claims, saved)
}

// readSlices reads users one by one. Those that went meanwhile are left out.
func (s *Server) readSlices(ctx context.Context, l *look, names []string) (map[string]cache.User, error) {
	parser := cache.Parser{Catalog: l.node.Catalog}
	users := make(map[string]cache.User, len(names))
	for at := 0; at < len(names); at += sliceUsers {
		slice := names[at:min(at+sliceUsers, len(names))]
		p := s.client(l.addr).Pipeline()
		replies := make([]*redis.Cmd, len(slice))
		for i, name := range slice {
			replies[i] = p.Do(ctx, "acl", "getuser", name)
		}
		if err := s.exchange(ctx, "read", "read some users of "+l.addr, l.addr, p); err != nil {
			return nil, err
		}
		for i, reply := range replies {
			if isNil(reply.Err()) {
				continue
			}
			words, err := ruleOf(reply)
			if err != nil {
				return nil, err
			}
			users[slice[i]] = parser.Rule(words)
		}
	}
	return users, nil
}

// counters reads INFO commandstats.
func counters(run string, stats map[string]string) cache.Counters {
	calls := func(command string) int64 {
		var n int64
		for field := range strings.SplitSeq(stats["cmdstat_"+command], ",") {
			k, v, _ := strings.Cut(field, "=")
			count, _ := strconv.ParseInt(v, 10, 64)
			switch k {
			case "calls":
				n += count
			case "failed_calls":
				n -= count
			}
		}
		return n
	}
	return cache.Counters{
		Run: run, Described: calls("acl|list") + calls("acl|save") + calls("config|rewrite"), Changed: calls("acl|setuser"),
		Loaded: calls("acl|load"), Others: calls("acl|deluser") + calls("config|set") + calls("debug"),
	}
}
