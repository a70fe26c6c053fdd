package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
)

var _ plane.Prober = (*Server)(nil)

const (
	// probeTimeout bounds one tenant's probe, login included.
	probeTimeout = 15 * time.Second
	// wholeTables at most in a round that is to try all of them.
	wholeTables = 1000
	// probedTables at most in one round; the others have their turns.
	probedTables = 16
)

// The attempts that need more than a statement.
const (
	trialLogin     = "logs in with the issued password and is itself"
	trialAnswers   = "the server answers"
	trialStillOpen = "logs in although its access is closed"
)

// Probe logs in as the tenant and tries to reach beyond it, in one read-only transaction that rolls back. It takes one login
// and one round trip. A password that the server refuses is marked as not set, so that the next reconcile sets it anew.
func (s *Server) Probe(ctx context.Context, subject trial.Subject) ([]trial.Attempt, error) {
	credential, ok := subject.Tenant.Credentials[boundary.Rows]
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if subject.Tenant.Access != boundary.Open {
		return s.probeClosed(ctx, credential)
	}
	state, err := s.planePart(ctx, plane.Recent)
	if err != nil {
		return nil, err
	}
	p := newProbe(s.config.Spec, state, subject, s.where.user)
	s.config.Trace("read", "probe login")
	conn, err := s.loginAs(ctx, credential)
	if err != nil {
		return s.loginRefused(ctx, p, credential, err)
	}
	defer s.leave(conn)
	s.config.Trace("read", "probe")
	if err := p.run(ctx, conn.PgConn()); err != nil {
		return nil, s.fault(err, "probe as a tenant")
	}
	return p.sheet.Attempts(), nil
}

// loginAs connects with somebody else's credential and everything else as the operator does, but for the operator's own proofs
// of who it is.
func (s *Server) loginAs(ctx context.Context, c boundary.Credential) (*pgx.Conn, error) {
	config := s.pool.Config().ConnConfig.Copy()
	config.User, config.Password = c.Username, c.Secret.Reveal()
	strip(config.TLSConfig)
	for _, f := range config.Fallbacks {
		strip(f.TLSConfig)
	}
	config.RuntimeParams["application_name"] = "tenantry-probe"
	return pgx.ConnectConfig(ctx, config)
}

// strip takes the operator's certificate off a copy of its settings: with it a tenant's login might prove to be the operator.
func strip(c *tls.Config) {
	if c != nil {
		c.Certificates, c.GetClientCertificate = nil, nil
	}
}

// leave ends a session. Where that fails, the connection is closed all the same, and the server rolls back.
func (s *Server) leave(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	_ = conn.Close(ctx)
}

// loginRefused judges a login that failed. Only a wrong password says something about the tenant.
func (s *Server) loginRefused(ctx context.Context, p *probe, c boundary.Credential, err error) ([]trial.Attempt, error) {
	e, answered := errors.AsType[*pgconn.PgError](err)
	if !answered {
		return nil, s.fault(err, "log in as a tenant")
	}
	control := p.sheet.Control(trialLogin)
	switch e.Code {
	case codeInvalidPassword:
		control.Unproven("the server refuses the password in the tenant's Secret; it is set anew, unless drift is only reported")
		return p.sheet.Attempts(), s.distrust(ctx, p.subject.Tenant.ID, c)
	default:
		control.Unproven("the server refuses the login with SQLSTATE " + e.Code)
	}
	return p.sheet.Attempts(), nil
}

// distrust forgets that a password is set, so that the next look at the tenant finds it missing. The catalog shows verifiers
// to superusers only: a password that somebody changed cannot be seen in any other way. A record that meanwhile speaks of
// another password is left alone: then it was the credential that was replaced.
func (s *Server) distrust(ctx context.Context, tenantID string, c boundary.Credential) error {
	unit := "tenant " + tenantID
	return s.Apply(ctx, boundary.Plan{{
		Layer: boundary.Rows, Phase: boundary.PhaseClose, Tenant: tenantID, Object: "role " + c.Username, Kind: boundary.Changed,
		Severity: boundary.Warning, Summary: "the server refuses the issued password; note that it is not set",
		Op: rows.Exec{In: unit, Statements: []rows.Statement{{
			SQL:  "UPDATE tenantry.logins SET fingerprint = '' WHERE role_name = $1 AND tenant_id = $2 AND fingerprint = $3",
			Args: []any{c.Username, tenantID, c.Secret.Fingerprint()},
		}}},
	}})
}

const mayLogIn = "SELECT coalesce((SELECT rolcanlogin FROM pg_roles WHERE rolname = $1), false)"

// probeClosed tries the one thing that a tenant whose access is closed must not be able to do. A refusal counts only where the
// role cannot log in with any password: else it was this password, or a line of pg_hba.conf, and another one may do.
func (s *Server) probeClosed(ctx context.Context, c boundary.Credential) ([]trial.Attempt, error) {
	sheet := trial.NewSheet(boundary.Rows)
	s.config.Trace("read", "probe control")
	var open bool
	if err := s.pool.QueryRow(ctx, mayLogIn, c.Username).Scan(&open); err != nil {
		return nil, s.fault(err, "probe a closed tenant")
	}
	sheet.Control(trialAnswers).Held()
	attempt := sheet.Negative(trialStillOpen, boundary.Critical)
	attempt.Closed = true
	s.config.Trace("read", "probe login")
	conn, err := s.loginAs(ctx, c)
	e, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		s.leave(conn)
		attempt.Crossed("the server let it in", fmt.Sprintf("ALTER ROLE %s NOLOGIN PASSWORD NULL", rows.Ident(c.Username)))
	case answered && !open && (e.Code == codeInvalidAuth || e.Code == codeInvalidPassword):
		attempt.Held()
	case answered:
		attempt.Unproven("the server refuses the login with SQLSTATE " + e.Code)
	default:
		attempt.Unproven("the server did not answer")
	}
	return sheet.Attempts(), nil
}
