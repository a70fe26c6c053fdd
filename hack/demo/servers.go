package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/tenantry/tenantry/hack/stack"
)

// startServers starts one of each server. What is missing on this machine is installed or built first.
func (d *demo) startServers(ctx context.Context) error {
	if err := stack.Ensure(ctx, d.console.Say); err != nil {
		return err
	}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		// Durable: PostgreSQL as it comes, not as tests like it.
		d.postgres, err = stack.StartPostgres(starting, stack.PostgresOptions{Durable: true})
		return wrap("start PostgreSQL", err)
	})
	group.Go(func() (err error) {
		d.redis, err = stack.StartRedis(starting, stack.RedisOptions{})
		return wrap("start Redis", err)
	})
	group.Go(func() (err error) {
		d.qdrant, err = stack.StartQdrant(starting, stack.QdrantOptions{JWT: true})
		return wrap("start Qdrant", err)
	})
	group.Go(func() (err error) {
		d.cluster, err = stack.StartControlPlane(starting, stack.ControlPlaneOptions{WithoutCRDs: true})
		return wrap("start the Kubernetes control plane", err)
	})
	err := group.Wait()
	d.stopOnExit()
	if err != nil {
		return err
	}
	if err := d.borrowQdrant(ctx); err != nil {
		return err
	}
	d.kubectl = &kubectl{path: d.cluster.Kubectl, kubeconfig: d.cluster.Kubeconfig, dir: d.root, console: d.console}
	return d.introduceServers(ctx)
}

// stopOnExit registers the end of every server that came up.
func (d *demo) stopOnExit() {
	if d.postgres != nil {
		d.onExit(d.postgres.Stop)
	}
	if d.redis != nil {
		d.onExit(d.redis.Stop)
	}
	if d.qdrant != nil {
		d.onExit(d.qdrant.Stop)
	}
	if d.cluster != nil {
		d.onExit(d.cluster.Stop)
	}
}

// introduceServers prints what answers where, in the servers' own words.
func (d *demo) introduceServers(ctx context.Context) error {
	version, err := d.superuserText(ctx, "postgres", "SHOW server_version")
	if err != nil {
		return err
	}
	kubernetes, err := d.kubectl.run(ctx, "", "get", "--raw", "/version")
	if err != nil {
		return err
	}
	redis, err := d.redisVersion(ctx)
	if err != nil {
		return err
	}
	qdrant, err := d.qdrantVersion(ctx)
	if err != nil {
		return err
	}
	d.console.OK("kube-apiserver %s with etcd, RBAC on, at %s", field(kubernetes, "gitVersion"), d.cluster.Addr())
	d.console.OK("PostgreSQL %s at %s:%d", version, d.postgres.Host(), d.postgres.Port())
	d.console.OK("Redis %s at %s, with an ACL file and its default user off", redis, d.redis.Addr())
	d.console.OK("%sQdrant %s at %s, with access tokens on", d.simulated(), qdrant, d.qdrant.Addr)
	if d.qdrant.Simulated {
		d.console.Say("  No qdrant is on this machine, so a simulator stands in for it; put one on PATH or name one with QDRANT_ADDR.")
	}
	return nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
