package redis

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// look is what one node answered in one round trip.
type look struct {
	addr string
	info map[string]string
	// marker is nil where none stands.
	marker *boundary.Marker
	// records says whether this node serves Tenantry's keys: it did not point elsewhere.
	records bool
	// without are the optional rights that the operator lacks there, as words of ACL SETUSER.
	without []string
	node    cache.Node
}

// probe adds commands to the pipeline of a look. The function that it returns reads the replies.
type probe func(ctx context.Context, addr string, p redis.Pipeliner) func(*look) error

// look finds the nodes and asks each of them once, all at the same time. Nodes that do not answer are missing from the
// result, and the fault names them.
func (s *Server) look(ctx context.Context, probe probe) ([]*look, error) {
	addrs, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	s.retain(addrs)
	looks := make([]*look, len(addrs))
	return compact(looks, eachNode(addrs, func(i int, addr string) (err error) {
		looks[i], err = s.lookAt(ctx, addr, probe)
		return err
	}))
}

// compact leaves out the nodes that did not answer.
func compact(looks []*look, err error) ([]*look, error) {
	out := looks[:0]
	for _, l := range looks {
		if l != nil {
			out = append(out, l)
		}
	}
	return out, err
}

// eachNode runs do for every node at the same time and joins the faults.
func eachNode(addrs []string, do func(i int, addr string) error) error {
	errs := make([]error, len(addrs))
	var wg sync.WaitGroup
	for i, addr := range addrs {
		wg.Go(func() { errs[i] = do(i, addr) })
	}
	wg.Wait()
	return joinFaults(errs)
}

func (s *Server) lookAt(ctx context.Context, addr string, probe probe) (*look, error) {
	l := &look{addr: addr}
	p := s.client(addr).Pipeline()
	info := p.Info(ctx, "server", "replication", "memory", "persistence")
	marker := p.Get(ctx, cache.MarkerKey)
	read := probe(ctx, addr, p)
	if err := s.exchange(ctx, "read", "look at "+addr, addr, p); err != nil {
		return nil, err
	}
	l.info = parseInfo(info.Val())
	err := cmp.Or(l.checkVersion(info.Err()), l.readMarker(marker))
	if begins(err, "NOPERM") {
		err = cmp.Or(read(l), err) // a probe for rights says better what is missing
	}
	if err != nil {
		return nil, s.fault(addr, err)
	}
	l.node = cache.Node{Name: addr, Cluster: l.info["redis_mode"] == "cluster", ConfigPath: l.info["config_file"],
		Facts: facts(l.info), Marker: l.marker}
	if err := read(l); err != nil {
		return nil, s.fault(addr, err)
	}
	return l, nil
}

// exchange sends a pipeline. Errors of single commands are left to those who read their replies; those of the connection
// and of the credential, which all commands share, are a fault.
func (s *Server) exchange(ctx context.Context, kind, name, addr string, p redis.Pipeliner) error {
	s.cfg.Trace(kind, name)
	_, err := p.Exec(ctx)
	if err == nil || isReply(err) && !isLogin(err) {
		return nil
	}
	return s.fault(addr, err)
}

func parseInfo(text string) map[string]string {
	out := map[string]string{}
	for sc := bufio.NewScanner(strings.NewReader(text)); sc.Scan(); {
		if k, v, ok := strings.Cut(sc.Text(), ":"); ok {
			out[k] = strings.TrimSpace(v)
		}
	}
	return out
}

// readMarker takes the marker. In a cluster, the nodes that do not serve its slot point to the one that does.
func (l *look) readMarker(reply *redis.StringCmd) error {
	err := reply.Err()
	switch {
	case err == nil:
		l.records, l.marker = true, &boundary.Marker{}
		if err := json.Unmarshal([]byte(reply.Val()), l.marker); err != nil {
			return plane.Faultf(plane.OwnedElsewhere, err, "the key %s on %s holds something that Tenantry did not write; "+
				"nothing was written. Find out whose it is, and delete it if it is nobody's", cache.MarkerKey, l.addr)
		}
	case isNil(err):
		l.records = true
	case isElsewhere(err):
	default:
		return err
	}
	return nil
}

// version as the server reports it.
func (l *look) version() string {
	if v := versionIn(l.info); v.Valkey {
		return v.String()
	}
	return l.info["redis_version"]
}

// primaryAddr is the primary as a replica names it.
func (l *look) primaryAddr() string {
	return net.JoinHostPort(l.info["master_host"], l.info["master_port"])
}
