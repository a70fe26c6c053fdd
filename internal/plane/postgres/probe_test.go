package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// probed is a settled world with two tenants that have rows.
type probed struct {
	*world
	server       *postgres.Server
	acme, globex boundary.Tenant
	calls        calls
}

func newProbed(t *testing.T, pg *stack.Postgres) *probed {
	t.Helper()
	p := &probed{world: newWorldOn(t, pg)}
	p.server = p.open(func(c *postgres.Config) { c.Trace = p.calls.trace })
	p.settle(p.server)
	p.acme, p.globex = p.withPassword(tenant("acme")), p.withPassword(tenant("globex"))
	for _, one := range []boundary.Tenant{p.acme, p.globex} {
		p.admit(p.server, tenant(one.ID))
		p.super("INSERT INTO app.documents (tenant_id, title) SELECT '" + one.ID + "', 'a document' FROM generate_series(1, 3)")
	}
	return p
}

func (p *probed) probe(as, other boundary.Tenant) trial.Outcome {
	p.t.Helper()
	attempts, err := p.server.Probe(context.Background(), trial.Subject{Tenant: as, Others: []boundary.Tenant{other}})
	if err != nil {
		p.t.Fatal(err)
	}
	return outcome(attempts)
}

func outcome(attempts []trial.Attempt) trial.Outcome {
	return trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Rows: attempts})
}

func evidence(o trial.Outcome) string {
	var out []string
	for _, a := range o.Evidence(20) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Result, a.Words, a.Answer)))
	}
	return strings.Join(out, "\n")
}

func TestProbePassesWithOneLoginAndOneRoundTrip(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	p.calls.take()
	o := p.probe(p.acme, p.globex)
	if o.Crossed() || !o.Proven() || o.Count(trial.Void) != 0 || o.Count(trial.Passed) != 9 {
		t.Errorf("a clean plane does not pass:\n%s", evidence(o))
	}
	if got := p.calls.take(); got["read"] != 2 || got["write"] != 0 {
		t.Errorf("a probe took %v, want a login, a round trip and no write", got)
	}
	if o := p.probe(p.globex, p.acme); o.Crossed() || o.Count(trial.Passed) != 9 {
		t.Errorf("the other tenant does not pass:\n%s", evidence(o))
	}
	if n := p.value(p.connect(p.pg.SuperuserDSN(p.database)), "SELECT count(*)::text FROM app.documents"); n != "6" {
		t.Errorf("%s documents after the probes, want 6", n)
	}
	if n := p.value(p.connect(p.pg.SuperuserDSN(p.database)),
		"SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'tenantry-probe' AND datname = current_database()"); n != "0" {
		t.Errorf("%s sessions of the probes are left", n)
	}
}

func TestProbeSeesWhatWasBrokenByHand(t *testing.T) {
	login := func(p *probed, t boundary.Tenant) string { return rows.Ident(rows.LoginName(p.spec, t.UID, 0)) }
	for name, c := range map[string]struct {
		sql      func(p *probed) string
		words    string
		severity boundary.Severity
	}{
		"row-level security off": {
			func(*probed) string { return "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY" }, "sees rows of other tenants", boundary.Critical,
		},
		"a second policy": {
			func(*probed) string { return "CREATE POLICY wide ON app.documents USING (true)" }, "sees rows of other tenants", boundary.Critical,
		},
		"BYPASSRLS": {
			func(p *probed) string { return "ALTER ROLE " + login(p, p.acme) + " BYPASSRLS" }, "switches row-level security off", boundary.Critical,
		},
		"superuser": {
			func(p *probed) string { return "ALTER ROLE " + login(p, p.acme) + " SUPERUSER" },
			"runs programs or reads files of the server", boundary.Critical,
		},
		"a member of another": {
			func(p *probed) string { return "GRANT " + login(p, p.globex) + " TO " + login(p, p.acme) }, "acts as another role", boundary.Critical,
		},
		"recorded as another": {
			func(p *probed) string {
				return "UPDATE tenantry.logins SET tenant_id = 'globex' WHERE role_name = " + rows.Literal(strings.Trim(login(p, p.acme), `"`))
			}, "logs in with the issued password and is itself", boundary.Critical,
		},
		"an application role": {
			func(p *probed) string {
				return "DELETE FROM tenantry.logins WHERE role_name = " + rows.Literal(strings.Trim(login(p, p.acme), `"`)) +
					"; INSERT INTO tenantry.app_roles VALUES (" + rows.Literal(strings.Trim(login(p, p.acme), `"`)) + ")"
			}, "becomes another tenant", boundary.Critical,
		},
		"TRUNCATE": {
			func(*probed) string { return "GRANT TRUNCATE ON app.documents TO PUBLIC" }, "empties tables or hooks into them", boundary.Critical,
		},
		"DELETE": {
			func(*probed) string { return "GRANT DELETE ON app.documents TO PUBLIC" }, "locks others out of a table", boundary.Warning,
		},
		"the claims": {
			func(*probed) string { return "GRANT SELECT ON tenantry.claims TO PUBLIC" }, "reads the records of Tenantry", boundary.Critical,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbed(t, stacktest.Postgres(t))
			p.super(strings.Split(c.sql(p), "; ")...)
			o := p.probe(p.acme, p.globex)
			found := false
			for _, f := range o.Findings(boundary.Rows, "acme") {
				found = found || f.Object == "probe: "+c.words && f.Severity == c.severity && f.Check == trial.CheckCrossed
			}
			if !found || !o.Crossed() {
				t.Errorf("not seen as crossed:\n%s", evidence(o))
			}
			if n := p.value(p.connect(p.pg.SuperuserDSN(p.database)), "SELECT count(*)::text FROM app.documents"); n != "6" {
				t.Errorf("%s documents after the probe, want 6", n)
			}
		})
	}
}

