package isolation

import (
	"strings"
	"testing"

	"github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/test/harness"
)

// schema are tables as applications have them: an identity, a key with the tenant in it, one without, a foreign key, partitions.
// The owner lets everybody read a view and call a function of its own.
var schema = []string{
	`CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text NOT NULL, PRIMARY KEY (tenant_id, id))`,
	`CREATE TABLE invoices (tenant_id text, number text, amount numeric NOT NULL, PRIMARY KEY (tenant_id, number))`,
	`CREATE TABLE payments (tenant_id text, id int, number text NOT NULL, PRIMARY KEY (tenant_id, id),
		FOREIGN KEY (tenant_id, number) REFERENCES invoices)`,
	`CREATE TABLE slugs (slug text PRIMARY KEY, tenant_id text NOT NULL)`,
	`CREATE INDEX ON slugs (tenant_id)`,
	`CREATE TABLE events (tenant_id text, at date, what text NOT NULL, PRIMARY KEY (tenant_id, at)) PARTITION BY RANGE (at)`,
	`CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2020-01-01')`,
	`CREATE TABLE events_new PARTITION OF events DEFAULT`,
	`CREATE VIEW all_documents AS SELECT * FROM documents`,
	`GRANT SELECT ON all_documents TO PUBLIC`,
	`CREATE FUNCTION every_document() RETURNS SETOF documents LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT * FROM documents'`,
}

// tables that carry tenant rows.
var tables = []string{"documents", "invoices", "payments", "slugs", "events"}

// rowsOf are the rows that every tenant writes at first.
const rowsOf = `
	INSERT INTO documents (tenant_id, body) VALUES ('{id}', 'first of {id}'), ('{id}', 'second of {id}');
	INSERT INTO invoices VALUES ('{id}', 'INV-{id}', 100);
	INSERT INTO payments VALUES ('{id}', 1, 'INV-{id}');
	INSERT INTO slugs VALUES ('slug-of-{id}', '{id}');
	INSERT INTO events VALUES ('{id}', '2019-01-01', 'old of {id}'), ('{id}', '2024-01-01', 'new of {id}')`

// of puts tenants into a text.
func of(id, text string) string { return strings.ReplaceAll(text, "{id}", id) }

// load lets every tenant write its canaries, with its own credentials.
func (w *world) load(t testing.TB, p *plane) {
	t.Helper()
	for _, id := range p.all() {
		conn := harness.Connect(t, w.Credential(t, id+"-postgres")["uri"])
		if _, err := conn.PgConn().Exec(t.Context(), of(id, rowsOf)).ReadAll(); err != nil {
			t.Fatalf("%s cannot write its own rows: %v", id, err)
		}
		_ = conn.Close(t.Context())
		if p == w.stamped {
			w.loadKeys(t, id)
		}
	}
	p.db.Exec(t, "ANALYZE")
	if p != w.stamped {
		return
	}
	for _, id := range w.tokenHolders() {
		secret := w.Credential(t, id+"-qdrant")
		putPoint(t, harness.Qdrant(t, secret["grpc-address"], secret["api-key"]), collectionOf(id), id)
	}
	putPoint(t, w.QdrantAdmin(t), harness.SharedCollection, "delta")
	loader := w.Secret(t, harness.TrustedNamespace, reference+"-loader")
	putPoint(t, harness.Qdrant(t, loader["grpc-address"], loader["api-key"]), referenceCollection, reference)
}

// loadKeys: k holds a value, list and set hold some.
func (w *world) loadKeys(t testing.TB, id string) {
	t.Helper()
	c := harness.Redis(t, w.Credential(t, id+"-redis")["uri"])
	for _, args := range keysOf(id) {
		if err := c.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%s cannot write its own keys: %v", id, err)
		}
	}
}

func keysOf(id string) [][]any {
	prefix := "ai:" + id + ":"
	return [][]any{
		{"set", prefix + "k", "of " + id},
		{"rpush", prefix + "list", "k"},
		{"sadd", prefix + "set", "of " + id},
		{"zadd", prefix + "zset", 1, "of " + id},
		{"hset", prefix + "hash", "f", "of " + id},
		{"xadd", prefix + "stream", "1-1", "f", "of " + id},
	}
}

// vector is a direction of its own for every text that the tests use.
func vector(of string) []float32 {
	v := make([]float32, harness.VectorSize)
	for i := range of {
		v[i%len(v)] += float32(of[i])
	}
	return v
}

func putPoint(t testing.TB, c *qdrant.Client, collection, whose string) {
	t.Helper()
	_, err := c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: collection, Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{{
		Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(vector(whose)...),
		Payload: qdrant.NewValueMap(map[string]any{"tenant_id": whose, "body": "of " + whose}),
	}}})
	if err != nil {
		t.Fatalf("the canary of %s in %s: %v", whose, collection, err)
	}
}
