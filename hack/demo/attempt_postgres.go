package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// denied is the SQLSTATE of "insufficient privilege", which row-level security uses too.
const denied = "42501"

// login opens a connection as one role.
type login func(context.Context) (*pgx.Conn, error)

// sqlRefused is an attempt whose last statement the server must refuse with a SQLSTATE.
func sqlRefused(as login, code string, statements ...string) attempt {
	return sqlAttempt(as, statements, func(got string, err error) (string, error) {
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			return got, wants("SQLSTATE "+code, fmt.Sprintf("%s %v", got, err))
		}
		return words(refused), wants(code, refused.Code)
	})
}

// sqlSees is an attempt whose last statement succeeds and comes back with nothing of anybody else's.
func sqlSees(as login, want string, statements ...string) attempt {
	return sqlAttempt(as, statements, func(got string, err error) (string, error) {
		if err != nil {
			return err.Error(), err
		}
		return got, wants(want, got)
	})
}

// sqlAttempt runs statements over a new connection and has the last one judged.
func sqlAttempt(as login, statements []string, judge func(got string, err error) (string, error)) attempt {
	try := func(ctx context.Context) (string, error) {
		conn, err := as(ctx)
		if err != nil {
			return err.Error(), err
		}
		defer func() { _ = conn.Close(ctx) }()
		last := len(statements) - 1
		for _, s := range statements[:last] {
			if _, err := execute(ctx, conn, s); err != nil {
				return err.Error(), fmt.Errorf("%s: %w", s, err)
			}
		}
		return judge(execute(ctx, conn, statements[last]))
	}
	return attempt{what: strings.Join(statements, "; "), try: try}
}

// execute runs one statement and returns the first column of its rows, or its command tag where it is no query.
func execute(ctx context.Context, conn *pgx.Conn, statement string) (string, error) {
	if strings.HasPrefix(statement, "COPY") {
		var out strings.Builder
		_, err := conn.PgConn().CopyTo(ctx, &out, statement)
		return strings.TrimSpace(out.String()), err
	}
	results, err := conn.PgConn().Exec(ctx, statement).ReadAll()
	if err != nil || len(results) == 0 {
		return "", err
	}
	if len(results[0].FieldDescriptions) == 0 {
		return results[0].CommandTag.String(), nil
	}
	values := make([]string, 0, len(results[0].Rows))
	for _, row := range results[0].Rows {
		values = append(values, string(row[0]))
	}
	return strings.Join(values, " "), nil
}

// words are PostgreSQL's own, with the hint where Tenantry gave one.
func words(e *pgconn.PgError) string {
	text := fmt.Sprintf("%s: %s (%s)", e.Severity, e.Message, e.Code)
	if strings.HasPrefix(e.Code, "TN") && e.Hint != "" {
		text += "\nHINT: " + e.Hint
	}
	return text
}

// whose lists the tenants whose documents are visible.
const whose = "SELECT DISTINCT tenant_id FROM documents"

// tenantAttempts are what a tenant's own login may try against another tenant.
func tenantAttempts(t *tenant, victim string) []attempt {
	as := login(t.rows)
	return []attempt{
		sqlSees(as, "0", "SELECT count(*) FROM documents WHERE tenant_id = '"+victim+"'"),
		sqlSees(as, t.name, "SET app.current_tenant = '"+victim+"'", whose),
		sqlSees(as, t.name, "COPY ("+whose+") TO STDOUT"),
		sqlRefused(as, denied, "SET row_security = off", whose),
		sqlRefused(as, "TN005", "SELECT tenantry.use_tenant('"+victim+"')"),
		sqlRefused(as, denied, "SET ROLE app"),
		sqlRefused(as, denied, "SET ROLE app_owner"),
		sqlRefused(as, denied, "SET SESSION AUTHORIZATION app"),
		sqlRefused(as, denied, "INSERT INTO invoices VALUES ('"+victim+"', 'x', 1)"),
		sqlSees(as, "UPDATE 0", "UPDATE documents SET title = 'x' WHERE tenant_id = '"+victim+"'"),
		sqlRefused(as, denied, "UPDATE documents SET tenant_id = '"+victim+"'"),
		sqlRefused(as, denied, "DELETE FROM documents WHERE tenant_id = '"+victim+"'"),
		sqlRefused(as, denied, "TRUNCATE documents"),
		sqlRefused(as, denied, "BEGIN", "LOCK TABLE documents IN ACCESS EXCLUSIVE MODE"),
		sqlRefused(as, denied, "ALTER TABLE documents DISABLE ROW LEVEL SECURITY"),
		sqlRefused(as, denied, "CREATE TEMP TABLE tenants (tenant_id text)"),
	}
}

// applicationAttempts are the mistakes of a shared application and of the owner of its tables.
func (d *demo) applicationAttempts() []attempt {
	use := func(name string) string { return "SELECT tenantry.use_tenant('" + name + "')" }
	count := "SELECT count(*) FROM documents"
	return []attempt{
		sqlRefused(d.application, "TN001", count).named("app forgets the tenant: " + count),
		sqlRefused(d.application, "TN001", "SET app.current_tenant = 'acme-health'", count).named("app sets app.current_tenant for the session"),
		sqlRefused(d.application, "TN001", "BEGIN", use(acme), "COMMIT", count).named("app queries after the COMMIT, same connection"),
		sqlRefused(d.application, "TN003", "BEGIN", use(acme), keepStamp, "COMMIT", count).named("app finds a stale setting on its pooled connection"),
		sqlRefused(d.application, "TN002", use("nobody")).named("app names a tenant that was never declared"),
		sqlSees(d.application, acme, "BEGIN", use(acme), whose).named("app as acme-health: " + whose),
		sqlRefused(d.application, denied, "BEGIN", use(acme), "INSERT INTO invoices VALUES ('blue-dental', 'x', 1)").
			named("app as acme-health: INSERT for blue-dental"),
		sqlRefused(d.tableOwner, "TN005", count).named("app_owner, who owns the table: " + count),
		sqlSees(d.tableOwner, "enabled and forced", "BEGIN", "CREATE TABLE letters (tenant_id text NOT NULL, body text)", protection).
			named("app_owner makes a table: its row-level security"),
	}
}

const (
	// keepStamp makes the mark of a transaction outlive it, as a SET without LOCAL does.
	keepStamp = "SELECT set_config('tenantry.stamp', current_setting('tenantry.stamp'), false)"
	// protection of a table that was made a moment ago, in the same transaction.
	protection = "SELECT CASE WHEN relrowsecurity AND relforcerowsecurity THEN 'enabled and forced' ELSE 'off' END FROM pg_class WHERE relname = 'letters'"
)

// tableOwner is a session of the role that owns the tables, which has no login of its own.
func (d *demo) tableOwner(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, d.postgres.SuperuserDSN(database))
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "SET SESSION AUTHORIZATION app_owner")
	return conn, err
}
