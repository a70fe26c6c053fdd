package stack

import (
	"context"
	"fmt"
)

// SentinelOptions describe what a sentinel watches.
type SentinelOptions struct {
	Name    string // of the group of servers, as clients ask for it; "" is "tenantry"
	Primary *Redis // required
	Quorum  int    // sentinels that must agree that the primary is down; 0 is 1
}

// StartSentinel starts a sentinel that watches the primary and, through it, its replicas. The caller stops it before
// the servers that it watches.
func StartSentinel(ctx context.Context, opts SentinelOptions) (*Redis, error) {
	if opts.Primary == nil {
		return nil, fmt.Errorf("SentinelOptions.Primary is required: a sentinel watches a server")
	}
	if opts.Name == "" {
		opts.Name = redisAdmin
	}
	opts.Quorum = max(opts.Quorum, 1)
	// A sentinel rewrites its configuration file by itself, so its users live there too.
	config := newRedisConfig(RedisOptions{Persistence: RedisConfigRewrite, AdminPassword: opts.Primary.AdminPassword})
	config.name, config.sentinel = "Redis Sentinel", &opts
	sentinel, err := startRedis(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := sentinel.hurry(ctx); err != nil {
		sentinel.Stop()
		return nil, fmt.Errorf("shorten the sentinel's periods: %w", err)
	}
	return sentinel, nil
}

// hurry has the sentinel look at its servers every half second instead of every ten: no test should wait for that.
func (r *Redis) hurry(ctx context.Context) error {
	client := r.Client()
	defer func() { _ = client.Close() }()
	return client.Do(ctx, "sentinel", "debug", "info-period", 500, "ping-period", 200, "publish-period", 500).Err()
}

// lines are the sentinel's part of the configuration. A second of silence counts as down: tests wait for failovers.
func (o *SentinelOptions) lines() []string {
	return []string{
		fmt.Sprintf("sentinel monitor %s %s %d %d", o.Name, loopback, o.Primary.port, o.Quorum),
		fmt.Sprintf("sentinel auth-user %s %s", o.Name, o.Primary.AdminUser),
		fmt.Sprintf("sentinel auth-pass %s %s", o.Name, o.Primary.AdminPassword),
		fmt.Sprintf("sentinel down-after-milliseconds %s 1000", o.Name),
		fmt.Sprintf("sentinel failover-timeout %s 5000", o.Name),
	}
}
