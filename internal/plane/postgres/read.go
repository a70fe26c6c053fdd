package postgres

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// query returns an embedded query by name, made to return one JSON object a row.
func query(name string) string {
	text, err := queryFiles.ReadFile("queries/" + name + ".sql")
	if err != nil {
		panic("no query " + name) // a typing error, found by the first test
	}
	return "SELECT to_json(q) FROM (" + string(text) + ") q"
}

// quietly makes a transaction safe to read in: a name means the same whatever the role's settings say.
const quietly = "SET LOCAL search_path = pg_catalog, pg_temp"

// reading collects questions that are answered together, in one transaction and one round trip.
type reading struct {
	server *Server
	name   string
	batch  pgx.Batch
}

func (s *Server) newReading(name string) *reading {
	r := &reading{server: s, name: name}
	r.batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	r.batch.Queue(quietly)
	r.batch.Queue("SET LOCAL statement_timeout = '30s'")
	r.batch.Queue("SET LOCAL jit = off") // compiling catalog queries takes longer than they do
	return r
}

// ask queues a query whose rows are appended to into.
func ask[T any](r *reading, name string, into *[]T, args ...any) {
	r.batch.Queue(query(name), args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var text []byte
			if err := rows.Scan(&text); err != nil {
				return err
			}
			var row T
			if err := json.Unmarshal(text, &row); err != nil {
				return fmt.Errorf("answer to %s: %w", name, err)
			}
			*into = append(*into, row)
		}
		return rows.Err()
	})
}

// run sends the questions. Errors are *plane.Fault.
func (r *reading) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r.batch.Queue("COMMIT")
	r.server.config.Trace("read", r.name)
	conn, err := r.server.pool.Acquire(ctx)
	if err != nil {
		return r.server.fault(err, "connect")
	}
	defer conn.Release()
	if err := conn.SendBatch(ctx, &r.batch).Close(); err != nil {
		return r.server.fault(err, "read "+r.name)
	}
	return nil
}
