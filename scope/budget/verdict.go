package budget

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// class of what became of a round trip.
type class int

const (
	fine      class = iota
	away            // PostgreSQL cannot be reached; the outcome is unknown
	late            // PostgreSQL is there, and did not answer these calls in time; the outcome is unknown
	starved         // PostgreSQL is there, and all connections of the pool are taken, or it lacks resources
	collided        // sending it again helps
	locked          // a row that it needs is locked
	theirs          // at least one of its calls is at fault
	everyones       // no call can be answered on this connection
)

// unconnected is an error of a round trip for which there was no connection.
type unconnected struct{ err error }

func (u *unconnected) Error() string { return u.err.Error() }
func (u *unconnected) Unwrap() error { return u.err }

// judge an error of a round trip. A round trip that came to no end in time says nothing of PostgreSQL itself: a tenant can make
// its own calls slow, and must not lift the limits of all. So another connection is asked whether PostgreSQL is there.
func (c *Client) judge(err error) class {
	verdict := classify(err)
	if verdict != away || !errors.Is(err, context.DeadlineExceeded) || c.gone() {
		return verdict
	}
	if _, ok := errors.AsType[*unconnected](err); ok {
		return starved
	}
	return late
}

// gone says whether a new connection, beside the pool's, finds no PostgreSQL.
func (c *Client) gone() bool {
	ctx, cancel := context.WithTimeout(context.Background(), max(c.o.Timeout, time.Second))
	defer cancel()
	return classify(c.greet(ctx)) == away
}

// greet PostgreSQL as the pool does.
func (c *Client) greet(ctx context.Context) error {
	config := c.pool.Config()
	if config.BeforeConnect != nil {
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return err
	}
	err = conn.Ping(ctx)
	_ = conn.Close(ctx) // it has served
	return err
}

func classify(err error) class {
	if err == nil {
		return fine
	}
	if strings.HasPrefix(err.Error(), "closed pool") {
		return everyones
	}
	code := state(err)
	if code == "" {
		return away
	}
	switch code {
	case "40001", "40P01":
		return collided
	case "55P03":
		return locked
	case "57014": // cancelled: a statement_timeout
		return late
	case "57P01", "57P02", "57P03", "57P04", "57P05", "25006", "53300": // shut down, starting, idle; a standby; no more connections
		return away
	case "TN005", "42501", "42883", "42P01":
		return everyones
	}
	switch code[:2] {
	case "08": // connections
		return away
	case "53", "58": // resources, the server's system: a tenant may have used them up
		return starved
	case "28", "3D", "3F": // login, database, schema
		return everyones
	}
	return theirs
}

// state is the SQLSTATE of an error, "" for those that no server sent.
func state(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

func message(err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err.Error()
	}
	return strings.TrimSuffix(pg.Message+". "+pg.Hint, ". ")
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

func busy(err error) error { return fmt.Errorf("%w: %w", ErrBusy, err) }

// awayError is the ErrUnavailable that FailOpen grants for.
type awayError struct{ err error }

func (a *awayError) Error() string   { return unavailable(a.err).Error() }
func (a *awayError) Unwrap() []error { return []error{ErrUnavailable, a.err} }

func isAway(err error) bool {
	_, ok := errors.AsType[*awayError](err)
	return ok
}
