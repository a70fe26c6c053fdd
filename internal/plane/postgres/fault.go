package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tenantry/tenantry/internal/plane"
)

// SQLSTATEs that are told apart.
const (
	codeInvalidPassword   = "28P01"
	codeInvalidAuth       = "28000"
	codeNoDatabase        = "3D000"
	codeMissingRight      = "42501"
	codeNoTable           = "42P01"
	codeNoSchema          = "3F000"
	codeDuplicateObject   = "42710"
	codeUniqueViolation   = "23505"
	codeLockNotAvailable  = "55P03"
	codeQueryCanceled     = "57014"
	codeReadOnly          = "25006"
	codeTooManyConns      = "53300"
	codeStartingUp        = "57P03"
	codeAdminShutdown     = "57P01"
	codeUndefinedObject   = "42704"
	codeConcurrentUpdate  = "XX000" // "tuple concurrently updated" has no code of its own
	codeDeadlock          = "40P01"
	codeSerializationFail = "40001"
)

// fault gives an error its cause. doing says in a few words what was tried. The text of the connection error is left out:
// it may hold parts of the connection string.
func (s *Server) fault(err error, doing string) error {
	if f, ok := errors.AsType[*plane.Fault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return s.serverFault(e, doing)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return plane.Faultf(plane.Unreachable, err, "PostgreSQL, %s: no answer in time (%s)", s.where, doing)
	}
	return plane.Faultf(plane.Unreachable, err, "PostgreSQL, %s: cannot be reached (%s); check the address in the connection string, "+
		"that the server runs, its TLS mode, and network policies", s.where, doing)
}

func (s *Server) serverFault(e *pgconn.PgError, doing string) error {
	refusal := func(cause plane.Cause, format string, args ...any) error {
		return plane.Faultf(cause, e, "PostgreSQL, %s: %s", s.where, fmt.Sprintf(format, args...))
	}
	switch e.Code {
	case codeInvalidPassword, codeInvalidAuth:
		return refusal(plane.AuthenticationFailed, "the server refused role %q; check user and password in the connection string, and pg_hba.conf", s.where.user)
	case codeNoDatabase:
		return refusal(plane.AuthenticationFailed, "the database does not exist; check the connection string, or create it")
	case codeMissingRight:
		return refusal(plane.MissingRights, "role %q may not %s: %s; docs/postgres/operator-role.sql lists the rights it needs", s.where.user, doing, e.Message)
	case codeNoTable, codeNoSchema:
		return refusal(plane.ApplyFailed, "part of schema tenantry is gone (%s); restore it from a backup, or drop the schema to have the plane claimed anew", e.Message)
	case codeReadOnly:
		return refusal(plane.UnsupportedServer, "the server is a read-only standby; the connection string must lead to the primary (target_session_attrs=read-write)")
	case codeTooManyConns, codeStartingUp, codeAdminShutdown:
		return refusal(plane.Unreachable, "the server takes no connections now (%s); it is tried again", e.Message)
	case codeDuplicateObject, codeUniqueViolation, codeConcurrentUpdate, codeUndefinedObject, codeDeadlock, codeSerializationFail:
		return refusal(plane.ApplyFailed, "something else changed it at the same time (%s, SQLSTATE %s, %s); it is looked at again", e.Message, e.Code, doing)
	}
	return refusal(plane.ApplyFailed, "the server refused to %s: %s (SQLSTATE %s)", doing, e.Message, e.Code)
}
