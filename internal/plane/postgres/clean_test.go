package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// realistic is the schema of a product that does what the documentation says.
const realistic = `
CREATE EXTENSION pgcrypto SCHEMA public;
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION btree_gist SCHEMA public;
CREATE EXTENSION pg_stat_statements SCHEMA public;
SET ROLE {owner};
CREATE TABLE app.plans (name text PRIMARY KEY, price numeric);
CREATE TABLE app.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL, plan text REFERENCES app.plans, email public.citext,
  UNIQUE (tenant_id, id), UNIQUE (tenant_id, email));
CREATE TABLE app.orders (id serial PRIMARY KEY, tenant_id text NOT NULL, customer_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), total numeric CHECK (total >= 0),
  UNIQUE (tenant_id, id), FOREIGN KEY (tenant_id, customer_id) REFERENCES app.customers (tenant_id, id) ON DELETE CASCADE);
CREATE TABLE app.files (id uuid PRIMARY KEY DEFAULT public.gen_random_uuid(), tenant_id text NOT NULL, name text, order_id int, FOREIGN KEY (tenant_id, order_id) REFERENCES app.orders (tenant_id, id));
CREATE INDEX ON app.files (tenant_id, name);
CREATE INDEX ON app.files USING gin (name public.gin_trgm_ops);
CREATE TABLE app.bookings (tenant_id text NOT NULL, room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (tenant_id WITH =, room WITH =, during WITH &&));
CREATE INDEX ON app.bookings (tenant_id);
CREATE TABLE app.events (tenant_id text NOT NULL, at timestamptz NOT NULL, kind text, PRIMARY KEY (tenant_id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE SEQUENCE app.invoice_numbers;
CREATE VIEW app.open_orders WITH (security_invoker = true) AS SELECT o.*, c.email FROM app.orders o JOIN app.customers c ON (c.tenant_id, c.id) = (o.tenant_id, o.customer_id);
CREATE VIEW app.of_the_owner AS SELECT tenant_id, count(*) FROM app.orders GROUP BY tenant_id;
GRANT SELECT ON app.open_orders, app.of_the_owner TO {app};
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE FUNCTION app.total(tenant text) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT sum(total) FROM app.orders WHERE tenant_id = tenant';
CREATE FUNCTION app.slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(regexp_replace($1, '\W+', '-', 'g')) $$;
CREATE POLICY working_hours ON app.bookings AS RESTRICTIVE FOR INSERT WITH CHECK (lower(during) > '2020-01-01');
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
RESET ROLE`

// TestACleanSchemaHasNoFinding but what the test's own server brings: an Info on its other databases, and the maintenance role.
func TestACleanSchemaHasNoFinding(t *testing.T) {
	w := newWorld(t)
	w.super("ALTER DATABASE "+w.database+" OWNER TO "+w.operator, w.names(realistic))
	s := w.open()
	w.settle(s)
	w.super(rows.SuperuserScript(w.spec))
	acme, globex := w.admit(s, tenant("acme")), w.admit(s, tenant("globex"))
	for i, conn := range []string{"acme", "globex"} {
		session := []interface{ IsClosed() bool }{acme, globex}[i]
		if session.IsClosed() {
			t.Fatalf("the session of %s ended", conn)
		}
	}
	if got := code(acme, "INSERT INTO app.customers (tenant_id, email) VALUES ('acme', 'a@b.c'); INSERT INTO app.events VALUES ('acme', now(), 'x')"); got != "" {
		t.Fatalf("a tenant cannot use it: SQLSTATE %s", got)
	}
	if diff := cmp.Diff([]string{"Info maintenance-role role " + w.dump, "Info other-databases server"}, checks(w.settle(s))); diff != "" {
		t.Errorf("findings on a clean schema: %s", diff)
	}
	for _, id := range []string{"acme", "globex"} {
		if d := lookAt(t, s, w.withPassword(tenant(id))); len(d.Findings()) > 0 {
			t.Errorf("findings of %s: %v", id, lines(d))
		}
	}
}

// TestWhatATenantMakesRaisesNoAlarm: temporary objects, default rights and large objects are all that it can make.
func TestWhatATenantMakesRaisesNoAlarm(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	before := checks(w.settle(s))
	if got := code(acme, `
		CREATE TEMPORARY TABLE documents (tenant_id text, UNIQUE (tenant_id)); GRANT ALL ON documents TO PUBLIC;
		CREATE TEMPORARY VIEW v AS SELECT * FROM app.documents; GRANT ALL ON v TO PUBLIC;
		CREATE FUNCTION pg_temp.definer() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM app.documents';
		CREATE FUNCTION pg_temp.fixed() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT current_setting(''app.current_tenant'')';
		ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
		ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC;
		SELECT lo_create(i) FROM generate_series(100001, 100500) i;
		NOTIFY tenantry_ddl`); got != "" {
		t.Fatal(got)
	}
	defer w.super("SELECT lo_unlink(i) FROM generate_series(100001, 100500) i")
	if diff := cmp.Diff(before, checks(w.settle(s))); diff != "" {
		t.Errorf("raised for everybody: %s", diff)
	}
	for _, f := range lookAt(t, s, w.withPassword(tenant("acme"))).Findings() {
		if f.Severity == "Critical" {
			t.Errorf("raised for itself: %s", line(f))
		}
	}
}

// TestTheAuditCostsTheSameForAnyNumber of tenants and tables: the round trips, and the statements that the server ran.
func TestTheAuditCostsTheSameForAnyNumber(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.super(rows.SuperuserScript(w.spec))
	w.settle(s)
	w.superIn("postgres", "ALTER ROLE "+w.operator+" SET log_statement = 'all'")
	cost := func() (map[string]int, int) {
		log := w.logged()
		var c calls
		fresh := w.open(func(cfg *postgres.Config) { cfg.Trace = c.trace })
		if err := w.snapshot(fresh); err != nil {
			t.Fatal(err)
		}
		return c.take(), w.logged() - log
	}
	trips, statements := cost()
	for i := range 20 {
		w.converge(s, tenant(fmt.Sprintf("t%d", i)))
		w.as(w.owner, fmt.Sprintf("CREATE TABLE app.more_%d (tenant_id text PRIMARY KEY)", i))
	}
	w.settle(s)
	moreTrips, moreStatements := cost()
	if diff := cmp.Diff(trips, moreTrips); diff != "" {
		t.Errorf("round trips: %s", diff)
	}
	if statements != moreStatements || statements < 10 {
		t.Errorf("%d statements without tenants, %d with twenty and twenty tables", statements, moreStatements)
	}
}

// snapshot asks everything that an audit asks.
func (w *world) snapshot(s *postgres.Server) error {
	if _, err := s.DiffPlane(context.Background(), plane.Recent); err != nil {
		return err
	}
	w.clock.SetTime(w.clock.Now().Add(time.Second))
	_, err := s.DiffTenant(context.Background(), tenant("t0"), plane.Recent)
	return err
}

// logged counts the operator's statements in the server's log.
func (w *world) logged() int {
	w.t.Helper()
	text, err := os.ReadFile(w.pg.LogFile())
	if err != nil {
		w.t.Fatal(err)
	}
	return bytes.Count(text, []byte("LOG:  execute")) + strings.Count(string(text), "LOG:  statement")
}
