package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/scope"
)

// hook rewrites commands on their way out and replies on their way back. go-redis runs it around everything that a
// client, a pipeline or a transaction sends.
type hook struct {
	keyPrefix string
	scripts   bool
}

// sent marks the context below the hook. go-redis greets the server there, on a connection that inherits the hook: those
// commands are the client's own.
type sent struct{}

// watching marks the context with which Watch itself sends WATCH.
type watching struct{}

// rewritten remembers what a command's arguments were.
type rewritten struct {
	args   []any
	at     []int
	before []any
}

func (r rewritten) undo() {
	for i, pos := range r.at {
		r.args[pos] = r.before[i]
	}
}

// DialHook changes nothing.
func (h *hook) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook scopes one command.
func (h *hook) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if ctx.Value(sent{}) != nil {
			return next(ctx, cmd)
		}
		prefix, r, err := h.scope(ctx, cmd, false)
		if err != nil {
			return err
		}
		err = next(context.WithValue(ctx, sent{}, true), cmd)
		r.undo()
		strip(cmd, prefix)
		return logical(err, prefix)
	}
}

// ProcessPipelineHook scopes a pipeline or a transaction: all of it, or none.
func (h *hook) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if ctx.Value(sent{}) != nil {
			return next(ctx, cmds)
		}
		var done []rewritten
		undo := func() {
			for _, r := range done {
				r.undo()
			}
		}
		prefix := ""
		for _, cmd := range cmds {
			p, r, err := h.scope(ctx, cmd, true)
			if err != nil {
				undo()
				for _, c := range cmds {
					c.SetErr(err)
				}
				return err
			}
			done = append(done, r)
			if p != "" {
				prefix = p
			}
		}
		err := next(context.WithValue(ctx, sent{}, true), cmds)
		undo()
		for _, cmd := range cmds {
			strip(cmd, prefix)
			if e := cmd.Err(); e != nil {
				cmd.SetErr(logical(e, prefix))
			}
		}
		return logical(err, prefix)
	}
}

// scope puts the tenant's prefix before every key of a command, in place, and returns the prefix, "" where there is no key.
func (h *hook) scope(ctx context.Context, cmd goredis.Cmder, piped bool) (string, rewritten, error) {
	args := cmd.Args()
	name, c, err := h.look(args)
	if err != nil {
		return "", rewritten{}, err
	}
	if c.piped && !piped {
		return "", rewritten{}, refuse(name, "it would bind a pooled connection: use TxPipelined")
	}
	if c.watches && (piped || ctx.Value(watching{}) == nil) && name != "unwatch" {
		return "", rewritten{}, refuse(name, "it would bind a pooled connection: use Watch")
	}
	if c.keys == nil {
		return "", rewritten{}, nil
	}
	prefix, err := h.prefix(ctx)
	if err != nil {
		return "", rewritten{}, err
	}
	positions, err := c.keys(args)
	if err != nil {
		return "", rewritten{}, refuse(name, "%v", err)
	}
	r, err := rewrite(args, positions, prefix)
	if err != nil {
		return "", rewritten{}, refuse(name, "%v", err)
	}
	return prefix, r, nil
}

// look finds a command in the table.
func (h *hook) look(args []any) (string, command, error) {
	name := part(args, 0)
	if containers[name] {
		name += "|" + part(args, 1)
	}
	c, ok := table[name]
	switch {
	case name == "":
		return "", command{}, fmt.Errorf("%w: the name of the command is not a string", ErrRefused)
	case !ok:
		return "", command{}, refuse(part(args, 0), "it is not known to touch one tenant's keys only")
	case c.script && !h.scripts:
		return "", command{}, refuse(name, "scripts can touch keys that they do not declare: see AllowScripts")
	}
	return name, c, nil
}

// part is a part of a command's name, which must be a string: what go-redis writes for other types is its own affair.
func part(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := args[i].(string)
	return strings.ToLower(s)
}

// prefix of the context's tenant: what every key and channel of it begins with.
func (h *hook) prefix(ctx context.Context) (string, error) {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return "", err
	}
	return h.keyPrefix + ":" + tenant.ID + ":", nil
}

var errKeyType = errors.New("a key is a string or bytes")

func rewrite(args []any, positions []int, prefix string) (rewritten, error) {
	r := rewritten{args: args, at: positions, before: make([]any, len(positions))}
	keys := make([]string, len(positions))
	for i, pos := range positions {
		switch key := args[pos].(type) {
		case string:
			keys[i] = prefix + key
		case []byte:
			keys[i] = prefix + string(key)
		default:
			return rewritten{}, errKeyType
		}
		r.before[i] = args[pos]
	}
	for i, pos := range positions {
		args[pos] = keys[i]
	}
	return r, nil
}
