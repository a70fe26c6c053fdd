package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

func (d *demo) loadVectors(ctx context.Context) error {
	for _, name := range []string{acme, cedar} {
		if err := d.loadDedicated(ctx, name); err != nil {
			return wrap("load the vectors of "+name, err)
		}
	}
	if err := d.loadReference(ctx); err != nil {
		return wrap("load the regulation", err)
	}
	return wrap("load the shared corpus", d.loadShared(ctx))
}

// loadDedicated writes a tenant's corpus with the tenant's own token.
func (d *demo) loadDedicated(ctx context.Context, name string) error {
	secret := d.tenants[name].secrets["qdrant"]
	collection, err := secret.collection(corpusOf[name])
	if err != nil {
		return err
	}
	n, err := upsert(ctx, secret, collection, name, nil)
	if err == nil {
		d.console.OK("%sQdrant: %s wrote %d points to %s with its own token", d.simulated(), name, n, collection)
	}
	return err
}

// loadReference writes the regulation with the only credential that can.
func (d *demo) loadReference(ctx context.Context) error {
	kubeconfig, err := d.account(ctx, platformNamespace, "loader")
	if err != nil {
		return err
	}
	var secret struct{ Data map[string][]byte }
	args := []string{"get", "secret", loaderSecret, "--namespace", platformNamespace}
	if err := d.kubectl.as(kubeconfig).decode(ctx, &secret, args...); err != nil {
		return err
	}
	b := binding{}
	for key, value := range secret.Data {
		b[key] = string(value)
	}
	n, err := upsert(ctx, b, referenceCollection, "gdpr", nil)
	if err == nil {
		d.console.OK("%sQdrant: the loader of the reference corpus wrote %d excerpts of the GDPR to %s", d.simulated(), n, referenceCollection)
		d.console.Say("  Regulation (EU) 2016/679, © European Union, EUR-Lex, reused under Commission Decision 2011/833/EU")
	}
	return err
}

// loadShared stands in for the gateway, which has not been built yet: the platform's key writes what blue-dental's
// workload will write through it.
func (d *demo) loadShared(ctx context.Context) error {
	var corpus struct{ Metadata struct{ UID string } }
	if err := d.kubectl.decode(ctx, &corpus, "get", "corpus", "treatment-notes", "--namespace", blue); err != nil {
		return err
	}
	platform := binding{"grpc-address": d.qdrant.Addr, "api-key": d.qdrant.APIKey}
	n, err := upsert(ctx, platform, sharedCollection, blue, map[string]any{"tenant_id": blue, "corpus_id": corpus.Metadata.UID})
	if err == nil {
		d.console.OK("%sQdrant: blue-dental has no way to its vectors yet, so the platform's key wrote %d points to %s for it", d.simulated(), n, sharedCollection)
	}
	return err
}

// upsert writes every passage of a file to a collection, with more fields in the payload where wanted.
func upsert(ctx context.Context, b binding, collection, file string, more map[string]any) (int, error) {
	passages, err := data.Load(file)
	if err != nil {
		return 0, err
	}
	client, err := b.vectors()
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }()
	_, err = client.Upsert(ctx, &qdrant.UpsertPoints{
		CollectionName: collection, Wait: qdrant.PtrOf(true), Points: points(file, passages, more),
	})
	return len(passages), err
}

// points turns passages into points. An id follows from the text, so that loading twice changes nothing.
func points(file string, passages []data.Passage, more map[string]any) []*qdrant.PointStruct {
	out := make([]*qdrant.PointStruct, 0, len(passages))
	for _, p := range passages {
		payload := map[string]any{"title": p.Title, "text": p.Body, "source": file}
		for key, value := range more {
			payload[key] = value
		}
		out = append(out, &qdrant.PointStruct{
			Id:      qdrant.NewID(uuid.NewSHA1(uuid.NameSpaceURL, []byte(file+"/"+p.Title)).String()),
			Vectors: qdrant.NewVectors(embed.Text(p.Text())...),
			Payload: qdrant.NewValueMap(payload),
		})
	}
	return out
}
