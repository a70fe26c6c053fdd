package redis

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

// Defaults of a [Cache].
const (
	DefaultTTL      = time.Hour
	DefaultMaxBytes = 1 << 20
	DefaultTimeout  = 5 * time.Minute
)

// Question is what was asked of a model. Two questions are the same if all three parts are.
type Question struct {
	Model  string
	Prompt string
	// Parameters that the answer depends on, such as the temperature: anything that encoding/json writes, the same each
	// time. What a tenant's documents added to the prompt belongs into Prompt.
	Parameters any
}

// Cache keeps answers of models, each for the tenant that asked and nobody else: the key is
// <prefix>:<tenantID>:<sha256 of model, prompt and parameters>. It is safe for concurrent use.
type Cache struct {
	client  *Client
	config  CacheConfig
	flights singleflight.Group
}

// CacheConfig of a [Cache]. Zero values are defaults.
type CacheConfig struct {
	// TTL of an answer. Default [DefaultTTL].
	TTL time.Duration
	// MaxBytes of an answer; longer ones are not kept. Default [DefaultMaxBytes].
	MaxBytes int
	// Timeout of an ask in Do, which several callers may be waiting for. Default [DefaultTimeout].
	Timeout time.Duration
	// OnError is told when Redis fails in Do, which then goes on without it. Default: nobody.
	OnError func(ctx context.Context, err error)
}

// NewCache returns a cache that keeps its answers through a client.
func NewCache(client *Client, config CacheConfig) *Cache {
	if config.TTL <= 0 {
		config.TTL = DefaultTTL
	}
	if config.MaxBytes <= 0 {
		config.MaxBytes = DefaultMaxBytes
	}
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	if config.OnError == nil {
		config.OnError = func(context.Context, error) {}
	}
	return &Cache{client: client, config: config}
}

// Get returns the answer that the context's tenant got to a question before; ok is false if there is none.
func (c *Cache) Get(ctx context.Context, q Question) (answer []byte, ok bool, err error) {
	key, err := q.key()
	if err != nil {
		return nil, false, err
	}
	return c.get(ctx, key)
}

func (c *Cache) get(ctx context.Context, key string) ([]byte, bool, error) {
	answer, err := c.client.Get(ctx, key).Bytes()
	if errors.Is(err, goredis.Nil) {
		return nil, false, nil
	}
	return answer, err == nil, err
}

// Set keeps an answer for the context's tenant. One that is longer than MaxBytes is not kept, which is no error.
func (c *Cache) Set(ctx context.Context, q Question, answer []byte) error {
	key, err := q.key()
	if err != nil {
		return err
	}
	return c.set(ctx, key, answer)
}

func (c *Cache) set(ctx context.Context, key string, answer []byte) error {
	if len(answer) > c.config.MaxBytes {
		return nil
	}
	return c.client.Set(ctx, key, answer, c.config.TTL).Err()
}

// Do returns the kept answer, or asks and keeps what comes back. Callers of one tenant with the same question at the same
// time share one ask; callers of different tenants never do. An ask goes on when the caller that began it leaves, within
// Timeout, for the sake of the others. A failed ask is not kept; one that panics does so in every caller. If Redis fails, Do asks as if nothing had been kept.
//
// Do not change the answer: others may hold the same bytes.
func (c *Cache) Do(ctx context.Context, q Question, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	prefix, err := c.client.hook.prefix(ctx)
	if err != nil {
		return nil, err
	}
	key, err := q.key()
	if err != nil {
		return nil, err
	}
	flight := c.flights.DoChan(prefix+key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Timeout)
		defer cancel()
		return c.fly(ctx, key, ask)
	})
	select {
	case r := <-flight:
		if p, ok := r.Val.(panicked); ok {
			panic(p.value)
		}
		answer, _ := r.Val.([]byte)
		return answer, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// panicked is what an ask ended with. It goes on in the callers, who may recover, and not in the flight, where it would end
// the program.
type panicked struct{ value any }

func (c *Cache) fly(ctx context.Context, key string, ask func(context.Context) ([]byte, error)) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = panicked{p}, nil
		}
	}()
	return c.fill(ctx, key, ask)
}

func (c *Cache) fill(ctx context.Context, key string, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	answer, ok, err := c.get(ctx, key)
	if ok {
		return answer, nil
	}
	if err != nil {
		c.config.OnError(ctx, err)
	}
	if answer, err = ask(ctx); err != nil {
		return nil, err
	}
	if err := c.set(ctx, key, answer); err != nil {
		c.config.OnError(ctx, err)
	}
	return answer, nil
}

// key is the digest of a question. Each part is preceded by its length, so that no two questions are written alike.
func (q Question) key() (string, error) {
	parameters, err := json.Marshal(q.Parameters)
	if err != nil {
		return "", fmt.Errorf("scope/redis: parameters of the question: %w", err)
	}
	digest := sha256.New()
	for _, part := range [][]byte{[]byte(q.Model), []byte(q.Prompt), parameters} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		digest.Write(length[:])
		digest.Write(part)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
