package postgres_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

func TestDescribeNamesEachMissingRight(t *testing.T) {
	w := newWorld(t)
	w.super("REVOKE CREATE ON DATABASE "+w.database+" FROM "+w.operator, "ALTER ROLE "+w.operator+" NOCREATEROLE",
		"REVOKE "+w.owner+", pg_signal_backend FROM "+w.operator)
	_, err := w.open().Describe(context.Background())
	if plane.CauseOf(err) != plane.MissingRights {
		t.Fatalf("want %s, got %v", plane.MissingRights, err)
	}
	for _, grant := range []string{
		`GRANT CREATE ON DATABASE "` + w.database + `" TO "` + w.operator + `"`, `ALTER ROLE "` + w.operator + `" CREATEROLE`,
		`GRANT pg_signal_backend TO "` + w.operator + `"`, `GRANT "` + w.owner + `" TO "` + w.operator + `"`,
	} {
		if !strings.Contains(err.Error(), grant) {
			t.Errorf("%q is missing in %q", grant, err)
		}
		w.super(strings.ReplaceAll(grant, `"`, ""))
	}
	d, err := w.open().Describe(context.Background())
	if err != nil || d.Marker != nil || !strings.HasPrefix(d.Version, "1") {
		t.Errorf("with the rights it named: %+v %v", d, err)
	}
	w.settle(w.open())
	if d, err = w.open().Describe(context.Background()); err != nil || d.Marker == nil {
		t.Fatal(d, err)
	}
	if diff := cmp.Diff(w.marker, *d.Marker); diff != "" {
		t.Error(diff)
	}
}

func TestConnectionFaults(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		dsn  string
		want plane.Cause
	}{
		"password": {w.pg.DSN(w.operator, "wrong-password", w.database), plane.AuthenticationFailed},
		"user":     {w.pg.DSN("nobody", "wrong-password", w.database), plane.AuthenticationFailed},
		"database": {w.pg.DSN(w.operator, password, "nowhere"), plane.AuthenticationFailed},
		"address":  {"postgres://u:wrong-password@127.0.0.1:1/db", plane.Unreachable},
		"tls":      {strings.Replace(w.dsn(w.operator), "sslmode=disable", "sslmode=verify-full", 1), plane.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			s := w.open(func(cfg *postgres.Config) { cfg.DSN = boundary.Secret(c.dsn) })
			_, err := s.Describe(context.Background())
			if plane.CauseOf(err) != c.want || !strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("want %s with the address, got %v", c.want, err)
			}
			for _, secret := range []string{password, "wrong-password"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the message holds the password: %v", err)
				}
			}
		})
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	for _, dsn := range []boundary.Secret{"postgres://u:hunter2@host:notaport/db", "host=x port=hunter2"} {
		_, err := postgres.Open(postgres.Config{DSN: dsn})
		if plane.CauseOf(err) != plane.InvalidSpec || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}

// TestASchemaOfAnotherRole is not read, claimed or changed.
func TestASchemaOfAnotherRole(t *testing.T) {
	w := newWorld(t)
	w.super("CREATE SCHEMA tenantry AUTHORIZATION postgres")
	_, err := w.open().Describe(context.Background())
	if plane.CauseOf(err) != plane.OwnedElsewhere {
		t.Errorf("got %v", err)
	}
}

// TestNoLogEverSeesAPassword: what the server logs of setting one is a verifier.
func TestNoLogEverSeesAPassword(t *testing.T) {
	w := newWorld(t)
	w.superIn("postgres", "ALTER ROLE "+w.operator+" SET log_statement = 'all'", "ALTER ROLE "+w.operator+" SET log_min_duration_statement = 0")
	s := w.open()
	w.settle(s)
	const secret = "a-password-that-is-nowhere-else"
	login := with(w.withPassword(tenant("acme")), func(t *boundary.Tenant) {
		t.Credentials[boundary.Rows] = boundary.Credential{Secret: secret}
	})
	w.converge(s, login)
	log, err := os.ReadFile(w.pg.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "SCRAM-SHA-256$4096:") {
		t.Error("the log does not show the statement, so that it proves nothing")
	}
	if strings.Contains(string(log), secret) {
		t.Error("the log shows the password")
	}
}
