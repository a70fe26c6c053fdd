// Package redis reads what the nodes of a Redis or Valkey hold and carries out the plans of internal/boundary/cache.
//
// ACL users are not replicated by the server: every node is read and changed, whatever its role. Records (the plane's
// marker, the tenants' claims) are data: they are written to primaries and reach replicas by replication.
package redis

import (
	"crypto/tls"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// How nodes are found; the words of the API.
const (
	// Static: Nodes are all there are. "" means Static.
	Static = "Static"
	// Sentinel: Nodes are sentinels, which name the primary and its replicas. They are asked with the operator's
	// credential, and without one if they do not know it.
	Sentinel = "Sentinel"
	// Cluster: Nodes are any members, which name the others.
	Cluster = "Cluster"
)

// Config is what a Redis is opened with.
type Config struct {
	// Nodes are host:port; see Discovery.
	Nodes []string
	// Discovery: Static, Sentinel or Cluster; "" is Static.
	Discovery string
	// MasterName that the sentinels monitor.
	MasterName string
	// Username of the operator; "" is default.
	Username string
	Password boundary.Secret
	// TLS of every connection; nil sends plain text.
	TLS *tls.Config
	// Spec of the boundary. Its Operator is set from Username, its Marker from Marker.
	Spec cache.Spec
	// Marker that must stand on every primary before anything is written.
	Marker boundary.Marker
	// SnapshotAge is how old a shared snapshot may get; 0 is 15 seconds.
	SnapshotAge time.Duration
	// Clock; nil is the real one.
	Clock clock.PassiveClock
	// Trace is called once per round trip with "read" or "write" and what it was; nil for none.
	Trace func(kind, name string)
	// BeforeChange is called before each change; its error stops the apply as a crash would. Nodes are changed at the same
	// time: it may be called concurrently. nil for none.
	BeforeChange func(boundary.Change) error
}

// complete fills in what was left out and refuses what cannot work.
func (c *Config) complete() error {
	if c.Username == "" {
		c.Username = "default"
	}
	if c.Discovery == "" {
		c.Discovery = Static
	}
	if c.SnapshotAge == 0 {
		c.SnapshotAge = 15 * time.Second
	}
	if c.Clock == nil {
		c.Clock = clock.RealClock{}
	}
	if c.Trace == nil {
		c.Trace = func(string, string) {}
	}
	if c.BeforeChange == nil {
		c.BeforeChange = func(boundary.Change) error { return nil }
	}
	c.Spec.Operator, c.Spec.Marker = c.Username, c.Marker
	return c.check()
}

func (c *Config) check() error {
	switch {
	case len(c.Nodes) == 0:
		return invalid("redis.nodes is empty: name at least one node as host:port")
	case c.Discovery == Sentinel && c.MasterName == "":
		return invalid("redis.masterName is missing: sentinels need the name of the group that they monitor")
	case c.Discovery != Static && c.Discovery != Sentinel && c.Discovery != Cluster:
		return invalid("redis.discovery %q is none of Static, Sentinel and Cluster", c.Discovery)
	case c.Spec.KeyPrefix == "":
		return invalid("redis.keyPrefix is empty: tenants' keys are <keyPrefix>:<tenantID>:…")
	case strings.HasPrefix(c.Username, cache.UserName("")):
		return invalid("redis.username %q begins with %q, as the users of tenants do: a tenant of that name would replace "+
			"the operator's own user; give the operator another one", c.Username, cache.UserName(""))
	case c.Spec.AppUser == "default", c.Spec.AppUser != "" && c.Spec.AppUser == c.Username:
		return invalid("redis.appUser %q is the operator's user or default: Tenantry replaces the rule of appUser; "+
			"give the application a user of its own", c.Spec.AppUser)
	case strings.HasPrefix(c.Spec.AppUser, cache.UserName("")):
		return invalid("redis.appUser %q begins with %q, as the users of tenants do", c.Spec.AppUser, cache.UserName(""))
	}
	return nil
}

func invalid(format string, args ...any) error {
	return plane.Faultf(plane.InvalidSpec, nil, format, args...)
}
