package postgres_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

func TestTenantsSeeTheirOwnRowsOnly(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme, globex := w.admit(s, tenant("acme")), w.admit(s, tenant("globex"))
	if got := code(acme, "INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'ours')"); got != "" {
		t.Fatalf("a tenant cannot insert its own row: %s", got)
	}
	if got := code(globex, "INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'forged')"); got != "42501" {
		t.Errorf("another tenant's row was inserted: %q", got)
	}
	got := []string{
		w.value(acme, "SELECT count(*)::text FROM app.documents"), w.value(globex, "SELECT count(*)::text FROM app.documents"),
	}
	if diff := cmp.Diff([]string{"1", "0"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSettledMeansNoWriteAndTwoSnapshots(t *testing.T) {
	w := newWorld(t)
	builder := w.open()
	w.settle(builder)
	ids := []string{"a", "b", "c", "d", "e"}
	for _, id := range ids {
		w.converge(builder, tenant(id))
		w.converge(builder, w.withPassword(tenant(id)))
	}
	var c calls
	s := w.open(func(cfg *postgres.Config) { cfg.Trace = c.trace })
	if d, err := s.DiffPlane(context.Background(), plane.Recent); err != nil || !d.Settled() {
		t.Fatal(err, d.Plan.Lines())
	}
	for _, id := range ids {
		w.converge(s, w.withPassword(tenant(id)))
	}
	if diff := cmp.Diff(map[string]int{"read": 2}, c.take()); diff != "" {
		t.Errorf("a restart with settled tenants costs one snapshot, and one of the budgets: %s", diff)
	}
}

func TestANewTenantCostsAHandfulOfRoundTrips(t *testing.T) {
	w := newWorld(t)
	var c calls
	s := w.open(func(cfg *postgres.Config) { cfg.Trace = c.trace })
	w.settle(s)
	w.converge(s, tenant("first"))
	c.take()
	w.converge(s, tenant("acme"))
	w.converge(s, w.withPassword(tenant("acme")))
	if diff := cmp.Diff(map[string]int{"read": 4, "write": 4}, c.take()); diff != "" {
		t.Error(diff)
	}
}
