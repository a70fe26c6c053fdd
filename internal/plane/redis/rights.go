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
}

// needs lists every command that this package sends. docs/redis/operator-user.md grants exactly these.
func (s *Server) needs() []need {
	user := cache.UserName("a")
	out := []need{
		{"acl|cat", []any{"acl", "cat", "all"}},
		{"acl|dryrun", []any{"acl", "dryrun", user, "ping"}},
		{"acl|getuser", []any{"acl", "getuser", user}},
		{"acl|list", []any{"acl", "list"}},
		{"acl|setuser", []any{"acl", "setuser", user}},
		{"acl|deluser", []any{"acl", "deluser", user}},
		{"client|kill", []any{"client", "kill", "user", user}},
		{"info", []any{"info"}},
		{"get", []any{"get", cache.MarkerKey}},
		{"set", []any{"set", cache.MarkerKey, "x", "nx"}},
		{"hget", []any{"hget", cache.ClaimsKey, "a"}},
		{"hgetall", []any{"hgetall", cache.ClaimsKey}},
		{"hset", []any{"hset", cache.ClaimsKey, "a", "x"}},
		{"hsetnx", []any{"hsetnx", cache.ClaimsKey, "a", "x"}},
		{"hmget", []any{"hmget", cache.SavedKey, "a"}},
		{"hdel", []any{"hdel", cache.SavedKey, "a"}},
		{"multi", []any{"multi"}},
		{"exec", []any{"exec"}},
	}
	if s.cfg.Spec.Persistence != cache.None {
		out = append(out, need{"config|get", []any{"config", "get", "aclfile"}})
	}
	switch s.cfg.Spec.Persistence {
	case cache.ACLFile:
		out = append(out, need{"acl|save", []any{"acl", "save"}})
	case cache.ConfigRewrite:
		out = append(out, need{"config|rewrite", []any{"config", "rewrite"}})
	}
	if s.cfg.Discovery == Cluster {
		out = append(out, need{"cluster|shards", []any{"cluster", "shards"}})
	}
	return out
}

// rights tries every command that the operator needs without running it.
func (s *Server) rights(ctx context.Context, p redis.Pipeliner) func(*look) error {
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
		"ACL SETUSER %s %s", s.cfg.Username, addr, s.cfg.Username, strings.Join(slices.Compact(lacking), " "))
}
