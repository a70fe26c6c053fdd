package main

import (
	"context"
	"crypto/rand"

	"github.com/jackc/pgx/v5"
)

// database that the application and its tenants use.
const database = "product"

// preparePlatform does what a platform team does before it installs Tenantry: a database with tables, a pooled role for the
// application, and accounts for the operator that are no superusers.
func (d *demo) preparePlatform(ctx context.Context) error {
	d.passwords = passwords{operatorRole: rand.Text(), appRole: rand.Text(), operatorUser: rand.Text()}
	if err := d.preparePostgres(ctx); err != nil {
		return err
	}
	return d.prepareRedis(ctx)
}

func (d *demo) preparePostgres(ctx context.Context) error {
	for _, s := range []script{
		{database: "postgres", path: "hack/demo/sql/server.sql", secrets: map[string]string{"app_password": d.appRole}},
		{database: database, path: "hack/demo/sql/tables.sql"},
		{
			database: database, path: "docs/postgres/operator-role.sql", flags: []string{"-v", "operator=tenantry", "-v", "owner=app_owner"},
			secrets: map[string]string{"password": "'" + d.operatorRole + "'"},
		},
	} {
		if err := d.psql(ctx, s); err != nil {
			return err
		}
	}
	d.console.OK("database %q: tables documents and invoices of app_owner, a pooled role app, the operator's role tenantry", database)
	super, err := d.superuserText(ctx, database, "SELECT rolsuper::text FROM pg_roles WHERE rolname = 'tenantry'")
	if err != nil {
		return err
	}
	d.console.Say("  tenantry is a superuser: %s", super)
	return expect("the operator's role is a superuser", "false", super)
}

// superuserText runs a query whose answer is one text.
func (d *demo) superuserText(ctx context.Context, database, query string, args ...any) (text string, err error) {
	err = d.asSuperuser(ctx, database, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(&text) })
	return text, err
}

func (d *demo) asSuperuser(ctx context.Context, database string, work func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, d.postgres.SuperuserDSN(database))
	if err != nil {
		return wrap("connect to PostgreSQL as the superuser", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return work(conn)
}
