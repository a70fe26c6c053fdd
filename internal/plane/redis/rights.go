package redis

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// need is one command that the operator runs, with arguments that a trial accepts.
type need struct {
	grant string // as in ACL SETUSER, without the +
	args  []any
	// optional: without it something is left out, and a capability says so.
	optional bool
}

// Optional rights: without them something is left out, or done in another way.
const (
	logRight    = "acl|log"
	usersRight  = "acl|users"
	configRight = "config|get" // without persistence
)

// needs lists every command that this package sends. docs/redis/operator-user.md grants exactly these.
func (s *Server) needs() []need {
	user := cache.UserName("a")
	out := []need{
		{grant: "acl|cat", args: []any{"acl", "cat", "all"}},
		{grant: "acl|dryrun", args: []any{"acl", "dryrun", user, "ping"}},
		{grant: "acl|getuser", args: []any{"acl", "getuser", user}},
		{grant: "acl|list", args: []any{"acl", "list"}},
		{grant: "acl|setuser", args: []any{"acl", "setuser", user}},
		{grant: "acl|deluser", args: []any{"acl", "deluser", user}},
		{grant: "client|kill", args: []any{"client", "kill", "user", user}},
		{grant: "info", args: []any{"info"}},
		{grant: "get", args: []any{"get", cache.MarkerKey}},
		{grant: "set", args: []any{"set", cache.MarkerKey, "x", "nx"}},
		{grant: "hget", args: []any{"hget", cache.ClaimsKey, "a"}},
		{grant: "hgetall", args: []any{"hgetall", cache.ClaimsKey}},
		{grant: "hset", args: []any{"hset", cache.ClaimsKey, "a", "x"}},
		{grant: "hsetnx", args: []any{"hsetnx", cache.ClaimsKey, "a", "x"}},
		{grant: "hmget", args: []any{"hmget", cache.SavedKey, "a"}},
		{grant: "hdel", args: []any{"hdel", cache.SavedKey, "a"}},
		{grant: logRight, args: []any{"acl", "log"}, optional: true},
		{grant: usersRight, args: []any{"acl", "users"}, optional: true},
		{grant: "multi", args: []any{"multi"}},
		{grant: "exec", args: []any{"exec"}},
	}
	out = append(out, need{grant: configRight, args: []any{"config", "get", "acl*"}, optional: s.cfg.Spec.Persistence == cache.None})
	switch s.cfg.Spec.Persistence {
	case cache.ACLFile:
		out = append(out, need{grant: "acl|save", args: []any{"acl", "save"}})
	case cache.ConfigRewrite:
		out = append(out, need{grant: "config|rewrite", args: []any{"config", "rewrite"}})
	}
	if s.cfg.Discovery == Cluster {
		out = append(out, need{grant: "cluster|shards", args: []any{"cluster", "shards"}})
	}
	return out
}

// rights tries every command that the operator needs without running it.
func (s *Server) rights(ctx context.Context, _ string, p redis.Pipeliner) func(*look) error {
	needs := s.needs()
	trials := make([]*redis.Cmd, len(needs))
	for i, n := range needs {
		trials[i] = p.Do(ctx, append([]any{"acl", "dryrun", s.cfg.Username}, n.args...)...)
	}
	return func(l *look) error {
		var lacking []string
		for i, trial := range trials {
			if g, err := missing(needs[i], trial); err != nil {
				return err
			} else if g != "" && needs[i].optional {
				l.without = append(l.without, g)
			} else if g != "" {
				lacking = append(lacking, g)
			}
		}
		return s.explainRights(l.addr, lacking)
	}
}

// missing returns the word that would grant what a trial was refused, "" if it was not.
func missing(n need, trial *redis.Cmd) (string, error) {
	answer, err := trial.Text()
	switch {
	case begins(err, "NOPERM"):
		return "+" + n.grant, nil
	case err != nil:
		return "", err
	case answer == "OK":
		return "", nil
	case strings.Contains(answer, "key"):
		return "~" + cache.OwnKeys, nil
	}
	return "+" + n.grant, nil
}

func (s *Server) explainRights(addr string, lacking []string) error {
	if len(lacking) == 0 {
		return nil
	}
	slices.Sort(lacking)
	return plane.Faultf(plane.MissingRights, nil, "user %q lacks rights on Redis node %s; run there as an administrator: "+
		"ACL SETUSER %s %s%s", s.cfg.Username, addr, cache.Quote(s.cfg.Username), strings.Join(slices.Compact(lacking), " "),
		cache.ThenSave(s.cfg.Spec.Persistence))
}
