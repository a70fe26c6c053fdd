package stack

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// slots is the number of hash slots that the nodes of every cluster share.
const slots = 16384

// StartRedisCluster starts a cluster of primaries without replicas, waits until each node knows all others and serves
// its share of the slots. The nodes have the administrator's password in common. The caller stops each of them.
func StartRedisCluster(ctx context.Context, nodes int) (_ []*Redis, err error) {
	var cluster []*Redis
	defer func() {
		if err != nil {
			stopAll(cluster)
		}
	}()
	opts := RedisOptions{Cluster: true, AdminPassword: newPassword()}
	for range nodes {
		node, err := StartRedis(ctx, opts)
		if err != nil {
			return nil, err
		}
		cluster = append(cluster, node)
	}
	for i, node := range cluster {
		if err := node.join(ctx, i, cluster); err != nil {
			return nil, fmt.Errorf("node %d of the cluster: %w", i, err)
		}
	}
	return cluster, awaitCluster(ctx, cluster)
}

// join gives the node its slots and introduces it to the first one. Epochs must differ, or the nodes have to settle
// that among themselves first.
func (r *Redis) join(ctx context.Context, i int, cluster []*Redis) error {
	client := r.Client()
	defer func() { _ = client.Close() }()
	first, end := i*slots/len(cluster), (i+1)*slots/len(cluster)
	pipe := client.Pipeline()
	pipe.Do(ctx, "cluster", "set-config-epoch", i+1)
	pipe.ClusterAddSlotsRange(ctx, first, end-1)
	if i > 0 {
		pipe.Do(ctx, "cluster", "meet", loopback, cluster[0].port, cluster[0].config.bus)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// awaitCluster waits until every node sees a whole cluster.
func awaitCluster(ctx context.Context, cluster []*Redis) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, node := range cluster {
		for !node.seesCluster(ctx, len(cluster)) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("the cluster did not form (%w); the last lines of a node's log:\n%s", ctx.Err(), logTail(node.LogFile()))
			case <-tick.C:
			}
		}
	}
	return nil
}

func (r *Redis) seesCluster(ctx context.Context, nodes int) bool {
	client := r.Client()
	defer func() { _ = client.Close() }()
	info := client.ClusterInfo(ctx).Val()
	return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_size:%d\r", nodes))
}

func stopAll(servers []*Redis) {
	for _, server := range servers {
		server.Stop()
	}
}
