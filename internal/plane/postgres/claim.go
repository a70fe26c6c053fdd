package postgres

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// claimLock fences the making of the schema. A plane that stands is fenced by its marker row instead, because tenants can
// take advisory locks and not that one; here there are no tenants yet.
const claimLock = 0x74656e616e747279 // "tenantry"

// migrations are the statements of the versions after from, up to and including to.
func migrations(from, to int) ([]string, error) {
	files, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	if to > len(files) {
		return nil, fmt.Errorf("there is no migration to version %d", to)
	}
	var out []string
	for _, file := range files[from:to] {
		text, err := migrationFiles.ReadFile("migrations/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
		for statement := range strings.SplitSeq(strings.TrimSpace(string(text)), ";\n") {
			out = append(out, strings.TrimSuffix(statement, ";"))
		}
	}
	return out, nil
}

// Claim makes the schema and writes the marker where none stands, in one transaction, and returns the one that stands
// afterwards: the first claim wins.
func (s *Server) Claim(ctx context.Context, want boundary.Marker) (boundary.Marker, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s.config.Trace("write", "claim")
	var standing boundary.Marker
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		standing, err = claim(ctx, tx, want)
		return err
	})
	if err != nil {
		return boundary.Marker{}, s.fault(err, "make schema "+rows.Schema)
	}
	s.cache.forgetAll()
	s.budgets.forgetAll()
	return standing, nil
}

func claim(ctx context.Context, tx pgx.Tx, want boundary.Marker) (boundary.Marker, error) {
	for _, statement := range []string{
		quietly, "SET LOCAL lock_timeout = '10s'", fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(claimLock)), "CREATE SCHEMA IF NOT EXISTS tenantry",
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return boundary.Marker{}, err
		}
	}
	var made bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('tenantry.plane') IS NOT NULL").Scan(&made); err != nil {
		return boundary.Marker{}, err
	}
	if !made {
		if err := migrate(ctx, tx); err != nil {
			return boundary.Marker{}, err
		}
	}
	return mark(ctx, tx, want)
}

func migrate(ctx context.Context, tx pgx.Tx) error {
	statements, err := migrations(0, boundary.SchemaVersion)
	if err != nil {
		return plane.Faultf(plane.ApplyFailed, err, "%v", err)
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func mark(ctx context.Context, tx pgx.Tx, want boundary.Marker) (boundary.Marker, error) {
	if _, err := tx.Exec(ctx, "INSERT INTO tenantry.plane (plane, installation, schema_version, key_fingerprint) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		want.Plane, want.Installation, want.SchemaVersion, want.KeyFingerprint); err != nil {
		return boundary.Marker{}, err
	}
	var m boundary.Marker
	err := tx.QueryRow(ctx, "SELECT plane, installation, schema_version, key_fingerprint FROM tenantry.plane").
		Scan(&m.Plane, &m.Installation, &m.SchemaVersion, &m.KeyFingerprint)
	return m, err
}
