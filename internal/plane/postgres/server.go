// Package postgres reads and writes the Rows and Budget layers of a plane: it snapshots a PostgreSQL database and applies
// the plans that internal/boundary/rows and internal/boundary/budget make.
//
// Every question is one round trip: its queries are sent together, in one read-only transaction. Every unit of a plan is
// one transaction of two round trips, which begins by checking that the database is still this installation's.
package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

const (
	// minVersion of the server, as server_version_num.
	minVersion = 140000
	// maxConns to one server, whatever the number of reconcilers.
	maxConns = 8
	// connectTimeout bounds one attempt to connect.
	connectTimeout = 5 * time.Second
	// callTimeout bounds one snapshot or transaction as a whole, so that a server that stopped answering is noticed.
	callTimeout = 60 * time.Second
)

// Config of a server.
type Config struct {
	// DSN of the operator's role, as a URL or in keyword form.
	DSN boundary.Secret
	// Marker of this installation. Nothing is written where another one stands.
	Marker boundary.Marker
	// Spec of the DataPlane.
	Spec rows.Spec
	// Budget is what the DataPlane says about budgets.
	Budget budget.Spec
	// SnapshotAge is how old a shared snapshot may be. 0 is 15 s.
	SnapshotAge time.Duration
	// BudgetAge is the same for that of the budgets. 0 is SnapshotAge.
	BudgetAge time.Duration
	// Clock that ages the snapshot. nil is the real one.
	Clock clock.PassiveClock
	// Trace, where set, is called once per round trip with "read" or "write" and the name of the question or unit.
	Trace func(kind, name string)
	// BeforeChange, where set, is called before each change. An error aborts the plan as a crash would.
	BeforeChange func(boundary.Change) error
}

// Server is a plane.Server for PostgreSQL 14 or newer.
type Server struct {
	config Config
	pool   *pgxpool.Pool
	where  place
	cache  *rowsCache
	// budgets is the snapshot of the ledger's tables.
	budgets *budgetCache
	// open ends with Close.
	open  context.Context
	close context.CancelFunc
}

var _ plane.BudgetServer = (*Server)(nil)

// place is how messages name the server. It holds no secret.
type place struct{ address, database, user string }

// String is "database app at db.data:5432".
func (p place) String() string { return fmt.Sprintf("database %q at %s", p.database, p.address) }

// Open prepares the connections and checks the spec. It does not connect yet. Errors are *plane.Fault with cause InvalidSpec.
func Open(c Config) (*Server, error) {
	if err := c.Spec.Validate(); err != nil {
		return nil, plane.Faultf(plane.InvalidSpec, err, "PostgreSQL: %v", err)
	}
	pc, err := pgxpool.ParseConfig(c.DSN.Reveal())
	if err != nil {
		// The parser's own message repeats parts of the string.
		return nil, plane.Faultf(plane.InvalidSpec, nil, "the PostgreSQL connection string cannot be read; write it as "+
			"postgresql://user:password@host:port/database?sslmode=require")
	}
	c = withDefaults(c)
	pc.MaxConns, pc.MinConns = maxConns, 0
	pc.ConnConfig.ConnectTimeout = connectTimeout
	pc.ConnConfig.RuntimeParams["application_name"] = "tenantry"
	// No prepared statements: each statement costs one round trip, and poolers in transaction mode work too.
	pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, plane.Faultf(plane.InvalidSpec, nil, "the PostgreSQL connection string cannot be used")
	}
	cc := pc.ConnConfig
	where := place{net.JoinHostPort(cc.Host, strconv.Itoa(int(cc.Port))), cc.Database, cc.User}
	open, end := context.WithCancel(context.Background())
	return &Server{config: c, pool: pool, where: where, open: open, close: end, cache: newCache[rows.PlaneState, rows.TenantState](c.Clock, c.SnapshotAge),
		budgets: newCache[budget.PlaneState, budget.TenantState](c.Clock, c.BudgetAge)}, nil
}

func withDefaults(c Config) Config {
	if c.Clock == nil {
		c.Clock = clock.RealClock{}
	}
	if c.SnapshotAge == 0 {
		c.SnapshotAge = 15 * time.Second
	}
	if c.BudgetAge == 0 {
		c.BudgetAge = c.SnapshotAge
	}
	if c.Trace == nil {
		c.Trace = func(string, string) {}
	}
	if c.BeforeChange == nil {
		c.BeforeChange = func(boundary.Change) error { return nil }
	}
	return c
}

// Layer is Rows.
func (s *Server) Layer() boundary.Layer { return boundary.Rows }

// Close ends the connections.
func (s *Server) Close() {
	s.close()
	s.pool.Close()
}
