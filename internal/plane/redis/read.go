package redis

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// wholeNode reads what is needed to read all users and records of a node, then these.
func (s *Server) wholeNode(ctx context.Context, addr string, p redis.Pipeliner) func(*look) error {
	stats := p.Info(ctx, "commandstats")
	categories := askCatalog(ctx, p)
	settings := redis.NewMapStringStringCmd(ctx, "config", "get", "acl*")
	if s.mayAsk(addr, configRight) {
		_ = p.Process(ctx, settings)
	}
	users := redis.NewStringSliceCmd(ctx, "acl", "users")
	if s.mayAsk(addr, usersRight) {
		_ = p.Process(ctx, users)
	}
	return func(l *look) (err error) {
		// Without persistence the settings are only good for a hint, and CONFIG may be refused.
		if err := settings.Err(); err != nil && s.cfg.Spec.Persistence != cache.None {
			return err
		}
		s.refusedBy(addr, configRight, settings.Err())
		l.node.ACLFilePath, l.node.Facts.NewChannels = settings.Val()["aclfile"], settings.Val()["acl-pubsub-default"]
		if l.node.Catalog, err = readCatalog(categories); err != nil {
			return err
		}
		if err := users.Err(); err != nil && !s.refusedBy(addr, usersRight, err) {
			return err
		}
		return s.readUsers(ctx, l, counters(l.info["run_id"], parseInfo(stats.Val())), users.Val())
	}
}

func askCatalog(ctx context.Context, p redis.Pipeliner) []*redis.Cmd {
	replies := make([]*redis.Cmd, len(cache.Categories))
	for i, name := range cache.Categories {
		replies[i] = p.Do(ctx, "acl", "cat", name)
	}
	return replies
}

func readCatalog(replies []*redis.Cmd) (cache.Catalog, error) {
	categories := make(map[string][]string, len(replies))
	for i, reply := range replies {
		words, err := reply.StringSlice()
		if err != nil {
			return cache.Catalog{}, err
		}
		categories[cache.Categories[i]] = words
	}
	return cache.NewCatalog(categories), nil
}

func readUsers(reply *redis.Cmd, catalog cache.Catalog) (map[string]cache.User, error) {
	lines, err := reply.StringSlice()
	if err != nil {
		return nil, err
	}
	parser := cache.Parser{Catalog: catalog}
	users := make(map[string]cache.User, len(lines))
	for _, line := range lines {
		name, user, err := parser.Line(line)
		if err != nil {
			return nil, plane.Faultf(plane.UnsupportedServer, err, "ACL LIST answered in an unknown form: %v", err)
		}
		users[name] = user
	}
	return users, nil
}

func (l *look) readRecords(claims, saved *redis.MapStringStringCmd) error {
	if !l.records {
		return nil
	}
	if err := claims.Err(); err != nil {
		return err
	}
	l.node.Claims = make(map[string]boundary.Claim, len(claims.Val()))
	for id, text := range claims.Val() {
		l.node.Claims[id] = readClaim(id, text)
	}
	l.node.Saved = saved.Val()
	return saved.Err()
}

// readClaim never fails: a claim that cannot be read still is one, and nobody here holds it.
func readClaim(id, text string) boundary.Claim {
	var c boundary.Claim
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.UID == "" {
		return boundary.Claim{TenantID: id, UID: "unreadable"}
	}
	return c
}

// readTenant reads one tenant's user and records again, one round trip per node, on the nodes that snap holds.
func (s *Server) readTenant(ctx context.Context, snap *view, id string) *view {
	v := &view{seq: s.views.begin(), taken: s.cfg.Clock.Now()}
	looks := make([]*look, len(snap.nodes))
	fault := eachNode(names(snap.nodes), func(i int, _ string) (err error) {
		looks[i], err = s.tenantAt(ctx, snap.nodes[i], id, names(snap.nodes))
		return err
	})
	looks, _ = compact(looks, nil)
	v.nodes = shareRecords(looks)
	v.fault = joinFaults([]error{snap.fault, fault})
	return v
}

func names(nodes []cache.Node) []string {
	out := make([]string, len(nodes))
	for i := range nodes {
		out[i] = nodes[i].Name
	}
	return out
}

// tenantAt reads one node. Records are read where they are written.
func (s *Server) tenantAt(ctx context.Context, n cache.Node, id string, nodes []string) (*look, error) {
	name := cache.UserName(id)
	fields := make([]string, len(nodes))
	for i, node := range nodes {
		fields[i] = cache.SaveField(name, node)
	}
	l := &look{addr: n.Name, node: n, records: n.Home == n.Name || n.Home == ""}
	p := s.client(n.Name).Pipeline()
	user := p.Do(ctx, "acl", "getuser", name)
	var claim *redis.StringCmd
	var saved *redis.SliceCmd
	if l.records {
		claim, saved = p.HGet(ctx, cache.ClaimsKey, id), p.HMGet(ctx, cache.SavedKey, fields...)
	}
	if err := s.exchange(ctx, "read", "read tenant on "+n.Name, n.Name, p); err != nil {
		return nil, err
	}
	if err := l.readUser(name, user); err != nil {
		return nil, s.fault(n.Name, err)
	}
	if err := l.readTenantRecords(id, claim, fields, saved); err != nil {
		return nil, s.fault(n.Name, err)
	}
	return l, nil
}

func (l *look) readUser(name string, reply *redis.Cmd) error {
	l.node.Users = map[string]cache.User{}
	if isNil(reply.Err()) {
		return nil
	}
	words, err := ruleOf(reply)
	if err == nil {
		parser := cache.Parser{Catalog: l.node.Catalog}
		l.node.Users[name] = parser.Rule(words)
	}
	return err
}

func (l *look) readTenantRecords(id string, claim *redis.StringCmd, fields []string, saved *redis.SliceCmd) error {
	l.node.Claims, l.node.Saved = nil, nil
	if !l.records {
		return nil
	}
	l.node.Claims, l.node.Saved = map[string]boundary.Claim{}, map[string]string{}
	switch err := claim.Err(); {
	case err == nil:
		l.node.Claims[id] = readClaim(id, claim.Val())
	case !isNil(err):
		return err
	}
	for i, digest := range saved.Val() {
		if text, ok := digest.(string); ok {
			l.node.Saved[fields[i]] = text
		}
	}
	return saved.Err()
}
