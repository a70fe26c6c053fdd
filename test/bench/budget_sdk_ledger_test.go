package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// sdkLedger is a durable server with the operator's boundary, tenants with budgets that nobody can use up, and a table for the
// bare updates.
type sdkLedger struct {
	pg *stack.Postgres
}

const sdkTenant = "tenant-%03d"

func newSDKLedger(tb testing.TB) *sdkLedger {
	tb.Helper()
	pg, err := stack.StartPostgres(context.Background(), stack.PostgresOptions{Durable: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pg.Stop)
	s := &servers{pg: pg}
	s.prepareDatabase(tb)
	server, err := postgres.Open(postgres.Config{DSN: boundary.Secret(s.dsn()), Marker: plainMarker, Spec: plainRows})
	if err != nil {
		tb.Fatal(err)
	}
	defer server.Close()
	if err := prepareLayer(tb.Context(), server); err != nil {
		tb.Fatal(err)
	}
	for i := range sdkTenants {
		id := fmt.Sprintf(sdkTenant, i)
		diff, err := server.DiffTenant(tb.Context(), boundary.Tenant{ID: id, UID: "uid-" + id, Name: id, Access: boundary.Open}, plane.Fresh)
		if err == nil {
			err = server.Apply(tb.Context(), diff.Plan)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	s.execute(tb, database,
		"INSERT INTO tenantry.model_prices (model, valid_from, input_price, output_price) VALUES ('gpt-4o', 'epoch', 2500000, 10000000)",
		`INSERT INTO tenantry.tenant_budgets (tenant_id, uid, period, time_zone, units, models, amounts, used, reserved, period_start, period_end)
			SELECT t.tenant_id, 'u', 'Month', 'UTC', '{Tokens,Tokens,USD}', '{*,gpt-4o,*}', array_fill(1000000000000000, ARRAY[3]), '{0,0,0}', '{0,0,0}', p.period_start, p.period_end
			FROM tenantry.tenants t, tenantry.budget_period(now(), 'Month', 'UTC') p WHERE starts_with(t.tenant_id, 'tenant-')`,
		"CREATE TABLE public.bare (id integer PRIMARY KEY, v bigint NOT NULL) WITH (fillfactor = 50)",
		fmt.Sprintf("INSERT INTO public.bare SELECT g, 0 FROM generate_series(1, %d) g", sdkTenants),
		"GRANT SELECT, UPDATE ON public.bare TO "+appRole, "VACUUM ANALYZE public.bare")
	return &sdkLedger{pg: pg}
}

func (l *sdkLedger) dsn() string { return l.pg.DSN(appRole, operatorPassword, database) }

func (l *sdkLedger) pool(tb testing.TB, size int32) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(l.dsn())
	if err != nil {
		tb.Fatal(err)
	}
	config.MaxConns, config.MinConns = size, size
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	return pool
}
