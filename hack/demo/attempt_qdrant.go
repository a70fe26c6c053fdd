package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

// vectorCall is one call to Qdrant and what it came back with.
type vectorCall func(context.Context, *qdrant.Client) (any, error)

// vectorsRefused is an attempt that Qdrant must refuse with a gRPC code.
func vectorsRefused(b binding, code codes.Code, what string, call vectorCall) attempt {
	return vectorsAttempt(b, what, call, func(got any, err error) (string, error) {
		if err == nil {
			return fmt.Sprint(got), fmt.Errorf("expected %s, got %v", code, got)
		}
		s := answerOf(err)
		return fmt.Sprintf("%s: %s", s.Code(), s.Message()), wants(code.String(), s.Code().String())
	})
}

// answerOf is the server's own answer, without what the client library wraps around it.
func answerOf(err error) *status.Status {
	if s, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		return s.GRPCStatus()
	}
	return status.Convert(err)
}

func vectorsAttempt(b binding, what string, call vectorCall, judge func(any, error) (string, error)) attempt {
	try := func(ctx context.Context) (string, error) {
		client, err := b.vectors()
		if err != nil {
			return err.Error(), err
		}
		defer func() { _ = client.Close() }()
		return judge(call(ctx, client))
	}
	return attempt{what: what, try: try}
}

// vectorAttempts are what a dedicated tenant's token may be tried for. victim is a collection that is not the tenant's.
func vectorAttempts(t *tenant, victim string) []attempt {
	token := t.secrets["qdrant"]
	refused := func(what string, call vectorCall) attempt {
		return vectorsRefused(token, codes.PermissionDenied, what, call)
	}
	return []attempt{
		refused("query "+victim, query(victim)), refused("upsert into "+victim, put(victim)),
		refused("scroll "+victim, scroll(victim)), refused("count "+victim, count(victim)),
		refused("delete points of "+victim, erase(victim)), refused("drop "+victim, drop(victim)),
		refused("query "+sharedCollection, query(sharedCollection)), refused("upsert into "+sharedCollection, put(sharedCollection)),
		refused("scroll tenantry_tokens", scroll("tenantry_tokens")), refused("upsert into "+referenceCollection, put(referenceCollection)),
		refused("drop its own collection", drop("tenant_"+t.name+"_"+corpusOf[t.name])),
		refused("snapshot of its own collection", snapshot("tenant_"+t.name+"_"+corpusOf[t.name])),
		refused("create a collection", create("tenant_"+t.name+"_more")),
		vectorsAttempt(token, "list collections", list, onlyOwn(t)),
		vectorsRefused(binding{"grpc-address": token["grpc-address"]}, codes.Unauthenticated, "query "+victim+" without a token", query(victim)),
		vectorsRefused(forged(token, strings.IndexByte(token["api-key"], '.')), codes.PermissionDenied, "query "+victim+" with an altered token", query(victim)),
	}
}

// onlyOwn accepts a listing that shows nothing but what the tenant's Secret names.
func onlyOwn(t *tenant) func(any, error) (string, error) {
	return func(got any, err error) (string, error) {
		if err != nil {
			return err.Error(), err
		}
		names, _ := got.([]string)
		slices.Sort(names)
		answer := strings.Join(names, " ")
		for _, name := range names {
			if !strings.Contains(t.secrets["qdrant"]["collections"], `"`+name+`"`) {
				return answer, fmt.Errorf("the listing shows %s", name)
			}
		}
		return answer, nil
	}
}

// forged is the same token with one character changed, in the part after that dot: what it says, or its signature.
func forged(b binding, dot int) binding {
	token := []byte(b["api-key"])
	at := dot + 20
	token[at] = map[bool]byte{true: 'B', false: 'A'}[token[at] == 'A']
	return binding{"grpc-address": b["grpc-address"], "api-key": string(token)}
}

func query(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.Query(ctx, &qdrant.QueryPoints{CollectionName: collection, Query: qdrant.NewQuery(embed.Text("notes")...)})
	}
}

func put(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: collection, Points: points("x", []data.Passage{{Title: "x", Body: "x"}})})
	}
}

func scroll(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.Scroll(ctx, &qdrant.ScrollPoints{CollectionName: collection})
	}
}

func count(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.Count(ctx, &qdrant.CountPoints{CollectionName: collection})
	}
}

func erase(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return c.Delete(ctx, &qdrant.DeletePoints{CollectionName: collection, Points: qdrant.NewPointsSelectorFilter(&qdrant.Filter{})})
	}
}

func drop(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return nil, c.DeleteCollection(ctx, collection)
	}
}

func snapshot(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) { return c.CreateSnapshot(ctx, collection) }
}

func create(collection string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		return nil, c.CreateCollection(ctx, &qdrant.CreateCollection{
			CollectionName: collection,
			VectorsConfig:  qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: embed.Dimension, Distance: qdrant.Distance_Cosine}),
		})
	}
}

func list(ctx context.Context, c *qdrant.Client) (any, error) { return c.ListCollections(ctx) }
