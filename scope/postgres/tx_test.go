package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/postgres"
)

// querier is a transaction, whichever library it is of.
type querier struct {
	exec func(query string, args ...any) error
	text func(query string) (string, error)
	end  func() error
}

// way runs functions in scoped transactions, by one of the two libraries.
type way func(ctx context.Context, fn func(context.Context, querier) error, opts ...postgres.Option) error

func viaPgx(db postgres.Beginner) way {
	return func(ctx context.Context, fn func(context.Context, querier) error, opts ...postgres.Option) error {
		return postgres.InTx(ctx, db, func(ctx context.Context, tx pgx.Tx) error {
			return fn(ctx, querier{
				exec: func(query string, args ...any) error { _, err := tx.Exec(ctx, query, args...); return err },
				text: func(query string) (out string, err error) { err = tx.QueryRow(ctx, query).Scan(&out); return out, err },
				end:  func() error { return tx.Commit(ctx) },
			})
		}, opts...)
	}
}

func viaSQL(db postgres.SQLBeginner) way {
	return func(ctx context.Context, fn func(context.Context, querier) error, opts ...postgres.Option) error {
		return postgres.InSQLTx(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error {
			return fn(ctx, querier{
				exec: func(query string, args ...any) error { _, err := tx.ExecContext(ctx, query, args...); return err },
				text: func(query string) (out string, err error) {
					err = tx.QueryRowContext(ctx, query).Scan(&out)
					return out, err
				},
				end: tx.Commit,
			})
		}, opts...)
	}
}

// ways returns both, each on a pool of its own, and that pool for queries without a tenant.
func (w *world) ways(role string, size int32) map[string]struct {
	run  way
	pool *pgxpool.Pool
} {
	w.t.Helper()
	one, two := w.pool(role, size), w.pool(role, size)
	db := stdlib.OpenDBFromPool(two)
	w.t.Cleanup(func() { _ = db.Close() })
	return map[string]struct {
		run  way
		pool *pgxpool.Pool
	}{"pgx": {viaPgx(one), one}, "database/sql": {viaSQL(db), two}}
}

func read(ctx context.Context, run way) (out string, err error) {
	err = run(ctx, func(_ context.Context, q querier) (err error) { out, err = q.text(list); return err })
	return out, err
}

func state(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestEachTenantSeesItsOwn(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	for name, x := range w.ways(w.app, 1) {
		t.Run(name, func(t *testing.T) {
			for _, id := range []string{"acme", "globex", "acme"} {
				if got, err := read(as(t, id), x.run); got != "of "+id || err != nil {
					t.Errorf("%s sees %q, %v", id, got, err)
				}
				var out string
				if err := x.pool.QueryRow(t.Context(), list).Scan(&out); state(err) != "TN001" {
					t.Errorf("after %s, a query without a tenant: %q, %v", id, out, err)
				}
			}
			err := x.run(as(t, "acme"), func(_ context.Context, q querier) error { return q.exec(insert, "globex", "planted") })
			if state(err) != "42501" || errors.Is(err, postgres.ErrNoBoundary) {
				t.Errorf("acme writes a row of globex: %v", err)
			}
			if got := w.titles(); got != "of acme, of globex" {
				t.Errorf("stored: %s", got)
			}
		})
	}
}

func TestNoTenantSendsNothing(t *testing.T) {
	never := func(context.Context, querier) error { t.Error("the function ran"); return nil }
	for name, ctx := range map[string]context.Context{
		"none":    t.Context(),
		"invalid": scope.WithTenant(t.Context(), scope.Tenant{ID: "a'b"}),
		"two":     scope.WithTenant(as(t, "acme"), scope.Tenant{ID: "globex"}),
	} {
		_, want := scope.FromContext(ctx)
		// nil: whoever begins a transaction would panic.
		if err := viaPgx(nil)(ctx, never); !errors.Is(err, want) {
			t.Errorf("%s: pgx: %v", name, err)
		}
		if err := viaSQL(nil)(ctx, never); !errors.Is(err, want) {
			t.Errorf("%s: database/sql: %v", name, err)
		}
	}
}

// What goes wrong rolls back, and leaves a connection that serves the next.
func TestFailuresRollBack(t *testing.T) {
	w := newWorld(t, "acme")
	failure := errors.New("of the function")
	for name, x := range w.ways(w.app, 1) {
		for what, c := range map[string]struct {
			fn   func(context.Context, context.CancelFunc, querier) error
			want string
		}{
			"error":     {func(context.Context, context.CancelFunc, querier) error { return failure }, failure.Error()},
			"panic":     {func(context.Context, context.CancelFunc, querier) error { panic("of the function") }, "panic: of the function"},
			"cancelled": {func(_ context.Context, cancel context.CancelFunc, _ querier) error { cancel(); return nil }, "context canceled"},
			"swallowed": {func(_ context.Context, _ context.CancelFunc, q querier) error { _ = q.exec("SELECT 1/0"); return nil }, "aborted"},
			"interrupted": {func(_ context.Context, cancel context.CancelFunc, q querier) error {
				cancel()
				return q.exec("SELECT 1")
			}, "context canceled"},
			"nested": {func(ctx context.Context, _ context.CancelFunc, _ querier) error {
				return x.run(ctx, func(context.Context, querier) error { return nil })
			}, "inside of another"},
			"nested in the other library": {func(ctx context.Context, _ context.CancelFunc, _ querier) error {
				return postgres.InSQLTx(ctx, nil, nil, func(context.Context, *sql.Tx) error { return nil })
			}, "inside of another"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(as(t, "acme"), 20*time.Second)
				defer cancel()
				err := recovered(func() error {
					return x.run(ctx, func(ctx context.Context, q querier) error {
						must(t, q.exec(insert, "acme", "half done"))
						return c.fn(ctx, cancel, q)
					})
				})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				if got := w.titles(); got != "of acme" {
					t.Errorf("stored: %s", got)
				}
				if got, err := read(as(t, "acme"), x.run); got != "of acme" || err != nil {
					t.Errorf("afterwards: %q, %v", got, err)
				}
			})
		}
	}
}

