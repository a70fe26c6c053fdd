package redis

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary/cache"
)

// facts reads what a node says of itself in INFO.
func facts(info map[string]string) cache.Facts {
	f := cache.Facts{
		Version: versionIn(info), Stream: info["master_replid"], Replica: info["role"] == "slave", Eviction: info["maxmemory_policy"],
		SaveFailed: info["rdb_last_bgsave_status"] == "err" || info["aof_last_write_status"] == "err" ||
			info["aof_last_bgrewrite_status"] == "err",
	}
	f.MaxMemory, _ = strconv.ParseInt(info["maxmemory"], 10, 64)
	connected, _ := strconv.Atoi(info["connected_slaves"])
	for i := range connected {
		f.Replicas = append(f.Replicas, replicaAddr(info[fmt.Sprintf("slave%d", i)]))
	}
	return f
}

// versionIn is the version in INFO; Valkey says which Redis it is compatible with beside its own.
func versionIn(info map[string]string) cache.Version {
	if v := info["valkey_version"]; v != "" {
		return cache.Version{Valkey: true, Number: v}
	}
	return cache.Version{Number: info["redis_version"]}
}

// replicaAddr reads "ip=10.0.0.7,port=6379,state=online,…".
func replicaAddr(line string) string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(line, ",") {
		k, v, _ := strings.Cut(field, "=")
		fields[k] = v
	}
	return net.JoinHostPort(fields["ip"], fields["port"])
}
