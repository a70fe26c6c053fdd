package budget_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	planepostgres "github.com/tenantry/tenantry/internal/plane/postgres"
	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
)

const password = "password-of-the-tests"

// world is a database with the ledger, in which a token of the model "big" costs a micro-dollar in and two out, and one of
// "small" a tenth.
type world struct {
	t        testing.TB
	pg       *stack.Postgres
	database string
	app      string // role of the application
}

// newWorld makes one with active tenants without budgets. Role names are random: all databases of a server share them.
func newWorld(t testing.TB, tenants ...string) *world {
	return newWorldOn(t, stacktest.Postgres(t), tenants...)
}

func newWorldOn(t testing.TB, pg *stack.Postgres, tenants ...string) *world {
	t.Helper()
	id := strings.ToLower(rand.Text())[:8]
	w := &world{t: t, pg: pg, app: "app_" + id}
	operator := "op_" + id
	spec := rows.Spec{
		Plane: "eu-" + id, Installation: "installation-" + id, NameKey: []byte("key of " + id), IDFormat: rows.Text,
		TenantContext: rows.Stamped, AppRoles: []string{w.app},
	}
	roles := []string{operator, w.app}
	for _, role := range roles {
		w.superIn("postgres", "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'")
	}
	t.Cleanup(func() { // the database goes first
		w.superIn("postgres", "DO $$ DECLARE r name; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname IN ('"+strings.Join(roles, "','")+
			"') OR starts_with(rolname, '"+rows.Prefix(spec)+"') LOOP EXECUTE format('DROP OWNED BY %I CASCADE', r); EXECUTE format('DROP ROLE %I', r); END LOOP; END $$")
	})
	w.database = stacktest.Database(t, pg)
	w.superIn(w.database,
		"GRANT CREATE ON DATABASE "+w.database+" TO "+operator,
		"GRANT CONNECT ON DATABASE "+w.database+" TO "+operator+" WITH GRANT OPTION",
		"ALTER ROLE "+operator+" CREATEROLE", "GRANT pg_signal_backend TO "+operator)
	marker := boundary.Marker{Plane: spec.Plane, Installation: spec.Installation, SchemaVersion: boundary.SchemaVersion, KeyFingerprint: "f"}
	server, err := planepostgres.Open(planepostgres.Config{DSN: boundary.Secret(w.dsn(operator)), Marker: marker, Spec: spec})
	must(t, err)
	t.Cleanup(server.Close)
	_, err = server.Claim(t.Context(), marker)
	must(t, err)
	apply := func(diff boundary.Diff, err error) {
		must(t, err)
		must(t, server.Apply(t.Context(), diff.Plan))
	}
	apply(server.DiffPlane(t.Context(), plane.Fresh))
	for _, id := range tenants {
		apply(server.DiffTenant(t.Context(), boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: boundary.Open}, plane.Fresh))
	}
	w.superIn(w.database,
		"INSERT INTO tenantry.model_prices (model, valid_from, input_price, output_price) VALUES ('big', 'epoch', 1000000, 2000000), ('small', 'epoch', 100000, 200000)",
		"INSERT INTO tenantry.model_routing VALUES ('Premium', 'Complex', 'big'), ('Premium', 'Simple', 'small')")
	return w
}

