package redis

import (
	"context"
	"net"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// discover lists host:port of every node, sorted; for Static in the order that was declared.
func (s *Server) discover(ctx context.Context) ([]string, error) {
	switch s.cfg.Discovery {
	case Sentinel:
		return s.ask(ctx, s.askSentinel)
	case Cluster:
		return s.ask(ctx, s.askMember)
	}
	return s.cfg.Nodes, nil
}

// ask returns what the first of the declared nodes says that knows an answer.
func (s *Server) ask(ctx context.Context, one func(context.Context, string) ([]string, error)) ([]string, error) {
	var errs []error
	for _, addr := range s.cfg.Nodes {
		found, err := one(ctx, addr)
		if err == nil {
			slices.Sort(found)
			return slices.Compact(found), nil
		}
		errs = append(errs, err)
	}
	return nil, joinFaults(errs)
}

// askSentinel lists the primary and its replicas. Sentinels often have no users of their own: where one refuses the
// operator's credential, it is asked without.
func (s *Server) askSentinel(ctx context.Context, addr string) ([]string, error) {
	found, err := s.group(ctx, addr, s.client(addr))
	if !isLogin(err) {
		return found, s.explainSentinel(addr, err)
	}
	opts := s.options(addr)
	opts.Username, opts.Password = "", ""
	open := redis.NewClient(opts)
	defer func() { _ = open.Close() }()
	found, again := s.group(ctx, addr, open)
	if again != nil {
		return nil, s.explainSentinel(addr, err)
	}
	return found, nil
}

func (s *Server) group(ctx context.Context, addr string, c *redis.Client) ([]string, error) {
	s.cfg.Trace("read", "ask sentinel "+addr)
	p := c.Pipeline()
	primary := redis.NewMapStringStringCmd(ctx, "sentinel", "master", s.cfg.MasterName)
	replicas := redis.NewMapStringStringSliceCmd(ctx, "sentinel", "replicas", s.cfg.MasterName)
	_, _ = p.Process(ctx, primary), p.Process(ctx, replicas)
	if _, err := p.Exec(ctx); err != nil {
		return nil, err
	}
	found := []string{endpoint(primary.Val())}
	for _, r := range replicas.Val() {
		found = append(found, endpoint(r))
	}
	return found, nil
}

func endpoint(m map[string]string) string { return net.JoinHostPort(m["ip"], m["port"]) }

func (s *Server) explainSentinel(addr string, err error) error {
	switch {
	case err == nil:
		return nil
	case isLogin(err):
		return plane.Faultf(plane.AuthenticationFailed, err, "sentinel %s refused user %q and does not answer without a "+
			"password either; give it the user with the same password and +sentinel|master +sentinel|replicas", addr, s.cfg.Username)
	case begins(err, "NOPERM"):
		return plane.Faultf(plane.MissingRights, err, "user %q may not ask sentinel %s: ACL SETUSER %s +sentinel|master "+
			"+sentinel|replicas, then save its users", s.cfg.Username, addr, cache.Quote(s.cfg.Username))
	case isReply(err):
		return plane.Faultf(plane.InvalidSpec, err, "sentinel %s does not know the group %q (%s); put the name that it monitors "+
			"into redis.masterName", addr, s.cfg.MasterName, firstLine(err))
	}
	return s.fault(addr, err)
}

// askMember lists the members of the cluster, replicas too, as one of them knows them.
func (s *Server) askMember(ctx context.Context, addr string) ([]string, error) {
	s.cfg.Trace("read", "ask member "+addr)
	shards, err := s.client(addr).ClusterShards(ctx).Result()
	if isReply(err) && !isLogin(err) && !begins(err, "NOPERM") {
		return nil, plane.Faultf(plane.InvalidSpec, err, "Redis node %s is no member of a cluster (%s); declare "+
			"redis.discovery Static, or name members", addr, firstLine(err))
	}
	if err != nil {
		return nil, s.fault(addr, err)
	}
	var found []string
	for _, shard := range shards {
		for _, n := range shard.Nodes {
			found = append(found, s.memberAddr(addr, n))
		}
	}
	return found, nil
}

// memberAddr is where a member is reached. A member that does not know its own address is the one that was asked.
func (s *Server) memberAddr(asked string, n redis.Node) string {
	host, port := n.Endpoint, n.Port
	if host == "" || host == "?" {
		host, _, _ = net.SplitHostPort(asked)
	}
	if s.cfg.TLS != nil && n.TLSPort != 0 {
		port = n.TLSPort
	}
	return net.JoinHostPort(host, strconv.FormatInt(port, 10))
}
