package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// prices of the tests: a token of big costs a micro-dollar in and two out, one of small a tenth.
var prices = []budget.Price{{Model: "big", Input: 1_000_000, Output: 2_000_000}, {Model: "small", Input: 100_000, Output: 200_000}}

// books is a world with a ledger and two tenants with logins of their own, acme and globex.
type books struct {
	*world

	s            *postgres.Server
	spec         budget.Spec
	acme, globex *pgx.Conn
	appConn      *pgx.Conn
}

func newBooks(t *testing.T, change ...func(*budget.Spec)) *books {
	t.Helper()
	return newBooksIn(newWorld(t), change...)
}

func newBooksIn(w *world, change ...func(*budget.Spec)) *books {
	w.t.Helper()
	b := &books{world: w, spec: budget.Spec{
		Models: prices, Routes: []budget.Route{
			{Tier: "Premium", Complexity: "Complex", Model: "big"}, {Tier: "Premium", Complexity: "Simple", Model: "small"},
			{Tier: "Standard", Complexity: "Simple", Model: "small"},
		},
	}}
	for _, f := range change {
		f(&b.spec)
	}
	b.s = w.open(b.config)
	w.settle(b.s)
	b.acme, b.globex = w.admit(b.s, tenant("acme")), w.admit(b.s, tenant("globex"))
	b.appConn = w.connect(w.dsn(w.app))
	return b
}

func (b *books) config(c *postgres.Config) { c.Budget = b.spec }

// limits of one tenant for a month.
func limits(id string, l ...budget.Limit) budget.Budget {
	return budget.Budget{TenantID: id, UID: "budget-" + id, Tier: "Premium", Period: budget.Month, Limits: l}
}

func tokens(n int64) budget.Limit { return budget.Limit{Unit: budget.Tokens, Model: "*", Amount: n} }

// give brings a tenant's limits into force.
func (b *books) give(want budget.Budget) {
	b.t.Helper()
	ctx := context.Background()
	diff, err := b.s.DiffBudget(ctx, want, plane.Fresh)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.s.Apply(ctx, diff.Plan); err != nil {
		b.t.Fatal(err)
	}
	if diff, err = b.s.DiffBudget(ctx, want, plane.Fresh); err != nil || !diff.Settled() {
		b.t.Fatalf("the budget does not settle: %v\n%s", err, strings.Join(diff.Plan.Lines(), "\n"))
	}
}

// answer is what reserve says, with NULL as the zero value.
type answer struct {
	Decision, Model, Unit, LimitModel string
	Again                             bool
	Percent                           int
	Used, Reserved, Limit             int64
}

const askReserve = "SELECT decision, coalesce(model, ''), coalesce(unit, ''), coalesce(limit_model, ''), again, coalesce(percent, 0), " +
	"coalesce(used, 0), coalesce(reserved, 0), coalesce(limit_amount, 0) FROM tenantry.reserve($1, $2, $3, $4, $5)"

// querier is a connection or a pool.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func tryReserve(q querier, id, model string, in, out int64, complexity any) (a answer, err error) {
	err = q.QueryRow(context.Background(), askReserve, id, model, in, out, complexity).
		Scan(&a.Decision, &a.Model, &a.Unit, &a.LimitModel, &a.Again, &a.Percent, &a.Used, &a.Reserved, &a.Limit)
	return a, err
}

func (b *books) reserve(q querier, id string, n int64) answer {
	b.t.Helper()
	a, err := tryReserve(q, id, "big", n, 0, nil)
	if err != nil {
		b.t.Fatalf("reserve %s: %v", id, err)
	}
	return a
}

// settled is what settle and release say.
type settled struct {
	State      string
	Again      bool
	In, Out    int64
	CostMicros int64
}

func trySettle(q querier, id string, in, out int64) (s settled, err error) {
	err = q.QueryRow(context.Background(), "SELECT state, again, input_tokens, output_tokens, cost_micros FROM tenantry.settle($1, $2, $3)", id, in, out).
		Scan(&s.State, &s.Again, &s.In, &s.Out, &s.CostMicros)
	return s, err
}

// asApp runs a query as the application, for one tenant, in a transaction, and answers with one text.
func (b *books) asApp(id, query string, args ...any) (out string, err error) {
	ctx := context.Background()
	err = pgx.BeginFunc(ctx, b.appConn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT tenantry.use_tenant($1)", id); err != nil {
			return err
		}
		return tx.QueryRow(ctx, query, args...).Scan(&out)
	})
	return out, err
}

// counters of a tenant, as used/reserved of every limit.
func (b *books) counters(id string) string {
	b.t.Helper()
	conn := b.connect(b.pg.SuperuserDSN(b.database))
	defer func() { _ = conn.Close(context.Background()) }()
	return b.value(conn, "SELECT array_to_string(used, ',') || '/' || array_to_string(reserved, ',') FROM tenantry.tenant_budgets WHERE tenant_id = $1", id)
}

// agree fails where counters and ledger do not.
func (b *books) agree() {
	b.t.Helper()
	diff, err := b.s.DiffCounters(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	if !diff.Settled() || diff.Objects == 0 {
		b.t.Errorf("counters and ledger differ, or none was read: %s", strings.Join(diff.Plan.Lines(), "\n"))
	}
}

// at moves the ledger's clock. Only the operator's role can replace the function, and the audit reports it.
func (b *books) at(moment time.Time) {
	b.t.Helper()
	b.as(b.operator, "CREATE TABLE IF NOT EXISTS tenantry.shift (by interval NOT NULL)", "DELETE FROM tenantry.shift",
		"INSERT INTO tenantry.shift VALUES ('0')")
	b.shift(moment)
	b.as(b.operator, "CREATE OR REPLACE FUNCTION tenantry.budget_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp() + (SELECT s.by FROM tenantry.shift s)'")
}

// shift moves a clock that at has made movable.
func (b *books) shift(moment time.Time) {
	b.as(b.operator, "UPDATE tenantry.shift SET by = '"+moment.Format(time.RFC3339Nano)+"'::timestamptz - clock_timestamp()")
}

// pool of connections as a role.
func (b *books) pool(role string, n int32) *pgxpool.Pool {
	b.t.Helper()
	c, err := pgxpool.ParseConfig(b.dsn(role))
	if err != nil {
		b.t.Fatal(err)
	}
	c.MaxConns = n
	p, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(p.Close)
	return p
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
