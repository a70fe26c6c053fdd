package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"
)

// On clusters, go-redis sends these to the nodes itself, past every hook. So they are answered here.

// DBSize is refused: it counts the keys of all tenants.
func (c *Client) DBSize(ctx context.Context) *goredis.IntCmd {
	return refused(goredis.NewIntCmd(ctx, "dbsize"))
}

// ScriptFlush is refused: it takes away the scripts of all tenants.
func (c *Client) ScriptFlush(ctx context.Context) *goredis.StatusCmd {
	return refused(goredis.NewStatusCmd(ctx, "script", "flush"))
}

// HImportPrepare is refused.
func (c *Client) HImportPrepare(ctx context.Context, _ string, _ ...string) *goredis.StatusCmd {
	return refused(goredis.NewStatusCmd(ctx, "himport"))
}

// HImportDiscard is refused.
func (c *Client) HImportDiscard(ctx context.Context, _ string) *goredis.IntCmd {
	return refused(goredis.NewIntCmd(ctx, "himport"))
}

// HImportDiscardAll is refused.
func (c *Client) HImportDiscardAll(ctx context.Context) *goredis.IntCmd {
	return refused(goredis.NewIntCmd(ctx, "himport"))
}

// ScriptLoad needs [AllowScripts].
func (c *Client) ScriptLoad(ctx context.Context, script string) *goredis.StringCmd {
	if !c.hook.scripts {
		_, _, err := c.hook.look([]any{"script", "load"})
		cmd := goredis.NewStringCmd(ctx, "script", "load")
		cmd.SetErr(err)
		return cmd
	}
	return c.scoped.ScriptLoad(ctx, script)
}

// ScriptExists needs [AllowScripts].
func (c *Client) ScriptExists(ctx context.Context, hashes ...string) *goredis.BoolSliceCmd {
	if !c.hook.scripts {
		_, _, err := c.hook.look([]any{"script", "exists"})
		cmd := goredis.NewBoolSliceCmd(ctx, "script", "exists")
		cmd.SetErr(err)
		return cmd
	}
	return c.scoped.ScriptExists(ctx, hashes...)
}

func refused[C goredis.Cmder](cmd C) C {
	cmd.SetErr(refuse(cmd.Name(), "it is not known to touch one tenant's keys only"))
	return cmd
}
