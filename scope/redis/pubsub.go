package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// Subscription receives messages of one tenant's channels. Channel names are without the prefix.
type Subscription struct {
	sub    *goredis.PubSub
	prefix string
	out    chan *goredis.Message
	start  sync.Once
	stop   sync.Once
	done   chan struct{}
}

// Subscribe to channels of the context's tenant; publish with Publish. When it returns, the server has confirmed them.
// The subscription holds a connection of its own until it is closed. There are no patterns: the server lets a user subscribe
// to the pattern that it was granted, literally, and an application's is that of all tenants.
func (c *Client) Subscribe(ctx context.Context, channels ...string) (*Subscription, error) {
	return c.subscribe(ctx, "subscribe", channels, c.plain.Subscribe)
}

// SSubscribe is [Client.Subscribe] for sharded channels; publish with SPublish.
func (c *Client) SSubscribe(ctx context.Context, channels ...string) (*Subscription, error) {
	return c.subscribe(ctx, "ssubscribe", channels, c.plain.SSubscribe)
}

func (c *Client) subscribe(
	ctx context.Context, name string, channels []string, open func(context.Context, ...string) *goredis.PubSub,
) (*Subscription, error) {
	prefix, err := c.hook.prefix(ctx)
	if err != nil {
		return nil, err
	}
	if len(channels) == 0 {
		return nil, refuse(name, "it has no channel")
	}
	full := make([]string, len(channels))
	for i, channel := range channels {
		full[i] = prefix + channel
	}
	s := &Subscription{sub: open(ctx, full...), prefix: prefix, out: make(chan *goredis.Message), done: make(chan struct{})}
	for range full {
		if _, err := s.sub.Receive(ctx); err != nil {
			_ = s.sub.Close()
			return nil, fmt.Errorf("scope/redis: %s: %w", name, logical(err, prefix))
		}
	}
	return s, nil
}

// ReceiveMessage waits for the next message. Use either it or [Subscription.Channel].
func (s *Subscription) ReceiveMessage(ctx context.Context) (*goredis.Message, error) {
	m, err := s.sub.ReceiveMessage(ctx)
	if err != nil {
		return nil, logical(err, s.prefix)
	}
	return s.clean(m), nil
}

// Channel returns a channel of messages that is closed with the subscription. It reconnects and subscribes again by itself;
// messages that nobody takes for a minute are dropped, as in go-redis.
func (s *Subscription) Channel() <-chan *goredis.Message {
	s.start.Do(func() {
		in := s.sub.Channel()
		go s.forward(in)
	})
	return s.out
}

// forward ends when the subscription is closed, also when nobody reads any more.
func (s *Subscription) forward(in <-chan *goredis.Message) {
	defer close(s.out)
	for m := range in {
		select {
		case s.out <- s.clean(m):
		case <-s.done:
			return
		}
	}
}

func (s *Subscription) clean(m *goredis.Message) *goredis.Message {
	out := *m
	out.Channel = strings.TrimPrefix(m.Channel, s.prefix)
	return &out
}

// Close ends the subscription and its connection.
func (s *Subscription) Close() error {
	s.stop.Do(func() { close(s.done) })
	return s.sub.Close()
}
