package redis_test

import "strings"

var placeholders = []string{"K", "C", "P"}

// trials are the commands that a tenant is granted, with arguments: K is a key, C a channel, P the pattern of all channels.
// With more than one, each of them must be bound. Commands without any touch nobody's data.
var trials = strings.Split(strings.TrimSpace(`
append K x
decr K
decrby K 1
get K
getdel K
getex K
getrange K 0 1
getset K 1
incr K
incrby K 1
incrbyfloat K 1
lcs K K
mget K K
mset K 1 K 1
msetnx K 1 K 1
psetex K 100000 1
set K 1
setex K 100 1
setnx K 1
setrange K 0 1
strlen K
substr K 0 1
bitcount K
bitfield K set u8 0 1
bitfield_ro K get u8 0
bitop and K K
bitpos K 1
getbit K 0
setbit K 0 1
hdel K f
hexists K f
hget K f
hgetall K
hincrby K f 1
hincrbyfloat K f 1
hkeys K
hlen K
hmget K f
hmset K f v
hrandfield K
hscan K 0
hset K f v
hsetnx K f v
hstrlen K f
hvals K
blmove K K left left 0.01
blmpop 0.01 2 K K left
blpop K K 0.01
brpop K K 0.01
brpoplpush K K 0.01
lindex K 0
linsert K before x y
llen K
lmove K K left left
lmpop 2 K K left
lpop K
lpos K x
lpush K x
lpushx K x
lrange K 0 1
lrem K 0 x
lset K 0 x
ltrim K 0 1
rpop K
rpoplpush K K
rpush K x
rpushx K x
sadd K x
scard K
sdiff K K
sdiffstore K K
sinter K K
sintercard 2 K K
sinterstore K K
sismember K x
smembers K
smismember K x
smove K K x
spop K
srandmember K
srem K x
sscan K 0
sunion K K
sunionstore K K
bzmpop 0.01 2 K K min
bzpopmax K K 0.01
bzpopmin K K 0.01
zadd K 1 x
zcard K
zcount K 0 1
zdiff 2 K K
zdiffstore K 2 K K
zincrby K 1 x
zinter 2 K K
zintercard 2 K K
zinterstore K 2 K K
zlexcount K - +
zmpop 2 K K min
zmscore K x
zpopmax K
zpopmin K
zrandmember K
zrange K 0 1
zrangebylex K - +
zrangebyscore K 0 1
zrangestore K K 0 1
zrank K x
zrem K x
zremrangebylex K - +
zremrangebyrank K 0 1
zremrangebyscore K 0 1
zrevrange K 0 1
zrevrangebylex K + -
zrevrangebyscore K 1 0
zrevrank K x
zscan K 0
zscore K x
zunion 2 K K
zunionstore K 2 K K
pfadd K x
pfcount K K
pfmerge K K
geoadd K 1 1 x
geodist K x y
geohash K x
geopos K x
georadius K 1 1 1 km
georadius K 1 1 1 km store K
georadius K 1 1 1 km storedist K
georadius_ro K 1 1 1 km
georadiusbymember K x 1 km
georadiusbymember K x 1 km store K
georadiusbymember_ro K x 1 km
geosearch K fromlonlat 1 1 byradius 1 km
geosearchstore K K fromlonlat 1 1 byradius 1 km
xack K g 1-1
xadd K * f v
xautoclaim K g c 0 0
xclaim K g c 0 1-1
xdel K 1-1
xlen K
xpending K g
xrange K - +
xread streams K K 0 0
xreadgroup group g c streams K K > >
xrevrange K + -
xsetid K 1-1
xtrim K maxlen 1
xgroup create K g $
xgroup createconsumer K g c
xgroup delconsumer K g c
xgroup destroy K g
xgroup setid K g $
xinfo consumers K g
xinfo groups K
xinfo stream K
del K K
exists K K
expire K 100
expireat K 9999999999
expiretime K
persist K
pexpire K 100000
pexpireat K 9999999999000
pexpiretime K
pttl K
rename K K
renamenx K K
touch K K
ttl K
type K
unlink K K
publish C x
spublish C x
subscribe C C
psubscribe P
ssubscribe C
unsubscribe
punsubscribe
sunsubscribe
watch K K
ping
echo x
time
command count
command docs get
command getkeys get k
command getkeysandflags get k
command info get
command list
command help
unwatch
multi
exec
discard
client getname
client id
client info
client reply on
client setname x
`), "\n")
