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
func nothing(context.Context, string, redis.Pipeliner) func(*look) error {
	return func(*look) error { return nil }
}

// Describe asks every node for its version and for what the operator may do there. The marker is nil if any primary
// has none, and the first that is not this installation's if there is one.
func (s *Server) Describe(ctx context.Context) (plane.Description, error) {
	looks, fault := s.look(ctx, s.rights)
	nodes, fault := s.arrange(looks, fault)
	d := plane.Description{Version: versions(looks), Marker: s.standing(looks, nodes)}
	if len(looks) > 0 {
		d.Capabilities = append(s.capabilities(looks, nodes), s.lacking(looks)...)
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

// withoutRight says what an optional right that is missing means, %s for the nodes.
var withoutRight = map[string]string{
	logRight: "Refused attempts are not told of, by metrics or events, on %s",
	usersRight: "With many users, Redis 7.0 is held up by reading them (half a second for 1,000, once after its restart, and after ACL LOAD) " +
		"on %s",
}

// lacking names the nodes that refuse an optional right, and lets the others be asked again.
func (s *Server) lacking(looks []*look) []string {
	var out []string
	for _, right := range []string{logRight, usersRight, configRight} {
		var nodes []string
		for _, l := range looks {
			if slices.Contains(l.without, "+"+right) {
				nodes = append(nodes, l.addr)
				s.refused.Store(l.addr+" "+right, true)
			} else {
				s.refused.Delete(l.addr + " " + right)
			}
		}
		if what := withoutRight[right]; what != "" && len(nodes) > 0 {
			out = append(out, fmt.Sprintf(what+"; run there as an administrator: ACL SETUSER %s +%s%s", few(nodes),
				cache.Quote(s.cfg.Username), right, cache.ThenSave(s.cfg.Spec.Persistence)))
		}
	}
	return out
}

// mayAsk says whether a node is not known to refuse an optional right: asking again would fill its log.
func (s *Server) mayAsk(addr, right string) bool {
	_, refused := s.refused.Load(addr + " " + right)
	return !refused
}

// refusedBy remembers that a node refused an optional right, and says whether it did.
func (s *Server) refusedBy(addr, right string, err error) bool {
	if !begins(err, "NOPERM") {
		return false
	}
	s.refused.Store(addr+" "+right, true)
	return true
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
