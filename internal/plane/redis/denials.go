package redis

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// logLength is how many entries are read; servers keep 128 unless told otherwise.
const logLength = 256

// harvest is what was seen of the nodes' logs.
type harvest struct {
	mu    sync.Mutex
	nodes map[string]*cache.LogMemory
}

// Denials reads the ACL log of every node, one round trip each.
func (s *Server) Denials(ctx context.Context) ([]plane.Denial, error) {
	snap, err := s.snapshot(ctx, plane.Recent)
	if err != nil {
		return nil, err
	}
	s.harvest.mu.Lock()
	defer s.harvest.mu.Unlock()
	s.harvest.retain(names(snap.nodes))
	found := make([][]cache.LogEntry, len(snap.nodes))
	err = eachNode(names(snap.nodes), func(i int, addr string) (err error) {
		if s.mayAsk(addr, logRight) {
			found[i], err = s.freshEntries(ctx, addr)
		}
		return err
	})
	sums := map[plane.Denial]int64{}
	for i, entries := range found {
		for _, e := range entries {
			sums[s.denial(snap, snap.nodes[i].Name, e)] += e.Count
		}
	}
	return denials(sums), err
}

// retain forgets nodes that are no longer part of the plane and makes room for new ones.
func (h *harvest) retain(nodes []string) {
	kept := make(map[string]*cache.LogMemory, len(nodes))
	for _, n := range nodes {
		if kept[n] = h.nodes[n]; kept[n] == nil {
			kept[n] = &cache.LogMemory{}
		}
	}
	h.nodes = kept
}

// freshEntries reads one node's log, or of one that is too large the newest entries that are not. Whoever may try a key can
// make an entry of any size: such a log is cleared, so that it hides one round and not all that follow.
func (s *Server) freshEntries(ctx context.Context, addr string) ([]cache.LogEntry, error) {
	for _, most := range []int{logLength, 16, 1} {
		fresh, err := s.newest(ctx, addr, most)
		if most == logLength && !errors.Is(err, errTooLarge) {
			return fresh, err
		}
		if err == nil {
			return append(fresh, unread), s.clearLog(ctx, addr)
		}
		if !errors.Is(err, errTooLarge) {
			return nil, err
		}
	}
	return []cache.LogEntry{unread}, s.clearLog(ctx, addr)
}

// unread stands for the entries of a log that were too large: one attempt at least, by whomever.
var unread = cache.LogEntry{Count: 1}

// clearLog removes what is too large, which frees the server's memory, too.
func (s *Server) clearLog(ctx context.Context, addr string) error {
	s.unreadable.add(addr, s.cfg.Clock.Now())
	p := s.logClient(addr).Pipeline()
	reset := p.Do(ctx, "acl", "log", "reset")
	if err := s.exchange(ctx, "write", "clear ACL log of "+addr, addr, p); err != nil {
		return err
	}
	if err := reset.Err(); err != nil {
		return s.fault(addr, err)
	}
	return nil
}

// newest reads at most so many entries. The clock that their ages count back from is in INFO.
func (s *Server) newest(ctx context.Context, addr string, most int) ([]cache.LogEntry, error) {
	p := s.logClient(addr).Pipeline()
	about := p.Info(ctx, "server")
	entries := p.Do(ctx, "acl", "log", most)
	if err := s.exchange(ctx, "read", "read ACL log of "+addr, addr, p); err != nil {
		return nil, err
	}
	if s.refusedBy(addr, logRight, entries.Err()) {
		return nil, nil
	}
	info := parseInfo(about.Val())
	now, err := serverTime(info)
	if err = cmp.Or(about.Err(), entries.Err(), err); err != nil {
		return nil, s.fault(addr, err)
	}
	log, err := logEntries(entries.Val(), now)
	if err != nil {
		return nil, s.fault(addr, err)
	}
	return s.harvest.nodes[addr].Fresh(info["run_id"], now, log), nil
}

// logClient is the connection that reads the log: it ends where an answer has no bound. Clients choose the keys in it.
func (s *Server) logClient(addr string) *redis.Client {
	return s.clientFor("log "+addr, func() *redis.Options {
		opts := s.options(addr)
		opts.PoolSize = 1
		limit(opts, logBytes)
		return opts
	})
}

// denial is an entry without what clients chose, and without its count.
func (s *Server) denial(snap *view, node string, e cache.LogEntry) plane.Denial {
	d := plane.Denial{Node: node, Reason: reasonOf(e.Reason), Command: e.CommandName()}
	d.Tenant, d.User = s.cfg.Spec.Whose(e, snap.claims)
	if d.Reason == plane.DeniedKey || d.Reason == plane.DeniedChannel {
		d.Target = plane.TargetOutside
		if own, inPlane := s.cfg.Spec.Within(e.Object, d.Tenant); own {
			d.Target = plane.TargetOwn
		} else if inPlane {
			d.Target = plane.TargetTenant
		}
	}
	return d
}

// claims says whether a tenantID is claimed by a living Tenant anywhere.
func (v *view) claims(id string) bool {
	return slices.ContainsFunc(v.nodes, func(n cache.Node) bool {
		claim, ok := n.Claims[id]
		return ok && !claim.Tombstone
	})
}

func reasonOf(word string) plane.DenialReason {
	switch r := plane.DenialReason(word); r {
	case plane.DeniedCommand, plane.DeniedKey, plane.DeniedChannel, plane.DeniedAuth:
		return r
	}
	return plane.DeniedOther
}

func denials(sums map[plane.Denial]int64) []plane.Denial {
	out := slices.Collect(maps.Keys(sums))
	slices.SortFunc(out, func(a, b plane.Denial) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.User, b.User),
			cmp.Compare(a.Reason, b.Reason), strings.Compare(a.Command, b.Command), cmp.Compare(a.Target, b.Target))
	})
	for i := range out {
		out[i].Count = sums[out[i]]
	}
	return out
}
