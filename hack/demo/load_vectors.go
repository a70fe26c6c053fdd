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
	n, err := upsert(ctx, secret, collection, name)
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
	n, err := upsert(ctx, b, referenceCollection, "gdpr")
	if err == nil {
		d.console.OK("%sQdrant: the loader of the reference corpus wrote %d excerpts of the GDPR to %s", d.simulated(), n, referenceCollection)
		d.console.Say("  Regulation (EU) 2016/679, © European Union, EUR-Lex, reused under Commission Decision 2011/833/EU")
	}
	return err
}

// loadShared writes into the shared collection, through the gateway: there is no other way in.
func (d *demo) loadShared(ctx context.Context) error {
	if err := d.awaitGateway(ctx); err != nil {
		return err
	}
	for _, name := range sharing {
		n, err := upsert(ctx, d.tenants[name].gateway(), sharedCorpusOf[name], name)
		if err != nil {
			return wrap(name, err)
		}
		d.console.OK("%s: %s wrote %d points to %s, its part of %s", d.throughGateway(), name, n, sharedCorpusOf[name], sharedCollection)
	}
	return d.mapped(ctx)
}

// awaitGateway waits until the gateway serves what was declared last. It learns of it by watch.
func (d *demo) awaitGateway(ctx context.Context) error {
	return eventually(ctx, "the gateway to serve the shared corpora", func() error {
		for _, name := range sharing {
			if _, err := own(ctx, d.tenants[name].gateway(), sharedCorpusOf[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// mapped checks that the points lie on the server under ids that are not the tenants'.
func (d *demo) mapped(ctx context.Context) error {
	client, err := d.platformVectors()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	passages, err := data.Load(blue)
	if err != nil {
		return err
	}
	found, err := client.Get(ctx, &qdrant.GetPoints{CollectionName: sharedCollection, Ids: ids(blue, passages)})
	if err != nil {
		return err
	}
	d.console.Say("  On the server they lie under other ids than they were given, which only the gateway maps back.")
	return expect("points of "+blue+" on the server under its own ids", 0, len(found))
}

// upsert writes every passage of a file to a collection.
func upsert(ctx context.Context, b binding, collection, file string) (int, error) {
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
		CollectionName: collection, Wait: qdrant.PtrOf(true), Points: points(file, passages),
	})
	return len(passages), err
}

// points turns passages into points.
func points(file string, passages []data.Passage) []*qdrant.PointStruct {
	out := make([]*qdrant.PointStruct, 0, len(passages))
	for _, p := range passages {
		out = append(out, &qdrant.PointStruct{
			Id:      pointID(file, p),
			Vectors: qdrant.NewVectors(embed.Text(p.Text())...),
			Payload: qdrant.NewValueMap(map[string]any{"title": p.Title, "text": p.Body, "source": file}),
		})
	}
	return out
}

// pointID follows from the text, so that loading twice changes nothing.
func pointID(file string, p data.Passage) *qdrant.PointId {
	return qdrant.NewID(uuid.NewSHA1(uuid.NameSpaceURL, []byte(file+"/"+p.Title)).String())
}

func ids(file string, passages []data.Passage) []*qdrant.PointId {
	out := make([]*qdrant.PointId, 0, len(passages))
	for _, p := range passages {
		out = append(out, pointID(file, p))
	}
	return out
}
