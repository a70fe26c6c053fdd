package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// minimumMajor is the first version with ACL DRYRUN, selectors and subcommand rules.
const minimumMajor = 7

// nothing is the probe of a look that wants no more than role and marker.
func nothing(context.Context, redis.Pipeliner) func(*look) error {
	return func(*look) error { return nil }
}

// Describe asks every node for its version and for what the operator may do there. The marker is nil if any primary
// has none, and the first that is not this installation's if there is one.
func (s *Server) Describe(ctx context.Context) (plane.Description, error) {
	looks, fault := s.look(ctx, s.rights)
	nodes, fault := s.arrange(looks, fault)
	d := plane.Description{Version: versions(looks), Marker: s.standing(looks, nodes)}
	if len(looks) > 0 {
		d.Capabilities = append(s.capabilities(looks, nodes), s.silent(looks)...)
	}
	return d, fault
}

func versions(looks []*look) string {
	var out []string
	for _, l := range looks {
		out = append(out, l.version())
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// standing is the marker of the plane as a whole.
func (s *Server) standing(looks []*look, nodes []cache.Node) *boundary.Marker {
	var ours *boundary.Marker
	missing := false
	for _, n := range nodes {
		l := looks[slices.IndexFunc(looks, func(l *look) bool { return l.addr == n.Name })]
		switch {
		case n.Home != n.Name:
		case l.marker == nil:
			missing = true
		case *l.marker != s.cfg.Marker:
			return l.marker
		default:
			ours = l.marker
		}
	}
	if missing {
		return nil
	}
	return ours
}

func (s *Server) capabilities(looks []*look, nodes []cache.Node) []string {
	primaries := 0
	for _, n := range nodes {
		if n.Home == n.Name {
			primaries++
		}
	}
	out := []string{fmt.Sprintf("nodes that answer: %d; users are kept on each, records on %d of them", len(looks), primaries)}
	if s.cfg.Spec.Scripts == cache.Allow {
		out = append(out, "Tenants may run scripts: the server checks the keys of every command in them; a long script stops everybody")
	} else {
		out = append(out, "Tenants may not run scripts (EVAL); BullMQ and redlock need redis.scripts: Allow")
	}
	out = append(out, s.flaws(looks)...)
	if s.cfg.Spec.Persistence == cache.None {
		out = append(out, "Users are gone after a restart of the server until they are put back")
	}
	return out
}

// flaws are told once for each version.
func (s *Server) flaws(looks []*look) []string {
	var out []string
	for _, l := range looks {
		out = append(out, s.cfg.Spec.Flaws(versionIn(l.info))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// silent names the nodes that do not let the operator read their log, and lets the harvest ask the others again.
func (s *Server) silent(looks []*look) []string {
	var nodes []string
	for _, l := range looks {
		if slices.Contains(l.without, "+"+logRight) {
			nodes = append(nodes, l.addr)
			s.harvest.refused.Store(l.addr, true)
		} else {
			s.harvest.refused.Delete(l.addr)
		}
	}
	if len(nodes) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Refused attempts are not told of, by metrics or events, on %s; for that run there as an administrator: "+
		"ACL SETUSER %s +%s", few(nodes), s.cfg.Username, logRight)}
}

// few shows at most three of a list.
func few(words []string) string {
	if more := len(words) - 3; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:3], ", "), more)
	}
	return strings.Join(words, ", ")
}

// checkVersion refuses servers older than Redis 7. INFO takes two sections only since then.
func (l *look) checkVersion(err error) error {
	if err != nil && (!isReply(err) || begins(err, "NOPERM") || isLogin(err)) {
		return err
	}
	major, _, _ := strings.Cut(l.info["redis_version"], ".")
	if n, _ := strconv.Atoi(major); n < minimumMajor {
		return plane.Faultf(plane.UnsupportedServer, err, "Redis node %s reports version %q; Tenantry needs Redis 7 or Valkey 7.2 "+
			"at least", l.addr, l.info["redis_version"])
	}
	return nil
}
