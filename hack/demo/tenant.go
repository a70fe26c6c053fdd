package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/qdrant/go-client/qdrant"
	"github.com/redis/go-redis/v9"
)

// binding is the data of one credential Secret: what a workload finds mounted as files.
type binding map[string]string

// tenant is what a workload of one tenant knows: the Secrets of its own namespace.
type tenant struct {
	name    string
	kubectl *kubectl
	// secrets by type: postgresql, redis, qdrant, qdrant-gateway. What was not issued is not there.
	secrets map[string]binding
}

// secretList is the part of "kubectl get secrets -o json" that matters here.
type secretList struct {
	Items []struct {
		Data map[string][]byte
	}
}

// readSecrets reads every credential Secret of the tenant's namespace as the tenant's own ServiceAccount.
func (t *tenant) readSecrets(ctx context.Context) error {
	var list secretList
	if err := t.kubectl.decode(ctx, &list, "get", "secrets", "--namespace", t.name, "--selector", "tenantry.dev/tenant="+t.name); err != nil {
		return err
	}
	t.secrets = map[string]binding{}
	for _, item := range list.Items {
		b := binding{}
		for key, value := range item.Data {
			b[key] = string(value)
		}
		t.secrets[b["type"]] = b
	}
	return nil
}

// keys of a binding, sorted, without their values.
func (b binding) keys() string { return strings.Join(slices.Sorted(maps.Keys(b)), " ") }

// key returns a cache key of the tenant, with the prefix that its Secret names.
func (t *tenant) key(rest string) string { return t.secrets["redis"]["key-prefix"] + rest }

// gateway is the Secret with which the tenant comes in through the gateway.
func (t *tenant) gateway() binding { return t.secrets["qdrant-gateway"] }

// logical are the names that a tenant uses at the gateway, sorted.
func (b binding) logical() ([]string, error) {
	var names []string
	err := json.Unmarshal([]byte(b["collections"]), &names)
	slices.Sort(names)
	return names, wrap("read the names at the gateway", err)
}

// listsShared is nil once the tenant's gateway Secret lists its shared corpus, where it has one.
func (t *tenant) listsShared() error {
	names, err := t.gateway().logical()
	if corpus := sharedCorpusOf[t.name]; err == nil && corpus != "" && !slices.Contains(names, corpus) {
		return fmt.Errorf("the gateway Secret of %s does not list %s", t.name, corpus)
	}
	return err
}

// collection returns the collection of one of the tenant's corpora or references, in a Secret of type qdrant.
func (b binding) collection(name string) (string, error) {
	var names map[string]string
	if err := json.Unmarshal([]byte(b["collections"]), &names); err != nil {
		return "", fmt.Errorf("read the names of collections: %w", err)
	}
	if names[name] == "" {
		return "", fmt.Errorf("the Secret names no collection %q, only %s", name, b["collections"])
	}
	return names[name], nil
}

func (t *tenant) rows(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, t.secrets["postgresql"]["uri"])
	return conn, wrap("log in to PostgreSQL as "+t.name, err)
}

func (t *tenant) cache() (*redis.Client, error) { return redisAt(t.secrets["redis"]["uri"]) }

func (b binding) vectors() (*qdrant.Client, error) { return qdrantAt(b["grpc-address"], b["api-key"]) }

// qdrantAt connects with one key or token, "" for none.
func qdrantAt(address, key string) (*qdrant.Client, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return qdrant.NewClient(&qdrant.Config{Host: host, Port: number, APIKey: key, PoolSize: 1, SkipCompatibilityCheck: true})
}

// platformVectors connects with the plane's own API key, which no tenant has.
func (d *demo) platformVectors() (*qdrant.Client, error) {
	return qdrantAt(d.qdrant.Addr, d.qdrant.APIKey)
}

func (d *demo) qdrantVersion(ctx context.Context) (string, error) {
	client, err := d.platformVectors()
	if err != nil {
		return "", err
	}
	defer func() { _ = client.Close() }()
	reply, err := client.HealthCheck(ctx)
	return reply.GetVersion(), wrap("ask Qdrant for its version", err)
}

// application connects as the pooled role of the shared application.
func (d *demo) application(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, d.postgres.DSN("app", d.appRole, database))
	return conn, wrap("log in to PostgreSQL as app", err)
}
