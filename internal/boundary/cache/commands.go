package cache

import (
	"slices"
	"strings"
)

// What a tenant may run. It is an allow-list of single commands, not of categories: those hold commands that reach beyond
// a key pattern (@read holds KEYS and SCAN, @write holds FLUSHALL and COPY), and what they hold changes between versions.
//
// A command belongs here if every key and channel it touches is declared to the server, so that the pattern binds it, or
// if it touches none and tells nothing about anybody else. Commands that a server does not know are left out: SETUSER
// refuses a rule as a whole for one unknown name.
//
// Left out on purpose:
//   - KEYS SCAN RANDOMKEY DBSIZE PUBSUB INFO ROLE CLIENT|LIST: list or count what belongs to others.
//   - FLUSHALL FLUSHDB SWAPDB SELECT MOVE COPY MIGRATE: no key pattern binds them, or they reach into another database,
//     where the same pattern holds for everybody.
//   - SORT SORT_RO: BY and GET read keys that are not declared.
//   - DUMP RESTORE OBJECT MEMORY DEBUG: internals, and a parser for hostile payloads.
//   - CLIENT|TRACKING CLIENT|CACHING: in broadcast mode they announce everybody's key names.
//   - WAIT WAITAOF CLIENT|NO-EVICT CLIENT|KILL and all of CONFIG, ACL, MONITOR, FUNCTION, MODULE, LATENCY: administration.
//   - FCALL: libraries are loaded by an administrator and shared by all.
//
// AUTH, HELLO, RESET and QUIT cannot be refused to anybody: hence the hazard of an open default user.
const (
	stringCommands = "append decr decrby get getdel getex getrange getset incr incrby incrbyfloat lcs mget mset msetnx " +
		"psetex set setex setnx setrange strlen substr delex digest msetex delifeq"
	bitmapCommands = "bitcount bitfield bitfield_ro bitop bitpos getbit setbit"
	hashCommands   = "hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx " +
		"hstrlen hvals hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl " +
		"hgetdel hgetex hsetex"
	listCommands = "blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange " +
		"lrem lset ltrim rpop rpoplpush rpush rpushx"
	setCommands = "sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop " +
		"srandmember srem sscan sunion sunionstore"
	sortedSetCommands = "bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard " +
		"zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore " +
		"zrank zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank " +
		"zscan zscore zunion zunionstore"
	sketchCommands = "pfadd pfcount pfmerge"
	geoCommands    = "geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro " +
		"geosearch geosearchstore"
	streamCommands = "xack xackdel xadd xautoclaim xclaim xdel xdelex xlen xpending xrange xread xreadgroup xrevrange " +
		"xsetid xtrim xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid " +
		"xinfo|consumers xinfo|groups xinfo|stream"
	keyCommands = "del exists expire expireat expiretime persist pexpire pexpireat pexpiretime pttl rename renamenx " +
		"touch ttl type unlink"
	channelCommands = "publish spublish subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe"
	// connectionCommands touch no key. Official clients name and describe their own connection as they connect, look up the
	// static table of commands, and wrap commands into transactions.
	connectionCommands = "ping echo time command multi exec discard watch unwatch client|getname client|id client|info " +
		"client|reply client|setinfo client|setname"
	// clusterCommands are what cluster clients need to find the node that serves a slot. CLUSTER|GETKEYSINSLOT lists keys.
	clusterCommands = "asking readonly readwrite cluster|info cluster|keyslot cluster|myid cluster|nodes cluster|shards " +
		"cluster|slots"
	// scriptCommands: each command of a script is checked against the caller's rules as it runs. SCRIPT|FLUSH and |KILL
	// would hit other tenants' scripts.
	scriptCommands = "eval eval_ro evalsha evalsha_ro script|exists script|load"
)

var dataCommands = strings.Fields(strings.Join([]string{
	stringCommands, bitmapCommands, hashCommands, listCommands, setCommands, sortedSetCommands, sketchCommands,
	geoCommands, streamCommands, keyCommands, channelCommands, connectionCommands,
}, " "))

// granted is what tenants and the application may run on a node.
type granted struct {
	// words are the commands as a rule names them, sorted.
	words []string
	// commands are the same in normal form.
	commands Commands
}

// grantKey is what decides about it, beside the catalog.
type grantKey struct{ scripts, cluster bool }

// granted works it out once per catalog: it is the same for thousands of tenants.
func (s Spec) granted(n *Node) granted {
	key := grantKey{s.Scripts == Allow, n.Cluster}
	if g, ok := n.Catalog.grants.Load(key); ok {
		return g.(granted)
	}
	words := slices.Clone(dataCommands)
	if key.cluster {
		words = append(words, strings.Fields(clusterCommands)...)
	}
	if key.scripts {
		words = append(words, strings.Fields(scriptCommands)...)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return !n.Catalog.Knows(w) })
	slices.Sort(words)
	g := granted{words: words, commands: n.Catalog.Grant(words)}
	n.Catalog.grants.Store(key, g)
	return g
}
