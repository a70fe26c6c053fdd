package budget

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/scope"
)

// Limit says where the tenant stands with one of its limits.
type Limit struct {
	// Unit is Tokens or USD, whose amounts are micro-dollars. Model is "*" for all together.
	Unit, Model           string
	Used, Reserved, Limit int64
	// Percent that is used or reserved.
	Percent               int
	PeriodStart, ResetsAt time.Time
	// Tier of the tenant, and Enforcement: Block or Warn.
	Tier, Enforcement string
}

// Status returns the limits of the context's tenant, in order of unit and model; none without a budget. One round trip.
func (c *Client) Status(ctx context.Context) ([]Limit, error) {
	var out []Limit
	err := c.asTenant(ctx, "SELECT unit, model, used, reserved, limit_amount, percent, period_start, resets_at, tier, enforcement FROM tenantry.budget_status()",
		nil, func(rows pgx.Rows) (err error) {
			out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Limit])
			return err
		})
	return out, err
}

// Route returns the model that serves a complexity (Simple, Standard or Complex) for the tier of the context's tenant, or
// [ErrNoPrice] if none does. One round trip.
func (c *Client) Route(ctx context.Context, complexity string) (string, error) {
	var model string
	err := c.asTenant(ctx, "SELECT tenantry.route($1)", []any{complexity}, func(rows pgx.Rows) (err error) {
		model, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		return err
	})
	return model, err
}

// asTenant runs one query as the context's tenant. What goes in one batch is one transaction, which the stamp counts for.
func (c *Client) asTenant(ctx context.Context, query string, args []any, read func(pgx.Rows) error) error {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	batch := &pgx.Batch{}
	batch.Queue("SELECT tenantry.use_tenant($1)", tenant.ID)
	batch.Queue(query, args...).Query(read)
	err = c.pool.SendBatch(ctx, batch).Close()
	switch classify(err) {
	case fine:
		return nil
	case away, late, starved, collided, locked:
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return unavailable(err)
		}
		return err
	}
	return (&call{tenant: tenant.ID}).fail(state(err), message(err), err)
}

const (
	// routeFor is how long Reserve uses a route without asking again, and mostRoutes how many it remembers.
	routeFor   = 10 * time.Second
	mostRoutes = 10_000
)

// routes that were asked for lately.
type routes struct {
	mu    sync.Mutex
	known map[[2]string]route
}

type route struct {
	model string
	until time.Time
}

// route as Reserve asks for it. While PostgreSQL is away, the last one counts.
func (c *Client) route(ctx context.Context, complexity string) (string, error) {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return "", err
	}
	k := [2]string{tenant.ID, complexity}
	c.routes.mu.Lock()
	last, ok := c.routes.known[k]
	c.routes.mu.Unlock()
	if ok && time.Now().Before(last.until) {
		return last.model, nil
	}
	model, err := c.Route(ctx, complexity)
	if ok && errors.Is(err, ErrUnavailable) {
		return last.model, nil
	}
	if err != nil {
		return "", err
	}
	c.routes.mu.Lock()
	defer c.routes.mu.Unlock()
	if c.routes.known == nil || len(c.routes.known) >= mostRoutes {
		c.routes.known = map[[2]string]route{}
	}
	c.routes.known[k] = route{model, time.Now().Add(routeFor)}
	return model, nil
}