// A caller that leaves costs the pool no connection: the transaction is rolled back and the connection kept.
func TestCancelledKeepsTheConnection(t *testing.T) {
	w := newWorld(t, "acme")
	pool := w.pool(w.app, 1)
	for range 3 {
		ctx, cancel := context.WithCancel(as(t, "acme"))
		err := postgres.InTx(ctx, pool, func(context.Context, pgx.Tx) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if n := pool.Stat().NewConnsCount(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
}

func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

func TestFunctionThatEndsItsTransaction(t *testing.T) {
	w := newWorld(t, "acme")
	for name, x := range w.ways(w.app, 1) {
		err := x.run(as(t, "acme"), func(_ context.Context, q querier) error { return q.end() })
		if err == nil || !strings.Contains(err.Error(), "ended the transaction itself") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A pooled connection must not carry one tenant's data to the next by what a session keeps.
func TestConnectionCarriesNothing(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.superIn(w.database, "CREATE SEQUENCE app.numbers START 4711", "GRANT USAGE ON SCHEMA app TO "+w.app,
		"GRANT USAGE ON SEQUENCE app.numbers TO "+w.app, "GRANT TEMPORARY ON DATABASE "+w.database+" TO "+w.app)
	for name, x := range w.ways(w.app, 1) {
		for what, c := range map[string]struct{ leave, look, want string }{
			"tenant":           {"SELECT 1", list, "TN001"},
			"temporary table":  {"CREATE TEMP TABLE kept AS SELECT * FROM app.documents", "SELECT title FROM kept", "42P01"},
			"cursor WITH HOLD": {"DECLARE kept CURSOR WITH HOLD FOR SELECT title FROM app.documents", "FETCH kept", "34000"},
			"currval":          {"SELECT nextval('app.numbers')", "SELECT currval('app.numbers')::text", "55000"},
			"row_security off": {"SET row_security = off", "SELECT current_setting('row_security')", "on"},
			"read only":        {"SET default_transaction_read_only = on", "SELECT current_setting('default_transaction_read_only')", "off"},
			"listen":           {"LISTEN kept", "SELECT count(*)::text FROM pg_listening_channels()", "0"},
			"advisory lock": {"SELECT pg_advisory_lock(4711)",
				"SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", "0"},
			"SET LOCAL": {"SET LOCAL app.kept = 'of acme'", "SELECT coalesce(current_setting('app.kept', true), '')", ""},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				must(t, x.run(as(t, "acme"), func(_ context.Context, q querier) error { return q.exec(c.leave) }))
				var got string
				if err := x.pool.QueryRow(t.Context(), c.look).Scan(&got); err != nil {
					got = state(err)
				}
				if got != c.want {
					t.Errorf("the next finds %q, want %q", got, c.want)
				}
			})
		}
	}
}

func TestReadOnly(t *testing.T) {
	w := newWorld(t, "acme")
	pool := w.pool(w.app, 1)
	err := postgres.InTx(as(t, "acme"), pool, func(ctx context.Context, tx pgx.Tx) error {
		var got string
		if err := tx.QueryRow(ctx, list).Scan(&got); err != nil || got != "of acme" {
			t.Errorf("reads %q, %v", got, err)
		}
		return nil
	}, postgres.WithTxOptions(pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.Serializable}))
	must(t, err)
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	err = postgres.InSQLTx(as(t, "acme"), db, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insert, "acme", "x")
		return err
	})
	if state(err) != "25006" {
		t.Errorf("a write in a read-only transaction: %v", err)
	}
}

