package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

// readOwn is the positive control: each tenant sees all of its own data, and only that, with nothing but its Secret.
func (d *demo) readOwn(ctx context.Context) error {
	for _, name := range companies {
		t := d.tenants[name]
		d.console.Say("%s, as ServiceAccount %s/worker:", name, name)
		if err := t.kubectl.show(ctx, "get", "secrets", "--namespace", name); err != nil {
			return err
		}
		if name == companies[0] {
			d.console.Say("  what a Secret holds, for instance of type redis: %s", t.secrets["redis"].keys())
		}
		for _, read := range []func(context.Context, *tenant) error{d.refusedElsewhere, d.readRows, d.readCache, d.readVectors, d.readShared} {
			if err := read(ctx, t); err != nil {
				return err
			}
		}
	}
	d.note("each tenant reads its own rows, keys and vectors with nothing but its Secret")
	d.note("a tenant of a shared collection holds no Qdrant credential: it wrote and read through the gateway, gRPC and REST")
	return nil
}

// refusedElsewhere has the API server refuse another tenant's Secrets.
func (d *demo) refusedElsewhere(ctx context.Context, t *tenant) error {
	other := others(t.name)[0]
	args := []string{"get", "secrets", "--namespace", other}
	d.console.Command(line(args))
	_, err := t.kubectl.run(ctx, "", args...)
	refused, ok := errors.AsType[*refusal](err)
	if !ok || !strings.Contains(refused.words, "(Forbidden)") {
		return &mismatch{what: line(args) + " as " + t.name, want: "Forbidden", got: fmt.Sprint(err)}
	}
	d.console.Output(refused.words)
	return nil
}

func others(name string) []string {
	var out []string
	for _, other := range companies {
		if other != name {
			out = append(out, other)
		}
	}
	return out
}

// readRows counts without any filter: what comes back is the tenant's own, all of it, nothing else. A tenant without a
// login of its own is served by the application.
func (d *demo) readRows(ctx context.Context, t *tenant) error {
	passages, err := data.Load(t.name)
	if err != nil {
		return err
	}
	got, how := "", "its own login"
	if t.secrets["postgresql"] != nil {
		got, err = withConn(ctx, t.rows, func(conn *pgx.Conn) (string, error) { return visible(ctx, conn) })
	} else {
		how = "the application after use_tenant('" + t.name + "')"
		got, err = withConn(ctx, d.application, func(conn *pgx.Conn) (seen string, err error) {
			err = asTenant(ctx, conn, t.name, func(tx pgx.Tx) error { seen, err = visible(ctx, tx); return err })
			return seen, err
		})
	}
	if err != nil {
		return wrap("read the rows of "+t.name, err)
	}
	want := fmt.Sprintf("%d documents, %d invoices, all of %s", len(passages), invoicesEach, t.name)
	d.console.OK("PostgreSQL, %s, SELECT without a filter: %s", how, got)
	return expect("what "+t.name+" sees in PostgreSQL", want, got)
}

func withConn(ctx context.Context, as login, work func(*pgx.Conn) (string, error)) (string, error) {
	conn, err := as(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	return work(conn)
}

type querier interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}

// visible says how many rows a session sees, and whose they are.
func visible(ctx context.Context, q querier) (string, error) {
	var documents, invoices int
	var owners string
	const query = "SELECT count(*), (SELECT count(*) FROM invoices), string_agg(DISTINCT tenant_id, ', ') FROM documents"
	err := q.QueryRow(ctx, query).Scan(&documents, &invoices, &owners)
	return fmt.Sprintf("%d documents, %d invoices, all of %s", documents, invoices, owners), err
}

func (d *demo) readCache(ctx context.Context, t *tenant) error {
	client, err := t.cache()
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	value, err := client.Get(ctx, t.key("session:1")).Result()
	if err != nil {
		return wrap("read a key of "+t.name, err)
	}
	d.console.OK("Redis, GET %s: %q", t.key("session:1"), value)
	return expect("the value of "+t.key("session:1"), "opened by "+t.name, value)
}

// questions and the passage that should come first.
var questions = map[string]struct{ corpus, question, want string }{
	acme:                {"protocols", "Who has to check an insulin dose before the injection?", "Insulin double check"},
	blue:                {"treatment-notes", "A permanent tooth was knocked out. What does it go into?", "Knocked-out permanent tooth"},
	cedar:               {"policies", "A patient asks for a copy of the record. What does the reception desk do?", "Patient asks for a copy of the record"},
	referenceCollection: {referenceCollection, "How many hours does the controller have to notify the supervisory authority of a personal data breach?", "Article 33(1): notifying the supervisory authority of a breach"},
}

func (d *demo) readVectors(ctx context.Context, t *tenant) error {
	secret := t.secrets["qdrant"]
	if t.name == blue {
		d.console.OK("%sQdrant: no Secret of type qdrant, so nothing to present there; its way in is the gateway", d.simulated())
		return expect("Secrets of type qdrant in "+blue, 0, len(secret))
	}
	if err := d.ask(ctx, secret, t.name); err != nil {
		return err
	}
	if t.name == cedar {
		return d.ask(ctx, secret, referenceCollection)
	}
	return nil
}

// ask puts a question to one corpus and shows the three best hits.
func (d *demo) ask(ctx context.Context, secret binding, about string) error {
	q := questions[about]
	collection, err := secret.collection(q.corpus)
	if err != nil {
		return err
	}
	return d.answer(ctx, secret, d.simulated()+"Qdrant, "+collection, collection, about)
}

// answer puts the question to a collection, wherever it is reached, and shows the three best hits.
func (d *demo) answer(ctx context.Context, secret binding, where, collection, about string) error {
	q := questions[about]
	hits, err := search(ctx, secret, collection, q.question)
	if err != nil {
		return wrap("query "+collection, err)
	}
	d.console.OK("%s: %q", where, q.question)
	best := ""
	for _, h := range hits {
		d.console.Output(fmt.Sprintf("%.2f  %s: %s", h.GetScore(), h.GetPayload()["title"].GetStringValue(), beginning(h.GetPayload()["text"].GetStringValue())))
	}
	if len(hits) > 0 {
		best = hits[0].GetPayload()["title"].GetStringValue()
	}
	return expect("the best hit for "+q.question, q.want, best)
}

func search(ctx context.Context, b binding, collection, question string) ([]*qdrant.ScoredPoint, error) {
	client, err := b.vectors()
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	return client.Query(ctx, &qdrant.QueryPoints{
		CollectionName: collection, Query: qdrant.NewQuery(embed.Text(question)...), Limit: qdrant.PtrOf(uint64(3)),
		WithPayload: qdrant.NewWithPayload(true),
	})
}

// beginning of a text, cut at a word.
func beginning(text string) string {
	const width = 60
	if len(text) <= width {
		return text
	}
	at := strings.LastIndexByte(text[:width], ' ')
	return text[:at] + " …"
}