func TestProbeWithoutARowOfItsOwnProvesNothingOfTables(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	p.super("DELETE FROM app.documents WHERE tenant_id = 'acme'")
	o := p.probe(p.acme, p.globex)
	if o.Count(trial.Void) != 1 || o.Evidence(1)[0].Words != "sees rows of other tenants" || !o.Proven() {
		t.Errorf("a tenant without rows:\n%s", evidence(o))
	}
}

func TestProbeFindsAPasswordThatWasChangedOnTheServer(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	ctx, role := context.Background(), rows.LoginName(p.spec, p.acme.UID, 0)
	p.super("ALTER ROLE " + rows.Ident(role) + " PASSWORD 'changed by hand'")
	if d, err := p.server.DiffTenant(ctx, p.acme, plane.Fresh); err != nil || !d.Settled() {
		t.Fatalf("the catalog shows the change after all: %v %v", d.Plan.Lines(), err)
	}
	o := p.probe(p.acme, p.globex)
	if o.Proven() || o.Crossed() || o.Count(trial.Passed) != 0 || !strings.Contains(evidence(o), "refuses the password") {
		t.Errorf("a refused password proves something:\n%s", evidence(o))
	}
	d, err := p.server.DiffTenant(ctx, p.acme, plane.Recent)
	if err != nil || len(d.Plan) != 1 || d.Plan[0].Kind != boundary.Changed || !strings.Contains(d.Plan[0].Summary, "password is not set") {
		t.Fatalf("the next look does not find it: %v %v", d.Plan.Lines(), err)
	}
	p.converge(p.server, p.acme)
	if o := p.probe(p.acme, p.globex); o.Count(trial.Passed) != 9 {
		t.Errorf("not mended:\n%s", evidence(o))
	}
	// A credential that was replaced in the meantime says nothing of the one that stands.
	old := p.acme
	old.Credentials = map[boundary.Layer]boundary.Credential{boundary.Rows: {Username: role, Secret: "an earlier password"}}
	if o := p.probe(old, p.globex); o.Proven() {
		t.Errorf("an old password proves something:\n%s", evidence(o))
	}
	if d, err := p.server.DiffTenant(ctx, p.acme, plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("an old password makes a good one suspect: %v %v", d.Plan.Lines(), err)
	}
}

func TestProbeOfASuspendedTenant(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	suspended := p.acme
	suspended.Access = boundary.Suspended
	if o := p.probe(suspended, p.globex); !o.Crossed() {
		t.Errorf("a suspended tenant that can log in is not seen:\n%s", evidence(o))
	}
	// A password that is not the login's proves nothing while the login is open.
	edited := suspended
	edited.Credentials = map[boundary.Layer]boundary.Credential{
		boundary.Rows: {Username: p.acme.Credentials[boundary.Rows].Username, Secret: "edited"},
	}
	if o := p.probe(edited, p.globex); o.Count(trial.Void) != 1 || !strings.Contains(evidence(o), "28P01") {
		t.Errorf("a wrong password hides an open login:\n%s", evidence(o))
	}
	closed := suspended
	closed.Credentials = nil
	p.converge(p.server, closed)
	for _, as := range []boundary.Tenant{suspended, edited} {
		if o := p.probe(as, p.globex); o.Crossed() || !o.Proven() || o.Count(trial.Passed) != 2 {
			t.Errorf("a suspended tenant that is closed does not pass:\n%s", evidence(o))
		}
	}
}

