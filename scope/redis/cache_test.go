package redis_test

import (
	"context"
	"errors"
	"math"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantry/tenantry/scope/redis"
)

func TestCacheIsPerTenant(t *testing.T) {
	c, raw := shared(t)
	answers := redis.NewCache(c, redis.CacheConfig{TTL: time.Hour})
	acme, globex := as(t, "cache-a"), as(t, "cache-b")
	q := redis.Question{Model: "gpt-4o", Prompt: "What is our revenue?", Parameters: map[string]any{"temperature": 0, "top_p": 1}}
	must(t, answers.Set(acme, q, []byte("1 million")))
	if got, ok, err := answers.Get(acme, q); string(got) != "1 million" || !ok || err != nil {
		t.Errorf("acme gets %q, %v, %v", got, ok, err)
	}
	if got, ok, err := answers.Get(globex, q); ok || err != nil {
		t.Errorf("globex gets acme's answer: %q, %v", got, err)
	}
	keys := raw.Keys(t.Context(), "ai:cache-*").Val()
	if len(keys) != 1 || !regexp.MustCompile(`^ai:cache-a:[0-9a-f]{64}$`).MatchString(keys[0]) {
		t.Fatalf("stored under %v", keys)
	}
	if ttl := raw.TTL(t.Context(), keys[0]).Val(); ttl <= 0 || ttl > time.Hour {
		t.Errorf("kept for %v", ttl)
	}
}

func TestQuestionsThatDiffer(t *testing.T) {
	c, _ := shared(t)
	answers := redis.NewCache(c, redis.CacheConfig{})
	ctx := as(t, "questions")
	asked := redis.Question{Model: "m", Prompt: "p", Parameters: map[string]any{"a": 1, "b": 2}}
	must(t, answers.Set(ctx, asked, []byte("answer")))
	if _, ok, _ := answers.Get(ctx, redis.Question{Model: "m", Prompt: "p", Parameters: map[string]any{"b": 2, "a": 1}}); !ok {
		t.Error("the same parameters in another order are another question")
	}
	for name, q := range map[string]redis.Question{
		"model":        {Model: "m2", Prompt: "p", Parameters: asked.Parameters},
		"prompt":       {Model: "m", Prompt: "P", Parameters: asked.Parameters},
		"parameters":   {Model: "m", Prompt: "p", Parameters: map[string]any{"a": 1, "b": 3}},
		"none":         {Model: "m", Prompt: "p"},
		"moved border": {Model: "mp", Prompt: "", Parameters: asked.Parameters},
	} {
		if got, ok, err := answers.Get(ctx, q); ok || err != nil {
			t.Errorf("another %s: %q, %v", name, got, err)
		}
	}
	if _, _, err := answers.Get(ctx, redis.Question{Parameters: math.NaN()}); err == nil {
		t.Error("parameters that cannot be written: no error")
	}
}

func TestCacheDo(t *testing.T) {
	c, _ := shared(t)
	answers := redis.NewCache(c, redis.CacheConfig{MaxBytes: 10})
	ctx := as(t, "do")
	var asked atomic.Int32
	ask := func(answer string, err error) func(context.Context) ([]byte, error) {
		return func(context.Context) ([]byte, error) { asked.Add(1); return []byte(answer), err }
	}
	failure := errors.New("the model is away")
	for _, step := range []struct {
		prompt, answer string
		err            error
		want           string
		asked          int32
	}{
		{"p", "", failure, "", 1},
		{"p", "first", nil, "first", 2}, // a failure was not kept
		{"p", "second", nil, "first", 2},
		{"q", "too long to keep", nil, "too long to keep", 3},
		{"q", "too long to keep", nil, "too long to keep", 4},
	} {
		got, err := answers.Do(ctx, redis.Question{Prompt: step.prompt}, ask(step.answer, step.err))
		if string(got) != step.want || !errors.Is(err, step.err) || asked.Load() != step.asked {
			t.Errorf("%+v: got %q, %v, asked %d times", step, got, err, asked.Load())
		}
	}
}

// Callers of one tenant share an ask, callers of another do not, and one who leaves does not end it for the rest.
func TestCacheDoShares(t *testing.T) {
	c, _ := shared(t)
	answers := redis.NewCache(c, redis.CacheConfig{})
	q := redis.Question{Prompt: t.Name()}
	var asked atomic.Int32
	begun, finish := make(chan string, 20), make(chan struct{})
	ask := func(id string) func(context.Context) ([]byte, error) {
		return func(ctx context.Context) ([]byte, error) {
			asked.Add(1)
			begun <- id
			<-finish
			return []byte(id), ctx.Err()
		}
	}
	leaving, leave := context.WithCancel(as(t, "share-a"))
	left := make(chan error)
	go func() { _, err := answers.Do(leaving, q, ask("share-a")); left <- err }()
	next(t, begun)
	var waiting sync.WaitGroup
	for _, id := range []string{"share-a", "share-a", "share-a", "share-b"} {
		ctx := as(t, id)
		waiting.Go(func() {
			if got, err := answers.Do(ctx, q, ask(id)); string(got) != id || err != nil {
				t.Errorf("%s got %q, %v", id, got, err)
			}
		})
	}
	if id := next(t, begun); id != "share-b" {
		t.Errorf("%s asks a second time", id)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(finish)
	waiting.Wait()
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want once per tenant", asked.Load())
	}
}

// next is who asks next.
func next(t testing.TB, begun <-chan string) string {
	t.Helper()
	select {
	case id := <-begun:
		return id
	case <-soon(t, t.Context()).Done():
		t.Fatal("nobody asks")
		return ""
	}
}

func TestCacheDoWithoutRedis(t *testing.T) {
	c, _ := shared(t)
	must(t, c.Close())
	var reported atomic.Int32
	answers := redis.NewCache(c, redis.CacheConfig{OnError: func(context.Context, error) { reported.Add(1) }})
	got, err := answers.Do(as(t, "away"), redis.Question{}, func(context.Context) ([]byte, error) { return []byte("asked"), nil })
	if string(got) != "asked" || err != nil || reported.Load() != 2 {
		t.Errorf("got %q, %v, reported %d", got, err, reported.Load())
	}
}

func TestCacheDoPanics(t *testing.T) {
	c, _ := shared(t)
	defer func() {
		if p := recover(); p == nil || !strings.Contains(p.(string), "of the ask") {
			t.Errorf("recovered %v", p)
		}
	}()
	_, _ = redis.NewCache(c, redis.CacheConfig{}).Do(as(t, "panics"), redis.Question{}, func(context.Context) ([]byte, error) { panic("panic of the ask") })
	t.Error("no panic")
}
