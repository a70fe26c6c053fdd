package stack

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// aclFile is the name of the ACL file inside the server's directory.
const aclFile = "users.acl"

// redisConfig is everything that the configuration of a server is rendered from.
type redisConfig struct {
	name      string // for messages
	password  string // of the administrator
	port, bus int    // bus: of the cluster's nodes among each other
	opts      RedisOptions
	sentinel  *SentinelOptions // nil: an ordinary server
}

func newRedisConfig(opts RedisOptions) redisConfig {
	if opts.Persistence == "" {
		opts.Persistence = RedisACLFile
	}
	password := opts.AdminPassword
	if password == "" && opts.ReplicaOf != nil {
		password = opts.ReplicaOf.AdminPassword
	}
	if password == "" {
		password = newPassword()
	}
	return redisConfig{name: "Redis", password: password, opts: opts}
}

// choosePort also finds a port for the cluster's bus: port+10000, the default, may fall into the range of outgoing
// connections.
func (c *redisConfig) choosePort(port int) (err error) {
	c.port = port
	c.bus, err = freePort()
	return err
}

// args is the command line. Without persistence the configuration comes on standard input: a server that was given a
// file could rewrite it.
func (c redisConfig) args(file string) []string {
	if c.opts.Persistence == RedisNone {
		return []string{"-"}
	}
	if c.sentinel != nil {
		return []string{file, "--sentinel"}
	}
	return []string{file}
}

// render writes the configuration.
func (c redisConfig) render() string {
	lines := []string{"bind " + loopback, fmt.Sprintf("port %d", c.port), "dir ./"}
	if c.opts.Persistence == RedisACLFile {
		lines = append(lines, "aclfile "+aclFile)
	} else {
		lines = append(lines, strings.Split(strings.TrimSpace(c.users()), "\n")...)
	}
	if c.opts.OpenDefaultUser {
		lines = append(lines, "protected-mode no")
	}
	lines = append(lines, c.roleLines()...)
	for _, name := range slices.Sorted(maps.Keys(c.opts.Settings)) {
		lines = append(lines, name+" "+c.opts.Settings[name])
	}
	return strings.Join(lines, "\n") + "\n"
}

// roleLines makes the server a sentinel, a replica, a cluster node or none of them. Every ordinary server knows how to
// log in to a primary: after a failover it may have one.
func (c redisConfig) roleLines() []string {
	if c.sentinel != nil {
		return c.sentinel.lines()
	}
	// By default a primary waits five seconds for further replicas before it sends its data to the first.
	lines := []string{`save ""`, "repl-diskless-sync-delay 0", "masteruser " + redisAdmin, "masterauth " + c.password}
	if primary := c.opts.ReplicaOf; primary != nil {
		lines = append(lines, fmt.Sprintf("replicaof %s %d", loopback, primary.port))
	}
	if c.opts.Cluster {
		lines = append(lines, "cluster-enabled yes", fmt.Sprintf("cluster-port %d", c.bus))
	}
	return lines
}

// users renders the ACL users that the server starts with.
func (c redisConfig) users() string {
	fallback := "user default off resetchannels -@all\n"
	if c.opts.OpenDefaultUser {
		fallback = "user default on nopass ~* &* +@all\n"
	}
	return fallback + fmt.Sprintf("user %s on #%x ~* &* +@all\n", redisAdmin, sha256.Sum256([]byte(c.password)))
}
