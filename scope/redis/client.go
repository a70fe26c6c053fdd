package redis

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// DefaultKeyPrefix is the first part of every key, unless [KeyPrefix] says otherwise.
const DefaultKeyPrefix = "ai"

// Option changes a [Client].
type Option func(*hook)

// KeyPrefix is the DataPlane's redis.keyPrefix: letters, digits, "_" and "-", at most 32. Default "ai". Every key is
// <prefix>:<tenantID>:<key>.
func KeyPrefix(prefix string) Option { return func(h *hook) { h.keyPrefix = prefix } }

// AllowScripts lets EVAL and its kin through with their declared keys, at least one. You vouch that each script touches
// only the keys in KEYS: a script that makes up a key reaches whatever the connection's user may reach, and an appUser may
// reach all tenants. The server must allow scripts too (redis.scripts: Allow).
func AllowScripts() Option { return func(h *hook) { h.scripts = true } }

// cmdable keeps the embedded client out of reach: it could be made to send what is not scoped.
type cmdable = goredis.Cmdable

// Client sends commands for the tenant of the context. Besides the methods that are documented here it has all those of
// go-redis's Cmdable. It is safe for concurrent use.
type Client struct {
	cmdable
	scoped  goredis.UniversalClient // everything passes the hook
	plain   goredis.UniversalClient // for subscriptions, which pass no hook
	hook    *hook
	cluster bool
}

var keyPrefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// New returns a client for a server, for sentinels or for a cluster, as go-redis's NewUniversalClient would choose. It
// connects when the first command is sent. Options that would send commands of their own past the scoping are refused:
// DB, OnConnect, StreamingCredentialsProvider and client-side caching.
func New(server *goredis.UniversalOptions, opts ...Option) (*Client, error) {
	h := &hook{keyPrefix: DefaultKeyPrefix}
	for _, opt := range opts {
		opt(h)
	}
	if !keyPrefixForm.MatchString(h.keyPrefix) || h.keyPrefix == "tenantry" {
		return nil, fmt.Errorf("scope/redis: key prefix %q: it has 1 to 32 letters, digits, underscores and hyphens, "+
			"and is not \"tenantry\": take the DataPlane's redis.keyPrefix", h.keyPrefix)
	}
	if err := acceptable(server); err != nil {
		return nil, err
	}
	o := *server
	// It would ask for notifications that tenants' users may not have.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := &Client{scoped: goredis.NewUniversalClient(&o), plain: goredis.NewUniversalClient(&o), hook: h}
	c.scoped.AddHook(h)
	c.cmdable = c.scoped
	_, c.cluster = c.scoped.(*goredis.ClusterClient)
	return c, nil
}

func acceptable(o *goredis.UniversalOptions) error {
	switch {
	case o == nil:
		return errors.New("scope/redis: no options: say at least where the server is")
	case o.DB != 0:
		return fmt.Errorf("scope/redis: DB is %d: tenants' keys are in database 0, and SELECT is not granted", o.DB)
	case o.OnConnect != nil:
		return errors.New("scope/redis: OnConnect is set: what it sends would not be scoped")
	case o.StreamingCredentialsProvider != nil:
		return errors.New("scope/redis: StreamingCredentialsProvider is set: use CredentialsProviderContext")
	case o.ClientSideCache != nil || o.ClientSideCacheConfig != nil:
		return errors.New("scope/redis: client-side caching is set: it needs CLIENT TRACKING, which announces all tenants' keys")
	}
	return nil
}

// Do sends a command that has no method of its own, if the table knows it.
func (c *Client) Do(ctx context.Context, args ...any) *goredis.Cmd {
	return c.scoped.Do(ctx, slices.Clone(args)...)
}

// Process sends a command that the caller made. Its arguments are changed while it is under way: use it for one command at
// a time.
func (c *Client) Process(ctx context.Context, cmd goredis.Cmder) error {
	return c.scoped.Process(ctx, cmd)
}

// Watch runs an optimistic transaction, like go-redis's: fn reads through tx and writes in tx.TxPipelined, which fails with
// goredis.TxFailedErr if one of the keys has changed meanwhile. Pass fn the same context: the tenant is in it. Clusters
// are refused, because there go-redis would hand fn a client that is not scoped.
func (c *Client) Watch(ctx context.Context, fn func(*goredis.Tx) error, keys ...string) error {
	if c.cluster {
		return refuse("watch", "go-redis does not scope it on clusters")
	}
	if len(keys) == 0 {
		return refuse("watch", "it has no key")
	}
	return c.scoped.Watch(context.WithValue(ctx, watching{}, true), fn, keys...)
}

// PoolStats of the connections that commands are sent through.
func (c *Client) PoolStats() *goredis.PoolStats { return c.scoped.PoolStats() }

// Close ends all connections, those of subscriptions included.
func (c *Client) Close() error { return errors.Join(c.scoped.Close(), c.plain.Close()) }
