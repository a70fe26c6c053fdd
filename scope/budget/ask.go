package budget

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// The functions for many calls, in one statement that is a transaction of its own. The first element of FROM bounds the wait
// for locks, for this transaction alone; the CASE has it evaluated before.
const (
	limitLocks = "(SELECT set_config('lock_timeout', $1, true) AS v) c, LATERAL tenantry."
	first      = "(CASE WHEN c.v IS NOT NULL THEN $2::text[] END, "
	reserveSQL = "SELECT r.ordinal, r.decision, r.model, r.again, r.percent, r.unit, r.limit_model, r.used, r.reserved, r.limit_amount, " +
		"r.resets_at, r.expires_at, r.code, r.message FROM " + limitLocks + "reserve_many" + first + "$3, $4, $5, $6, $7) r"
	settleSQL  = "SELECT r.ordinal, r.code, r.message FROM " + limitLocks + "settle_many" + first + "$3, $4, $5) r"
	releaseSQL = "SELECT r.ordinal, r.code, r.message FROM " + limitLocks + "release_many" + first + "$3) r"
)

// ask sends a batch of one kind and fills in the answers. An error is one of the whole batch.
func (c *Client) ask(ctx context.Context, batch []*call) error {
	n := len(batch)
	tenants, ids := make([]string, n), make([]string, n)
	in, out := make([]int64, n), make([]int64, n)
	for i, x := range batch {
		tenants[i], ids[i], in[i], out[i] = x.tenant, x.id, x.in, x.out
	}
	wait := strconv.FormatInt(c.o.LockTimeout.Milliseconds(), 10) + "ms"
	switch batch[0].kind {
	case reserving:
		models, complexities := wanted(batch)
		return c.askReserve(ctx, batch, wait, tenants, ids, models, in, out, complexities)
	case settling:
		return c.askFinish(ctx, batch, settleSQL, wait, tenants, ids, in, out)
	default:
		return c.askFinish(ctx, batch, releaseSQL, wait, tenants, ids)
	}
}

func wanted(batch []*call) (models []string, complexities []*string) {
	models = make([]string, len(batch))
	for i, x := range batch {
		models[i] = x.model
		if x.complexity != "" {
			if complexities == nil {
				complexities = make([]*string, len(batch))
			}
			complexities[i] = &x.complexity
		}
	}
	return models, complexities
}

func (c *Client) askReserve(ctx context.Context, batch []*call, args ...any) error {
	rows, release, err := c.query(ctx, reserveSQL, args...)
	if err != nil {
		return err
	}
	defer release()
	var (
		ordinal                                int32
		decision                               string
		model, unit, limitModel, code, message *string
		again                                  *bool
		percent                                *int32
		used, reserved, limit                  *int64
		resets, expires                        *time.Time
		into                                   = []any{&ordinal, &decision, &model, &again, &percent, &unit, &limitModel, &used, &reserved, &limit, &resets, &expires, &code, &message}
	)
	return c.each(rows, batch, &ordinal, into, func(x *call) {
		x.answer = answer{
			decision: decision, model: value(model), unit: value(unit), limitModel: value(limitModel), again: value(again), percent: value(percent),
			used: value(used), reserved: value(reserved), limit: value(limit), resetsAt: value(resets), expiresAt: value(expires),
		}
		switch decision {
		case "Granted", "Warned":
			x.err = nil
		case "Refused":
			x.err = x.refused()
		default:
			x.err = x.fail(value(code), value(message), nil)
		}
	})
}

func (c *Client) askFinish(ctx context.Context, batch []*call, query string, args ...any) error {
	rows, release, err := c.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer release()
	var ordinal int32
	var code, message *string
	return c.each(rows, batch, &ordinal, []any{&ordinal, &code, &message}, func(x *call) {
		x.err = nil
		if code != nil {
			x.err = x.fail(*code, value(message), nil)
		}
	})
}

// query says apart what no connection was there for.
func (c *Client) query(ctx context.Context, query string, args ...any) (rows pgx.Rows, release func(), err error) {
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, &unconnected{err}
	}
	rows, err = conn.Query(ctx, query, args...)
	if err != nil {
		conn.Release()
		return nil, nil, err
	}
	return rows, conn.Release, nil
}

// each scans the rows, of which there is one for each call.
func (c *Client) each(rows pgx.Rows, batch []*call, ordinal *int32, into []any, fill func(*call)) error {
	n := 0
	_, err := pgx.ForEachRow(rows, into, func() error {
		if *ordinal < 1 || int(*ordinal) > len(batch) {
			return fmt.Errorf("scope/budget: the ledger answered call %d of %d", *ordinal, len(batch))
		}
		n++
		fill(batch[*ordinal-1])
		return nil
	})
	if err == nil && n != len(batch) {
		err = fmt.Errorf("scope/budget: the ledger answered %d calls of %d", n, len(batch))
	}
	return err
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (c *call) refused() *Refused {
	a := &c.answer
	return &Refused{
		TenantID: c.tenant, RequestID: c.id, Unit: a.unit, Model: a.limitModel, Used: a.used, Reserved: a.reserved, Limit: a.limit,
		Percent: int(a.percent), ResetsAt: a.resetsAt, tokens: c.in + c.out,
	}
}
