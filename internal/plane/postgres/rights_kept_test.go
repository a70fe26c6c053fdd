package postgres_test

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// TestALostIndexIsNoOutage: nobody's rows are reached without it, so that tenants keep what they have.
func TestALostIndexIsNoOutage(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	group := rows.GroupName(w.spec)
	before := w.rightsOf(group)
	w.super("DROP INDEX app.documents_tenant_id_idx", "ALTER TABLE app.documents ALTER tenant_id DROP NOT NULL")
	w.settle(w.open())
	if after := w.rightsOf(group); after != before || !strings.Contains(after, "SELECT") {
		t.Errorf("rights %q became %q", before, after)
	}
}

// TestAChildElsewhereGivesNoRights: it is protected because what it inherits from is, and reached through that.
func TestAChildElsewhereGivesNoRights(t *testing.T) {
	w := newWorld(t)
	w.super("CREATE SCHEMA attic AUTHORIZATION "+w.owner, "CREATE TABLE attic.child () INHERITS (app.documents)", "CREATE INDEX ON attic.child (tenant_id)",
		"ALTER TABLE attic.child OWNER TO "+w.owner)
	w.settle(w.open())
	if got := w.protection("attic.child"); got != "on" {
		t.Errorf("protection %s", got)
	}
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	for _, role := range []string{rows.GroupName(w.spec), w.app} {
		if got := w.value(conn, "SELECT has_any_column_privilege($1, 'attic.child', 'SELECT, INSERT, UPDATE')::text", role); got != "false" {
			t.Errorf("%s has rights", role)
		}
	}
}