// Locks of the application neither wait for a probe nor keep it from its verdict.
func TestProbeWaitsForNobody(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	holder := p.connect(p.pg.SuperuserDSN(p.database))
	if _, err := holder.Exec(context.Background(), "BEGIN; LOCK TABLE app.documents IN ACCESS EXCLUSIVE MODE", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	o := p.probe(p.acme, p.globex)
	if o.Crossed() || !strings.Contains(evidence(o), "Void sees rows of other tenants app.documents answered with SQLSTATE 55P03") {
		t.Errorf("a table that somebody holds:\n%s", evidence(o))
	}
}

func TestProbeOfAServerThatIsKilledProvesNothing(t *testing.T) {
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{})
	p := newProbed(t, pg)
	subject := trial.Subject{Tenant: p.acme, Others: []boundary.Tenant{p.globex}}
	for _, at := range []string{"probe login", "probe"} {
		s := p.open(func(c *postgres.Config) {
			c.Trace = func(_, name string) {
				if name == at {
					pg.Kill()
				}
			}
		})
		attempts, err := s.Probe(context.Background(), subject)
		// A session that stands outlives its postmaster for a moment: then it answers everything, or nothing counts.
		o := outcome(attempts)
		if all := at == "probe" && err == nil && o.Count(trial.Passed) == 9; o.Crossed() || !all && (o.Count(trial.Passed) != 0 || err == nil) {
			t.Errorf("killed at %q: %v\n%s", at, err, evidence(o))
		}
		if err := pg.Restart(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if o := p.probe(p.acme, p.globex); o.Count(trial.Passed) != 9 {
		t.Errorf("after the restart:\n%s", evidence(o))
	}
}

func TestProbeAsCanaries(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	canaries := trial.Canaries(p.spec.IDFormat, p.spec, []byte("key of the tests"))
	for _, c := range canaries {
		p.converge(p.server, c)
	}
	o := p.probe(canaries[0], canaries[1])
	if o.Crossed() || !o.Proven() || o.Count(trial.Passed) != 8 {
		t.Errorf("a canary on a clean plane:\n%s", evidence(o))
	}
	d, err := p.server.DiffPlane(context.Background(), plane.Fresh)
	if err != nil || !d.Settled() || strings.Contains(fmt.Sprint(d.Hazards), "orphan") {
		t.Errorf("the canaries show in the plane: %v %v %v", d.Plan.Lines(), d.Hazards, err)
	}
	p.super("DROP POLICY tenant_isolation ON app.documents", "CREATE POLICY tenant_isolation ON app.documents USING (true)")
	if o := p.probe(canaries[0], canaries[1]); !o.Crossed() {
		t.Errorf("a canary does not see an open table:\n%s", evidence(o))
	}
}

// A probe must not read a tenant's rows to find none of others: with the policy in force the index answers.
func TestProbeOfATableDoesNotReadIt(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	p.super("INSERT INTO app.documents (tenant_id, title) SELECT 'acme', 'many' FROM generate_series(1, 50000)",
		"INSERT INTO app.documents (tenant_id, title) SELECT 'globex', 'many' FROM generate_series(1, 50000)", "ANALYZE app.documents")
	conn := p.connect(p.dsn(rows.LoginName(p.spec, p.acme.UID, 0)))
	state := rows.PlaneState{Tables: []rows.Table{{OID: 1, Schema: "app", Name: "documents", Columns: []rows.Column{{Name: "tenant_id", Type: "text", Leads: true}}}}}
	tables := rows.ProtectedTables(p.spec, state)
	if len(tables) != 1 {
		t.Fatalf("tables %v", tables)
	}
	if code := code(conn, "SET enable_seqscan = off"); code != "" { // as a probe does
		t.Fatal(code)
	}
	read, err := conn.Query(context.Background(), "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, COSTS OFF) "+tables[0].Sight("acme"), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(read, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Rows Removed") {
		t.Errorf("it reads rows:\n%s", plan)
	}
}

// A policy that raises what a missing right raises must not look like one.
func TestAPolicyThatRaisesProvesNothing(t *testing.T) {
	p := newProbed(t, stacktest.Postgres(t))
	p.super("CREATE FUNCTION app.r() RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN "+
		"IF current_setting('application_name') = 'tenantry-probe' THEN RAISE EXCEPTION 'x' USING ERRCODE = '42501'; END IF; RETURN true; END $$",
		"CREATE POLICY wide ON app.documents USING (true)", "CREATE POLICY r ON app.documents AS RESTRICTIVE USING (app.r())")
	if o := p.probe(p.acme, p.globex); o.Crossed() || !strings.Contains(evidence(o), "Void sees rows of other tenants app.documents may be read") {
		t.Errorf("a raised refusal counts:\n%s", evidence(o))
	}
}
