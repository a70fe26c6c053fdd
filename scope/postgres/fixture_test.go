package postgres_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	clocktest "k8s.io/utils/clock/testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	planepostgres "github.com/tenantry/tenantry/internal/plane/postgres"
	"github.com/tenantry/tenantry/scope"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

const password = "password-of-the-tests"

// world is a database on which the operator has built the boundary, with one protected table, app.documents.
type world struct {
	t        testing.TB
	pg       *stack.Postgres
	database string
	app      string // role of the application
	stranger string // a role that nobody declared
	server   *planepostgres.Server
}

// newWorld makes one with active tenants. Role names are random: all databases of a server share them.
func newWorld(t testing.TB, tenants ...string) *world {
	t.Helper()
	id := strings.ToLower(rand.Text())[:8]
	w := &world{t: t, pg: stacktest.Postgres(t), app: "app_" + id, stranger: "stranger_" + id}
	operator, owner := "op_"+id, "owner_"+id
	spec := rows.Spec{
		Plane: "eu-" + id, Installation: "installation-" + id, NameKey: []byte("key of " + id), IDFormat: rows.Text,
		TenantContext: rows.Stamped, AppRoles: []string{w.app},
		Protect: []rows.Protect{{Schema: "app", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: rows.Enforce}},
	}
	roles := []string{operator, owner, w.app, w.stranger}
	for _, role := range roles {
		w.superIn("postgres", "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'")
	}
	t.Cleanup(func() { // the database goes first
		w.superIn("postgres", "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname IN ('"+strings.Join(roles, "','")+
			"') OR starts_with(rolname, '"+rows.Prefix(spec)+"') LOOP EXECUTE format('DROP OWNED BY %I CASCADE', r); EXECUTE format('DROP ROLE %I', r); END LOOP; END $$")
	})
	w.database = stacktest.Database(t, w.pg)
	w.superIn(w.database,
		"CREATE SCHEMA app AUTHORIZATION "+owner,
		"GRANT CREATE ON DATABASE "+w.database+" TO "+operator,
		"GRANT CONNECT ON DATABASE "+w.database+" TO "+operator+" WITH GRANT OPTION",
		"ALTER ROLE "+operator+" CREATEROLE",
		"GRANT "+owner+", pg_signal_backend TO "+operator,
		"SET ROLE "+owner,
		"CREATE TABLE app.documents (tenant_id text NOT NULL, title text)",
		"CREATE INDEX ON app.documents (tenant_id)",
	)
	marker := boundary.Marker{Plane: spec.Plane, Installation: spec.Installation, SchemaVersion: boundary.SchemaVersion, KeyFingerprint: "f"}
	server, err := planepostgres.Open(planepostgres.Config{
		DSN: boundary.Secret(w.dsn(operator)), Marker: marker, Spec: spec, SnapshotAge: 15 * time.Second, Clock: clocktest.NewFakePassiveClock(time.Now()),
	})
	must(t, err)
	t.Cleanup(server.Close)
	w.server = server
	_, err = server.Claim(t.Context(), marker)
	must(t, err)
	w.apply(server.DiffPlane(t.Context(), plane.Fresh))
	for _, id := range tenants {
		w.tenant(id, boundary.Open)
		w.superIn(w.database, fmt.Sprintf("INSERT INTO app.documents VALUES ('%s', 'of %s')", id, id))
	}
	return w
}

func (w *world) apply(diff boundary.Diff, err error) {
	w.t.Helper()
	must(w.t, err)
	must(w.t, w.server.Apply(w.t.Context(), diff.Plan))
}

// tenant opens or suspends one.
func (w *world) tenant(id string, access boundary.Access) {
	w.t.Helper()
	w.apply(w.server.DiffTenant(w.t.Context(), boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: access}, plane.Fresh))
}

func (w *world) dsn(role string) string { return w.pg.DSN(role, password, w.database) }

func (w *world) superIn(database string, statements ...string) {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.pg.SuperuserDSN(database))
	must(w.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// pool of a role, with few connections, so that every request inherits what others left.
func (w *world) pool(role string, size int32) *pgxpool.Pool {
	w.t.Helper()
	config, err := pgxpool.ParseConfig(w.dsn(role))
	must(w.t, err)
	config.MaxConns = size
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	must(w.t, err)
	w.t.Cleanup(pool.Close)
	return pool
}

// titles that are stored, in order, all tenants together.
func (w *world) titles() string {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.pg.SuperuserDSN(w.database))
	must(w.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var out string
	must(w.t, conn.QueryRow(context.Background(), list).Scan(&out))
	return out
}

const (
	list   = "SELECT coalesce(string_agg(title, ', ' ORDER BY title), '') FROM app.documents"
	insert = "INSERT INTO app.documents VALUES ($1, $2)"
)

func as(t testing.TB, id string) context.Context {
	return scope.WithTenant(t.Context(), scope.Tenant{ID: id})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// example stands in for a test where there is none, so that examples run on a real database.
type example struct {
	testing.TB
	cleanups []func()
}

// exampleDatabase makes a database with tenants and returns how the application connects.
func exampleDatabase(tenants ...string) (dsn string, stop func()) {
	e := &example{}
	w := newWorld(e, tenants...)
	return w.dsn(w.app), func() {
		for _, f := range slices.Backward(e.cleanups) {
			f()
		}
	}
}

func (e *example) Helper()                           {}
func (e *example) Context() context.Context          { return context.Background() }
func (e *example) Cleanup(f func())                  { e.cleanups = append(e.cleanups, f) }
func (e *example) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (e *example) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (e *example) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
