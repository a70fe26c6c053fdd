package main

import (
	"context"
	"fmt"
)

// cross has every tenant try to reach every other one in every layer, and the shared application make its mistakes. What
// the victims hold is the same afterwards, byte for byte.
func (d *demo) cross(ctx context.Context) error {
	before, err := d.holdings(ctx)
	if err != nil {
		return err
	}
	if err := d.storm(ctx, "PostgreSQL", "tenants' logins", d.rowFronts()); err != nil {
		return err
	}
	careless := []front{{who: "the shared application and the owner of its tables", attempts: d.applicationAttempts()}}
	if err := d.storm(ctx, "PostgreSQL", "application and owner", careless); err != nil {
		return err
	}
	if err := d.storm(ctx, "Redis", "tenants' users", d.cacheFronts()); err != nil {
		return err
	}
	if err := d.storm(ctx, d.simulated()+"Qdrant", "tenants' tokens", d.vectorFronts()); err != nil {
		return err
	}
	if err := d.crossGateway(ctx); err != nil {
		return err
	}
	after, err := d.holdings(ctx)
	if err != nil {
		return err
	}
	for _, name := range companies {
		if err := expect("what "+name+" holds after the attempts", before[name], after[name]); err != nil {
			return err
		}
		d.console.OK("what %s holds is what it was: %s", name, after[name])
	}
	d.note("after all of them, what each tenant holds is the same, byte for byte")
	return d.proved(ctx)
}

// crossGateway: two tenants with points in one collection against each other, and a reader of a reference.
func (d *demo) crossGateway(ctx context.Context) error {
	var fronts []front
	for _, pair := range [][2]string{{blue, acme}, {acme, blue}} {
		x, err := newTrespass(d.tenants[pair[0]], d.tenants[pair[1]])
		if err != nil {
			return err
		}
		fronts = append(fronts, front{direction(pair[0], pair[1]), d.gatewayAttempts(x)})
	}
	if err := d.storm(ctx, d.throughGateway(), "tenants in one collection", fronts); err != nil {
		return err
	}
	reader := []front{{who: cedar + ", which may read a reference", attempts: referenceAttempts(d.tenants[cedar])}}
	return d.storm(ctx, d.throughGateway(), "a reader of a reference", reader)
}

func direction(from, to string) string { return from + " against " + to }

// rowFronts: cedar-clinic has no login to try anything with.
func (d *demo) rowFronts() []front {
	var out []front
	for _, from := range []string{acme, blue} {
		for _, to := range others(from) {
			out = append(out, front{direction(from, to), tenantAttempts(d.tenants[from], to)})
		}
	}
	return out
}

func (d *demo) cacheFronts() []front {
	var out []front
	for _, from := range companies {
		for _, to := range others(from) {
			out = append(out, front{direction(from, to), cacheAttempts(d.tenants[from], to)})
		}
	}
	return out
}

// vectorFronts: blue-dental has no token of Qdrant's; its points are tried for in the shared collection.
func (d *demo) vectorFronts() []front {
	collection := func(name string) string { return fmt.Sprintf("tenant_%s_%s", name, corpusOf[name]) }
	return []front{
		{direction(acme, cedar) + " and " + blue, vectorAttempts(d.tenants[acme], collection(cedar))},
		{direction(cedar, acme) + " and " + blue, vectorAttempts(d.tenants[cedar], collection(acme))},
	}
}
