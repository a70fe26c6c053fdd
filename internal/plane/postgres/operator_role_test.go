package postgres_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/tenantry/tenantry/internal/plane"
)

// scripted is a world whose operator was made by docs/postgres/operator-role.sql and by nothing else.
func scripted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.super("DROP OWNED BY "+w.operator, "DROP ROLE "+w.operator)
	out, err := exec.Command("psql", "-v", "ON_ERROR_STOP=1", "-v", "operator="+w.operator, "-v", "owner="+w.owner,
		"-v", "password='"+password+"'", "-f", "../../../docs/postgres/operator-role.sql", w.pg.SuperuserDSN(w.database)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return w
}

func TestTheDocumentedRightsAreEnough(t *testing.T) {
	w := scripted(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.converge(s, w.withPassword(suspended(tenant("acme"))))
	if got := code(acme, "SELECT 1"); got != "57P01" {
		t.Errorf("the session of a suspended tenant: SQLSTATE %q", got)
	}
	w.converge(s, w.withPassword(retained(tenant("acme"))))
	conn := w.connect(w.dsn(w.operator))
	if got := w.value(conn, "SELECT (rolsuper OR rolcreatedb OR rolreplication OR rolbypassrls)::text FROM pg_roles WHERE rolname = current_user"); got != "false" {
		t.Error("the operator has more than it needs")
	}
}

func TestEachDocumentedRightIsNeeded(t *testing.T) {
	w := scripted(t)
	for name, c := range map[string]struct{ take, giveBack string }{
		"create on database": {"REVOKE CREATE ON DATABASE {database} FROM {op}", "GRANT CREATE ON DATABASE {database} TO {op}"},
		"createrole":         {"ALTER ROLE {op} NOCREATEROLE", "ALTER ROLE {op} CREATEROLE"},
		"pg_signal_backend":  {"REVOKE pg_signal_backend FROM {op}", "GRANT pg_signal_backend TO {op}"},
		"owner":              {"REVOKE {owner} FROM {op}", "GRANT {owner} TO {op}"},
		"inherit":            {"ALTER ROLE {op} NOINHERIT", "ALTER ROLE {op} INHERIT"},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(w.names(c.take))
			_, without := w.open().Describe(context.Background())
			w.super(w.names(c.giveBack))
			_, with := w.open().Describe(context.Background())
			if plane.CauseOf(without) != plane.MissingRights || with != nil {
				t.Errorf("without it %v, with it %v", without, with)
			}
		})
	}
}

// TestCreateMayGoAfterTheClaim: the right to make the schema is needed once.
func TestCreateMayGoAfterTheClaim(t *testing.T) {
	w := scripted(t)
	s := w.open()
	w.settle(s)
	w.super(w.names("REVOKE CREATE ON DATABASE {database} FROM {op}"))
	w.settle(s)
	w.admit(s, tenant("acme"))
}
