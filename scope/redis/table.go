package redis

import "strings"

// command is what is known about a command.
type command struct {
	// keys finds the arguments that are keys or channels. nil: there are none, and no tenant is needed.
	keys finder
	// script marks commands that are refused unless scripts are allowed.
	script bool
	// piped marks commands that make sense inside a pipeline only.
	piped bool
	// watches marks commands that bind a connection: only Watch may send them.
	watches bool
}

// containers are commands whose first argument is a part of their name.
var containers = map[string]bool{"xgroup": true, "xinfo": true, "client": true, "script": true}

// table is every command that is let through, by name in lower case, "container|subcommand" for those.
//
// A command belongs here if each key and channel that it touches is found by its finder, whatever its options, and if it
// touches nothing else. It is a subset of what the operator grants to a tenant's user. Left out although granted: commands
// that change or watch the pooled connection that happens to serve them, and descriptions of the server.
var table = build(map[string]command{
	// The first argument is the key, and no other.
	`append decr decrby get getdel getex getrange getset incr incrby incrbyfloat psetex set setex setnx setrange strlen
	 substr bitcount bitfield bitfield_ro bitpos getbit setbit
	 hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals
	 hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl
	 lindex linsert llen lpop lpos lpush lpushx lrange lrem lset ltrim rpop rpush rpushx
	 sadd scard sismember smembers smismember spop srandmember srem sscan
	 zadd zcard zcount zincrby zlexcount zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrank zrem
	 zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore
	 pfadd geoadd geodist geohash geopos georadius_ro georadiusbymember_ro geosearch
	 xack xadd xautoclaim xclaim xdel xlen xpending xrange xrevrange xsetid xtrim
	 expire expireat expiretime persist pexpire pexpireat pexpiretime pttl ttl type`: {keys: at(1)},
	// The first two are.
	`blmove brpoplpush lcs lmove rpoplpush smove geosearchstore zrangestore rename renamenx`: {keys: at(1, 2)},
	// All are, or all but the last, or every second.
	`del exists touch unlink mget sdiff sdiffstore sinter sinterstore sunion sunionstore pfcount pfmerge`: {keys: span(1, 0, 1)},
	`blpop brpop bzpopmax bzpopmin`: {keys: span(1, 1, 1)},
	`mset msetnx`:                   {keys: span(1, 0, 2)},
	`bitop`:                         {keys: span(2, 0, 1)},
	// A number says how many follow, perhaps behind a destination.
	`lmpop zmpop sintercard zdiff zinter zintercard zunion`: {keys: counted(1)},
	`blmpop bzmpop`:                      {keys: counted(2)},
	`zdiffstore zinterstore zunionstore`: {keys: counted(2, 1)},
	// They stand behind a word.
	`georadius georadiusbymember`: {keys: georadius},
	`xread`:                       {keys: streams(map[string]int{"count": 1, "block": 1})},
	`xreadgroup`:                  {keys: streams(map[string]int{"count": 1, "block": 1, "group": 2, "noack": 0, "claim": 1})},
	`xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid
	 xinfo|consumers xinfo|groups xinfo|stream`: {keys: at(2)},
	`publish spublish`: {keys: at(1)},

	`watch`:      {keys: span(1, 0, 1), watches: true},
	`unwatch`:    {watches: true},
	`multi exec`: {piped: true},

	// They touch no key.
	`ping echo time client|getname client|id client|info`: {},

	`eval eval_ro evalsha evalsha_ro`: {keys: counted(2), script: true},
	`script|exists script|load`:       {script: true},
})

func build(groups map[string]command) map[string]command {
	out := map[string]command{}
	for names, c := range groups {
		for _, name := range strings.Fields(names) {
			out[name] = c
		}
	}
	return out
}
