package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/hack/demo/data"
)

// throughGateway is what a line begins with about what came through the gateway.
func (d *demo) throughGateway() string { return d.simulated() + "Qdrant through the gateway" }

// readShared reads a tenant's part of the shared collection, by the official client and by REST.
func (d *demo) readShared(ctx context.Context, t *tenant) error {
	corpus := sharedCorpusOf[t.name]
	if corpus == "" {
		return nil
	}
	if t.name == blue {
		if err := d.answer(ctx, t.gateway(), d.throughGateway()+", gRPC, "+corpus, corpus, t.name); err != nil {
			return err
		}
		if err := d.readREST(ctx, t, corpus); err != nil {
			return err
		}
	}
	return d.readAll(ctx, t)
}

// readAll scrolls without a filter: what comes back is the tenant's own, all of it, nothing else.
func (d *demo) readAll(ctx context.Context, t *tenant) error {
	corpus := sharedCorpusOf[t.name]
	points, err := own(ctx, t.gateway(), corpus)
	if err != nil {
		return wrap("read "+corpus+" of "+t.name, err)
	}
	passages, err := data.Load(t.name)
	if err != nil {
		return err
	}
	d.console.OK("%s, %s, scroll without a filter: %s", d.throughGateway(), corpus, described(points))
	return expect("what "+t.name+" sees of "+sharedCollection, allOf(t.name, len(passages)), described(points))
}

// readREST asks as curl would, and prints the answer as it came.
func (d *demo) readREST(ctx context.Context, t *tenant, corpus string) error {
	const body = `{"limit": 1, "with_payload": ["title", "source"]}`
	url := t.gateway()["uri"] + "/collections/" + corpus + "/points/scroll"
	d.console.Command(`curl -H "api-key: $TOKEN" -H 'content-type: application/json' ` + url + ` -d '` + body + `'`)
	status, text, err := fetch(ctx, http.MethodPost, url, t.gateway()["api-key"], body)
	if err != nil {
		return wrap("ask the gateway by REST", err)
	}
	d.console.Output(text)
	sources, err := restSources(text)
	if err != nil {
		return fmt.Errorf("the gateway answered %d %s: %w", status, text, err)
	}
	return expect("what REST answers "+t.name, "200 "+t.name, fmt.Sprint(status, " ", strings.Join(sources, " ")))
}

// restSources are the sources of the points in an answer to a scroll by REST.
func restSources(text string) ([]string, error) {
	var answer struct {
		Result struct {
			Points []struct{ Payload map[string]string }
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, err
	}
	var out []string
	for _, p := range answer.Result.Points {
		out = append(out, p.Payload["source"])
	}
	return out, nil
}

// restError is what is wrong in the words of an answer by REST, or the answer as it is.
func restError(text string) string {
	var answer struct {
		Status struct{ Error string }
	}
	if json.Unmarshal([]byte(text), &answer) != nil || answer.Status.Error == "" {
		return text
	}
	return answer.Status.Error
}

// own scrolls a whole collection without a filter.
func own(ctx context.Context, b binding, collection string) ([]*qdrant.RetrievedPoint, error) {
	client, err := b.vectors()
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	return client.Scroll(ctx, &qdrant.ScrollPoints{
		CollectionName: collection, Limit: qdrant.PtrOf(uint32(1000)), WithPayload: qdrant.NewWithPayload(true),
	})
}

// payloads is whatever points come back in.
type payloads interface {
	GetPayload() map[string]*qdrant.Value
}

// described says how many points there are and whose. A key that is the platform's would be named, too.
func described[P payloads](points []P) string {
	seen := map[string]bool{}
	for _, p := range points {
		whose := p.GetPayload()["source"].GetStringValue()
		for _, key := range []string{"tenant_id", "corpus_id"} {
			if p.GetPayload()[key] != nil {
				whose += " with " + key
			}
		}
		seen[whose] = true
	}
	return allOf(strings.Join(slices.Sorted(maps.Keys(seen)), " and "), len(points))
}

func allOf(whose string, n int) string {
	if n == 0 {
		return "0 points"
	}
	return fmt.Sprintf("%d points, all of %s", n, whose)
}
