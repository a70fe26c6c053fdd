package stack_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestPostgresKeepsDataOverRestartAndKill(t *testing.T) {
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{Durable: true})
	port := pg.Port()
	execute(t, pg, "CREATE TABLE kept (n int)")
	for name, down := range map[string]func(){"running": func() {}, "killed": pg.Kill} {
		execute(t, pg, "INSERT INTO kept VALUES (1)")
		down()
		if err := pg.Restart(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff("2", value(t, pg, "SELECT count(*)::text FROM kept")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(port, pg.Port()); diff != "" {
		t.Errorf("port (-want +got):\n%s", diff)
	}
}

func TestPostgresAppliesSettings(t *testing.T) {
	t.Parallel()
	shared := stacktest.Postgres(t)
	own := stacktest.NewPostgres(t, stack.PostgresOptions{
		Durable: true, Settings: map[string]string{"max_connections": "37", "cluster_name": "it's"},
	})
	tests := map[string]struct {
		pg            *stack.Postgres
		setting, want string
	}{
		"fast by default":     {shared, "fsync", "off"},
		"durable when asked":  {own, "fsync", "on"},
		"the caller's wins":   {own, "max_connections", "37"},
		"quotes survive":      {own, "cluster_name", "it's"},
		"verifiers are SCRAM": {shared, "password_encryption", "scram-sha-256"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, value(t, test.pg, "SHOW "+test.setting)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.setting, diff)
			}
		})
	}
}

func TestPostgresRefusesAWrongPassword(t *testing.T) {
	pg := stacktest.Postgres(t)
	_, err := pgx.Connect(t.Context(), pg.DSN("postgres", "wrong", "postgres"))
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("got %v, want SQLSTATE 28P01", err)
	}
}

func TestPostgresStopLeavesNothing(t *testing.T) {
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{})
	log := pg.LogFile()
	pid := value(t, pg, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
	pg.Stop()
	if _, err := os.Stat(log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the server's directory is still there: %v", err)
	}
	if alive(t, pid) {
		t.Errorf("process %s is still there", pid)
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	pg := stacktest.Postgres(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		name = stacktest.Database(t, pg)
		conn, err := pgx.Connect(t.Context(), pg.SuperuserDSN(name))
		if err != nil {
			t.Fatal(err)
		}
		// Left open on purpose: the drop must not wait for it.
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	})
	if got := value(t, pg, "SELECT count(*)::text FROM pg_database WHERE datname = '"+name+"'"); got != "0" {
		t.Errorf("database %s is still there", name)
	}
}

func execute(t *testing.T, pg *stack.Postgres, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pg.SuperuserDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, pg *stack.Postgres, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pg.SuperuserDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// alive says whether the process exists, whoever owns it.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	err := syscall.Kill(atoi(t, pid), 0)
	return !errors.Is(err, syscall.ESRCH)
}
