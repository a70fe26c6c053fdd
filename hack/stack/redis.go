package stack

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// RedisPersistence says where a server keeps its ACL users over a restart.
type RedisPersistence string

const (
	// RedisACLFile keeps users in an ACL file: ACL SAVE writes it. The default.
	RedisACLFile RedisPersistence = "ACLFile"
	// RedisConfigRewrite keeps users in the configuration file: CONFIG REWRITE writes it.
	RedisConfigRewrite RedisPersistence = "ConfigRewrite"
	// RedisNone keeps no users: the server has neither file, and both commands are errors.
	RedisNone RedisPersistence = "None"
)

// RedisOptions vary a Redis server. The zero value has an ACL file, the default user off and no replication.
type RedisOptions struct {
	// Persistence of ACL users; "" is RedisACLFile.
	Persistence RedisPersistence
	// OpenDefaultUser leaves the default user on and without a password, as a fresh Redis does.
	OpenDefaultUser bool
	// ReplicaOf makes the server a replica of another one of this stack.
	ReplicaOf *Redis
	// Cluster turns cluster mode on. The node serves no slots yet; see [StartRedisCluster].
	Cluster bool
	// AdminPassword of the administrator; "" is random, or for a replica the primary's: a failover must not lock it out.
	AdminPassword string
	// Settings are further lines of the configuration, for example {"acllog-max-len": "10"}.
	Settings map[string]string
}

// Redis is a running Redis or Valkey server with an administrator of its own.
type Redis struct {
	// AdminUser and AdminPassword may do everything on this server.
	AdminUser, AdminPassword string

	port    int
	command command
	config  redisConfig
	dir     *runDir

	mu      sync.Mutex
	process *process // nil while stopped
}

// redisAdmin is the administrator on every server of the stack.
const redisAdmin = "tenantry"

// StartRedis makes a new, empty server and waits until it answers. The caller stops it.
func StartRedis(ctx context.Context, opts RedisOptions) (*Redis, error) {
	return startRedis(ctx, newRedisConfig(opts))
}

func startRedis(ctx context.Context, config redisConfig) (*Redis, error) {
	path, err := redisServer()
	if err != nil {
		return nil, err
	}
	dir, err := newRunDir()
	if err != nil {
		return nil, err
	}
	r := &Redis{AdminUser: redisAdmin, AdminPassword: config.password, config: config, dir: dir}
	r.command = command{
		name: config.name, path: path, dir: dir.path, logFile: dir.join("log"), deathSignal: syscall.SIGKILL,
	}
	if err := onFreePort(func(port int) error { return r.create(ctx, port) }); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

// create writes the files of the server and starts it.
func (r *Redis) create(ctx context.Context, port int) error {
	r.port = port
	if err := r.config.choosePort(port); err != nil {
		return err
	}
	text := r.config.render()
	if r.config.opts.Persistence == RedisACLFile {
		if err := os.WriteFile(r.dir.join(aclFile), []byte(r.config.users()), 0o600); err != nil {
			return err
		}
	}
	r.command.args = r.config.args(r.dir.join("redis.conf"))
	if r.config.opts.Persistence == RedisNone {
		r.command.stdin = text
	} else if err := os.WriteFile(r.dir.join("redis.conf"), []byte(text), 0o600); err != nil {
		return err
	}
	return r.start(ctx)
}

func (r *Redis) start(ctx context.Context) error {
	process, err := r.command.start()
	if err != nil {
		return err
	}
	if err := process.ready(ctx, r.ping); err != nil {
		process.kill()
		return err
	}
	r.process = process
	return nil
}

func (r *Redis) ping(ctx context.Context) error {
	client := r.Client()
	defer func() { _ = client.Close() }()
	return client.Ping(ctx).Err()
}

// Client returns a new client of this server for the administrator. The caller closes it.
func (r *Redis) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: r.Addr(), Username: r.AdminUser, Password: r.AdminPassword, MaxRetries: -1,
	})
}

// Addr returns host:port. It stays the same over restarts.
func (r *Redis) Addr() string { return address(r.port) }

// Port returns the port as text.
func (r *Redis) Port() string { return strconv.Itoa(r.port) }

// LogFile returns the path of the server's log, for messages of failed tests.
func (r *Redis) LogFile() string { return r.command.logFile }

// Restart stops the server, where it runs, and starts it on the same files and port. Unsaved users are gone.
func (r *Redis) Restart(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halt()
	if err := r.start(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// Kill ends the server with SIGKILL, as a crash would. Restart brings it back.
func (r *Redis) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.process != nil {
		r.process.kill()
		r.process = nil
	}
}

// Stop shuts the server down and removes its files. It may be called twice.
func (r *Redis) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halt()
	r.dir.remove()
}

func (r *Redis) halt() {
	if r.process != nil {
		r.process.stop(syscall.SIGTERM)
		r.process = nil
	}
}
