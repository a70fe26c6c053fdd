package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// password of every role that the tests make.
const password = "password-of-the-tests"

// world is a database as a platform would hand it over: an owner of the tables, an application role, a maintenance role,
// and an operator with the rights of docs/postgres/operator-role.sql and no others. Role names are random: roles are
// shared by all databases of a server.
type world struct {
	t        *testing.T
	pg       *stack.Postgres
	database string
	operator string
	owner    string
	app      string
	dump     string
	clock    *clocktest.FakePassiveClock
	spec     rows.Spec
	marker   boundary.Marker
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, stacktest.Postgres(t))
}

func newWorldOn(t *testing.T, pg *stack.Postgres) *world {
	t.Helper()
	id := strings.ToLower(rand.Text())[:8]
	w := &world{
		t: t, pg: pg, operator: "op_" + id, owner: "owner_" + id, app: "app_" + id, dump: "dump_" + id,
		clock: clocktest.NewFakePassiveClock(time.Now()),
	}
	for _, role := range []string{w.operator, w.owner, w.app, w.dump} {
		w.superIn("postgres", "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'")
	}
	// Cleanups run in reverse: the database goes first, and with it everything that holds the roles.
	t.Cleanup(w.dropRoles)
	w.database = stacktest.Database(t, pg)
	w.super(
		"ALTER ROLE "+w.dump+" BYPASSRLS",
		"CREATE SCHEMA app AUTHORIZATION "+w.owner,
		"GRANT CREATE ON DATABASE "+w.database+" TO "+w.operator,
		"GRANT CONNECT ON DATABASE "+w.database+" TO "+w.operator+" WITH GRANT OPTION",
		"ALTER ROLE "+w.operator+" CREATEROLE",
		"GRANT "+w.owner+", pg_signal_backend TO "+w.operator,
		"GRANT USAGE ON SCHEMA app TO "+w.dump,
	)
	w.as(w.owner, "CREATE TABLE app.documents (id bigserial PRIMARY KEY, tenant_id text NOT NULL, title text)",
		"CREATE INDEX ON app.documents (tenant_id)")
	w.spec = rows.Spec{
		Plane: "eu-" + id, Installation: "installation-" + id, NameKey: []byte("key of " + id), IDFormat: rows.Text, TenantContext: rows.Stamped,
		AppRoles: []string{w.app}, MaintenanceRoles: []string{w.dump},
		Protect: []rows.Protect{{Schema: "app", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: rows.Enforce}},
	}
	w.marker = boundary.Marker{Plane: w.spec.Plane, Installation: w.spec.Installation, SchemaVersion: boundary.SchemaVersion, KeyFingerprint: "f"}
	return w
}

const dropThem = "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE %s" +
	" LOOP EXECUTE format('DROP OWNED BY %%I CASCADE', r); EXECUTE format('DROP ROLE %%I', r); END LOOP; END $$"

func (w *world) dropRoles() {
	names := fmt.Sprintf("rolname IN ('%s', '%s', '%s', '%s') OR starts_with(rolname, '%s')", w.operator, w.owner, w.app, w.dump, rows.Prefix(w.spec))
	w.superIn("postgres", fmt.Sprintf(dropThem, names))
}

// reset takes away everything that Tenantry made, which is quicker than another world.
func (w *world) reset() {
	w.t.Helper()
	prefix := "starts_with(rolname, '" + rows.Prefix(w.spec) + "')"
	// DROP OWNED leaves rights that somebody else than the owner gave: the operator passed CONNECT on.
	w.super("SET ROLE "+w.operator, "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE "+prefix+
		" LOOP EXECUTE format('REVOKE CONNECT ON DATABASE "+w.database+" FROM %I', r); END LOOP; END $$", "RESET ROLE",
		"DROP SCHEMA IF EXISTS tenantry CASCADE", "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
		fmt.Sprintf(dropThem, prefix))
}

// super runs statements as the superuser in the world's database.
func (w *world) super(statements ...string) {
	w.t.Helper()
	w.superIn(w.database, statements...)
}

func (w *world) superIn(database string, statements ...string) {
	w.t.Helper()
	w.run(w.pg.SuperuserDSN(database), statements...)
}

// as runs statements as a role, in one session.
func (w *world) as(role string, statements ...string) {
	w.t.Helper()
	w.run(w.dsn(role), statements...)
}

