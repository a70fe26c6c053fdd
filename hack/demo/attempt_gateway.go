package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

// trespass is what one tenant tries against another through the gateway. Both have a corpus in the shared collection.
type trespass struct {
	t, victim *tenant
	// corpus is t's own; theirs is the victim's.
	corpus, theirs string
	// mine and taken are how many points t has, and the victim's ids.
	mine  int
	taken []*qdrant.PointId
}

func newTrespass(t, victim *tenant) (trespass, error) {
	x := trespass{t: t, victim: victim, corpus: sharedCorpusOf[t.name], theirs: sharedCorpusOf[victim.name]}
	passages, err := data.Load(t.name)
	if err != nil {
		return x, err
	}
	x.mine = len(passages)
	if passages, err = data.Load(victim.name); err != nil {
		return x, err
	}
	x.taken = ids(victim.name, passages)
	return x, nil
}

// gatewayAttempts are the same in number for everybody.
func (d *demo) gatewayAttempts(x trespass) []attempt {
	all := slices.Concat(x.names(), x.operations(), x.reads(), x.writes(), x.rest())
	return append(all, d.identities(x)...)
}

// refused is an attempt that the gateway must refuse with a code.
func (x trespass) refused(code codes.Code, what string, call vectorCall) attempt {
	return vectorsRefused(x.t.gateway(), code, what, call)
}

// names are tried that are not the tenant's: what exists and what does not gets the same answer.
func (x trespass) names() []attempt {
	missing := func(what string, call vectorCall) attempt { return x.refused(codes.NotFound, what, call) }
	dedicated := "tenant_" + cedar + "_" + corpusOf[cedar]
	return []attempt{
		missing("query "+x.theirs, query(x.theirs)), missing("upsert into "+x.theirs, put(x.theirs)),
		missing("scroll "+x.theirs, scroll(x.theirs)), missing("count "+x.theirs, count(x.theirs)),
		missing("delete points of "+x.theirs, erase(x.theirs)),
		missing("query "+sharedCollection, query(sharedCollection)), missing("upsert into "+sharedCollection, put(sharedCollection)),
		missing("scroll "+dedicated, scroll(dedicated)), missing("upsert into "+dedicated, put(dedicated)),
		missing("scroll tenantry_claims", scroll("tenantry_claims")), missing("upsert into tenantry_tokens", put("tenantry_tokens")),
		missing("query "+referenceCollection+", not of its jurisdictions", query(referenceCollection)),
		missing("query with lookup_from "+x.theirs, searching(&qdrant.QueryPoints{
			CollectionName: x.corpus, Query: qdrant.NewQueryID(x.taken[0]), LookupFrom: &qdrant.LookupLocation{CollectionName: x.theirs},
		})),
		missing("groups with_lookup "+x.theirs, grouped(x.corpus, x.theirs)),
		missing("groups with_lookup "+sharedCollection, grouped(x.corpus, sharedCollection)),
		x.refused(codes.InvalidArgument, "groups with_lookup "+x.corpus+", its own", grouped(x.corpus, x.corpus)),
	}
}

// operations belong to the platform.
func (x trespass) operations() []attempt {
	denied := func(what string, call vectorCall) attempt { return x.refused(codes.PermissionDenied, what, call) }
	return []attempt{
		denied("drop "+x.corpus+", its own", drop(x.corpus)), denied("drop "+sharedCollection, drop(sharedCollection)),
		denied("snapshot of "+x.corpus+", its own", snapshot(x.corpus)), denied("create a collection", create("more")),
		denied("make "+sharedCollection+" an alias of its own", func(ctx context.Context, c *qdrant.Client) (any, error) {
			return nil, c.CreateAlias(ctx, "mine", sharedCollection)
		}),
		vectorsAttempt(x.t.gateway(), "list collections", list, func(got any, err error) (string, error) {
			if err != nil {
				return err.Error(), err
			}
			answer, _ := got.([]string)
			slices.Sort(answer)
			want, err := x.t.gateway().logical()
			if err != nil {
				return "", err
			}
			return strings.Join(answer, " "), wants(strings.Join(want, " "), strings.Join(answer, " "))
		}),
	}
}

