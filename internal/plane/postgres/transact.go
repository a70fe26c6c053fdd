package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

const (
	lockTimeout      = 2 * time.Second
	statementTimeout = 30 * time.Second
	rollbackTimeout  = 2 * time.Second
)

// step is a statement with the change it belongs to.
type step struct {
	rows.Statement

	change boundary.Change
}

// transact applies a unit in one transaction: one round trip to do everything, one to commit it once the answers were seen.
func (s *Server) transact(ctx context.Context, u unit) error {
	steps, err := s.steps(u)
	if err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.fault(err, "connect")
	}
	defer conn.Release()
	s.config.Trace("write", u.name)
	if err := s.send(ctx, conn, u, steps); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_, _ = conn.Exec(undo, "ROLLBACK") // where it fails, the pool drops the connection, which has the same effect
		return err
	}
	s.config.Trace("write", "commit "+u.name)
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		return s.fault(err, "commit the changes of "+u.name)
	}
	return nil
}

// send runs everything but the COMMIT, and looks at every answer.
func (s *Server) send(ctx context.Context, conn *pgxpool.Conn, u unit, steps []step) error {
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(quietly)
	batch.Queue(fmt.Sprintf("SET LOCAL lock_timeout = %d", lockTimeout.Milliseconds()))
	batch.Queue(fmt.Sprintf("SET LOCAL statement_timeout = %d", statementTimeout.Milliseconds()))
	setup := batch.Len()
	batch.Queue("SELECT plane, installation, schema_version, key_fingerprint FROM tenantry.plane" + fence(u))
	for _, st := range steps {
		batch.Queue(st.SQL, st.Args...)
	}
	answers := conn.SendBatch(ctx, &batch)
	defer func() { _ = answers.Close() }() // the answers that matter were read
	for range setup {
		if _, err := answers.Exec(); err != nil {
			return s.fault(err, "begin a transaction")
		}
	}
	if err := s.fenced(answers); err != nil {
		return err
	}
	return s.results(answers, steps)
}

// fence keeps two managers from changing the plane at once. Tenants are fenced by the rows of their claims.
func fence(u unit) string {
	if u.changes[0].Tenant == planeKey {
		return " FOR UPDATE"
	}
	return ""
}

func (s *Server) fenced(answers pgx.BatchResults) error {
	found, err := answers.Query()
	if err != nil {
		return s.fault(err, "read the marker")
	}
	markers, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (boundary.Marker, error) {
		var m boundary.Marker
		err := row.Scan(&m.Plane, &m.Installation, &m.SchemaVersion, &m.KeyFingerprint)
		return m, err
	})
	if err != nil {
		return s.fault(err, "read the marker")
	}
	if len(markers) == 0 {
		return s.ours(nil)
	}
	return s.ours(&markers[0])
}

func (s *Server) results(answers pgx.BatchResults, steps []step) error {
	for _, st := range steps {
		tag, err := answers.Exec()
		if err != nil {
			return s.refused(err, st.change)
		}
		if st.Otherwise != "" && tag.RowsAffected() == 0 {
			return plane.Faultf(plane.ApplyFailed, nil, "PostgreSQL, %s: %s", s.where, st.Otherwise)
		}
	}
	return nil
}

// steps are the statements of a unit.
func (s *Server) steps(u unit) ([]step, error) {
	var out []step
	if tenant := u.changes[0].Tenant; tenant != planeKey {
		out = append(out, step{rows.Statement{SQL: "SELECT FROM tenantry.claims WHERE tenant_id = $1 FOR UPDATE", Args: []any{tenant}}, u.changes[0]})
	}
	for _, c := range u.changes {
		statements, err := statementsOf(c.Op)
		if err != nil {
			return nil, err
		}
		for _, st := range statements {
			out = append(out, step{st, c})
		}
	}
	return out, nil
}

func statementsOf(op boundary.Op) ([]rows.Statement, error) {
	switch op := op.(type) {
	case rows.Exec:
		return op.Statements, nil
	case rows.SetPassword:
		return setPassword(op)
	case rows.Migrate:
		return migration(op)
	}
	return nil, plane.Faultf(plane.ApplyFailed, nil, "a change of type %T cannot share a transaction", op)
}

// setPassword makes the verifier here: the server sees neither the password nor anything to derive it from.
func setPassword(p rows.SetPassword) ([]rows.Statement, error) {
	salt := make([]byte, rows.ScramSaltSize)
	_, _ = rand.Read(salt) // never fails
	verifier, err := rows.ScramVerifier(p.Secret, salt)
	if err != nil {
		return nil, plane.Faultf(plane.ApplyFailed, err, "make the verifier of role %s: %v", p.Role, err)
	}
	return []rows.Statement{
		{SQL: "ALTER ROLE " + rows.Ident(p.Role) + " LOGIN PASSWORD " + rows.Literal(verifier)},
		{
			SQL: "UPDATE tenantry.logins SET fingerprint = $2 WHERE role_name = $1", Args: []any{p.Role, p.Secret.Fingerprint()},
			Otherwise: fmt.Sprintf("role %q is not recorded as a tenant's login any more", p.Role),
		},
	}, nil
}

func migration(m rows.Migrate) ([]rows.Statement, error) {
	texts, err := migrations(m.From, m.To)
	if err != nil {
		return nil, plane.Faultf(plane.ApplyFailed, err, "%v", err)
	}
	var out []rows.Statement
	for _, text := range texts {
		out = append(out, rows.Statement{SQL: strings.TrimSpace(text)})
	}
	return append(out, rows.Statement{SQL: "UPDATE tenantry.plane SET schema_version = $1", Args: []any{m.To}}), nil
}
