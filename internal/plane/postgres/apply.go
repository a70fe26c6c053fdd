package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// unit is a run of changes that share a transaction.
type unit struct {
	name     string
	isolated bool
	changes  []boundary.Change
}

// units splits a plan, in its order.
func units(plan boundary.Plan) ([]unit, error) {
	var out []unit
	for _, c := range plan {
		op, ok := c.Op.(rows.Op)
		if !ok {
			return nil, plane.Faultf(plane.ApplyFailed, nil, "change %q is not one of the Rows layer", c.Object)
		}
		if n := len(out); n == 0 || out[n-1].name != op.Unit() {
			out = append(out, unit{name: op.Unit(), isolated: op.Isolated()})
		}
		last := &out[len(out)-1]
		last.changes = append(last.changes, c)
	}
	return out, nil
}

// Apply carries out a plan, unit by unit. An isolated one that fails, such as a table that a long transaction holds, does not
// keep the others waiting: it is named in the Fault at the end, and a table gets no rights. Everything else stops at the first failure.
func (s *Server) Apply(ctx context.Context, plan boundary.Plan) error {
	list, err := units(plan)
	if err != nil {
		return err
	}
	defer s.forget(plan)
	failed := map[string]error{}
	var failures []error
	for _, u := range list {
		if failed[u.name] != nil {
			continue
		}
		err := s.applyUnit(ctx, u)
		if err == nil {
			continue
		}
		if !u.isolated || errors.Is(err, errAborted) || ctx.Err() != nil {
			return errors.Join(append(failures, err)...)
		}
		failed[u.name] = err
		failures = append(failures, err)
	}
	return together(failures)
}

// forget drops what snapshots say of the objects of a plan.
func (s *Server) forget(plan boundary.Plan) {
	inRows, inBudgets := map[string]bool{}, map[string]bool{}
	for _, c := range plan {
		if c.Layer == boundary.Budget {
			inBudgets[c.Tenant] = true
		} else {
			inRows[c.Tenant] = true
		}
	}
	s.cache.forget(inRows)
	s.budgets.forget(inBudgets)
}

// errAborted marks what Config.BeforeChange refused.
var errAborted = errors.New("aborted before a change")

// together makes one isolated Fault of several, so that its message names each table.
func together(failures []error) error {
	if len(failures) == 0 {
		return nil
	}
	messages := make([]string, len(failures))
	for i, err := range failures {
		messages[i] = err.Error()
	}
	out := plane.Faultf(plane.CauseOf(failures[0]), errors.Join(failures...), "%s", strings.Join(messages, "; "))
	out.Isolated = true
	return out
}

func (s *Server) applyUnit(ctx context.Context, u unit) error {
	for _, c := range u.changes {
		if err := s.config.BeforeChange(c); err != nil {
			return errors.Join(errAborted, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if t, ok := u.changes[0].Op.(rows.Terminate); ok {
		return s.terminate(ctx, t)
	}
	return s.transact(ctx, u)
}

const (
	tellSessions  = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid"
	awaitSessions = "SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::oid"
)

// terminate ends sessions: all are told to first, then each is waited for.
func (s *Server) terminate(ctx context.Context, t rows.Terminate) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	if err := s.ours(m); err != nil {
		return err
	}
	for _, call := range []string{tellSessions, awaitSessions} {
		s.config.Trace("write", t.Unit())
		if _, err := s.pool.Exec(ctx, call, int64(t.OID)); err != nil {
			return s.fault(err, t.String())
		}
	}
	return nil
}

// ours says why a marker forbids writing.
func (s *Server) ours(m *boundary.Marker) error {
	if m == nil {
		return plane.Faultf(plane.ApplyFailed, nil, "PostgreSQL, %s: the marker of the plane is gone, so that nothing was written; it is claimed again first", s.where)
	}
	if problem, message := m.Check(s.config.Marker); problem != "" {
		return plane.Faultf(plane.OwnedElsewhere, nil, "PostgreSQL, %s: %s", s.where, message)
	}
	return nil
}

// refused gives a failed change its cause.
func (s *Server) refused(err error, c boundary.Change) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && e.Code == codeLockNotAvailable:
		return plane.Faultf(plane.ApplyFailed, err, "PostgreSQL, %s: %s is busy: a transaction holds it, and it was not waited for any longer, "+
			"so that nothing queues behind; it is tried again (SELECT * FROM pg_stat_activity ORDER BY xact_start shows old transactions; "+
			"SELECT pg_terminate_backend(pid) ends one)", s.where, c.Object)
	case ok && e.Code == codeQueryCanceled:
		return plane.Faultf(plane.ApplyFailed, err, "PostgreSQL, %s: %s took longer than %s and was cancelled; it is tried again", s.where, c.Object, statementTimeout)
	}
	return s.fault(err, "change "+c.Object)
}