// identities that are not the tenant's.
func (d *demo) identities(x trespass) []attempt {
	b := x.t.gateway()
	bare := binding{"grpc-address": b["grpc-address"]}
	direct := binding{"grpc-address": d.qdrant.Addr, "api-key": b["api-key"]}
	as := func(ctx context.Context, c *qdrant.Client) (any, error) {
		return scroll(x.corpus)(metadata.AppendToOutgoingContext(ctx, "tenantry-tenant", x.victim.name), c)
	}
	return []attempt{
		x.refused(codes.PermissionDenied, "scroll "+x.corpus+", header tenantry-tenant: "+x.victim.name, as),
		vectorsRefused(bare, codes.Unauthenticated, "scroll "+x.theirs+" without a token", scroll(x.theirs)),
		vectorsRefused(forged(b, strings.LastIndexByte(b["api-key"], '.')), codes.Unauthenticated, "scroll "+x.theirs+" with an altered signature", scroll(x.theirs)),
		vectorsRefused(direct, codes.Unauthenticated, "its gateway token at Qdrant itself: scroll "+sharedCollection, scroll(sharedCollection)),
	}
}

// rest tries the other protocol, and what only it can say.
func (x trespass) rest() []attempt {
	at := func(status int, path, body string) attempt {
		try := func(ctx context.Context) (string, error) {
			url := x.t.gateway()["uri"] + "/collections/" + path
			got, text, err := fetch(ctx, http.MethodPost, url, x.t.gateway()["api-key"], body)
			if err != nil {
				return err.Error(), err
			}
			return fmt.Sprintf("%d %s", got, restError(text)), wants(fmt.Sprint(status), fmt.Sprint(got))
		}
		return attempt{what: "REST: " + path + " " + body, try: try}
	}
	theirs := `{"filter": {"must": [{"key": "tenant_id", "match": {"value": "` + x.victim.name + `"}}]}}`
	return []attempt{
		at(http.StatusNotFound, x.theirs+"/points/scroll", `{}`),
		at(http.StatusNotFound, sharedCollection+"/points/scroll", `{}`),
		at(http.StatusNotFound, x.corpus+"%2F..%2F"+sharedCollection+"/points/scroll", `{}`),
		at(http.StatusBadRequest, x.corpus+"/points/scroll", theirs),
		at(http.StatusBadRequest, x.corpus+"/points/scroll", `{"limit": 1, "limit": 2}`),
	}
}

// referenceAttempts are those of a tenant that may read a reference: it reads it, and changes nothing of it.
func referenceAttempts(t *tenant) []attempt {
	b := t.gateway()
	denied := func(what string, call vectorCall) attempt {
		return vectorsRefused(b, codes.PermissionDenied, what, call)
	}
	return []attempt{
		denied("upsert into "+referenceCollection, put(referenceCollection)),
		denied("delete points of "+referenceCollection, erase(referenceCollection)),
		denied("drop "+referenceCollection, drop(referenceCollection)),
		vectorsRefused(b, codes.NotFound, "scroll "+sharedCorpusOf[blue], scroll(sharedCorpusOf[blue])),
		vectorsRefused(b, codes.NotFound, "scroll "+sharedCollection, scroll(sharedCollection)),
	}
}

func searching(r *qdrant.QueryPoints) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) { return c.Query(ctx, r) }
}

func grouped(collection, lookup string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.QueryGroups(ctx, &qdrant.QueryPointGroups{
			CollectionName: collection, Query: qdrant.NewQuery(embed.Text("notes")...), GroupBy: "source",
			WithLookup: &qdrant.WithLookup{Collection: lookup},
		})
	}
}
