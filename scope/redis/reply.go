package redis

import (
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// keyed are the commands whose reply begins with a key, or is a list or map of such replies.
var keyed = map[string]bool{
	"blpop": true, "brpop": true, "bzpopmin": true, "bzpopmax": true, "lmpop": true, "blmpop": true, "zmpop": true,
	"bzmpop": true, "xread": true, "xreadgroup": true,
}

// strip takes the prefix from the keys in a reply.
func strip(cmd goredis.Cmder, prefix string) {
	if prefix == "" || !keyed[cmd.Name()] {
		return
	}
	switch c := cmd.(type) {
	case *goredis.StringSliceCmd:
		if v := c.Val(); len(v) > 0 {
			v[0] = strings.TrimPrefix(v[0], prefix)
		}
	case *goredis.ZWithKeyCmd:
		if v := c.Val(); v != nil {
			v.Key = strings.TrimPrefix(v.Key, prefix)
		}
	case *goredis.KeyValuesCmd:
		key, values := c.Val()
		c.SetVal(strings.TrimPrefix(key, prefix), values)
	case *goredis.ZSliceWithKeyCmd:
		key, values := c.Val()
		c.SetVal(strings.TrimPrefix(key, prefix), values)
	case *goredis.XStreamSliceCmd:
		for i := range c.Val() {
			c.Val()[i].Stream = strings.TrimPrefix(c.Val()[i].Stream, prefix)
		}
	case *goredis.Cmd:
		c.SetVal(stripValue(c.Val(), prefix, strings.HasPrefix(cmd.Name(), "xread")))
	case *goredis.SliceCmd:
		stripValue(c.Val(), prefix, false)
	}
}

// stripValue does it for a reply of no particular type: [key, …], and for streams [[key, …], …] or {key: …}.
func stripValue(value any, prefix string, streams bool) any {
	switch v := value.(type) {
	case map[any]any:
		out := make(map[any]any, len(v))
		for key, entries := range v {
			out[stripKey(key, prefix)] = entries
		}
		return out
	case []any:
		if streams {
			for i := range v {
				v[i] = stripValue(v[i], prefix, false)
			}
		} else if len(v) > 0 {
			v[0] = stripKey(v[0], prefix)
		}
	}
	return value
}

func stripKey(key any, prefix string) any {
	if s, ok := key.(string); ok {
		return strings.TrimPrefix(s, prefix)
	}
	return key
}
