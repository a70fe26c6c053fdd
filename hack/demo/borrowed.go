package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// borrowQdrant takes care of a Qdrant that QDRANT_ADDR names and that outlives the demo: it must hold nothing of
// Tenantry's yet, and what the demo makes on it is dropped at the end. One that the demo started just goes away.
func (d *demo) borrowQdrant(ctx context.Context) error {
	if os.Getenv("QDRANT_ADDR") == "" {
		return nil
	}
	standing, err := d.demoCollections(ctx)
	if err != nil {
		return err
	}
	if len(standing) > 0 {
		return fmt.Errorf("the Qdrant that QDRANT_ADDR names already holds %s: the demo would have to drop them at its end; "+
			"name one that no plane uses", strings.Join(standing, ", "))
	}
	d.onExit(func() { d.returnQdrant(context.WithoutCancel(ctx)) })
	return nil
}

// returnQdrant drops what the demo made. Nothing of the kind stood there before.
func (d *demo) returnQdrant(ctx context.Context) {
	made, err := d.demoCollections(ctx)
	if err != nil {
		d.console.Failure(err)
		return
	}
	client, err := d.platformVectors()
	if err != nil {
		d.console.Failure(err)
		return
	}
	defer func() { _ = client.Close() }()
	for _, name := range made {
		if err := client.DeleteCollection(ctx, name); err != nil {
			d.console.Failure(err)
		}
	}
}

// demoCollections lists the collections of a server that have names which the demo uses.
func (d *demo) demoCollections(ctx context.Context) ([]string, error) {
	client, err := d.platformVectors()
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	names, err := client.ListCollections(ctx)
	if err != nil {
		return nil, wrap("list the collections of Qdrant", err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !usedByDemo(name) }), nil
}

func usedByDemo(collection string) bool {
	for _, company := range companies {
		if strings.HasPrefix(collection, "tenant_"+company+"_") {
			return true
		}
	}
	return collection == sharedCollection || collection == referenceCollection || strings.HasPrefix(collection, "tenantry_")
}
