package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// redisRefused is an attempt over one new connection whose last command the server must refuse with an error code.
func redisRefused(connect func() (*redis.Client, error), code string, commands ...string) attempt {
	try := func(ctx context.Context) (string, error) {
		client, err := connect()
		if err != nil {
			return err.Error(), err
		}
		defer func() { _ = client.Close() }()
		conn := client.Conn()
		defer func() { _ = conn.Close() }()
		return judgeRedis(code, commands, func(command string) (any, error) { return conn.Do(ctx, arguments(command)...).Result() })
	}
	return attempt{what: strings.Join(commands, "; "), try: try}
}

func judgeRedis(code string, commands []string, do func(string) (any, error)) (string, error) {
	var got any
	var err error
	for i, c := range commands {
		if got, err = do(c); err != nil && i < len(commands)-1 {
			return err.Error(), fmt.Errorf("%s: %w", c, err)
		}
	}
	if refused, ok := errors.AsType[redis.Error](err); ok && !errors.Is(err, redis.Nil) {
		first, _, _ := strings.Cut(refused.Error(), " ")
		return refused.Error(), wants(code, first)
	}
	return fmt.Sprint(got), fmt.Errorf("expected %s, got %v, %w", code, got, err)
}

// arguments splits a command; what stands in double quotes is one.
func arguments(command string) []any {
	var out []any
	for i, part := range strings.Split(command, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		for _, word := range strings.Fields(part) {
			out = append(out, word)
		}
	}
	return out
}

// cacheAttempts are what a tenant's own Redis user may try against another tenant.
func cacheAttempts(t *tenant, victim string) []attempt {
	theirs, ours := keyPrefix+":"+victim+":", t.secrets["redis"]["key-prefix"]
	alike := keyPrefix + ":" + t.name + "-2:session:1"
	var out []attempt
	for _, command := range []string{
		"GET " + theirs + "session:1", "SET " + theirs + "session:1 x", "DEL " + theirs + "session:1",
		"HGETALL " + theirs + "settings", "MGET " + ours + "session:1 " + theirs + "session:1",
		"RENAME " + ours + "settings " + theirs + "settings", "GET " + alike,
		"KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "FLUSHALL", "SELECT 1",
		`EVAL "return redis.call('GET', KEYS[1])" 1 ` + theirs + "session:1",
		"SORT " + ours + "letters BY " + theirs + "*",
		"SUBSCRIBE " + theirs + "events", "PSUBSCRIBE *", "PUBLISH " + theirs + "events x",
		"CONFIG GET *", "ACL LIST", "CLIENT LIST", "MONITOR",
	} {
		out = append(out, redisRefused(t.cache, "NOPERM", command))
	}
	return append(out,
		redisRefused(t.cache, "WRONGPASS", "AUTH tenant-"+victim+" guess"),
		redisRefused(t.cache, "NOAUTH", "RESET", "GET "+theirs+"session:1"))
}
