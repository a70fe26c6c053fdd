package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/postgres"
)

// Queries without a WHERE for the tenant, on a table that holds the rows of two.
func ExampleInTx() {
	dsn, stop := exampleDatabase("acme", "globex") // yours: the database of the DataPlane, as one of its appRoles
	defer stop()
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	defer pool.Close()

	titles := func(ctx context.Context) (out []string, err error) {
		err = postgres.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, "SELECT title FROM app.documents")
			if err != nil {
				return err
			}
			out, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		return out, err
	}
	for _, id := range []string{"acme", "globex", "initech"} {
		ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: id}) // the middleware does this
		found, err := titles(ctx)
		_, _ = fmt.Fprintln(os.Stdout, id, found, errors.Is(err, postgres.ErrUnknownTenant))
	}
	_, err = titles(context.Background())
	_, _ = fmt.Fprintln(os.Stdout, errors.Is(err, scope.ErrNoTenant))

	// A query that goes around InTx gets an error, and no rows.
	_, err = pool.Exec(context.Background(), "SELECT title FROM app.documents")
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		_, _ = fmt.Fprintln(os.Stdout, refused.Code, refused.Message)
	}
	// Output:
	// acme [of acme] false
	// globex [of globex] false
	// initech [] true
	// true
	// TN001 no tenant is set for this transaction
}

// The same with database/sql.
func ExampleInSQLTx() {
	dsn, stop := exampleDatabase("acme", "globex")
	defer stop()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()

	ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: "acme"}) // the middleware does this
	err = postgres.InSQLTx(ctx, db, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM app.documents").Scan(&n); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(os.Stdout, n, "document")
		return nil
	})
	if err != nil {
		panic(err)
	}
	// Output: 1 document
}
