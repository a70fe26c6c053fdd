package harness

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// Login is a role with a password.
type Login struct{ Name, Password string }

// Database is a database of a PostgreSQL server as a platform would hand it over.
type Database struct {
	Server *stack.Postgres
	Name   string
	// Operator has the rights that the operator needs and no more. Owner owns the tables. App is the pooled role of the
	// application. Maintenance has BYPASSRLS, for dumps. Names are random: roles belong to the whole server.
	Operator, Owner, App, Maintenance Login
}

// NewDatabase makes a database with its roles, and whatever the owner's statements make.
func NewDatabase(t testing.TB, server *stack.Postgres, statements ...string) *Database {
	t.Helper()
	suffix := strings.ToLower(rand.Text()[:8])
	login := func(kind string) Login { return Login{kind + "_" + suffix, rand.Text()} }
	d := &Database{
		Server: server, Name: stacktest.Database(t, server),
		Operator: login("op"), Owner: login("owner"), App: login("app"), Maintenance: login("dump"),
	}
	for _, l := range []Login{d.Operator, d.Owner, d.App, d.Maintenance} {
		d.Exec(t, "CREATE ROLE "+l.Name+" LOGIN PASSWORD '"+l.Password+"'")
	}
	d.Exec(t,
		"ALTER ROLE "+d.Operator.Name+" CREATEROLE",
		"ALTER ROLE "+d.Maintenance.Name+" BYPASSRLS",
		"GRANT CREATE, CONNECT ON DATABASE "+d.Name+" TO "+d.Operator.Name+" WITH GRANT OPTION",
		"ALTER DATABASE "+d.Name+" OWNER TO "+d.Operator.Name,
		"GRANT pg_signal_backend, "+d.Owner.Name+" TO "+d.Operator.Name,
		"GRANT CREATE, USAGE ON SCHEMA public TO "+d.Owner.Name,
	)
	d.ExecAs(t, d.Owner, statements...)
	return d
}

// DSN of a role. It holds the password: never print it.
func (d *Database) DSN(l Login) string { return d.Server.DSN(l.Name, l.Password, d.Name) }

// Connect opens a session of a role.
func (d *Database) Connect(t testing.TB, l Login) *pgx.Conn {
	t.Helper()
	return Connect(t, d.DSN(l))
}

// Superuser opens a session of the superuser.
func (d *Database) Superuser(t testing.TB) *pgx.Conn {
	t.Helper()
	return Connect(t, d.Server.SuperuserDSN(d.Name))
}

// Exec runs statements as the superuser, in one session.
func (d *Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	d.exec(t, d.Server.SuperuserDSN(d.Name), statements)
}

// ExecAs runs statements as a role, in one session.
func (d *Database) ExecAs(t testing.TB, l Login, statements ...string) {
	t.Helper()
	d.exec(t, d.DSN(l), statements)
}

func (d *Database) exec(t testing.TB, dsn string, statements []string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // cleanups use it, too
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// Connect opens a session that the test's end closes.
func Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