func (w *world) dsn(role string) string { return w.pg.DSN(role, password, w.database) }

func (w *world) run(dsn string, statements ...string) {
	w.t.Helper()
	conn := w.connect(dsn)
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
	_ = conn.Close(context.Background())
}

// connect opens a session that the test's end closes.
func (w *world) connect(dsn string) *pgx.Conn {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// value answers a query with one text.
func (w *world) value(conn *pgx.Conn, query string, args ...any) string {
	w.t.Helper()
	var out string
	if err := conn.QueryRow(context.Background(), query, args...).Scan(&out); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return out
}

// names puts the world's names into a text.
func (w *world) names(text string) string {
	return strings.NewReplacer("{app}", w.app, "{owner}", w.owner, "{op}", w.operator, "{database}", w.database, "{dump}", w.dump, "{prefix}", rows.Prefix(w.spec)).Replace(text)
}

// code is the SQLSTATE of a statement's failure, "" for success.
func code(conn *pgx.Conn, statement string) string {
	_, err := conn.Exec(context.Background(), statement, pgx.QueryExecModeSimpleProtocol)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// calls counts round trips.
type calls struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *calls) trace(kind, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[kind]++
}

func (c *calls) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.counts
	c.counts = nil
	return out
}

// open opens the operator's side of the world.
func (w *world) open(change ...func(*postgres.Config)) *postgres.Server {
	w.t.Helper()
	c := postgres.Config{
		DSN: boundary.Secret(w.dsn(w.operator)), Marker: w.marker, Spec: w.spec, SnapshotAge: 15 * time.Second, Clock: w.clock,
	}
	for _, f := range change {
		f(&c)
	}
	s, err := postgres.Open(c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Close)
	return s
}

// settle does what the reconciler of DataPlanes does.
func (w *world) settle(s *postgres.Server) boundary.Diff {
	w.t.Helper()
	ctx := context.Background()
	d, err := s.Describe(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	if d.Marker == nil {
		if _, err := s.Claim(ctx, w.marker); err != nil {
			w.t.Fatal(err)
		}
	}
	diff, err := s.DiffPlane(ctx, plane.Fresh)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Apply(ctx, diff.Plan); err != nil {
		w.t.Fatal(err)
	}
	if diff, err = s.DiffPlane(ctx, plane.Fresh); err != nil || !diff.Settled() {
		w.t.Fatalf("the plane does not settle: %v\n%s", err, strings.Join(diff.Plan.Lines(), "\n"))
	}
	return diff
}

// tenant is a Tenant without credentials.
func tenant(id string) boundary.Tenant {
	return boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: boundary.Open, Login: true}
}

func (w *world) withPassword(t boundary.Tenant) boundary.Tenant {
	t.Credentials = map[boundary.Layer]boundary.Credential{
		boundary.Rows: {Username: rows.LoginName(w.spec, t.UID, 0), Secret: boundary.Secret(password)},
	}
	return t
}

// converge does what the reconciler of Tenants does in one stage.
func (w *world) converge(s *postgres.Server, t boundary.Tenant) boundary.Diff {
	w.t.Helper()
	diff, err := converge(s, t)
	if err != nil || !diff.Settled() {
		w.t.Fatalf("tenant %s does not settle: %v\n%s", t.ID, err, strings.Join(diff.Plan.Lines(), "\n"))
	}
	return diff
}

func converge(s *postgres.Server, t boundary.Tenant) (boundary.Diff, error) {
	ctx := context.Background()
	if diff, err := s.DiffTenant(ctx, t, plane.Recent); err == nil && diff.Settled() {
		return diff, nil
	}
	diff, err := s.DiffTenant(ctx, t, plane.Fresh)
	if err != nil {
		return diff, err
	}
	if err := s.Apply(ctx, diff.Plan); err != nil {
		return diff, err
	}
	return s.DiffTenant(ctx, t, plane.Fresh)
}

// admit takes a tenant through both stages and returns a session of its own.
func (w *world) admit(s *postgres.Server, t boundary.Tenant) *pgx.Conn {
	w.t.Helper()
	w.converge(s, t)
	w.converge(s, w.withPassword(t))
	return w.connect(w.dsn(rows.LoginName(w.spec, t.UID, 0)))
}
