package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/redis/go-redis/v9"
)

// operatorRedisUser is the operator's own user, made as docs/redis/operator-user.md says.
const operatorRedisUser = "operator"

// operatorUserPage documents the rule of that user. The demo runs what stands there, so that the page stays true.
const operatorUserPage = "docs/redis/operator-user.md"

func (d *demo) prepareRedis(ctx context.Context) error {
	command, err := documentedCommand(filepath.Join(d.root, operatorUserPage))
	if err != nil {
		return err
	}
	command = strings.Replace(command, "SETUSER tenantry ", "SETUSER "+operatorRedisUser+" ", 1)
	d.console.Command("redis-cli " + command + "   # " + operatorUserPage + "\nredis-cli ACL SAVE")
	admin := d.redis.Client()
	defer func() { _ = admin.Close() }()
	// The command on the screen has the word PASSWORD where the password goes.
	words := strings.ReplaceAll(strings.ReplaceAll(command, "\\\n", " "), ">PASSWORD", ">"+d.operatorUser)
	if err := admin.Do(ctx, arguments(words)...).Err(); err != nil {
		return wrap("make the operator's user in Redis", err)
	}
	if err := admin.Do(ctx, "ACL", "SAVE").Err(); err != nil {
		return wrap("save the users of Redis", err)
	}
	d.console.OK("Redis: the user %q, which can manage users and touch no tenant's key", operatorRedisUser)
	return nil
}

// documentedCommand returns the first block of Redis commands on a page, line breaks included.
func documentedCommand(page string) (string, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(string(text), "```redis\n")
	command, _, found := strings.Cut(after, "\n```")
	if !found {
		return "", fmt.Errorf("%s holds no block of Redis commands", page)
	}
	return command, nil
}

func (d *demo) redisVersion(ctx context.Context) (string, error) {
	admin := d.redis.Client()
	defer func() { _ = admin.Close() }()
	info, err := admin.Info(ctx, "server").Result()
	if err != nil {
		return "", wrap("ask Redis for its version", err)
	}
	for line := range strings.Lines(info) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			return version, nil
		}
	}
	return "of unknown version", nil
}

// redisAt connects as one user, over one connection, without retries: what the server says first is what counts.
func redisAt(uri string) (*redis.Client, error) {
	options, err := redis.ParseURL(uri)
	if err != nil {
		return nil, err
	}
	options.MaxRetries, options.PoolSize = -1, 1
	return redis.NewClient(options), nil
}