// limits gives a tenant a limit of tokens and one of micro-dollars for this month, with nothing used.
func (w *world) limits(tenant string, tokens, micros int64, more ...string) {
	w.t.Helper()
	w.superIn(w.database, fmt.Sprintf(`INSERT INTO tenantry.tenant_budgets (tenant_id, uid, tier, period, time_zone, units, models, amounts, used, reserved, period_start, period_end)
		SELECT '%s', 'of-%[1]s', 'Premium', 'Month', 'UTC', '{Tokens,USD}', '{*,*}', '{%d,%d}', '{0,0}', '{0,0}', p.period_start, p.period_end
		FROM tenantry.budget_period(now(), 'Month', 'UTC') p
		ON CONFLICT (tenant_id) DO UPDATE SET amounts = excluded.amounts`, tenant, tokens, micros))
	for _, set := range more {
		w.superIn(w.database, "UPDATE tenantry.tenant_budgets SET "+set+" WHERE tenant_id = '"+tenant+"'")
	}
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

// value of a query that the superuser asks.
func (w *world) value(query string, args ...any) string {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.pg.SuperuserDSN(w.database))
	must(w.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var out string
	must(w.t, conn.QueryRow(context.Background(), query, args...).Scan(&out))
	return out
}

// standing of a request in the ledger: state, tokens and cost.
func (w *world) standing(id string) string {
	w.t.Helper()
	return w.value("SELECT coalesce(string_agg(concat_ws(' ', state, model, input_tokens, output_tokens, cost_micros), '; '), 'nothing') "+
		"FROM tenantry.ai_usage_logs WHERE request_id = $1", id)
}

// counters of a tenant: tokens used and reserved.
func (w *world) counters(tenant string) string {
	w.t.Helper()
	return w.value("SELECT used[1] || ' used, ' || reserved[1] || ' reserved' FROM tenantry.tenant_budgets WHERE tenant_id = $1", tenant)
}

// agree fails where counters and ledger do not.
func (w *world) agree() {
	w.t.Helper()
	if got := w.value(`SELECT coalesce(string_agg(format('%s: %s %s, ledger %s %s', tenant_id, b.used, b.reserved, l.used, l.reserved), '; '), '')
		FROM tenantry.tenant_budgets b JOIN LATERAL (
			SELECT ARRAY[coalesce(sum(input_tokens + output_tokens), 0), coalesce(sum(cost_micros), 0)]::bigint[] AS used,
				ARRAY[coalesce(sum(reserved_input + reserved_output) FILTER (WHERE state = 'Reserved'), 0),
					coalesce(sum(reserved_micros) FILTER (WHERE state = 'Reserved'), 0)]::bigint[] AS reserved
			FROM tenantry.ai_usage_logs l WHERE l.tenant_id = b.tenant_id AND l.created_at >= b.period_start) l ON true
		WHERE b.uid <> '' AND (l.used <> b.used OR l.reserved <> b.reserved)`); got != "" {
		w.t.Errorf("counters and ledger do not agree: %s", got)
	}
}

func (w *world) pool(dsn string, size int32) *pgxpool.Pool {
	w.t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	must(w.t, err)
	config.MaxConns = size
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	must(w.t, err)
	w.t.Cleanup(pool.Close)
	return pool
}

// client of the application. It is closed at the end.
func (w *world) client(o budget.Options) *budget.Client {
	w.t.Helper()
	return w.clientAt(w.dsn(w.app), o)
}

func (w *world) clientAt(dsn string, o budget.Options) *budget.Client {
	w.t.Helper()
	c, err := budget.New(w.pool(dsn, 8), o)
	must(w.t, err)
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = c.Close(ctx) // a test that closes it itself looks at the error
	})
	return c
}

// events that happened, for tests to wait for.
type events struct {
	mu    sync.Mutex
	all   []budget.Event
	moved chan struct{}
}

func newEvents() *events { return &events{moved: make(chan struct{})} }

func (e *events) add(x budget.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, x)
	close(e.moved)
	e.moved = make(chan struct{})
}

func (e *events) of(kind string) (out []budget.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.all {
		if x.Kind == kind {
			out = append(out, x)
		}
	}
	return out
}

// wait until a condition on what happened holds.
func (e *events) wait(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		e.mu.Lock()
		moved := e.moved
		e.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			t.Fatalf("waited for: %s", what)
		}
	}
}

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

// exampleDatabase makes a database in which acme may use 10,000 tokens, and returns how the application connects.
func exampleDatabase() (dsn string, stop func()) {
	e := &example{}
	w := newWorld(e, "acme")
	w.limits("acme", 10_000, 1_000_000)
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
