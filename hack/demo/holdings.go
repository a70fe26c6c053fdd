package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// holdings describes what each tenant holds, as the platform sees it: counts, and a digest of all contents.
func (d *demo) holdings(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range companies {
		digest := sha256.New()
		rows, err := d.rowHoldings(ctx, name, digest)
		if err != nil {
			return nil, err
		}
		keys, err := d.keyHoldings(ctx, name, digest)
		if err != nil {
			return nil, err
		}
		points, err := d.pointHoldings(ctx, name, digest)
		if err != nil {
			return nil, err
		}
		out[name] = fmt.Sprintf("%d rows, %d keys, %d points, SHA-256 %x…", rows, keys, points, digest.Sum(nil)[:6])
	}
	return out, nil
}

func (d *demo) rowHoldings(ctx context.Context, name string, digest hash.Hash) (n int, err error) {
	for _, table := range []string{"documents", "invoices"} {
		var text string
		query := "SELECT count(*)::text || ' ' || coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM " + table + " t WHERE tenant_id = $1"
		if text, err = d.superuserText(ctx, database, query, name); err != nil {
			return 0, wrap("read "+table+" as the superuser", err)
		}
		rows := 0
		if _, err := fmt.Sscan(text, &rows); err != nil {
			return 0, err
		}
		_, _ = fmt.Fprint(digest, text)
		n += rows
	}
	return n, nil
}

func (d *demo) keyHoldings(ctx context.Context, name string, digest hash.Hash) (int, error) {
	admin := d.redis.Client()
	defer func() { _ = admin.Close() }()
	keys, err := admin.Keys(ctx, keyPrefix+":"+name+":*").Result()
	if err != nil {
		return 0, wrap("list the keys of "+name, err)
	}
	slices.Sort(keys)
	for _, key := range keys {
		value, err := admin.Dump(ctx, key).Result()
		if err != nil {
			return 0, wrap("read the key "+key, err)
		}
		_, _ = fmt.Fprintf(digest, "%s=%s\n", key, value)
	}
	return len(keys), nil
}

func (d *demo) pointHoldings(ctx context.Context, name string, digest hash.Hash) (int, error) {
	client, err := d.platformVectors()
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }()
	requests := []*qdrant.ScrollPoints{{
		CollectionName: sharedCollection, Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("tenant_id", name)}},
	}}
	if corpus := corpusOf[name]; corpus != "" {
		requests = append(requests, &qdrant.ScrollPoints{CollectionName: "tenant_" + name + "_" + corpus})
	}
	total := 0
	for _, r := range requests {
		r.Limit = qdrant.PtrOf(uint32(1000))
		r.WithPayload, r.WithVectors = qdrant.NewWithPayload(true), qdrant.NewWithVectors(true)
		points, err := client.Scroll(ctx, r)
		if err != nil {
			return 0, wrap("read the points of "+name, err)
		}
		if err := digestPoints(digest, points); err != nil {
			return 0, err
		}
		total += len(points)
	}
	return total, nil
}

func digestPoints(digest hash.Hash, points []*qdrant.RetrievedPoint) error {
	for _, p := range points {
		bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
		if err != nil {
			return err
		}
		_, _ = digest.Write(bytes)
	}
	return nil
}