func TestErrorsNameTheRemedy(t *testing.T) {
	w := newWorld(t, "acme", "idle")
	w.tenant("idle", boundary.Suspended)
	elsewhere := w.pool(w.app, 1).Config()
	elsewhere.ConnConfig.Database = "postgres"
	outside, err := pgxpool.NewWithConfig(t.Context(), elsewhere)
	must(t, err)
	t.Cleanup(outside.Close)
	reset := func(_ context.Context, q querier) error {
		if err := q.exec("SELECT set_config('tenantry.stamp', '', true)"); err != nil {
			return err
		}
		_, err := q.text(list)
		return err
	}
	nothing := func(context.Context, querier) error { return nil }
	for name, x := range w.ways(w.app, 1) {
		stranger := w.ways(w.stranger, 1)[name].run
		for what, c := range map[string]struct {
			tenant string
			run    way
			fn     func(context.Context, querier) error
			want   error
			remedy string
		}{
			"never declared": {"nobody", x.run, nothing, postgres.ErrUnknownTenant, "Apply a Tenant"},
			"suspended":      {"idle", x.run, nothing, postgres.ErrSuspended, "Active"},
			"undone":         {"acme", x.run, reset, postgres.ErrUnscoped, "leave the tenant to InTx"},
			"no appRole":     {"acme", stranger, nothing, postgres.ErrNoBoundary, "appRoles"},
			"other database": {"acme", viaPgx(outside), nothing, postgres.ErrNoBoundary, "dsnSecretRef"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				err := c.run(as(t, c.tenant), c.fn)
				e, ok := errors.AsType[*postgres.Error](err)
				if !ok || !errors.Is(err, c.want) || e.TenantID != c.tenant || !strings.Contains(err.Error(), c.remedy) {
					t.Fatalf("got %v, want %v with %q", err, c.want, c.remedy)
				}
				if _, ok := errors.AsType[*pgconn.PgError](err); !ok {
					t.Errorf("the driver's error is lost: %v", err)
				}
			})
		}
	}
	// A tenant's own login needs no InTx, and is told so.
	w.superIn(w.database, "GRANT USAGE ON SCHEMA tenantry TO "+w.stranger, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tenantry TO "+w.stranger)
	err = viaPgx(w.pool(w.stranger, 1))(as(t, "acme"), nothing)
	if !errors.Is(err, postgres.ErrNotAppRole) || !strings.Contains(err.Error(), "appRoles") {
		t.Errorf("a role that may call use_tenant and is no appRole: %v", err)
	}
}

func TestAttempts(t *testing.T) {
	w := newWorld(t, "acme")
	collide := "DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END $$"
	for name, x := range w.ways(w.app, 1) {
		for attempts, want := range map[int]int{1: 1, 2: 2, 3: 3, 5: 3} {
			ran := 0
			err := x.run(as(t, "acme"), func(_ context.Context, q querier) error {
				if ran++; ran < 3 {
					return q.exec(collide)
				}
				return nil
			}, postgres.Attempts(attempts))
			if ran != want || (err == nil) != (want == 3) {
				t.Errorf("%s: with %d attempts it ran %d times, want %d: %v", name, attempts, ran, want, err)
			}
		}
		ran := 0
		err := x.run(as(t, "acme"), func(_ context.Context, q querier) error { ran++; return q.exec("SELECT 1/0") }, postgres.Attempts(5))
		if ran != 1 || err == nil {
			t.Errorf("%s: what running again cannot help ran %d times: %v", name, ran, err)
		}
	}
}

// Many requests of many tenants through one small pool.
func TestConcurrently(t *testing.T) {
	ids := []string{"acme", "globex", "initech", "umbrella"}
	w := newWorld(t, ids...)
	for _, x := range w.ways(w.app, 3) {
		var work sync.WaitGroup
		for i := range 12 {
			id := ids[i%len(ids)]
			ctx := as(t, id)
			work.Go(func() {
				for n := range 40 {
					got, err := read(ctx, x.run)
					if got != "of "+id || err != nil {
						t.Errorf("%s sees %q, %v", id, got, err)
					}
					var out string
					if n%4 == 0 && state(x.pool.QueryRow(ctx, list).Scan(&out)) != "TN001" {
						t.Errorf("without a transaction, %s sees %q", id, out)
					}
				}
			})
		}
		work.Wait()
	}
}
