package postgres_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// TestTheDocumentedQueryFindsRowsWithoutATenant, as a maintenance role, and what it needs for that is left alone.
func TestTheDocumentedQueryFindsRowsWithoutATenant(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reference/rls-hazards.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```sql\n")
	query, _, found := strings.Cut(text, "```")
	if !found {
		t.Fatal("no query in the page")
	}
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	w.super("INSERT INTO app.documents (tenant_id) SELECT id FROM unnest(ARRAY['acme', 'zeta', 'alpha', 'zeta', 'acme']) id",
		w.names("GRANT SELECT ON app.documents TO {dump}; GRANT USAGE ON SCHEMA tenantry TO {dump}; GRANT SELECT ON tenantry.claims TO {dump}"))
	w.settle(s)
	rows, err := w.connect(w.dsn(w.dump)).Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"alpha", "zeta"}, got); diff != "" {
		t.Error(diff)
	}
}
