package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/scope"
)

// Beginner begins pgx transactions: *pgxpool.Pool, *pgxpool.Conn or *pgx.Conn.
type Beginner interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// SQLBeginner begins transactions of database/sql: *sql.DB or *sql.Conn.
type SQLBeginner interface {
	BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error)
}

// Option changes how a transaction is run.
type Option func(*options)

type options struct {
	attempts int
	pgx      pgx.TxOptions
}

// Attempts runs the function up to n times as long as the server says that the transaction collided with another
// (serialization failure, deadlock). Default 1. The function must then be safe to run again: all that it did in the
// database is rolled back, and nothing else is.
func Attempts(n int) Option { return func(o *options) { o.attempts = n } }

// WithTxOptions sets the isolation level and access mode of [InTx].
func WithTxOptions(tx pgx.TxOptions) Option { return func(o *options) { o.pgx = tx } }

// useTenant is the first statement of every transaction.
const useTenant = "SELECT tenantry.use_tenant($1)"

// tidy drops what a session keeps beyond its transactions, and the two settings that would make every later transaction of
// another tenant fail. Other settings stay: a pool may have made them as it connected. One statement, because database/sql
// can prepare no more.
const tidy = `DO $tenantry$ BEGIN
  EXECUTE 'RESET row_security'; EXECUTE 'RESET default_transaction_read_only';
  EXECUTE 'CLOSE ALL'; EXECUTE 'DISCARD TEMP'; EXECUTE 'DISCARD SEQUENCES'; EXECUTE 'UNLISTEN *';
  PERFORM pg_catalog.pg_advisory_unlock_all();
END $tenantry$`

// rollbackTimeout bounds the rollback after a failure, when the caller's context may be done.
const rollbackTimeout = 5 * time.Second

// InTx runs fn in a transaction that carries the tenant of ctx, and commits if fn returns nil. Otherwise, or if fn panics,
// everything is rolled back; fn's error is returned, translated if it is one of the boundary. The context that fn gets is
// for everything it does, and tx is not to be kept. Errors without a tenant are those of scope.FromContext: nothing is
// sent then. A call inside of fn is refused with [ErrNested].
func InTx(ctx context.Context, db Beginner, fn func(ctx context.Context, tx pgx.Tx) error, opts ...Option) error {
	o := apply(opts)
	return run(ctx, o, func(ctx context.Context) (transaction, error) {
		tx, err := db.BeginTx(ctx, o.pgx)
		return pgxTransaction{tx}, err
	}, func(ctx context.Context, tx transaction) error { return fn(ctx, tx.(pgxTransaction).Tx) })
}

// InSQLTx is [InTx] for database/sql. txOptions may be nil; of opts, only [Attempts] counts.
func InSQLTx(
	ctx context.Context, db SQLBeginner, txOptions *sql.TxOptions, fn func(ctx context.Context, tx *sql.Tx) error, opts ...Option,
) error {
	return run(ctx, apply(opts), func(ctx context.Context) (transaction, error) {
		tx, err := db.BeginTx(ctx, txOptions)
		return sqlTransaction{tx}, err
	}, func(ctx context.Context, tx transaction) error { return fn(ctx, tx.(sqlTransaction).Tx) })
}

func apply(opts []Option) options {
	o := options{attempts: 1}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// inside marks the context that a function runs with.
type inside struct{}

func run(
	ctx context.Context, o options,
	begin func(context.Context) (transaction, error), fn func(context.Context, transaction) error,
) error {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return err
	}
	if ctx.Value(inside{}) != nil {
		return ErrNested
	}
	for attempt := 1; ; attempt++ {
		err := once(ctx, tenant, begin, fn)
		if err == nil || attempt >= o.attempts || !collided(err) || ctx.Err() != nil {
			return translate(err, tenant)
		}
	}
}

func once(
	ctx context.Context, tenant scope.Tenant,
	begin func(context.Context) (transaction, error), fn func(context.Context, transaction) error,
) error {
	tx, err := begin(ctx)
	if err != nil {
		return fmt.Errorf("scope/postgres: begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed { // also when fn panics, or ends its goroutine
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
			defer cancel()
			_ = tx.rollback(ctx) // whoever cannot roll back has lost the connection, and with it the transaction
		}
	}()
	if err := tx.exec(ctx, useTenant, tenant.ID); err != nil {
		return scopeError{fmt.Errorf("scope/postgres: use_tenant: %w", err)}
	}
	if err := fn(context.WithValue(ctx, inside{}, true), tx); err != nil {
		return err
	}
	if err := tx.exec(ctx, tidy); err != nil {
		return unusable(err)
	}
	if err := tx.commit(ctx); err != nil {
		return unusable(err)
	}
	committed = true
	return nil
}

// unusable says more about transactions that fn ended itself.
func unusable(err error) error {
	if errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("scope/postgres: the function ended the transaction itself: leave that to its return: %w", err)
	}
	return fmt.Errorf("scope/postgres: commit: %w", err)
}

// transaction is what both kinds have in common.
type transaction interface {
	exec(ctx context.Context, query string, args ...any) error
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
}

type pgxTransaction struct{ pgx.Tx }

func (t pgxTransaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.Exec(ctx, query, args...)
	return err
}
func (t pgxTransaction) commit(ctx context.Context) error   { return t.Commit(ctx) }
func (t pgxTransaction) rollback(ctx context.Context) error { return t.Rollback(ctx) }

type sqlTransaction struct{ *sql.Tx }

func (t sqlTransaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.ExecContext(ctx, query, args...)
	return err
}
func (t sqlTransaction) commit(context.Context) error   { return t.Commit() }
func (t sqlTransaction) rollback(context.Context) error { return t.Rollback() }
